import Net
import TestSupport
import Testing

@testable import LabModel

@Suite struct FaultTests {
    @Test(
        "Words become a fault, and the fault the same words",
        arguments: [
            ("link-down", FaultKind.linkDown), ("flap 2s 5", .flap(period: 2_000_000_000, count: 5)),
            ("blackhole", .blackhole(.both)), ("blackhole out", .blackhole(.out)), ("loss 5%", .loss(0.05, .both)),
            ("loss 0.25% in", .loss(0.0025, .in)), ("delay +40ms", .delay(40_000_000, .both)),
            ("delay +1.5ms out", .delay(1_500_000, .out)), ("partition", .partition), ("process-kill", .processKill),
            ("freeze", .freeze), ("dns-dead", .dnsDead), ("withdraw", .withdraw),
            ("drain 30s", .drain(limit: 30_000_000_000)), ("drain 0ms", .drain(limit: 0)), ("prepend 2", .prepend(2)),
            ("leak", .leak), ("hijack", .hijack([])),
            (
                "hijack 192.0.2.0/25 2001:db8::/33",
                .hijack(["192.0.2.0/25", "2001:db8::/33"].compactMap { IPPrefix($0) })
            ),
        ])
    func words(_ text: String, _ kind: FaultKind) throws {
        #expect(try FaultKind(text) == kind)
        #expect(kind.text == text)
        #expect(text.split(separator: " ").first.map(String.init) == kind.name.rawValue)
    }

    @Test("Every duration and share that can be said is said again as it was") func roundTrip() throws {
        var random = SeededGenerator(4)
        func decimal(_ whole: Int, _ most: Int) -> String {
            let decimals = Int.random(in: 0...most, using: &random)
            let fraction = (0..<decimals).map { _ in String(Int.random(in: 0...9, using: &random)) }.joined()
            return "\(Int.random(in: 0..<whole, using: &random))" + (decimals == 0 ? "" : "." + fraction)
        }
        var said = ["loss 0.125%", "loss 0.000000001%", "loss 100%", "delay +100ns", "delay 1.0000001s", "drain 1ns"]
        for _ in 0..<2000 {
            let unit = ["ns", "us", "ms", "s"].randomElement(using: &random) ?? "s"
            said.append("loss \(decimal(100, 12))% out")
            said.append("delay +\(decimal(10, 9))\(unit)")
            said.append("drain \(decimal(3600, 6))\(unit)")
            said.append("flap \(decimal(3600, 6))s 7")
        }
        var count = 0
        for text in said {
            // Zeros and periods that are too short are refused, which others see to.
            guard let kind = try? FaultKind(text) else { continue }
            count += 1
            #expect(try FaultKind(kind.text) == kind, "\(text) is \(kind.text)")
        }
        #expect(count > 7000)
    }

    @Test("Everything has a word of its own, and what may be left out has a meaning") func otherWords() throws {
        for name in FaultName.allCases {
            #expect(throws: Never.self) { try FaultKind(Self.plainest[name] ?? name.rawValue) }
        }
        #expect(try FaultKind(" loss  5%   both ") == .loss(0.05, .both))
        #expect(try FaultKind("delay 40ms") == .delay(40_000_000, .both))
        #expect(try FaultKind("drain") == .drain(limit: 10_000_000_000))
        #expect(try FaultKind("hijack 10.0.0.0/8 10.0.0.0/8") == .hijack([IPPrefix("10.0.0.0/8")].compactMap(\.self)))
    }

    /// The kinds that are nothing without a number.
    private static let plainest: [FaultName: String] = [
        .flap: "flap 20ms 1", .loss: "loss 100%", .delay: "delay 10s", .prepend: "prepend 100",
    ]

