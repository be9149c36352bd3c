import DNSWire
import TestSupport
import Testing

/// The answer of a site to a probe: MX with a compressed name, and NSID.
private let goldenResponse = hex(
    """
    beef                         // id
    8500                         // QR, AA, RD
    0001 0001 0000 0001
    05 68656c6c6f 04 74657374 00 // hello.test.
    000f 0001                    // MX, IN
    c00c                         // hello.test.
    000f 0001 0000012c           // MX, IN, 300 s
    0009 000a 04 6d61696c c00c   // 10 mail.hello.test.
    00 0029 04d0 01 00 0000      // OPT, extended RCODE 1
    000a 0003 0006 6c6f6e646f6e  // NSID "london"
    """)

@Suite struct MessageTests {
    @Test func everyFieldOfAGoldenResponse() throws {
        let message = try Message(parsing: goldenResponse)
        #expect(message.id == 0xBEEF)
        #expect(message.isAuthoritative)
        #expect(!message.isTruncated)
        #expect(message.responseCode == .badVersion)
        #expect(message.nsid == Array("london".utf8))
        let answer = try #require(message.answers.first)
        #expect(answer.ttl == 300)
        #expect(try answer.data == [0, 10] + DomainName("mail.hello.test").wire)
    }

    @Test func everyTruncationIsAnError() {
        for count in 0..<goldenResponse.count {
            #expect(throws: MessageError.self) { try Message(parsing: Array(goldenResponse[..<count])) }
        }
        #expect(throws: MessageError.trailingOctets) { try Message(parsing: goldenResponse + [0]) }
    }

    @Test func recordDataMustHoldItsNames() {
        let head = hex("0001 8000 0000 0001 0000 0000 00 000f 0001 00000000")
        #expect(throws: MessageError.badRecordData(.mx)) { try Message(parsing: head + hex("0001 00")) }
        // The name goes on behind the end of the data.
        #expect(throws: MessageError.self) { try Message(parsing: head + hex("0004 000a 01 61") + [0]) }
    }

    @Test func characterStringsOfText() {
        func record(_ data: String) -> ResourceRecord {
            ResourceRecord(name: .root, type: .txt, ttl: 0, data: hex(data))
        }
        #expect(record("02 6869 00").strings == [Array("hi".utf8), []])
        #expect(record("03 6869").strings == nil)
    }

    @Test func changedAndRandomOctetsNeverTrap() {
        var generator = SeededGenerator(1)
        var parsed = 0
        for _ in 0..<20_000 {
            var message = goldenResponse
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                message[Int.random(in: 0..<message.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            if (try? Message(parsing: message)) != nil { parsed += 1 }
            let random = (0..<Int.random(in: 0...80, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            _ = try? Message(parsing: random)
        }
        #expect((1..<20_000).contains(parsed))
    }

    @Test func numbersOfTypesAndClasses() {
        for number: UInt16 in [1, 2, 5, 6, 12, 15, 16, 28, 33, 41, 43, 251, 252, 255, 257, 12345] {
            let type = RecordType(rawValue: number)
            #expect(RecordType(type.description.lowercased()) == type)
        }
        #expect(RecordType("TYPE1") == .a)
        #expect(RecordType("TYPE65536") == nil)
        #expect(RecordType("TYPE+1") == nil)
        #expect(RecordType("TYPE") == nil)
        for number: UInt16 in [1, 3, 254, 255, 7] {
            let recordClass = RecordClass(rawValue: number)
            #expect(RecordClass(recordClass.description) == recordClass)
        }
    }
}
