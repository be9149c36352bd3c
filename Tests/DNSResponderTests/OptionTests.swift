import DNSWire
import DNSZone
import Net
import TestSupport
import Testing

@testable import DNSResponder

/// What the options of an OPT record bring.
@Suite struct OptionTests {
    private func responder(secret: [UInt8] = [UInt8](repeating: 7, count: 16)) throws -> Responder {
        let zone = try Zone(
            origin: DomainName("example.com"), text: "@ A 192.0.2.34\nsub NS ns.sub\nns.sub A 192.0.2.3")
        return Responder(zones: [zone], identity: "london", cookies: try #require(ServerCookies(secret: secret)))
    }

    private func query(_ options: [EDNSOption], _ name: String = "example.com", _ type: RecordType = .a) throws
        -> Message
    {
        Message(
            id: 1, questions: [Question(name: try DomainName(name), type: type)],
            additionals: [EDNS(options: options).record])
    }

    private func cookie(_ data: String) -> EDNSOption { EDNSOption(code: EDNSOption.cookie, data: hex(data)) }

    /// RFC 9018, appendix A, but for A.4's second secret: what the client sends, from where, when, and what it gets.
    @Test func cookiesAreThoseOfTheStandard() throws {
        let secret = hex("e5e973e5a6b2a43f48e7dc849e37bfcf")
        let cases: [(String, String, UInt32, String, Bool)] = [
            (
                "2464c4abcf10c957", "198.51.100.100", 1_559_731_985, "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
                false
            ),
            (
                "2464c4abcf10c957010000005cf79f111f8130c3eee29480", "198.51.100.100", 1_559_734_385,
                "2464c4abcf10c957010000005cf7a871d4a564a1442aca77", true
            ),
            (
                "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", "203.0.113.203", 1_559_734_700,
                "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e", false
            ),
        ]
        let responder = try responder(secret: secret)
        for (sent, client, time, given, isValid) in cases {
            let answer = try #require(
                try responder.octets(query([cookie(sent)]).encoded(), arrival(from: client, time: time)))
            let message = try Message(parsing: answer.octets)
            #expect(message.edns?.options == [cookie(given)])
            #expect(message.answers.count == 1)
            #expect(answer.reply.hasValidCookie == isValid)
        }
        // IPv6 (A.4), with the secret that was in force after the change.
        let other = try self.responder(secret: hex("445536bcd2513298075a5d379663c962"))
        let message = try other.ask(
            query([cookie("22681ab97d52c298010000005cf7c57926556bd0934c72f8")]),
            arrival(from: "2001:db8:220:1:59de:d0f4:8769:82b8", time: 1_559_741_961))
        #expect(message.edns?.options == [cookie("22681ab97d52c298010000005cf7c609a6bb79d16625507a")])
    }

    @Test func aCookieIsGoodAtEverySiteForItsClientForAnHour() throws {
        let (london, tokyo, stranger) = (try responder(), try responder(), try responder(secret: Array(1...16)))
        let given = try london.ask(query([cookie("0102030405060708")]), arrival(from: "192.0.2.1", time: 10_000))
        let option = try #require(given.edns?.options.first)
        func isValid(_ responder: Responder, _ option: EDNSOption, _ client: String, _ time: UInt32) throws -> Bool {
            try #require(responder.octets(query([option]).encoded(), arrival(from: client, time: time)))
                .reply.hasValidCookie
        }
        #expect(try isValid(tokyo, option, "192.0.2.1", 13_600))
        #expect(try isValid(tokyo, option, "192.0.2.1", 9_700))
        #expect(try !isValid(tokyo, option, "192.0.2.1", 13_601))
        #expect(try !isValid(tokyo, option, "192.0.2.1", 9_699))
        #expect(try !isValid(tokyo, option, "192.0.2.2", 10_000))
        #expect(try !isValid(stranger, option, "192.0.2.1", 10_000))
        for index in option.data.indices {
            var changed = option
            changed.data[index] ^= 1
            #expect(try !isValid(tokyo, changed, "192.0.2.1", 10_000), "octet \(index)")
        }
    }

    @Test func aQueryWithoutAQuestionAsksForACookie() throws {
        let responder = try responder()
        func ask(_ data: String) throws -> Message {
            try responder.ask(Message(id: 1, additionals: [EDNS(options: [cookie(data)]).record]))
        }
        let new = try ask("0102030405060708")
        #expect(new.responseCode == .noError && new.edns?.options.first?.data.count == 24)
        #expect(try ask("0102030405060708 0100000000000000 0000000000000000").responseCode == .badCookie)
        let known = try #require(new.edns?.options.first)
        let again = try responder.ask(Message(id: 1, additionals: [EDNS(options: [known]).record]))
        #expect(again.responseCode == .noError)
    }

