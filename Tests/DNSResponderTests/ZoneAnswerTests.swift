import DNSResponder
import DNSWire
import Testing

@Suite struct ZoneAnswerTests {
    /// RFC 9460, sections 2.5.1, 2.5.2 and 4.1.
    @Test func theAddressesOfAServiceAtItsOwnNameComeAlong() throws {
        let responder = try makeResponder([
            (
                "hello.test",
                """
                @ HTTPS 1 . alpn=h2
                @ A 192.0.2.1
                @ AAAA 2001:db8::1
                none HTTPS 0 .
                none A 192.0.2.2
                *.any HTTPS 1 .
                *.any A 192.0.2.3
                alias CNAME x.any
                """
            )
        ])
        func addresses(_ name: String) throws -> [String] { try responder.ask(name, .https).additionals.lines }
        #expect(try addresses("hello.test") == ["hello.test. 300 A 192.0.2.1", "hello.test. 300 AAAA 2001:db8::1"])
        #expect(try addresses("none.hello.test") == [])
        #expect(try addresses("y.any.hello.test") == ["y.any.hello.test. 300 A 192.0.2.3"])
        #expect(try addresses("alias.hello.test") == ["x.any.hello.test. 300 A 192.0.2.3"])
    }

    private let responder: Responder
    private let soa = ["hello.test. 60 SOA ns1.hello.test."]

    init() throws { responder = try makeResponder() }

