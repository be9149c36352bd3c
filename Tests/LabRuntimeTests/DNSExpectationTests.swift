import DNSWire
import LabModel
import Testing

@testable import LabRuntime

/// What is a right answer to the question of a health check, and what is wrong with others.
struct DNSExpectationTests {
    private func answer(
        _ expectation: DNSExpectation, _ change: (inout Message) throws -> Void = { _ in }
    ) throws -> String? {
        var message = try Message(parsing: expectation.query(7))
        message.flags = [.response, .authoritative]
        message.additionals = []
        try change(&message)
        return expectation.problem(with: message.encoded())
    }

    private func soa(_ serial: UInt32) throws -> ResourceRecord {
        let name = try DomainName("hello.test")
        let numbers: [UInt32] = [serial, 1, 2, 3, 4]
        let octets = numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }
        return ResourceRecord(name: name, type: .soa, ttl: 60, data: name.wire + name.wire + octets)
    }

    @Test func anAnswerNeedsCodeAuthorityTypeAndData() throws {
        let expectation = try DNSExpectation(.init(name: "www.hello.test", type: "A", answer: "198.51.100.10"))
        let name = try DomainName("www.hello.test")
        func record(_ last: UInt8) -> ResourceRecord {
            ResourceRecord(name: name, type: .a, ttl: 300, data: [198, 51, 100, last])
        }
        #expect(try answer(expectation) { $0.answers = [record(9), record(10)] } == nil)
        #expect(try answer(expectation) { $0.answers = [record(9)] } == "another A record")
        #expect(try answer(expectation) == "no A record")
        let secondHand = try answer(expectation) {
            $0.answers = [record(10)]
            $0.flags = [.response]
        }
        #expect(secondHand == "an answer without authority")
        #expect(try answer(expectation) { $0.flags.lowResponseCode = 3 } == "NXDOMAIN")
        #expect(try answer(expectation) { $0.flags.lowResponseCode = 5 } == "REFUSED")
        #expect(try answer(expectation) { $0.flags = [.authoritative] } == "an answer to another question")
        #expect(try answer(expectation) { $0.questions[0].type = .aaaa } == "an answer to another question")
        #expect(expectation.problem(with: [1, 2, 3]) == "an answer that cannot be read")
        #expect(DNSExpectation.id(of: expectation.query(0x1234)) == 0x1234)
    }

    @Test func withoutAQuestionTheSerialNumberMayNotBeOlder() throws {
        let zone = Service.Zone(origin: "hello.test", text: "@ SOA ns hostmaster 10 1 1 1 1\n")
        let expectation = try DNSExpectation(zone, site: "london")
        for (serial, expected) in [(10, nil), (11, nil), (9, "serial 9, older than 10")] as [(UInt32, String?)] {
            #expect(try answer(expectation) { $0.answers = [try soa(serial)] } == expected)
        }
        // Serial numbers go round (RFC 1982).
        #expect(try answer(expectation) { $0.answers = [try soa(0x8000_0000)] } == nil)
        #expect(try answer(expectation) { $0.answers = [try soa(0xFFFF_FFFF)] } != nil)
        // A zone that says nothing has the number 1.
        let plain = try DNSExpectation(Service.Zone(origin: "hello.test", text: ""), site: "london")
        #expect(try answer(plain) { $0.answers = [try soa(1)] } == nil)
        #expect(try answer(plain) { $0.answers = [try soa(0)] } != nil)
    }

    @Test func withoutAZoneTheSiteSaysItsName() throws {
        let expectation = try DNSExpectation(nil, site: "london")
        let name = try DomainName("id.server")
        func record(_ text: String) -> ResourceRecord {
            ResourceRecord(
                name: name, type: .txt, recordClass: .chaos, ttl: 0, data: [UInt8(text.utf8.count)] + text.utf8)
        }
        #expect(try answer(expectation) { $0.answers = [record("london")] } == nil)
        #expect(try answer(expectation) { $0.answers = [record("tokyo")] } == "another TXT record")
    }

    @Test(arguments: [
        (HealthCheck.Question(name: "www.hello.test", type: "NOPE", answer: nil), "'NOPE' is no type of records"),
        (HealthCheck.Question(name: "www.hello.test", type: "AXFR", answer: nil), "'AXFR' is no type of records"),
        (
            HealthCheck.Question(name: "www.hello.test", type: "A", answer: "x"),
            "the answer 'x': 'x' is no IPv4 address"
        ),
    ])
    func aQuestionThatCannotBeAskedIsRefused(question: HealthCheck.Question, expected: String) {
        #expect(throws: RequestError(expected)) { try DNSExpectation(question) }
    }
}
