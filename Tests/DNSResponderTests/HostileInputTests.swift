import DNSResponder
import DNSWire
import TestSupport
import Testing

/// Whatever comes in, the responder neither traps nor answers with more than allowed, nor with what is no message.
@Suite struct HostileInputTests {
    private let responder: Responder

    init() throws { responder = try makeResponder() }

    private func check(_ query: [UInt8]) -> Bool {
        guard let answer = responder.octets(query, memory: 1400) else {
            return query.count < 12 || query[2] & 0x80 != 0
        }
        let hasEDNS = Query(reading: query.span.bytes)?.edns != nil
        guard answer.octets.count <= (hasEDNS ? 1232 : 512), let message = try? Message(parsing: answer.octets) else {
            return false
        }
        return message.id == UInt16(query[0]) << 8 | UInt16(query[1]) && message.flags.contains(.response)
    }

    @Test func randomOctets() {
        var generator = SeededGenerator(53)
        var failures = 0
        for _ in 0..<50_000 {
            let query = (0..<Int.random(in: 0...64, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            if !check(query) { failures += 1 }
        }
        #expect(failures == 0)
    }

    @Test func changedQueries() throws {
        let names = [
            "www.hello.test", "x.sub.hello.test", "chain.hello.test", "no.hello.test", "q.wild.hello.test",
            "huge.hello.test", "id.server", "loop.hello.test", "hello.test", ".",
        ]
        let types: [RecordType] = [.a, .ns, .txt, .any, .mx, .soa, .ds, .srv]
        var generator = SeededGenerator(54)
        var failures = 0
        var answered = 0
        for round in 0..<100_000 {
            let name = try DomainName(names[round % names.count])
            let type = types[round / names.count % types.count]
            let recordClass: RecordClass = round % 7 == 0 ? .chaos : .internet
            var query = Message.query(
                id: 7, name: name, type: type, recordClass: recordClass, wantsNSID: round % 2 == 0
            )
            .encoded()
            for _ in 0..<(round % 4) {
                query[Int.random(in: 0..<query.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            if round % 5 == 0 { query.removeLast(Int.random(in: 0...query.count, using: &generator)) }
            if !check(query) { failures += 1 }
            if responder.octets(query, memory: 1400)?.reply.code == .noError { answered += 1 }
        }
        #expect(failures == 0)
        #expect(answered > 10_000)
    }

    @Test func pointersInTheQuestionAreAFormatError() {
        for name in ["c00c", "01 61 c00c", "c000", "ffff", "01 61 c0ff"] {
            let query = hex("0001 0000 0001 0000 0000 0000" + name + "0001 0001")
            #expect(responder.octets(query)?.reply.code == .formatError, "\(name)")
        }
    }
}
