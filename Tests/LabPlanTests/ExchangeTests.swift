import JSON
import LabModel
import LabPlan
import Net
import TestSupport
import Testing

/// Exchange points in plans, differences and configurations.
struct ExchangeTests {
    private let topology: Topology

    init() throws { topology = try Topology(exchangeLab()) }

    private func node(_ name: String) throws -> Int { try #require(topology.node(named: name)).index }

    private func neighbours(_ name: String) throws -> [JSON] {
        try #require(DaemonConfiguration.bgp(topology, node: try node(name))["neighbors"]?.array)
    }

    @Test func theSwitchHasABridgeAndNoDaemon() throws {
        let plan = Plan(topology, backend: .wire)
        let words = plan.steps.map { step in
            let (verb, object) = plan.words(step.action)
            return "\(verb) \(object)"
        }
        for expected in [
            "namespace met.ix", "bridge ix:lan 172.16.0.0/22 2001:db8:1000::/64", "link ix:far-sin -- far-sin:ix",
            "address ix -- far-sin 172.16.0.3/22", "start ix-rs bgp",
        ] {
            #expect(words.contains(expected), "\(expected)")
        }
        #expect(!words.contains("start ix bgp") && !words.contains("routes ix") && !words.contains("routes ix-rs"))
    }

    @Test func theRouteServerWritesNoRoutesAndHasClients() throws {
        let configuration = DaemonConfiguration.bgp(topology, node: try node("ix-rs"))
        #expect(configuration["kernel"] == false)
        #expect(configuration["asn"] == 64496 && configuration["router_id"] == "172.16.0.1")
        #expect(configuration["originate"] == [])
        let relations = try neighbours("ix-rs").map { $0["relation"] }
        #expect(relations == Array(repeating: "route_server_client", count: 8))
        let member = try #require(try neighbours("a").first { $0["name"] == "ix-rs" })
        #expect(member["relation"] == "route_server" && member["interface"] == "ix")
        #expect(member["address"] == "172.16.0.1" && member["local_address"] == "172.16.0.2")
        let peer = try #require(try neighbours("a").first { $0["name"] == "b-fra" })
        #expect(peer["relation"] == "peer" && peer["interface"] == "mesh")
    }

    /// A rule of a network may speak of what comes from an exchange's route server.
    @Test func rulesKnowTheRouteServerByItsExchange() throws {
        var lab = exchangeLab()
        var rule = PolicyRule(.reject)
        rule.match.neighbours = ["ix"]
        lab.networks[0].exports = [rule]
        let topology = try Topology(lab)
        let router = try #require(topology.node(named: "a-lhr"))
        let text = DaemonConfiguration.bgp(topology, node: router.index).description
        #expect(text.contains(#""neighbors":["ix-rs"]"#), "\(text)")
    }

    // MARK: Changes

    private func difference(_ change: (inout Lab) -> Void) throws -> [String] {
        var lab = topology.lab
        change(&lab)
        let difference = Difference(
            from: Plan(topology, backend: .wire),
            to: Plan(try Topology(lab, keeping: topology.numbering), backend: .wire), processors: 2)
        return difference.steps.map { step in
            let (verb, object) = difference.words(step)
            return "\(verb) \(object)"
        }
    }

    @Test func whoComesIsToldToThoseOnTheLAN() throws {
        let steps = try difference { $0.exchanges[0].members.append("d") }
        #expect(
            steps == [
                "link ix:d-fra -- d-fra:ix", "address ix -- d-fra 172.16.0.6/22", "address ix -- ix-rs 172.16.0.1/22",
                "address ix -- a-lhr 172.16.0.2/22", "address ix -- far-sin 172.16.0.3/22",
                "address ix -- b-fra 172.16.0.4/22", "address ix -- london 172.16.0.5/22", "reconfigure d-fra bgp",
                "reconfigure ix-rs bgp",
            ])
    }

    @Test func whoGoesIsForgottenByThoseOnTheLAN() throws {
        let steps = try difference { $0.exchanges[1].members = ["a", "b"] }
        #expect(
            steps == [
                "remove link mesh:d-fra -- d-fra:mesh", "address mesh -- a-lhr 172.16.4.1/22",
                "address mesh -- b-fra 172.16.4.2/22", "reconfigure b-fra bgp", "reconfigure d-fra bgp",
            ])
    }

    @Test func anExchangeGoesWithItsPorts() throws {
        let steps = try difference { $0.exchanges.removeFirst() }
        #expect(steps.filter { $0.hasPrefix("remove link ix:") }.count == 5)
        #expect(steps.contains("stop ix-rs bgp"))
        #expect(
            steps.filter { $0.hasPrefix("remove namespace") } == [
                "remove namespace met.ix", "remove namespace met.ix-rs",
            ])
        #expect(!steps.contains { $0.contains("mesh") }, "the other exchange is not touched")
    }

    @Test func nothingChangesWithoutAChange() throws { #expect(try difference { $0.description = "x" } == []) }

    // MARK: What else speakers can do

    private func configuration(_ change: (inout Lab) -> Void) throws -> (JSON, JSON) {
        var lab = exchangeLab()
        change(&lab)
        let topology = try Topology(lab)
        func bgp(_ name: String) throws -> JSON {
            DaemonConfiguration.bgp(topology, node: try #require(topology.node(named: name)).index)
        }
        return (try bgp("a-lhr"), try bgp("d-fra"))
    }

    private func between(_ configuration: JSON, and name: String) -> [JSON] {
        (configuration["neighbors"]?.array ?? []).filter { $0["name"]?.string == name }
    }

    @Test func severalPathsAreAnsweredByTheOtherSide() throws {
        let (provider, customer) = try configuration { lab in
            var paths = SeveralPaths()
            paths.receive = true
            lab.networks[3].relations[0].paths = paths
        }
        #expect(between(customer, and: "a-lhr").map { $0["add_path"] } == [["receive": true], ["receive": true]])
        let answer: JSON = ["receive": false, "send": "all"]
        #expect(between(provider, and: "d-fra").map { $0["add_path"] } == [answer, answer])
        let (other, _) = try configuration { lab in
            var paths = SeveralPaths()
            paths.send = .best(4)
            lab.networks[3].relations[0].paths = paths
            lab.networks[0].relations = [Relation(network: "d", kind: .customer)]
            lab.networks[0].relations[0].paths = SeveralPaths()
        }
        #expect(between(other, and: "d-fra").allSatisfy { $0["add_path"] == nil }, "who says its own is not overruled")
    }

    @Test func extendedNextHopsNeedOneSession() throws {
        let (provider, customer) = try configuration { $0.networks[3].relations[0].hasExtendedNextHop = true }
        for session in [between(provider, and: "d-fra"), between(customer, and: "a-lhr")] {
            #expect(session.count == 1)
            #expect(session.first?["families"] == ["ipv4", "ipv6"] && session.first?["extended_next_hop"] == true)
            #expect(session.first?["address"]?.string?.contains(":") == true)
        }
    }

    @Test func restartAndStation() throws {
        let (first, second) = try configuration { lab in
            lab.networks[0].restart = GracefulRestartTimers(restart: 90_000, deferral: 1500)
            lab.networks[0].monitoringStation = "home"
        }
        #expect(first["graceful_restart"] == ["restart_ms": 90000, "deferral_ms": 1500])
        let client = try #require(try Topology(exchangeLab()).node(named: "home"))
        #expect(first["bmp"]?["address"] == .string(client.address.description) && first["bmp"]?["port"] == 11019)
        #expect(second["graceful_restart"] == nil && second["bmp"] == nil)
    }
}