    @Test(
        "What is wrong is said with what to write",
        arguments: [
            ("", "'' is no fault; there are link-down, flap,"), ("meteorite", "'meteorite' is no fault; there are"),
            ("Link-Down", "'Link-Down' is no fault"), ("loss", "loss needs a share, like 5%"),
            ("loss 5", "loss: '5' has no unit; say 5%"), ("loss 0%", "loss: '0%' loses nothing"),
            ("loss 101%", "loss: '101%' is out of range; it goes: 0% to 100%"),
            ("loss 5% up", "loss: 'up' is no direction; there are in, out and both"),
            ("loss 5% in 7", "loss: '7' is too much"), ("delay -5ms", "delay: '-5ms' is not a duration"),
            ("delay +0ms", "delay: '+0ms' delays nothing"), ("delay 11s", "delay: '11s' is out of range"),
            ("flap", "flap needs a period, like 2s"), ("flap 2s", "flap needs how many times"),
            ("flap 2s 0", "flap: '0' is not how many times, 1 to 100000"),
            ("flap 2s 99999999999999999999", "flap: '99999999999999999999' is not"),
            ("flap 1ms 3", "flap: '1ms' is too short; it goes: 20ms to 3600s"),
            ("prepend 0", "prepend: '0' is not how many times, 1 to 100"), ("prepend 101", "prepend: '101' is not"),
            ("link-down now", "link-down: 'now' is too much"), ("drain soon", "drain: 'soon' is not a duration"),
            ("hijack 192.0.2.1/24", "hijack: '192.0.2.1/24' is not a prefix without bits behind its length"),
        ])
    func wrongWords(_ text: String, _ reason: String) {
        let error = #expect(throws: FaultError.self) { try FaultKind(text) }
        #expect(error?.description.hasPrefix(reason) == true, "\(error?.description ?? "")")
    }

    @Test("A target is nodes, what joins two, or a process") func targets() throws {
        let topology = try smallTopology()
        for (text, target) in [
            ("london", FaultTarget.nodes([3])), ("edge", .nodes([2])), ("edge-lhr", .nodes([2])),
            ("core", .nodes([0, 1])), ("dns", .nodes([3, 4])), ("home", .nodes([5])), ("london,home", .nodes([3, 5])),
            ("core,dns,london", .nodes([0, 1, 3, 4])), ("london.dns", .process(node: 3, .dns)),
            ("edge.bgp", .process(node: 2, .bgp)), ("core-fra--core-sin", .links([1: true])),
            ("core-sin--core-fra", .links([1: false])), ("core--edge", .links([2: true])),
            ("edge-lhr--core-fra", .links([2: false])),
        ] { #expect(try FaultTarget(text, in: topology) == target, "\(text)") }
        for (text, reason) in [
            (
                "lisbon",
                "there is no node, network or service 'lisbon'; nodes are core-fra, core-sin, edge-lhr, london, singapore, home"
            ), ("", "there is no node, network or service ''"), ("london,", "there is no node, network or service ''"),
            ("london,lisbon", "there is no node, network or service 'lisbon'"),
            ("london--singapore", "there is no link between 'london' and 'singapore'"),
            ("--", "there is no link between '' and ''"), ("london--", "there is no link between 'london' and ''"),
            ("london.web", "there is no process 'web'; there are london.bgp, london.dns and london.http"),
            ("home.bgp", "home is a client: it has no bgp"), ("edge.dns", "edge-lhr is a router: it has no dns"),
            ("lisbon.dns", "there is no node, network or service 'lisbon'"),
        ] {
            let error = #expect(throws: FaultError.self) { try FaultTarget(text, in: topology) }
            #expect(error?.description.hasPrefix(reason) == true, "\(error?.description ?? "")")
        }
    }

    @Test("Which directions of a link a target concerns") func directions() throws {
        let topology = try smallTopology()
        // The link 2 has core-fra at its end a and edge-lhr at its end b.
        let link = topology.links[2]
        for (text, out, into) in [
            ("core-fra", (true, false), (false, true)), ("edge", (false, true), (true, false)),
            ("core--edge", (true, false), (false, true)), ("edge--core", (false, true), (true, false)),
            ("core,edge", (true, true), (true, true)), ("london", (false, false), (false, false)),
            ("core-fra--core-sin", (false, false), (false, false)), ("edge.bgp", (false, false), (false, false)),
        ] {
            let target = try FaultTarget(text, in: topology)
            #expect(target.covers(link, .out) == out, "\(text) out")
            #expect(target.covers(link, .in) == into, "\(text) in")
            let any = out.0 || out.1
            #expect(target.covers(link) == (any, any), "\(text)")
            #expect(target.parts(link) == ["core-fra", "edge"].contains(text), "\(text)")
        }
    }

    @Test("A web server has no responder that clients would miss")
    func webServers() throws {
        var lab = smallLab()
        lab.services[0].kind = .http
        let topology = try Topology(lab)
        let error = #expect(throws: FaultError.self) { try Fault("london", .dnsDead).checked(in: topology) }
        #expect(
            error?.description
                == "dns-dead is for name servers, and london is a web server: process-kill of london.http stops it")
        #expect(throws: Never.self) { try Fault("london.http", .processKill).checked(in: topology) }
    }

