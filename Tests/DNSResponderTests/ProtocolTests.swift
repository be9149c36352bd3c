import DNSResponder
import DNSWire
import DNSZone
import Testing

@Suite struct ProtocolTests {
    private let responder: Responder

    init() throws { responder = try makeResponder() }

    private func query(_ change: (inout Message) -> Void) throws -> Message {
        var message = Message.query(id: 1, name: try DomainName("www.hello.test"), type: .a)
        change(&message)
        return message
    }

    @Test func namesAndClassesThatAreNotServedAreRefused() throws {
        for name in ["example.com", "test", "."] {
            let message = try responder.ask(name, .a)
            #expect(message.responseCode == .refused)
            #expect(!message.isAuthoritative)
            #expect(message.edns != nil)
        }
        let anyClass = try responder.ask("www.hello.test", .a, recordClass: .any)
        #expect(anyClass.answers.count == 2 && !anyClass.isAuthoritative)
        #expect(try responder.ask("www.hello.test", .a, recordClass: RecordClass(rawValue: 4)).responseCode == .refused)
        #expect(try responder.ask("hello.test", .axfr, .tcp).responseCode == .refused)
        #expect(try responder.ask("hello.test", .ixfr).responseCode == .refused)
        #expect(try makeResponder([]).ask("hello.test", .a).responseCode == .refused)
    }

    @Test func otherOpcodesAreNotImplemented() throws {
        for number: UInt8 in 1...15 where number != 4 {
            let message = try responder.ask(query { $0.flags.opcode = Opcode(rawValue: number) })
            #expect(message.responseCode == .notImplemented)
            #expect(message.flags.opcode.rawValue == number)
            #expect(message.edns != nil)
        }
    }

    @Test func onlyOneFlagComesBack() throws {
        let all = Header.Flags(rawValue: 0x07FF)
        #expect(
            try responder.ask("www.hello.test", .a, flags: all).flags
                == [.response, .authoritative, .recursionDesired])
    }

    @Test func theServerTellsOfItselfUnderFourNames() throws {
        let names = [
            ("id.server", "london"), ("HOSTNAME.bind", "london"), ("version.BIND", "anycast-lab"),
            ("version.server", "anycast-lab"),
        ]
        for (name, text) in names {
            let message = try responder.ask(name, .txt, recordClass: .chaos)
            #expect(message.answers.first?.strings == [Array(text.utf8)])
            #expect(message.answers.first?.recordClass == .chaos)
            #expect(message.answers.first?.ttl == 0)
            #expect(try responder.ask(name, .any, recordClass: .chaos).answers.count == 1)
            let noData = try responder.ask(name, .a, recordClass: .chaos)
            #expect(noData.responseCode == .noError && noData.answers.isEmpty)
            #expect(try responder.ask(name, .txt).responseCode == .refused)
        }
        #expect(try responder.ask("id.servers", .txt, recordClass: .chaos).responseCode == .refused)
        #expect(try responder.ask("www.hello.test", .a, recordClass: .chaos).responseCode == .refused)
    }

    @Test func theIdentifierComesOnlyOnRequest() throws {
        #expect(try responder.ask(query { _ in }).nsid == nil)
        let asking = EDNS(options: [EDNSOption(code: EDNSOption.nsid, data: [])])
        for name in ["www.hello.test", "no.hello.test", "example.com", "x.sub.hello.test"] {
            #expect(try responder.ask(name, .a, edns: asking).nsid == Array("london".utf8), "\(name)")
        }
        let withData = EDNS(options: [
            EDNSOption(code: 65001, data: [1, 2]), EDNSOption(code: EDNSOption.nsid, data: [9]),
        ])
        #expect(try responder.ask("www.hello.test", .a, edns: withData).nsid == Array("london".utf8))
        #expect(try responder.ask("www.hello.test", .a, edns: nil).additionals.isEmpty)
    }

    @Test func otherVersionsOfEDNSGetTheVersionWeKnow() throws {
        let message = try responder.ask("www.hello.test", .a, edns: EDNS(version: 1))
        #expect(message.responseCode == .badVersion)
        #expect(message.edns?.version == 0)
        #expect(message.answers.isEmpty)
    }

    @Test func twoOptionRecordsAreAFormatError() throws {
        let message = try responder.ask(query { $0.additionals.append(EDNS().record) })
        #expect(message.responseCode == .formatError)
        #expect(message.answers.isEmpty)
    }

    @Test func everyTruncationIsDroppedOrAFormatError() throws {
        let whole = try query { $0.additionals = [EDNS(options: [EDNSOption(code: 3, data: [])]).record] }.encoded()
        for count in 0..<whole.count {
            let answer = responder.octets(Array(whole[..<count]))
            if count < 12 { #expect(answer == nil) } else { #expect(answer?.reply.code == .formatError) }
        }
        #expect(responder.octets(whole)?.reply.code == .noError)
    }

    @Test func sizesOfUDPResponses() throws {
        func size(_ payload: UInt16?, _ name: String, _ transport: Responder.Transport = .udp) throws -> (Int, Bool) {
            let edns = payload.map { EDNS(payloadSize: $0).record }
            let question = Question(name: try DomainName(name + ".hello.test"), type: .txt)
            let query = Message(id: 1, questions: [question], additionals: edns.map { [$0] } ?? [])
            let answer = try #require(responder.octets(query.encoded(), transport))
            return (answer.octets.count, answer.reply.isTruncated)
        }
        let big = 12 + 20 + 12 + 753
        #expect(try size(nil, "big") == (32, true))
        #expect(try size(100, "big") == (32 + 11, true))
        #expect(try size(UInt16(big + 10), "big") == (32 + 11, true))
        #expect(try size(UInt16(big + 11), "big") == (big + 11, false))
        #expect(try size(65535, "huge") == (33 + 11, true))
        #expect(try size(nil, "huge", .tcp) == (12 + 21 + 12 + 1506, false))
    }

    @Test func anIdentifierWithoutRoomIsLeftOut() throws {
        let label = String(repeating: "a", count: 63)
        let origin = "\(label).\(label).\(label)." + String(repeating: "b", count: 61)
        let zone = try Zone(
            origin: DomainName(origin),
            records: [
                ZoneRecord(
                    owner: DomainName(origin), type: .soa, ttl: 1, data: [0, 0] + [UInt8](repeating: 0, count: 20))
            ])
        let identity = String(repeating: "i", count: 300)
        let responder = Responder(zones: [zone], identity: identity, cookies: ServerCookies(1, 2))
        let edns = EDNS(payloadSize: 512, options: [EDNSOption(code: EDNSOption.nsid, data: [])])
        let message = try responder.ask(origin, .soa, edns: edns)
        #expect(message.nsid == nil)
        #expect(message.answers.count == 1)
        let short = try responder.ask("id.server", .txt, recordClass: .chaos, edns: EDNS(options: edns.options))
        #expect(short.nsid?.count == 255)
        #expect(short.answers.first?.strings?.first?.count == 255)
    }

    @Test func memoryThatIsTooSmallGivesNoResponse() throws {
        let query = try query { _ in }.encoded()
        for size in 0..<200 {
            if let answer = responder.octets(query, memory: size) {
                #expect(answer.octets.count <= size)
                #expect(throws: Never.self) { try Message(parsing: answer.octets) }
            }
        }
    }
}
