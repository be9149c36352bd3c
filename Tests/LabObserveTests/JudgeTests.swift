import LabModel
import Net
import Sys
import Testing

@testable import LabObserve

/// Every kind of claim, kept and broken, and what a newcomer reads then.
struct JudgeTests {
    private let topology: Topology
    private let millisecond: Nanoseconds = 1_000_000

    init() throws {
        topology = try SmallLab.topology()
    }

    /// home is answered by london over IPv4 and by nobody over IPv6.
    private func evidence() throws -> Evidence {
        func row(_ address: IPAddress, _ site: String?, _ rtt: Nanoseconds?) throws -> CatchmentRow {
            CatchmentRow(
                client: try topology.require("home"), service: "resolver", address: address, site: site, rtt: rtt,
                asPath: [],
                hops: try ["isp-lhr", "core-fra", "london"].map { Hop(node: try topology.require($0), address: nil) },
                agrees: true, finding: site == nil ? "nobody answers" : nil)
        }
        var evidence = Evidence()
        evidence.rows = [
            try row(SmallLab.service4, "london", 24_312_345), try row(SmallLab.service6, nil, nil),
        ]
        evidence.sessions = [
            .init(local: "london", remote: "core-fra", family: "ipv4", state: "Established"),
            .init(local: "core-fra", remote: "london", family: "ipv4", state: "Established"),
            .init(local: "london", remote: "core-fra", family: "ipv6", state: "Idle"),
            .init(local: "core-fra", remote: "london", family: "ipv6", state: "Connect"),
        ]
        evidence.lookups = [
            Lookup(
                client: "home", address: SmallLab.service4, name: "www.a.test", type: "A", answers: ["192.0.2.1"],
                note: nil),
            Lookup(
                client: "home", address: SmallLab.service6, name: "www.a.test", type: "A", answers: [], note: "NXDOMAIN"
            ),
        ]
        return evidence
    }

    private func objections(_ claim: Claim, _ evidence: Evidence) -> [String] {
        Judge(topology, service: nil, evidence).objections(to: claim)
    }