    @Test("The health of a web server is that of a page that it has")
    func healthPaths() throws {
        var lab = smallLab()
        lab.services[0].kind = .http
        func path(_ web: WebService, of index: Int = 0) throws -> String {
            lab.services[index].web = web
            let topology = try Topology(lab)
            return topology.healthPath(of: topology.lab.services[index])
        }
        #expect(try path(WebService()) == "/")
        #expect(try path(WebService(objects: [.init(path: "/x"), .init(path: "/")])) == "/")
        #expect(try path(WebService(objects: [.init(path: "/x"), .init(path: "/y")])) == "/x")
        // An edge has what its origin has.
        var edge = lab.services[0]
        (edge.name, edge.asn, edge.addresses) = ("shop", ASN(64501), [IPAddress("198.51.100.80")].compactMap(\.self))
        edge.prefixes = [IPPrefix("198.51.100.0/24")].compactMap(\.self)
        lab.services.append(edge)
        lab.sites[1].service = "shop"
        #expect(try path(WebService(origin: "london"), of: 1) == "/x")
    }

    @Test(
        "A fault where it makes no sense says where it does",
        arguments: [
            ("london.bgp", "link-down", "link-down is for nodes and links, and london.bgp is a process"),
            ("london.bgp", "loss 5%", "loss is for nodes and links, and london.bgp is a process"),
            ("core--edge", "freeze", "freeze is for sites, routers and processes, and core--edge is a link"),
            ("core--edge", "withdraw", "withdraw is for nodes, and core--edge is a link"),
            ("core--edge", "partition", "partition is for nodes, and core--edge is a link"),
            ("london.dns", "dns-dead", "dns-dead is for nodes, and london.dns is a process"),
            ("home", "withdraw", "withdraw is for what runs a BGP speaker, and home is a client that does not"),
            ("home", "process-kill", "process-kill is for what runs a BGP speaker, and home is a client"),
            ("edge", "dns-dead", "dns-dead is for what runs a DNS responder, and edge-lhr is a router that does not"),
            ("london", "leak", "leak is for what forwards packets of others, and london is a site that does not"),
            ("edge", "leak", "leak: edge has one provider or peer at most"),
            ("london", "hijack", "hijack: 192.0.2.0/24 is london's own"),
            ("core,edge,dns,home", "partition", "partition: nothing joins core,edge,dns,home to other nodes"),
        ])
    func refused(_ target: String, _ how: String, _ reason: String) throws {
        let topology = try smallTopology()
        let fault = Fault(target, try FaultKind(how))
        let error = #expect(throws: FaultError.self) { try fault.checked(in: topology) }
        #expect(error?.description.hasPrefix(reason) == true, "\(error?.description ?? "")")
    }

    @Test("What is left out of a hijack is the only service's") func hijack() throws {
        var lab = smallLab()
        let checked = try Fault("edge", .hijack([])).checked(in: Topology(lab))
        #expect(checked.fault.kind.text == "hijack 192.0.2.0/24 2001:db8:53::/48")
        let narrow = try Fault("london", try FaultKind("hijack 192.0.2.0/25")).checked(in: Topology(lab))
        #expect(narrow.target == .nodes([3]), "a part of one's own prefix can be announced")
        var second = lab.services[0]
        second.name = "other"
        second.prefixes = ["203.0.113.0/24"].compactMap { IPPrefix($0) }
        second.addresses = ["203.0.113.1"].compactMap { IPAddress($0) }
        lab.services.append(second)
        let topology = try Topology(lab)
        let error = #expect(throws: FaultError.self) { try Fault("edge", .hijack([])).checked(in: topology) }
        #expect(error?.description.hasPrefix("hijack: the lab has 2 services: say which prefix") == true)
    }

    @Test("Daemons of others have no faults of routes") func otherDaemons() throws {
        var lab = smallLab()
        lab.networks[1].daemon = .bird
        let topology = try Topology(lab)
        for how in ["drain", "prepend 2", "hijack"] {
            let fault = Fault("edge", try FaultKind(how))
            let error = #expect(throws: FaultError.self) { try fault.checked(in: topology) }
            #expect(error?.description.hasSuffix("is for our own speaker, and edge-lhr runs bird") == true, "\(how)")
        }
        for how in ["freeze", "withdraw", "process-kill", "blackhole"] {
            let fault = Fault("edge", try FaultKind(how))
            #expect(throws: Never.self) { try fault.checked(in: topology) }
        }
    }
}
