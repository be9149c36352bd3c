import LabModel
import Net
import Sys
import TestSupport
import Testing

@testable import LabObserve

@Suite("A chain of namespaces with a web server at its end", .serialized)
struct LiveWebTests {
    let lab: LiveLab

    init() throws { lab = try LiveLab(.http) }

    @Test("the service itself is asked, and the round trip is that of the handshake", arguments: AddressFamily.allCases)
    func catchment(_ family: AddressFamily) throws {
        let london = try WebAnswerer(lab, "london", .answers(after: 400_000))
        defer { withExtendedLifetime(london) {} }
        let service = family == .ipv4 ? SmallLab.service4 : SmallLab.service6
        let row = try #require(try lab.observer.catchment(addresses: [service]).first)
        #expect(row.finding == nil)
        #expect(row.agrees)
        #expect(row.site == "london")
        #expect(row.hops.map { $0.node?.name } == ["isp-lhr", "core-fra", "london"])
        #expect(row.hops.first?.address == (try lab.end("isp-lhr", towards: "home").address(family)))
        #expect(row.hops.last?.address == service)
        // The server takes 400 ms for its answer, and its kernel nothing for the handshake.
        for rtt in [row.rtt] + row.hops.map(\.rtt) {
            #expect((1..<400_000_000).contains(try #require(rtt)))
        }
    }

    @Test("a responder is not the service, and a closed port says so at once")
    func nobodyListens() throws {
        let responder = try Answerer(lab, "london")
        defer { withExtendedLifetime(responder) {} }
        let begin = Clock.monotonic()
        let rows = try lab.observer.catchment(timeout: 30_000_000_000)
        #expect(Clock.monotonic() - begin < 10_000_000_000)
        #expect(rows.count == 2)
        for row in rows {
            #expect(row.site == nil)
            #expect(!row.agrees)
            #expect(row.finding?.contains("says: nobody listens on the port") == true, "\(row.finding ?? "")")
            #expect(row.hops.map { $0.node?.name } == ["isp-lhr", "core-fra", "london"])
        }
    }

    @Test(
        "what is no answer is told apart",
        arguments: [
            (WebAnswerer.Manner.closes, nil, nil, "says: the connection ends without an answer"),
            (.sleeps, nil, nil, "nobody answers, and the way by the kernels' routes leads to london"),
            (.answers(after: 0), "HTTP/1.1 204 No Content", nil, "the answer names no site"),
            (.answers(after: 0), "220 mail.test ESMTP", nil, "the answer is malformed"),
            (
                .answers(after: 0), "HTTP/1.1 503 No\r\nContent-Length: 0\r\nX-Site: london", "london",
                "the answer is 503"
            ),
            (
                .answers(after: 0), "HTTP/1.1 204 No Content\r\nX-Site: paris", "paris",
                "paris answers, but the way by the kernels' routes leads to london"
            ),
        ])
    func noAnswer(_ manner: WebAnswerer.Manner, _ head: String?, _ site: String?, _ finding: String) throws {
        let london = try WebAnswerer(lab, "london", head: head, manner)
        defer { withExtendedLifetime(london) {} }
        for row in try lab.observer.catchment(timeout: 2_000_000_000) {
            #expect(row.site == site)
            #expect(row.finding?.contains(finding) == true, "\(row.finding ?? "")")
        }
    }

    @Test("a missing route, a dead end and a loop are seen alike by walk and probe")
    func faults() throws {
        let london = try WebAnswerer(lab, "london")
        defer { withExtendedLifetime(london) {} }
        try lab.expectLostWays()
    }

    @Test("of several equal ways any is right, and a site that has none is wrong")
    func multipath() throws {
        let servers = try ["london", "paris"].map { try WebAnswerer(lab, $0) }
        defer { withExtendedLifetime(servers) {} }
        try lab.serve(by: ["london", "paris"])
        var seen: Set<String?> = []
        for _ in 0..<40 {
            for row in try lab.observer.catchment() {
                #expect(row.agrees && row.finding == nil, "\(row.finding ?? "")")
                #expect(row.hops.last?.node?.name == row.site)
                seen.insert(row.site)
            }
        }
        #expect(seen == ["london", "paris"])
    }

    @Test("no port is left waiting")
    func leavesNothing() throws {
        let london = try WebAnswerer(lab, "london")
        defer { withExtendedLifetime(london) {} }
        for _ in 0..<3 { #expect(try lab.observer.catchment().map(\.site) == ["london", "london"]) }
        #expect(try run("ip", "netns", "exec", lab.namespace("home"), "ss", "-Htan").isEmpty)
    }
}
