import LabModel
import Net
import Netlink
import TestSupport
import Testing

@testable import LabObserve

@Suite("Walks, with tables that a test makes up")
struct WalkerTests {
    let topology: Topology
    let atlas: Atlas

    init() throws {
        topology = try SmallLab.topology()
        atlas = Atlas(topology)
    }

    /// Walks from `home` by tables of node name -> what it does.
    private func walk(_ tables: [String: Forwarding], from: String = "home", to destination: IPAddress) throws -> Walk {
        let walker = Walker(atlas: atlas) { node, _, _ in tables[node.name] ?? .noRoute }
        return try walker.walk(
            Packet(destination: destination, source: nil, sourcePort: 1024), from: topology.require(from))
    }

    /// Sends on to the node called `next`.
    private func towards(
        _ next: String, from node: String, gateway: IPAddress? = nil, hasCarrier: Bool = true,
        family: AddressFamily = .ipv4
    ) throws -> Forwarding {
        let index = try topology.require(node).index
        let other = try topology.require(next).index
        let link = try #require(topology.links(of: index).first { $0.other.node == other })
        return .onward(
            interface: link.end.interface, gateway: gateway ?? link.other.address(family), hasCarrier: hasCarrier,
            source: nil)
    }

    private func tables(_ family: AddressFamily) throws -> [String: Forwarding] {
        [
            "home": try towards("isp-lhr", from: "home", family: family),
            "isp-lhr": try towards("core-fra", from: "isp-lhr", family: family),
            "core-fra": try towards("london", from: "core-fra", family: family), "london": .local,
        ]
    }

    @Test("a walk names nodes, incoming addresses, and the destination at its end", arguments: AddressFamily.allCases)
    func delivered(_ family: AddressFamily) throws {
        let destination = family == .ipv4 ? SmallLab.service4 : SmallLab.service6
        let walk = try walk(try tables(family), to: destination)
        #expect(walk.outcome == .delivered(try topology.require("london")))
        #expect(walk.hops.map { $0.node?.name } == ["isp-lhr", "core-fra", "london"])
        let isp = try topology.require("isp-lhr")
        let access = try #require(topology.links.first { $0.kind == .access }?.end(at: isp.index))
        #expect(walk.hops.first?.address == access.address(family))
        #expect(walk.hops.last?.address == destination)
        #expect(walk.hops.allSatisfy { $0.rtt == nil })
        #expect(walk.asPath == [ASN(65101), ASN(65010), ASN(64500)])
    }

    @Test("where a router shares out single packets, all ends are the walk's", arguments: AddressFamily.allCases)
    func spread(_ family: AddressFamily) throws {
        var lab = topology.lab
        (lab.networks[0].decision.multipath, lab.networks[0].decision.hash) = (2, .perPacket)
        var (tables, destination) = (try tables(family), SmallLab.service4)
        if family == .ipv6 { destination = SmallLab.service6 }
        tables["paris"] = .local
        let ways = [tables["core-fra"], try towards("paris", from: "core-fra", family: family)].compactMap(\.self)
        func walk(_ lab: Lab, _ ways: [Forwarding]) throws -> Walk {
            let walker = Walker(
                atlas: Atlas(try Topology(lab)),
                askAll: { node, question, _ in
                    #expect(question.wantsEntry == (node.name == "core-fra"))
                    return node.name == "core-fra" ? ways : [tables[node.name] ?? .noRoute]
                }, ask: { node, _, _ in tables[node.name] ?? .noRoute })
            let packet = Packet(destination: destination, source: nil, sourcePort: 1024)
            return try walker.walk(packet, from: topology.require("home"))
        }
        let (london, paris) = (try topology.require("london"), try topology.require("paris"))
        let shared = try walk(lab, ways)
        #expect(shared.end?.name == "london" && shared.spread.ends == [london.index, paris.index])
        #expect(shared.spread.mayReach(paris, hop: 2) && !shared.spread.mayReach(paris, hop: 1))
        #expect(try walk(lab, [.noRoute, ways[0]]).spread.ends == [london.index])
        #expect(try walk(topology.lab, ways).spread == Spread(), "whole flows go one way")
    }

    @Test("a node's own address is at its own end")
    func own() throws {
        let walk = try walk(["home": .local], to: SmallLab.service4)
        #expect(walk.hops.isEmpty)
        #expect(walk.end?.name == "home")
        #expect(walk.asPath == [ASN(65101)])
    }

    @Test("what a table refuses ends the walk at its node", arguments: [Forwarding.noRoute, .unreachable, .blackhole])
    func refusals(_ refusal: Forwarding) throws {
        var tables = try tables(.ipv4)
        tables["core-fra"] = refusal
        let walk = try walk(tables, to: SmallLab.service4)
        let core = try topology.require("core-fra")
        switch refusal {
        case .noRoute: #expect(walk.outcome == .noRoute(core))
        case .unreachable: #expect(walk.outcome == .unreachable(core))
        default: #expect(walk.outcome == .blackhole(core))
        }
        #expect(walk.hops.map { $0.node?.name } == ["isp-lhr", "core-fra"])
        #expect(walk.end == nil)
        #expect(walk.asPath == [ASN(65101), ASN(65010)])
    }

