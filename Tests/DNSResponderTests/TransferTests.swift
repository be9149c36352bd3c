import DNSWire
import DNSZone
import Net
import Testing

@testable import DNSResponder

/// A zone out by AXFR and in again, and NOTIFY.
@Suite struct TransferTests {
    private let primary = "10.128.1.1"

    private func responder(_ text: String = helloZone) throws -> Responder {
        let origin = try DomainName("hello.test")
        return Responder(
            zones: [try Zone(origin: origin, text: text)], identity: "london", cookies: ServerCookies(1, 2),
            primaries: [origin: [try #require(IPAddress(primary))]])
    }

    private func query(_ type: RecordType, _ name: String = "hello.test", serial: UInt32? = nil) throws -> Message {
        let origin = try DomainName("hello.test")
        var message = Message(id: 9, questions: [Question(name: try DomainName(name), type: type)])
        if let serial {
            let data = [0, 0] + bigEndian(serial) + [UInt8](repeating: 0, count: 16)
            message.authorities = [ResourceRecord(name: origin, type: .soa, ttl: 0, data: data)]
        }
        return message
    }

    /// The messages of a transfer.
    private func messages(_ zone: Zone, _ query: Message) throws -> [[UInt8]] {
        let octets = query.encoded()
        guard var transfer = ZoneTransfer(of: zone, for: octets.span.bytes) else { throw NoAnswer() }
        var messages: [[UInt8]] = []
        var memory = [UInt8](repeating: 0, count: 65535)
        while true {
            var span = memory.mutableSpan
            var bytes = span.mutableBytes
            guard let count = transfer.next(into: &bytes) else { return messages }
            messages.append(Array(memory.prefix(count)))
        }
    }

    private func received(_ messages: [[UInt8]]) throws -> Zone? {
        var incoming = IncomingZone(try DomainName("hello.test"), id: 9, isWhole: true)
        for message in messages {
            if case .zone(let zone) = try incoming.take(message) { return zone }
        }
        return nil
    }

    @Test func aZoneComesOutAsItWentIn() throws {
        let zone = try responder().zones[0]
        var request = try query(.axfr)
        request.additionals = [EDNS().record]
        let sent = try messages(zone, request)
        let first = try Message(parsing: sent[0])
        #expect(first.answers.first?.type == .soa && first.answers.last?.type == .soa)
        let count = (0..<zone.nodeCount).flatMap { zone.setIndices(at: $0) }.reduce(0) { $0 + zone.set($1).count }
        #expect(first.answers.count == count + 1)
        #expect(first.isAuthoritative && first.edns != nil && first.id == 9)
        let copy = try #require(try received(sent))
        let again = try messages(copy, request).flatMap { try Message(parsing: $0).answers.lines }
        #expect(again.sorted() == first.answers.lines.sorted())
    }

    @Test func aLargeZoneTakesSeveralMessagesAndALongRecordOneOfItsOwn() throws {
        let long = (0..<120).map { _ in "\"\(String(repeating: "x", count: 250))\"" }.joined(separator: " ")
        let text = (0..<2000).map { "host\($0) A 192.0.2.\($0 % 250)\n" }.joined() + "long TXT \(long)\n"
        let zone = try responder(text).zones[0]
        let sent = try messages(zone, query(.axfr))
        #expect(sent.count >= 3 && sent.filter { $0.count > 16384 }.count == 1)
        let records = try sent.flatMap { try Message(parsing: $0).answers }
        #expect(records.count { $0.type == .soa } == 2 && records.count { $0.type == .a } >= 2000)
        #expect(try received(sent)?.nodeCount == zone.nodeCount)
        // Nothing less than all of it is a zone.
        #expect(try received(Array(sent.dropLast())) == nil)
        var other = IncomingZone(try DomainName("hello.test"), id: 8, isWhole: true)
        #expect(throws: IncomingZone.Failure.badMessage) { try other.take(sent[0]) }
    }

    @Test func transfersAreGivenOverTCPAtTheSitesOwnAddress() throws {
        let responder = try responder()
        func task(_ message: Message, _ arrival: Responder.Arrival) throws -> (ResponseCode, Responder.Task?) {
            let reply = try #require(responder.octets(message.encoded(), arrival)).reply
            return (reply.code, reply.task)
        }
        #expect(try task(query(.axfr), arrival(.tcp, isUnicast: true)) == (.noError, .transfer(zone: 0)))
        #expect(try task(query(.axfr), arrival(.tcp)) == (.refused, nil))
        #expect(try task(query(.axfr), arrival(.udp, isUnicast: true)) == (.refused, nil))
        #expect(try task(query(.axfr, "www.hello.test"), arrival(.tcp, isUnicast: true)) == (.notAuthoritative, nil))
        #expect(try task(query(.ixfr), arrival(.tcp, isUnicast: true)) == (.formatError, nil))
        let old = try query(.ixfr, serial: 2_026_010_100)
        #expect(try task(old, arrival(.tcp, isUnicast: true)) == (.noError, .transfer(zone: 0)))
        for (message, transport) in [(old, Responder.Transport.udp), (try query(.ixfr, serial: 2_026_010_101), .tcp)] {
            let answer = try responder.ask(message, arrival(transport, isUnicast: true))
            #expect(answer.answers.map(\.type) == [.soa] && answer.responseCode == .noError)
        }
    }

    @Test func onlyAPrimaryIsBelievedThatThereIsANewerZone() throws {
        let responder = try responder()
        func notify(_ name: String = "hello.test", from client: String, isUnicast: Bool = true) throws
            -> Responder.Reply
        {
            var message = try query(.soa, name)
            message.flags.opcode = .notify
            return try #require(responder.octets(message.encoded(), arrival(from: client, isUnicast: isUnicast))).reply
        }
        let taken = try notify(from: primary)
        #expect(taken.code == .noError && taken.task == .refresh(zone: 0))
        for refused in [try notify(from: "10.128.2.1"), try notify(from: primary, isUnicast: false)] {
            #expect(refused.code == .refused && refused.task == nil)
        }
        #expect(try notify("www.hello.test", from: primary).code == .notAuthoritative)
    }

    @Test func serialsGoRound() {
        for (new, old) in [(1, 0), (0, 0xFFFF_FFFF), (0x7FFF_FFFF, 0), (100, 0xFFFF_FF00)] as [(UInt32, UInt32)] {
            #expect(new.isNewer(than: old) && !old.isNewer(than: new))
        }
        #expect(!UInt32(5).isNewer(than: 5))
    }
}
