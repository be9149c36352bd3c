import DNSResponder
import DNSWire
import DNSZone
import Testing

/// DNAME (RFC 6672) and chains of aliases that leave their zone.
@Suite struct RedirectionTests {
    private static let long = (0..<3).map { _ in String(repeating: "l", count: 60) }.joined(separator: ".")
    private static let zone = """
        old 60 DNAME new
        a.new A 192.0.2.1
        b.new CNAME x.old
        x.new A 192.0.2.2
        away DNAME elsewhere.example.
        self DNAME self
        tail DNAME \(long)
        """

    private func responder() throws -> Responder {
        try makeResponder([("hello.test", Self.zone), ("example", "www.elsewhere A 192.0.2.9")])
    }

    @Test func aNameBelowIsRenamedWithItsLettersAsTheyCame() throws {
        let message = try responder().ask("A.old.hello.test", .a)
        #expect(
            message.answers.lines == [
                "old.hello.test. 60 DNAME new.hello.test.", "A.old.hello.test. 60 CNAME A.new.hello.test.",
                "A.new.hello.test. 60 A 192.0.2.1",
            ])
        #expect(message.isAuthoritative && message.responseCode == .noError)
    }

    @Test func theOwnerItselfIsNotRenamed() throws {
        let responder = try responder()
        #expect(try responder.ask("old.hello.test", .dname).answers.count == 1)
        let none = try responder.ask("old.hello.test", .a)
        #expect(none.answers.isEmpty && none.authorities.count == 1 && none.responseCode == .noError)
    }

    @Test func whatItLeadsToMayNotExist() throws {
        let message = try responder().ask("nothing.old.hello.test", .a)
        #expect(message.answers.map(\.type) == [.dname, .cname])
        #expect(message.responseCode == .nameError && message.authorities.map(\.type) == [.soa])
    }

    @Test func theSameRecordIsGivenOnceInAChain() throws {
        let message = try responder().ask("b.old.hello.test", .a)
        #expect(message.answers.map(\.type) == [.dname, .cname, .cname, .cname, .a])
    }

    @Test func theAliasItselfCanBeAskedFor() throws {
        for type in [RecordType.cname, .any] {
            #expect(try responder().ask("a.old.hello.test", type).answers.map(\.type) == [.dname, .cname])
        }
    }

    @Test func aChainGoesOnInAnotherZoneOfTheServer() throws {
        let message = try responder().ask("www.away.hello.test", .a)
        #expect(message.answers.lines.last == "www.elsewhere.example. 300 A 192.0.2.9")
        let alone = try makeResponder([("hello.test", Self.zone)]).ask("www.away.hello.test", .a)
        #expect(alone.answers.map(\.type) == [.dname, .cname])
        #expect(alone.responseCode == .noError && alone.authorities.isEmpty)
    }

    @Test func aNameThatWouldBeTooLongIsSaidToExist() throws {
        let label = String(repeating: "x", count: 60)
        let message = try responder().ask("\(label).tail.hello.test", .a)
        #expect(message.responseCode == .nameExists && message.isAuthoritative)
        #expect(message.answers.map(\.type) == [.dname])
    }

    @Test func aLoopEnds() throws {
        let message = try responder().ask("x.self.hello.test", .a)
        #expect(message.answers.count == 17 && message.responseCode == .noError)
    }
}