    @Test func brokenClaimsAreExplained() throws {
        let evidence = try evidence()
        let resolution = Claim.Resolution(name: "www.a.test", type: "A", answers: ["192.0.2.2"])
        let expected: [(Claim, [String])] = [
            (
                .catchment(client: "home", site: "paris"),
                [
                    "home is answered by london at 192.0.2.53, and paris is expected",
                    "home gets no answer from 2001:db8:53::53, and paris is expected: nobody answers",
                ]
            ),
            (
                .catchment(client: "home", site: nil),
                ["home is answered by london at 192.0.2.53, and no answer is expected"]
            ),
            (.catchment(client: "nobody", site: "paris"), ["there is no client 'nobody' in the lab"]),
            (.catchment(client: "home", site: "rome"), ["there is no site 'rome' in the lab"]),
            (
                .share(site: "london", Bound(.greaterOrEqual, 0.6)),
                ["london answers 1 of 2 pairs of a client and an address, 50%, and >= 60% is expected"]
            ),
            (
                .roundTrip(client: "home", Bound(.less, 20 * millisecond)),
                [
                    "a round trip of home to 192.0.2.53 takes 24.31ms, to london, and < 20ms is expected",
                    "home gets no answer from 2001:db8:53::53, so there is no round trip (< 20ms is expected)",
                ]
            ),
            (
                .session("london", "core", .established),
                [
                    "the ipv6 session of london with core-fra is Idle, and Established is expected",
                    "the ipv6 session of core-fra with london is Connect, and Established is expected",
                ]
            ),
            (.session("london", "isp", .established), ["there is no BGP session between london and isp in the lab"]),
            (
                .resolved(client: "home", resolution),
                [
                    "home asked 192.0.2.53 for www.a.test A and got 192.0.2.1, and 192.0.2.2 is expected",
                    "home asked 2001:db8:53::53 for www.a.test A and got no such record (NXDOMAIN), and 192.0.2.2 is expected",
                ]
            ),
            (.lost(Bound(.equal, 0)), ["no probes were counted: nothing was disturbed before"]),
        ]
        for (claim, messages) in expected { #expect(objections(claim, evidence) == messages, "\(claim)") }
    }

    @Test func keptClaimsAreNot() throws {
        var evidence = try evidence()
        evidence.rows.removeLast()
        evidence.lookups.removeLast()
        evidence.sessions.removeLast(2)
        let claims: [Claim] = [
            .catchment(client: "home", site: "london"), .share(site: "paris", Bound(.equal, 0)),
            .roundTrip(client: "home", Bound(.less, 30 * millisecond)), .session("core", "london", .established),
            .resolved(client: "home", .init(name: "www.a.test", type: "A", answers: ["192.0.2.1"])),
            .path(client: "home", .contains, .network("core")), .path(client: "home", .avoids, .country("US")),
            .never(.loop),
        ]
        for claim in claims { #expect(objections(claim, evidence) == [], "\(claim)") }
    }

    @Test func pathsAreJudgedByNetworkAndCountry() throws {
        let evidence = try evidence()
        let way =
            "; it is home (no country known), isp-lhr (no country known), core-fra (no country known), london (no country known)"
        #expect(
            objections(.path(client: "home", .avoids, .network("core")), evidence).first
                == "the path of home to 192.0.2.53 goes through core-fra in core, which it is expected to avoid" + way)
        #expect(
            objections(.path(client: "home", .contains, .country("FR")), evidence).first
                == "the path of home to 192.0.2.53 does not go through FR, which is expected" + way)
        #expect(
            objections(.path(client: "home", .staysIn, .country("EU")), evidence).first
                == "the path of home to 192.0.2.53 leaves EU, where it is expected to stay, at home" + way)
        #expect(Country.contains("EU", Place(code: nil, name: "", country: "IE", latitude: 0, longitude: 0)))
        #expect(!Country.contains("EU", Place(code: nil, name: "", country: "GB", latitude: 0, longitude: 0)))
    }

    @Test func probesTellOfGapsLossesLoopsAndHoles() throws {
        var book = FlowBook()
        for number in 0..<10 { book.enter(sentAt: Nanoseconds(number) * 5 * millisecond) }
        for id in [0, 1, 8, 9] { book.settle(UInt16(id), .answered(by: "london"), at: 60 * millisecond) }
        book.settle(2, .looped(at: "core-fra"), at: 60 * millisecond)
        var walks = WalkHistory()
        walks.record(.noRoute(try topology.require("isp-lhr")), at: 0)
        let flow = FlowReport(
            try topology.require("home"), service: "resolver", address: SmallLab.service4, book: book, walks: walks)
        var evidence = Evidence()
        evidence.ledger = LedgerReport(flows: [flow], interval: 5 * millisecond, start: 0, disturbedAt: nil)
        let whereabouts = ["  5 lost at isp-lhr (no route)", "  1 sent round until the TTL ended at core-fra"]
        #expect(
            objections(.gap(client: "home", Bound(.less, 20 * millisecond)), evidence)
                == ["home had no answer for 30ms, and < 20ms is expected"] + whereabouts)
        #expect(objections(.gap(client: "home", Bound(.less, 31 * millisecond)), evidence) == [])
        #expect(
            objections(.lost(Bound(.less, 6)), evidence)
                == ["6 of 10 probes were not answered in time, and < 6 is expected"] + whereabouts)
        #expect(
            objections(.never(.loop), evidence) == [
                "1 probes of home to 192.0.2.53 went round (their TTL ended at core-fra), and no loop is expected"
            ])
        #expect(
            objections(.never(.blackhole), evidence) == [
                "probes of home to 192.0.2.53 were dropped, 5 at isp-lhr (no route), and no blackhole is expected"
            ])
    }

    @Test func withoutProbesTheTablesTellOfLoops() throws {
        let home = try topology.require("home")
        let nodes = [try topology.require("isp-lhr"), try topology.require("core-fra")]
        var evidence = Evidence()
        evidence.walks = [Walk(source: home, destination: SmallLab.service4, hops: [], outcome: .loop(nodes))]
        #expect(
            objections(.never(.loop), evidence) == [
                "the way of home to 192.0.2.53 goes round: isp-lhr, core-fra, isp-lhr, and no loop is expected"
            ])
        #expect(objections(.never(.blackhole), evidence) == [])
    }

    @Test(arguments: [
        ("A", "192.0.2.1", "192.0.2.1"), ("AAAA", "2001:DB8:0::1", "2001:db8::1"),
        ("NS", "NS.Hello.Test.", "ns.hello.test"),
        ("TXT", "\"a b\"", "a b"), ("MX", "10 Mail.a.test.", "10 mail.a.test"), ("NS", ".", "."),
    ])
    func spellingsOfTheSameDataAreTheSame(type: String, text: String, canonical: String) {
        #expect(Lookup.canonical(text, type: type) == canonical)
    }
}
