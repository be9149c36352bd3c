import LabModel
import LabPlan
import TestSupport
import Testing

@Suite struct PlanTests {
    @Test("Nothing is used before it is made", arguments: LinkBackend.allCases) func order(_ backend: LinkBackend)
        throws
    {
        let plan = Plan(try smallTopology(), backend: backend)
        var namespaces: Set<Int> = []
        var links: Set<Int> = []
        var addressed: Set<Int> = []
        var addressedLinks: Set<Int> = []
        var routed: Set<Int> = []
        var running: Set<String> = []
        for step in plan.steps {
            switch step.action {
            case .createNamespace(let node): #expect(namespaces.insert(node).inserted)
            case .writeHosts(let node): #expect(namespaces.contains(node))
            case .createLink(let link):
                let (a, b) = (plan.topology.links[link].a.node, plan.topology.links[link].b.node)
                #expect(namespaces.isSuperset(of: [a, b]) && links.insert(link).inserted)
                #expect(backend == .netem || running.contains("wire"), "the wire makes the devices")
            case .addressNode(let node): #expect(namespaces.contains(node) && addressed.insert(node).inserted)
            case .addressLink(let link): #expect(links.contains(link) && addressedLinks.insert(link).inserted)
            case .shapeLink(let link): #expect(links.contains(link) && backend == .netem)
            case .spreadPackets: Issue.record("no router of the lab does")
            case .installRoutes(let node):
                #expect(addressed.contains(node) && routed.insert(node).inserted)
                #expect(addressedLinks.isSuperset(of: plan.topology.nodes[node].links), "routes need next hops")
            case .routeMulticast: Issue.record("the lab has no group")
            case .startDaemon(let node?, let role):
                #expect(routed.contains(node) && running.insert("\(node) \(role)").inserted)
            case .startDaemon(nil, let role): #expect(namespaces.count == 6 && running.insert(role.rawValue).inserted)
            case .reconfigure, .checkHealth, .stopDaemon, .removeLink, .removeNamespace:
                Issue.record("nothing is there to change")
            }
        }
        let all = plan.topology.nodes.indices
        #expect(namespaces == Set(all) && addressed == Set(all) && routed == Set(all))
        #expect(links == Set(plan.topology.links.indices) && addressedLinks == links)
        let daemons = ["0 bgp", "1 bgp", "2 bgp", "3 bgp", "4 bgp", "3 dns", "4 dns"]
        #expect(running == Set(daemons + (backend == .wire ? ["wire"] : [])))
    }

    @Test("Every link is shaped once where the kernel does it", arguments: LinkBackend.allCases)
    func shaping(_ backend: LinkBackend) throws {
        let plan = Plan(try smallTopology(), backend: backend)
        let shaped = plan.steps.compactMap { if case .shapeLink(let link) = $0.action { link } else { nil } }
        #expect(shaped == (backend == .netem ? Array(plan.topology.links.indices) : []))
    }

    @Test("Steps of one kind stand together, so that each kind is one batch", arguments: LinkBackend.allCases)
    func batches(_ backend: LinkBackend) throws {
        let plan = Plan(try smallTopology(), backend: backend)
        let kinds = plan.steps.map { step in
            switch step.action {
            case .createNamespace: "namespace"
            case .writeHosts: "hosts"
            case .createLink: "link"
            case .addressNode: "node address"
            case .addressLink: "link address"
            case .shapeLink: "shape"
            case .spreadPackets: "spread"
            case .installRoutes: "routes"
            case .routeMulticast: "multicast"
            case .startDaemon(_, let role): role.rawValue
            case .reconfigure, .checkHealth, .stopDaemon, .removeLink, .removeNamespace: "change"
            }
        }
        var runs: [String] = []
        for kind in kinds where runs.last != kind { runs.append(kind) }
        #expect(Set(runs).count == runs.count)
    }

    @Test("The same lab has the same plan", arguments: LinkBackend.allCases) func deterministic(_ backend: LinkBackend)
        throws
    {
        let first = Plan(try smallTopology(), backend: backend)
        let second = Plan(try smallTopology(), backend: backend)
        #expect(first.steps == second.steps && first.lines == second.lines)
    }

    @Test("The text says what is done, on what, and why, in columns that line up") func text() throws {
        let plan = Plan(try smallTopology(), backend: .netem)
        let lines = plan.lines
        #expect(lines.count == plan.steps.count)
        #expect(
            Set(lines.map { $0.distance(from: $0.startIndex, to: $0.firstIndex(of: "#") ?? $0.endIndex) }).count == 1)
        #expect(lines.allSatisfy { $0.split(separator: "#").count == 2 && !$0.contains("\n") })
        func line(_ action: Step.Action) -> [Substring] {
            plan.steps.first { $0.action == action }.map { plan.text($0).split(separator: " ") } ?? []
        }
        func words(_ text: String) -> [Substring] { text.split(separator: " ") }
        #expect(line(.createNamespace(node: 5)) == words("namespace small.home # client of edge in LHR"))
        #expect(line(.writeHosts(node: 5)) == words("hosts /etc/netns/small.home/hosts # names in traceroute"))
        #expect(line(.createLink(0)) == words("link edge-lhr:home -- home:edge-lhr # home is a client of edge"))
        #expect(line(.createLink(1)) == words("link core-fra:core-sin -- core-sin:core-fra # interior of core"))
        #expect(
            line(.createLink(2)) == words("link core-fra:edge-lhr -- edge-lhr:core-fra # edge is a customer of core"))
        #expect(line(.addressNode(3)) == words("address london:lo 10.128.1.1 2001:db8:8001::1 # its own address"))
        #expect(line(.addressNode(5)) == words("address home:lo # its loopback interface"), "a client has its link's")
        #expect(
            line(.addressLink(0)) == words("address edge-lhr 10.2.0.2/31 -- home 10.2.0.3/31 # packets need addresses"))
        #expect(
            line(.shapeLink(4))
                == words(
                    "shape core-sin -- singapore delay 5ms jitter 1ms loss 0.1% rate 1gbit # distance and quality of the link"
                ))
        #expect(line(.startDaemon(node: 3, .dns)) == words("start london dns # answers for dns"))
        #expect(line(.startDaemon(node: 0, .bgp)) == words("start core-fra bgp # speaks for AS 65010"))
    }

    @Test(
        "Durations are written as people write them",
        arguments: [
            (0, "0ms"), (499, "0ms"), (500, "0.001ms"), (200_000, "0.2ms"), (1_000_000, "1ms"), (5_050_000, "5.05ms"),
            (87_654_321, "87.654ms"), (10_000_000_000, "10000ms"),
        ] as [(Int64, String)]) func milliseconds(_ nanoseconds: Int64, _ text: String)
    {
        #expect(LinkQuality.milliseconds(nanoseconds) == text)
    }

    @Test("A lab of one lonely network needs no wire") func lonely() throws {
        var lab = smallLab()
        (lab.networks, lab.services, lab.sites, lab.clients) = ([lab.networks[0]], [], [], [])
        lab.networks[0].cities = [Places.frankfurt]
        let plan = Plan(try Topology(lab), backend: .wire)
        #expect(
            plan.steps.map(\.action) == [
                .createNamespace(node: 0), .writeHosts(node: 0), .addressNode(0), .installRoutes(node: 0),
                .startDaemon(node: 0, .bgp),
            ])
    }
}