    @Test func wronglyFormedOptionsAreFormatErrorsWithAnOptionRecord() throws {
        let cases: [(UInt16, String)] = [
            (EDNSOption.cookie, ""), (EDNSOption.cookie, "01020304050607"), (EDNSOption.cookie, "010203040506070809"),
            (EDNSOption.cookie, String(repeating: "00", count: 41)), (EDNSOption.zoneVersion, "00"),
            (EDNSOption.clientSubnet, "000118"), (EDNSOption.clientSubnet, "00031800"),
            (EDNSOption.clientSubnet, "00011801c00002"), (EDNSOption.clientSubnet, "00011800c000"),
            (EDNSOption.clientSubnet, "00011800c0000201"), (EDNSOption.clientSubnet, "00011700c00003"),
            (EDNSOption.clientSubnet, "00012100c000020100"), (EDNSOption.clientSubnet, "00028100"),
        ]
        for (code, data) in cases {
            let message = try responder().ask(query([EDNSOption(code: code, data: hex(data))]))
            #expect(message.responseCode == .formatError && message.edns != nil, "\(code) \(data)")
        }
        // Of several cookies all but the first are ignored (RFC 7873, section 5.2).
        let second = try responder().ask(query([cookie("0102030405060708"), cookie("01")]))
        #expect(second.responseCode == .noError && second.edns?.options.first?.data.count == 24)
        let twice = EDNSOption(code: EDNSOption.zoneVersion, data: [])
        #expect(try responder().ask(query([twice, twice])).responseCode == .formatError)
    }

    @Test func aClientSubnetComesBackWithScopeZero() throws {
        for data in ["00011800c00002", "00010000", "00023800 20010db8000000", "00011700c00002"] {
            let option = EDNSOption(code: EDNSOption.clientSubnet, data: hex(data))
            #expect(try responder().ask(query([option])).edns?.options == [option])
        }
    }

    @Test func optionsThatNobodyKnowsAreIgnored() throws {
        let message = try responder().ask(query([EDNSOption(code: 65001, data: [1, 2, 3])]))
        #expect(message.responseCode == .noError && message.edns?.options == [])
    }

    @Test func theVersionOfTheZoneIsToldWithEveryAnswerOfIt() throws {
        let option = EDNSOption(code: EDNSOption.zoneVersion, data: [])
        let version = EDNSOption(code: EDNSOption.zoneVersion, data: [2, 0, 0, 0, 0, 1])
        for (name, type) in [
            ("example.com", RecordType.a), ("example.com", .mx), ("no.example.com", .a), ("x.sub.example.com", .a),
        ] {
            #expect(try responder().ask(query([option], name, type)).edns?.options == [version], "\(name)")
        }
        let refused = try responder().ask(query([option], "example.org"))
        #expect(refused.edns?.options.map(\.code) == [EDNSOption.extendedError])
    }

    @Test func refusalsSayWhy() throws {
        let responder = try responder()
        func reason(_ message: Message) throws -> [UInt8]? { try responder.ask(message).edns?.options.first?.data }
        #expect(try reason(query([], "example.org")) == [0, 20])
        #expect(try reason(query([], "example.com", .axfr)) == [0, 18])
        var update = try query([])
        update.flags.opcode = .update
        #expect(try reason(update) == [0, 21])
    }

    @Test func keepaliveIsForTCPAndForThoseWhoAsk() throws {
        let option = EDNSOption(code: EDNSOption.tcpKeepalive, data: [])
        #expect(try responder().ask(query([option]), .tcp).edns?.options == [.init(code: 11, data: [0, 100])])
        #expect(try responder().ask(query([option]), .udp).edns?.options == [])
        #expect(try responder().ask(query([]), .tcp).edns?.options == [])
    }

    @Test func whoamiTellsWhatIsSeen() throws {
        let subnet = EDNSOption(code: EDNSOption.clientSubnet, data: hex("00011800c63364"))
        let responder = try responder()
        func strings(_ options: [EDNSOption], _ client: String) throws -> [String]? {
            try responder.ask(query(options, "WhoAmI.example.com", .txt), arrival(from: client)).answers.first?.strings?
                .map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(try strings([], "10.1.0.3") == ["site london", "client 10.1.0.3", "serial 1"])
        #expect(
            try strings([subnet], "2001:db8::1")
                == ["site london", "client 2001:db8::1", "subnet 198.51.100.0/24", "serial 1"])
        let other = try responder.ask(query([], "whoami.example.com", .a))
        #expect(other.responseCode == .noError && other.answers.isEmpty && other.authorities.count == 1)
        #expect(try responder.ask(query([], "x.whoami.example.com", .txt)).responseCode == .nameError)
        let own = try makeResponder([("example.com", "whoami TXT mine")])
        #expect(try own.ask("whoami.example.com", .txt).answers.first?.strings == [Array("mine".utf8)])
    }
}
