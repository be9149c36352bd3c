import DNSResponder
import DNSWire
import Testing

/// The limiter under a clock of the test's own.
@Suite struct RateLimiterTests {
    private let second: Int64 = 1_000_000_000
    private let client = ClientPrefix(v4: 0xC000_0235)

    private func verdicts(
        _ limiter: inout RateLimiter, _ count: Int, _ kind: ResponseKind = .answer, to client: ClientPrefix? = nil,
        now: Int64
    ) -> [RateLimiter.Verdict] {
        (0..<count).map { _ in limiter.judge(kind, to: client ?? self.client, now: now) }
    }

    @Test func aSecondsWorthMayComeAtOnceAndThenTheRate() {
        var limiter = RateLimiter(RateLimits(responses: 10, slip: 0), seed: 1)
        #expect(verdicts(&limiter, 12, now: 0) == Array(repeating: .send, count: 10) + [.drop, .drop])
        // What is refused costs nothing: a tenth of a second later there is one more.
        #expect(verdicts(&limiter, 2, now: second / 10) == [.send, .drop])
        #expect(verdicts(&limiter, 11, now: 2 * second) == Array(repeating: .send, count: 10) + [.drop])
    }

    @Test func ofTheRestEveryNthSlipsThroughTruncated() {
        for (slip, expected) in [
            (0, [.drop, .drop, .drop, .drop]), (1, [.truncate, .truncate, .truncate, .truncate]),
            (2, [.drop, .truncate, .drop, .truncate]), (3, [.drop, .drop, .truncate, .drop]),
        ] as [(Int, [RateLimiter.Verdict])] {
            var limiter = RateLimiter(RateLimits(responses: 1, slip: slip), seed: 1)
            #expect(verdicts(&limiter, 5, now: 0) == [.send] + expected)
        }
    }

    @Test func prefixesAndKindsAreLimitedOneByOne() {
        var limiter = RateLimiter(RateLimits(responses: 1, slip: 0), seed: 1)
        for kind in ResponseKind.allCases { #expect(verdicts(&limiter, 2, kind, now: 0) == [.send, .drop]) }
        let others = [
            ClientPrefix(v4: 0xC000_0335), ClientPrefix(v6: 0x2001_0db8_0000_0000),
            ClientPrefix(v6: 0x2001_0db8_0000_0100), ClientPrefix(v6: 0),
        ]
        for other in others { #expect(verdicts(&limiter, 2, to: other, now: 0) == [.send, .drop]) }
    }

    @Test func aPrefixIsA24OrA56() {
        #expect(ClientPrefix(v4: 0xC000_0200) == ClientPrefix(v4: 0xC000_02FF))
        #expect(ClientPrefix(v4: 0xC000_0200) != ClientPrefix(v4: 0xC000_0300))
        #expect(ClientPrefix(v6: 0x2001_0db8_0000_0000) == ClientPrefix(v6: 0x2001_0db8_0000_00FF))
        #expect(ClientPrefix(v6: 0x2001_0db8_0000_0000) != ClientPrefix(v6: 0x2001_0db8_0000_0100))
        #expect(ClientPrefix(v4: 0) != ClientPrefix(v6: 0))
    }

    /// A hundred thousand forged prefixes push none out that is at its limit now: those have been idle for longer.
    @Test func aFullTableForgetsTheIdlest() {
        var limiter = RateLimiter(RateLimits(responses: 10, slip: 0), seed: 7)
        #expect(verdicts(&limiter, 11, now: 0).last == .drop)
        for address in 0..<100_000 {
            #expect(limiter.judge(.answer, to: ClientPrefix(v6: UInt64(address) << 8), now: 0) == .send)
        }
        #expect(verdicts(&limiter, 1, now: 0) == [.drop])
    }

    /// Over ten seconds, whatever the times, no more than ten seconds' worth and one second's in store.
    @Test func theRateHoldsForAnyTimes() {
        for seed: UInt64 in 0..<20 {
            var limiter = RateLimiter(RateLimits(responses: 7, slip: 2), seed: seed)
            var sent = 0
            for step in 0..<10_000 where limiter.judge(.answer, to: client, now: Int64(step) * second / 1000) == .send {
                sent += 1
            }
            #expect((70...77).contains(sent))
        }
    }

    @Test func theKindIsToldByTheHeader() throws {
        let responder = try makeResponder()
        let expected: [(String, RecordType, ResponseKind)] = [
            ("www.hello.test", .a, .answer), ("www.hello.test", .txt, .noData), ("no.hello.test", .a, .nameError),
            ("host.sub.hello.test", .a, .referral), ("example.com", .a, .error),
        ]
        for (name, type, kind) in expected {
            let query = Message.query(id: 1, name: try DomainName(name), type: type).encoded()
            let octets = try #require(responder.octets(query)).octets
            let header = Header(reading: octets.span.bytes)
            #expect(header.map { ResponseKind(of: $0) } == kind, "\(name)")
        }
    }

    @Test func aTruncatedResponseKeepsQuestionAndOptions() throws {
        let responder = try makeResponder()
        for (name, hasOptions) in [("www.hello.test", true), ("www.hello.test", false), ("host.sub.hello.test", true)] {
            var query = Message.query(id: 77, name: try DomainName(name), type: .a, wantsNSID: true)
            if !hasOptions { query.additionals = [] }
            var octets = try #require(responder.octets(query.encoded())).octets
            let before = try Message(parsing: octets)
            let size = octets.count
            var span = octets.mutableSpan
            var bytes = span.mutableBytes
            let count = Responder.truncate(&bytes, byteCount: size)
            let message = try Message(parsing: Array(octets.prefix(count)))
            #expect(message.id == 77 && message.isTruncated && message.flags == before.flags.union(.truncated))
            #expect(message.questions == before.questions && message.edns == before.edns)
            #expect(message.answers.isEmpty && message.authorities.isEmpty)
            #expect(message.additionals.count == (hasOptions ? 1 : 0))
            #expect(message.nsid == (hasOptions ? Array("london".utf8) : nil))
        }
    }
}
