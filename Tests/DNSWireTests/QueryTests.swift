import DNSWire
import TestSupport
import Testing

/// `dig +nsid www.hello.test A`, and what each octet is.
private let goldenQuery = hex(
    """
    1234                  // id
    0100                  // RD
    0001 0000 0000 0001   // one question, one additional record
    03 777777 05 68656c6c6f 04 74657374 00  // www.hello.test.
    0001 0001             // A, IN
    00 0029 04d0          // OPT, 1232 octets
    00 00 8000            // extended RCODE 0, version 0, DO
    0004 0003 0000        // four octets of options: NSID, empty
    """)

private func read(_ message: [UInt8]) -> Query? { Query(reading: message.span.bytes) }

/// A query for the root with these octets after the question, and counts of the last three sections.
private func query(records: [UInt8], answers: UInt8 = 0, authorities: UInt8 = 0, additionals: UInt8) -> [UInt8] {
    hex("0001 0000 0001") + [0, answers, 0, authorities, 0, additionals] + hex("00 0001 0001") + records
}

private let option = hex("00 0029 1000 00 00 0000 0000")

@Suite struct QueryTests {
    @Test func everyFieldOfAGoldenQuery() throws {
        let query = try #require(read(goldenQuery))
        #expect(query.header.id == 0x1234)
        #expect(query.header.flags == .recursionDesired)
        #expect(query.question?.nameLength == 16)
        #expect(query.question?.type == .a)
        #expect(query.question?.recordClass == .internet)
        let edns = try #require(query.edns)
        #expect(edns.payloadSize == 1232)
        #expect(edns.version == 0)
        #expect(edns.isDNSSECOK)
        #expect(edns.options.wantsNSID)
        #expect(!query.isMalformed)
    }

    @Test func clientAndServerAgreeOnTheOctets() throws {
        var message = Message.query(id: 0x1234, name: try DomainName("www.hello.test"), type: .a, wantsNSID: true)
        message.flags = .recursionDesired
        message.additionals[0].ttl |= 0x8000
        #expect(message.encoded() == goldenQuery)
        #expect(try Message(parsing: goldenQuery) == message)
    }

    @Test func everyTruncationIsDroppedOrMalformed() {
        for count in 0..<goldenQuery.count {
            let query = read(Array(goldenQuery[..<count]))
            if count < 12 { #expect(query == nil) } else { #expect(query?.isMalformed == true) }
        }
    }

    @Test func responsesAreNotAnswered() {
        var response = goldenQuery
        response[2] |= 0x80
        #expect(read(response) == nil)
    }

    @Test func onlyOneOptionRecord() {
        #expect(read(query(records: option, additionals: 1))?.isMalformed == false)
        #expect(read(query(records: option + option, additionals: 2))?.isMalformed == true)
        #expect(read(query(records: option, answers: 1, additionals: 0))?.isMalformed == true)
        #expect(read(query(records: option, authorities: 1, additionals: 0))?.isMalformed == true)
        let named = hex("01 61 00 0029 1000 00 00 0000 0000")
        #expect(read(query(records: named, additionals: 1))?.isMalformed == true)
    }

    @Test func otherRecordsAreSkipped() {
        let signature = hex("00 00fa 00ff 00000000 0003 010203")
        let query = read(query(records: option + signature, additionals: 2))
        #expect(query?.isMalformed == false)
        #expect(query?.edns?.payloadSize == 4096)
    }

    @Test func octetsAfterTheLastRecordAreMalformed() {
        #expect(read(goldenQuery + [0])?.isMalformed == true)
    }

    @Test func optionsMustFillTheirRecord() {
        for options in ["0003", "0003 0001", "000300 ", "0003 0000 00"] {
            let data = hex(options)
            let record = hex("00 0029 1000 00 00 0000") + [0, UInt8(data.count)] + data
            #expect(read(query(records: record, additionals: 1))?.isMalformed == true, "\(options)")
        }
    }

    @Test func questionNamesAreNeitherCompressedNorTooLong() {
        let header = hex("0001 0000 0001 0000 0000 0000")
        #expect(read(header + hex("c00c 0001 0001"))?.question == nil)
        #expect(read(header + hex("41 61 00 0001 0001"))?.question == nil)
        let label = [63] + [UInt8](repeating: 0x61, count: 63)
        let tail = hex("00 0001 0001")
        let longest = label + label + label + [61] + [UInt8](repeating: 0x62, count: 61)
        #expect(read(header + longest + tail)?.question?.nameLength == 255)
        let longer = label + label + label + [62] + [UInt8](repeating: 0x62, count: 62)
        #expect(read(header + longer + tail)?.question == nil)
    }

    @Test func exactlyOneQuestion() {
        #expect(read(hex("0001 0000 0000 0000 0000 0000"))?.isMalformed == true)
        #expect(read(hex("0001 0000 0002 0000 0000 0000 00 0001 0001 00 0001 0001"))?.isMalformed == true)
    }
}
