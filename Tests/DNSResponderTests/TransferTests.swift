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

    private func transfer(_ zone: Zone, _ query: Message) throws -> ZoneTransfer {
        let responder = Responder(zones: [zone], identity: "london", cookies: ServerCookies(1, 2))
        let answer = try #require(responder.octets(query.encoded(), arrival(.tcp, isUnicast: true)))
        guard let transfer = ZoneTransfer(of: zone, in: answer.octets.span.bytes) else { throw NoAnswer() }
        return transfer
    }

    /// The messages of a transfer.
    private func messages(_ zone: Zone, _ query: Message) throws -> [[UInt8]] {
        var transfer = try self.transfer(zone, query)
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
        // What it asks for besides comes in the first message (RFC 7873, section 5.2.3).
        request.additionals = [EDNS(options: [EDNSOption(code: EDNSOption.cookie, data: [UInt8](1...8))]).record]
        #expect(try Message(parsing: messages(zone, request)[0]).edns?.options.first?.data.count == 24)
        let copy = try #require(try received(sent))
        let again = try messages(copy, request).flatMap { try Message(parsing: $0).answers.lines }
        #expect(again.sorted() == first.answers.lines.sorted())
    }

    @Test func aLargeZoneTakesSeveralMessagesAndALongRecordOneOfItsOwn() throws {
        let long = (0..<120).map { _ in "\"\(String(repeating: "x", count: 250))\"" }.joined(separator: " ")
        let text =
            (0..<2000).map { "host\($0) A 192.0.2.\($0 % 250)\n" }.joined() + "long TXT \(long)\nlast A 192.0.2.1\n"
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

    @Test func aTransferSaysWhenARecordFitsNoMessage() throws {
        let text = "long TYPE65280 \\# 65530 \(String(repeating: "00", count: 65530))\nlast A 192.0.2.1"
        var transfer = try transfer(try responder(text).zones[0], query(.axfr))
        var memory = [UInt8](repeating: 0, count: 65535)
        var count = 0
        while true {
            var span = memory.mutableSpan
            var bytes = span.mutableBytes
            if transfer.next(into: &bytes) == nil { break }
            count += 1
        }
        #expect(count == 1 && transfer.hasFailed)
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

    /// RFC 1035, section 3.3.13: no authority any more; RFC 8914, section 4.25.
    @Test func nothingComesFromAZoneThatHasExpired() throws {
        var responder = try makeResponder([
            ("hello.test", helloZone), ("other.test", "alias CNAME www.hello.test.\nwww A 192.0.2.1"),
        ])
        func ask(_ name: String, _ type: RecordType, _ options: [EDNSOption] = []) throws -> Message {
            let query = Message(
                id: 1, questions: [Question(name: try DomainName(name), type: type)],
                additionals: [EDNS(options: options).record])
            return try responder.ask(query, arrival(.tcp, isUnicast: true))
        }
        let number = try #require(responder.zones.firstIndex { $0.origin.description == "hello.test." })
        responder.setExpired(number, true)
        for (name, type) in [
            ("www.hello.test", RecordType.a), ("no.hello.test", .a), ("hello.test", .soa), ("hello.test", .axfr),
        ] {
            let answer = try ask(name, type)
            #expect(answer.responseCode == .serverFailure && !answer.isAuthoritative)
            #expect(answer.answers.isEmpty && answer.authorities.isEmpty)
            #expect(answer.edns?.options == [EDNSOption(code: EDNSOption.extendedError, data: [0, 24])])
        }
        // RFC 9660, section 3.2: the version is told with SERVFAIL too.
        let version = try ask("www.hello.test", .a, [EDNSOption(code: EDNSOption.zoneVersion, data: [])]).edns
        #expect(version?.options.first?.data == [2, 0] + bigEndian(responder.zones[number].serial))
        #expect(try ask("www.other.test", .a).answers.count == 1)
        // A chain of another zone ends before it.
        #expect(try ask("alias.other.test", .a).answers.map(\.type) == [.cname])
        responder.replace(number, with: responder.zones[number])
        #expect(try ask("www.hello.test", .a).answers.count == 2)
    }

    @Test func aTransferIsOfAZoneOfOneClass() throws {
        for type in [RecordType.axfr, .ixfr] {
            let question = Question(name: try DomainName("hello.test"), type: type, recordClass: .any)
            let answer = try responder().ask(Message(id: 1, questions: [question]), arrival(.tcp, isUnicast: true))
            #expect(answer.responseCode == .refused)
        }
    }

    @Test func onlyTheAnswerOfAnAuthorityIsTaken() throws {
        let origin = try DomainName("hello.test")
        func taken(_ change: (inout Message) -> Void) throws -> UInt32? {
            var answer = try responder().ask(query(.soa), arrival())
            change(&answer)
            var incoming = IncomingZone(origin, id: 9, isWhole: false)
            guard case .version(let serial) = try incoming.take(answer.encoded()) else { return nil }
            return serial
        }
        #expect(try taken { _ in } == 2_026_010_101)
        #expect(throws: IncomingZone.Failure.notAuthoritative) { try taken { $0.flags.remove(.authoritative) } }
        #expect(throws: IncomingZone.Failure.badMessage) { try taken { $0.questions[0].type = .axfr } }
        #expect(throws: IncomingZone.Failure.badMessage) { try taken { $0.flags.opcode = .notify } }
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
        #expect(taken.code == .noError && taken.task == .refresh(zone: 0, from: try #require(IPAddress(primary))))
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
