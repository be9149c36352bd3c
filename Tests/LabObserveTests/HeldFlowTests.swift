import LabModel
import Net
import Testing

@testable import LabObserve

/// What is said of connections that clients hold.
struct HeldFlowTests {
    private let topology: Topology
    private let address = IPAddress("192.0.2.80")

    init() throws {
        let place = Place(code: nil, name: "x", country: nil, latitude: 0, longitude: 0)
        var network = Network(name: "core", asn: ASN(64500), cities: [place], relations: [], timers: TimerOverrides())
        network.isASNDrawn = false
        topology = try Topology(
            Lab(
                name: "held", description: nil, timers: .fast, networks: [network], services: [], sites: [],
                clients: ["home", "work"].map { Client(name: $0, city: place, provider: "core") }, links: []))
    }

    private func flow(_ client: String, _ site: String?, _ end: HeldFlow.End? = nil, now: String? = nil) throws
        -> HeldFlow
    {
        var flow = HeldFlow(client: try #require(topology.node(named: client)), address: try #require(address))
        (flow.site, flow.end, flow.nextSite) = (site, end, now)
        return flow
    }

    @Test func connectionsOfOneFateAreARow() throws {
        let report = HeldFlowReport([
            try flow("work", "london"), try flow("home", "london", .reset, now: "newyork"), try flow("home", "london"),
            try flow("home", "london", .reset, now: "newyork"), try flow("home", "tokyo", .silent),
        ])
        #expect(report.rows.map(\.count) == [1, 2, 1, 1])
        #expect(report.rows.map(\.end) == [nil, .reset, .silent, nil])
        #expect(report.count() == 5 && report.broken() == 3)
        #expect(report.count(of: "home") == 4 && report.broken(of: "home") == 3 && report.broken(of: "work") == 0)
        #expect(report.sites == "2 at london")
    }

    @Test func saysWhy() throws {
        #expect(try flow("home", "london").reason == nil)
        #expect(
            try flow("home", "london", .reset, now: "newyork").reason
                == "RST: packets reach newyork now, which does not know the connection")
        #expect(try flow("home", "london", .reset, now: "london").reason?.hasPrefix("RST by its own site") == true)
        #expect(try flow("home", "london", .silent).reason == "no answer in 5s; nobody answers now")
        #expect(try flow("home", nil, .refused).reason == "refused: nobody listens")
        #expect(try flow("home", "london", .closed).reason == "FIN: the server closed it; nobody answers now")
    }

    /// A SYN that is answered and a question that is not: a connection that could not be made, but not where the way is such.
    @Test func singlePacketsBreakWhatCouldBeMade() throws {
        var broken = try flow("home", nil, .reset)
        broken.wasMade = true
        #expect(HeldFlowReport([broken, try flow("work", "london")]).unmade == 1)
        broken.isSpread = true
        #expect(broken.reason?.hasPrefix("RST: a router shares out single packets") == true)
        var refused = try flow("home", nil, .refused)
        refused.isSpread = true
        let report = HeldFlowReport([broken, broken, try flow("work", "london"), refused])
        #expect(report.unmade == 1 && report.broken() == 3 && report.rows.map(\.count) == [2, 1, 1])
    }

    @Test func limitsAreOfAllOrOfAClient() throws {
        var evidence = Evidence()
        func objections(_ client: String?, _ limit: Claim.Broken) -> [String] {
            Judge(topology, service: nil, evidence).objections(to: .broken(client: client, limit))
        }
        #expect(objections(nil, .count(Bound(.equal, 0))) == ["no connections are held"])
        evidence.flows = HeldFlowReport([
            try flow("work", "london"), try flow("home", "london", .reset), try flow("home", "london"),
        ])
        #expect(
            objections(nil, .count(Bound(.equal, 1))).isEmpty && objections("home", .share(Bound(.equal, 0.5))).isEmpty)
        #expect(objections("work", .count(Bound(.equal, 0))).isEmpty)
        #expect(
            objections("home", .share(Bound(.less, 0.5)))
                == ["1 of 2 connections of home are broken, 50%, and < 50% is expected"])
        #expect(
            objections(nil, .count(Bound(.equal, 0))) == ["1 of 3 connections are broken, 33.3%, and = 0 is expected"])
        #expect(objections("nobody", .count(Bound(.equal, 0))) == ["no connections of nobody are held"])
    }
}