    @Test("a loop ends, and names its nodes and not those before it")
    func loop() throws {
        var tables = try tables(.ipv4)
        tables["core-fra"] = try towards("isp-lhr", from: "core-fra")
        let walk = try walk(tables, to: SmallLab.service4)
        #expect(walk.outcome == .loop([try topology.require("isp-lhr"), try topology.require("core-fra")]))
        #expect(walk.hops.count == 2)
        #expect("\(walk.outcome)" == "goes round: isp-lhr, core-fra, isp-lhr")
    }

    @Test("an interface without carrier ends the walk before the link")
    func carrier() throws {
        var tables = try tables(.ipv4)
        tables["isp-lhr"] = try towards("core-fra", from: "isp-lhr", hasCarrier: false)
        let walk = try walk(tables, to: SmallLab.service4)
        #expect(walk.outcome == .linkDown(try topology.require("isp-lhr")))
        #expect(walk.hops.count == 1)
    }

    @Test("a next hop that is not the neighbour, and an interface that is no link, reach nobody")
    func wrongNeighbour() throws {
        let isp = try topology.require("isp-lhr")
        for wrong in [
            try towards("core-fra", from: "isp-lhr", gateway: SmallLab.service4),
            Forwarding.onward(interface: "eth7", gateway: nil, hasCarrier: true, source: nil),
        ] {
            var tables = try tables(.ipv4)
            tables["isp-lhr"] = wrong
            #expect(try walk(tables, to: SmallLab.service4).outcome == .unreachable(isp))
        }
    }

    @Test("a link-local next hop is the neighbour; a site does not pass on what is not its own")
    func transit() throws {
        var tables = try tables(.ipv6)
        let local = IPAddress.v6(IPv6Address(high: 0xFE80 << 48, low: 1))
        tables["core-fra"] = try towards("paris", from: "core-fra", gateway: local)
        tables["paris"] = try towards("core-fra", from: "paris", family: .ipv6)
        let walk = try walk(tables, to: SmallLab.service6)
        #expect(walk.outcome == .unreachable(try topology.require("paris")))
        #expect(walk.hops.map { $0.node?.name } == ["isp-lhr", "core-fra", "paris"])
    }

    @Test("every kernel is asked about the flow of the probe")
    func flow() throws {
        var questions: [RouteLookup] = []
        let tables = try tables(.ipv6)
        var incoming: [String?] = []
        let walker = Walker(atlas: atlas) { node, question, interface in
            questions.append(question)
            incoming.append(interface)
            return tables[node.name] ?? .noRoute
        }
        let home = try topology.require("home")
        let packet = Packet(destination: SmallLab.service6, source: .v6(home.address6), sourcePort: 4711)
        _ = try walker.walk(packet, from: home)
        #expect(questions.count == 4)
        #expect(incoming == [nil, "home", "isp-lhr", "core-fra"], "interfaces are named for whom they lead to")
        for question in questions {
            #expect(question.source == .v6(home.address6))
            #expect(question.flow == .init(protocolNumber: 17, sourcePort: 4711, destinationPort: 53))
        }
    }

    // MARK: The LAN of an exchange point

    @Test("on a LAN the next hop's address says who is next", arguments: AddressFamily.allCases)
    func lan(_ family: AddressFamily) throws {
        let met = try Topology(exchangeLab())
        let london = try #require(met.links.first { $0.kind == .port && met.nodes[$0.b.node].name == "london" })
        let destination = family == .ipv4 ? SmallLab.service4 : SmallLab.service6
        var dead: Set<String> = []
        func walk(gateway: IPAddress) throws -> Walk {
            let tables: [String: Forwarding] = [
                "a-lhr": .onward(interface: "ix", gateway: gateway, hasCarrier: true, source: nil), "london": .local,
            ]
            let walker = Walker(
                atlas: Atlas(met), hasCarrier: { node, _ in !dead.contains(node.name) },
                ask: { node, _, _ in tables[node.name] ?? .noRoute })
            let start = try met.require("a-lhr")
            return try walker.walk(Packet(destination: destination, source: nil, sourcePort: 1024), from: start)
        }
        let there = try walk(gateway: london.b.address(family))
        #expect(there.outcome == .delivered(try met.require("london")))
        #expect(there.hops.map { $0.node?.name } == ["london"], "the switch is no hop")
        #expect(there.asPath == [ASN(65001), ASN(64500)])
        // Nobody has this address, nor that of the switch.
        let start = try met.require("a-lhr")
        for nobody in [london.a.address(family), SmallLab.service4] {
            #expect(try walk(gateway: nobody).outcome == .unreachable(start))
        }
        dead = ["london"]
        let cut = try walk(gateway: london.b.address(family))
        #expect(cut.outcome == .linkDown(try met.require("ix")))
        #expect("\(cut.outcome)" == "ends at ix, whose link onward is down")
    }

    @Test("routes over a LAN name the member, and connected ones the exchange point")
    func lanNames() throws {
        let met = try Topology(exchangeLab())
        let atlas = Atlas(met)
        let router = try met.require("a-lhr")
        let link = try #require(met.links.first { $0.kind == .port && met.nodes[$0.b.node].name == "far-sin" })
        #expect(atlas.name(of: .v4(link.b.address), by: "ix", of: router.index) == "far-sin")
        #expect(atlas.name(of: nil, by: "ix", of: router.index) == "ix")
        #expect(atlas.name(of: .v4(link.b.address), by: "mesh", of: router.index) == nil)
        #expect(atlas.name(of: nil, by: "d-fra", of: router.index) == "d-fra")
    }
}
