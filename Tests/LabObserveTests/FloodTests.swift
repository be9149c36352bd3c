import JSON
import LabModel
import Net
import Testing

@testable import LabObserve

/// What becomes of the queries of a flood, and the claims about it.
struct FloodTests {
    private func counters(
        _ queries: Int, over: Int, overflowed: Int, dropped: Int = 0, site: String = "london"
    ) -> JSON {
        [
            "site": .string(site), "service": "resolver", "queries": ["udp": .int(queries), "tcp": 99],
            "over_capacity": .int(over), "overflowed": .int(overflowed), "dropped": .int(dropped),
            "rate_limited": ["dropped": 0, "truncated": 7],
        ]
    }

    private func outcome() -> FloodOutcome {
        var home = FloodReport.Row(client: "home")
        (home.sent, home.answers, home.unread) = (1000, ["london": 590], 2)
        let report = FloodReport(
            Flood(clients: ["home"], service: nil, rate: 500, duration: 2_000_000_000), service: "resolver",
            rows: [home],
            took: 2_000_000_000)
        return FloodOutcome(
            [report], before: [counters(50, over: 5, overflowed: 1)], after: [counters(1010, over: 365, overflowed: 21)]
        )
    }

    @Test func everyQueryIsAccountedFor() throws {
        let outcome = outcome()
        let load = try #require(outcome.loads.first)
        #expect(
            (load.offered, load.served, load.overCapacity, load.overflowed, load.dropped) == (980, 600, 360, 20, 380))
        #expect((outcome.sent, outcome.answered, outcome.unread, outcome.lostOnTheWay) == (1000, 590, 2, 28))
        #expect(outcome.reports[0].rate == 500)
        #expect(outcome.answers(of: "london") == 590)
        let document = outcome.document(lab: "small")
        #expect(document["lost"] == 410 && document["sites"]?.array?.first?["dropped"] == 380)
    }

    @Test func aResponderThatWasStartedAnewHasCountedFromNothing() throws {
        let load = try #require(
            SiteLoad(from: counters(5000, over: 100, overflowed: 9), to: counters(40, over: 10, overflowed: 0)))
        #expect((load.offered, load.served) == (40, 30))
    }

    @Test func aSiteIsAllItsServers() throws {
        var lab = try SmallLab.topology().lab
        let index = try #require(lab.sites.firstIndex { $0.name == "london" })
        lab.sites[index].servers = 2
        var home = FloodReport.Row(client: "home")
        home.sent = 1000
        let report = FloodReport(
            Flood(clients: ["home"], service: nil, rate: 500, duration: 2_000_000_000), service: "resolver",
            rows: [home], took: 2_000_000_000)
        var evidence = Evidence()
        evidence.flood = FloodOutcome(
            [report], before: [],
            after: [
                counters(300, over: 30, overflowed: 0, site: "london-1"),
                counters(500, over: 370, overflowed: 0, site: "london-2"),
            ])
        let judge = Judge(try Topology(lab), service: nil, evidence)
        #expect(judge.objections(to: .offered(site: "london", Bound(.equal, 0.8))) == [])
        #expect(judge.objections(to: .served("london-1", Bound(.equal, 0.9))) == [])
        #expect(
            judge.objections(to: .served("london", Bound(.equal, 1))) == [
                "london answered 400 of 800 queries that reached it, 50%, and = 100% is expected"
            ])
    }

    @Test func claimsAreHeldAgainstWhatWasCounted() throws {
        var evidence = Evidence()
        evidence.flood = outcome()
        let judge = Judge(try SmallLab.topology(), service: nil, evidence)
        let cases: [(Claim, [String])] = [
            (.served("home", Bound(.equal, 0.59)), []), (.served("london", Bound(.greater, 0.6)), []),
            (.offered(site: "london", Bound(.equal, 0.98)), []),
            (
                .served("home", Bound(.greaterOrEqual, 0.9)),
                ["home got answers to 590 of 1000 queries, 59%, and >= 90% is expected"]
            ),
            (
                .served("london", Bound(.equal, 1)),
                ["london answered 600 of 980 queries that reached it, 61.2%, and = 100% is expected"]
            ),
            (
                .offered(site: "london", Bound(.less, 0.5)),
                ["980 of 1000 queries reached london, 98%, and < 50% is expected"]
            ),
            (.offered(site: "paris", Bound(.less, 0.5)), ["paris is no site of a service that was flooded"]),
            (
                .served("core", Bound(.less, 0.5)), ["core sent nothing in the flood, so no share of it was served"]
            ),
        ]
        for (claim, expected) in cases { #expect(judge.objections(to: claim) == expected) }
        let blind = Judge(try SmallLab.topology(), service: nil, Evidence())
        #expect(
            blind.objections(to: .served("home", Bound(.less, 1))) == [
                "no query was counted: there was no flood before"
            ])
    }
}