    @Test func addressesAreAnsweredWithAuthority() throws {
        let message = try responder.ask("www.hello.test", .a)
        #expect(message.id == 0x1234)
        #expect(message.flags == [.response, .authoritative])
        #expect(
            message.answers.lines == ["www.hello.test. 300 A 198.51.100.10", "www.hello.test. 300 A 198.51.100.11"])
        #expect(message.authorities.isEmpty)
    }

    @Test func noDataHasTheStartOfAuthority() throws {
        for name in ["www.hello.test", "b.c.hello.test", "c.hello.test", "wild.hello.test"] {
            let message = try responder.ask(name, .mx)
            #expect(message.responseCode == .noError, "\(name)")
            #expect(message.answers.isEmpty)
            #expect(message.isAuthoritative)
            #expect(message.authorities.lines == soa)
        }
    }

    @Test func noNameHasTheStartOfAuthority() throws {
        for name in ["nothing.hello.test", "x.www.hello.test", "x.b.c.hello.test"] {
            let message = try responder.ask(name, .a)
            #expect(message.responseCode == .nameError, "\(name)")
            #expect(message.authorities.lines == soa)
        }
    }

    @Test func wildcardsStandForNamesThatAreNotThere() throws {
        let text = try responder.ask("x.y.wild.hello.test", .txt)
        #expect(text.answers.lines == ["x.y.wild.hello.test. 120 TXT any of them"])
        let noData = try responder.ask("x.wild.hello.test", .a)
        #expect(noData.responseCode == .noError)
        #expect(noData.authorities.lines == soa)
        let alias = try responder.ask("x.wildalias.hello.test", .aaaa)
        #expect(
            alias.answers.lines == [
                "x.wildalias.hello.test. 120 CNAME www.hello.test.", "www.hello.test. 300 AAAA 2001:db8::10",
            ])
    }

    @Test func aliasesAreFollowedInsideTheZone() throws {
        let chain = try responder.ask("chain.hello.test", .aaaa)
        #expect(
            chain.answers.lines == [
                "chain.hello.test. 60 CNAME alias.hello.test.", "alias.hello.test. 60 CNAME www.hello.test.",
                "www.hello.test. 300 AAAA 2001:db8::10",
            ])
        let noData = try responder.ask("alias.hello.test", .txt)
        #expect(noData.answers.count == 1)
        #expect(noData.authorities.lines == soa)
        let away = try responder.ask("away.hello.test", .a)
        #expect(away.answers.lines == ["away.hello.test. 60 CNAME www.example.com."])
        #expect(away.responseCode == .noError)
        #expect(try responder.ask("alias.hello.test", .cname).answers.count == 1)
    }

    @Test func theCodeOfAChainIsThatOfItsEnd() throws {
        let dangling = try responder.ask("dangling.hello.test", .a)
        #expect(dangling.responseCode == .nameError)
        #expect(dangling.answers.count == 1)
        #expect(dangling.authorities.lines == soa)
    }

    @Test func loopsOfAliasesEnd() throws {
        let loop = try responder.ask("loop.hello.test", .a)
        #expect(loop.responseCode == .noError)
        #expect(loop.answers.count == 2)
        let own = try makeResponder([("a", "*.x CNAME y.x")])
        #expect(try own.ask("q.x.a", .a).answers.count == 1)
        let long = (0..<40).map { "n\($0) CNAME n\($0 + 1)" }.joined(separator: "\n")
        #expect(try makeResponder([("a", long)]).ask("n0.a", .a, .tcp).answers.count == 16)
    }

    @Test func referralsHaveNoAuthorityButGlue() throws {
        for name in ["sub.hello.test", "x.sub.hello.test", "ns1.sub.hello.test"] {
            let message = try responder.ask(name, .a)
            #expect(message.responseCode == .noError)
            #expect(!message.isAuthoritative)
            #expect(message.answers.isEmpty)
            #expect(message.authorities.count == 3)
            #expect(
                message.additionals.lines == [
                    "ns1.sub.hello.test. 300 A 192.0.2.101", "ns1.sub.hello.test. 300 AAAA 2001:db8:101::1",
                    "ns2.hello.test. 300 A 192.0.2.54",
                ])
        }
        let alias = try responder.ask("intosub.hello.test", .a)
        #expect(alias.isAuthoritative)
        #expect(alias.answers.count == 1)
        #expect(alias.authorities.count == 3)
    }

    @Test func delegationSignersAreAskedOfTheParent() throws {
        let atCut = try responder.ask("sub.hello.test", .ds)
        #expect(atCut.isAuthoritative)
        #expect(atCut.authorities.lines == soa)
        let below = try responder.ask("x.sub.hello.test", .ds)
        #expect(!below.isAuthoritative)
        let both = try makeResponder([("hello.test", helloZone), ("sub.hello.test", "@ TXT child")])
        #expect(try both.ask("sub.hello.test", .ds).authorities.lines == soa)
        #expect(try both.ask("sub.hello.test", .txt).answers.count == 1)
        #expect(try both.ask("hello.test", .ds).authorities.lines == soa)
    }

    @Test func glueThatDoesNotFitIsTruncationAndOtherAddressesAreNot() throws {
        func zone(_ server: (Int) -> String) -> String {
            (0..<13).map { "sub NS \(server($0))\n\(server($0)) AAAA 2001:db8::\($0)" }.joined(separator: "\n")
        }
        let below = try makeResponder([("a", zone { "a-long-name-\($0).sub" })])
        let truncated = try below.ask("x.sub.a", .a, edns: nil)
        #expect(truncated.isTruncated)
        #expect(truncated.authorities.count == 13)
        let whole = try below.ask("x.sub.a", .a, .tcp, edns: nil)
        #expect(!whole.isTruncated)
        #expect(whole.additionals.count == 13)
        let beside = try makeResponder([("a", zone { "a-long-name-\($0)" })])
        let silent = try beside.ask("x.sub.a", .a, edns: nil)
        #expect(!silent.isTruncated)
        #expect((1..<13).contains(silent.additionals.count))
    }

    @Test func targetsBringTheirAddresses() throws {
        let mail = try responder.ask("hello.test", .mx)
        #expect(mail.additionals.lines == ["mail.hello.test. 300 A 192.0.2.25"])
        let service = try responder.ask("_dns._udp.hello.test", .srv)
        #expect(service.additionals.lines.count == 2)
        let servers = try responder.ask("hello.test", .ns)
        #expect(servers.answers.count == 2)
        #expect(servers.additionals.lines.count == 3)
    }

    @Test func anyIsOneSetOverUDPAndAllOverTCP() throws {
        #expect(try responder.ask("www.hello.test", .any).answers.map(\.type) == [.a, .a])
        #expect(try responder.ask("www.hello.test", .any, .tcp).answers.map(\.type) == [.a, .a, .aaaa])
        #expect(try responder.ask("alias.hello.test", .any).answers.map(\.type) == [.cname])
        #expect(try responder.ask("c.hello.test", .any).authorities.lines == soa)
    }

    @Test func theCaseOfTheQuestionComesBackAndThatOfTheZoneStays() throws {
        let mixed = try responder.ask("mIXed.hello.TEST", .a)
        #expect(mixed.questions.first?.name.description == "mIXed.hello.TEST.")
        #expect(mixed.answers.first?.name.description == "mIXed.hello.TEST.")
        let alias = try responder.ask("ALIAS.HELLO.TEST", .cname)
        #expect(alias.answers.lines == ["ALIAS.HELLO.TEST. 60 CNAME www.hello.test."])
        let none = try responder.ask("NOTHING.HELLO.TEST", .a)
        #expect(none.authorities.lines == soa)
    }

    @Test func theClosestZoneAnswers() throws {
        let both = try makeResponder([("test", "x.hello A 192.0.2.1\nx TXT parent"), ("hello.test", "x A 192.0.2.2")])
        #expect(try both.ask("x.hello.test", .a).answers.lines == ["x.hello.test. 300 A 192.0.2.2"])
        #expect(try both.ask("x.test", .txt).answers.count == 1)
    }

    @Test func theRootCanBeServed() throws {
        let root = try makeResponder([
            (".", "@ SOA a.root. h.root. 1 1 1 1 1\n@ NS a.root.\na.root. A 192.0.2.4\ncom NS a.gtld.\n")
        ])
        #expect(try root.ask(".", .ns).answers.lines == [". 300 NS a.root."])
        #expect(try root.ask("www.com", .a).authorities.lines == ["com. 300 NS a.gtld."])
        #expect(try root.ask("nope", .a).authorities.lines == [". 1 SOA a.root."])
    }
}
