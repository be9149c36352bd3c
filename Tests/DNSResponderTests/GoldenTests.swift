import DNSResponder
import DNSWire
import TestSupport
import Testing

/// Every kind of response, octet by octet.
@Suite struct GoldenTests {
    private let responder: Responder

    init() throws { responder = try makeResponder() }

    private func expect(_ query: String, _ response: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let octets = responder.octets(hex(query))?.octets
        #expect(octets == hex(response), sourceLocation: sourceLocation)
    }

    @Test func anAddress() {
        expect(
            """
            1234 0100 0001 0000 0000 0000            // RD
            04 6d61696c 05 68656c6c6f 04 74657374 00 // mail.hello.test.
            0001 0001                                // A, IN
            """,
            """
            1234 8500 0001 0001 0000 0000            // QR AA RD
            04 6d61696c 05 68656c6c6f 04 74657374 00
            0001 0001
            c00c 0001 0001 0000012c 0004 c0000219    // mail.hello.test. 300 A 192.0.2.25
            """)
    }

    @Test func anAddressWithNSIDAndDNSSECOKInMixedCase() {
        expect(
            """
            1234 0010 0001 0000 0000 0001            // CD
            04 4d61694c 05 68656c6c6f 04 54455374 00 // MaiL.hello.TESt.
            0001 0001
            00 0029 1000 00 00 8000 0004 0003 0000   // OPT, 4096 octets, DO, NSID
            """,
            """
            1234 8400 0001 0001 0000 0001            // QR AA
            04 4d61694c 05 68656c6c6f 04 54455374 00
            0001 0001
            c00c 0001 0001 0000012c 0004 c0000219
            00 0029 04d0 00 00 8000 000a             // OPT, 1232 octets, DO
            0003 0006 6c6f6e646f6e                   // NSID london
            """)
    }

    @Test func aNameThatDoesNotExist() {
        expect(
            """
            0001 0000 0001 0000 0000 0000
            02 6e6f 05 68656c6c6f 04 74657374 00     // no.hello.test.
            0001 0001
            """,
            """
            0001 8403 0001 0000 0001 0000            // QR AA NXDOMAIN
            02 6e6f 05 68656c6c6f 04 74657374 00
            0001 0001
            c00f 0006 0001 0000003c 0027             // hello.test. SOA, TTL 60: the MINIMUM field
            03 6e7331 c00f                           // ns1.hello.test.
            0a 686f73746d6173746572 c00f             // hostmaster.hello.test.
            78c275f5 00000e10 00000258 00093a80 0000003c
            """)
    }

    @Test func aReferral() {
        expect(
            """
            0001 0000 0001 0000 0000 0000
            01 78 03 737562 05 68656c6c6f 04 74657374 00 // x.sub.hello.test.
            0001 0001
            """,
            """
            0001 8000 0001 0000 0003 0003            // QR, no AA
            01 78 03 737562 05 68656c6c6f 04 74657374 00
            0001 0001
            c00e 0002 0001 0000012c 0006 03 6e7331 c00e  // sub.hello.test. NS ns1.sub.hello.test.
            c00e 0002 0001 0000012c 0006 03 6e7332 c012  // NS ns2.hello.test.
            c00e 0002 0001 0000012c 0010 02 6e73 07 6578616d706c65 03 636f6d 00 // NS ns.example.com.
            c02e 0001 0001 0000012c 0004 c0000265        // ns1.sub.hello.test. A, the glue
            c02e 001c 0001 0000012c 0010 20010db8010100000000000000000001
            c040 0001 0001 0000012c 0004 c0000236        // ns2.hello.test. A
            """)
    }

    @Test func theNameOfTheSite() {
        expect(
            """
            0001 0000 0001 0000 0000 0000
            02 4964 06 736572766572 00               // Id.server.
            0010 0003                                // TXT, CH
            """,
            """
            0001 8400 0001 0001 0000 0000
            02 4964 06 736572766572 00
            0010 0003
            c00c 0010 0003 00000000 0007 06 6c6f6e646f6e // TTL 0, "london"
            """)
    }

    @Test func refusedAndNotImplementedAndFormatErrorAndBadVersion() {
        let question = "03 636f6d 00 0001 0001"
        expect("0001 0100 0001 0000 0000 0000" + question, "0001 8105 0001 0000 0000 0000" + question)
        expect("0001 1000 0001 0000 0000 0000" + question, "0001 9004 0001 0000 0000 0000" + question)
        expect("0001 7800 0000 0000 0000 0000", "0001 f804 0000 0000 0000 0000")
        expect("0001 0000 0001 0000 0000 0000 03 63", "0001 8001 0000 0000 0000 0000")
        expect(
            "0001 0000 0001 0000 0000 0001" + question + "00 0029 0200 00 01 0000 0000",
            "0001 8000 0001 0000 0000 0001" + question + "00 0029 04d0 01 00 0000 0000")
    }

    @Test func truncatedWithoutEDNS() {
        expect(
            """
            0001 0000 0001 0000 0000 0000
            03 626967 05 68656c6c6f 04 74657374 00   // big.hello.test.
            0010 0001
            """,
            """
            0001 8600 0001 0000 0000 0000            // QR AA TC
            03 626967 05 68656c6c6f 04 74657374 00
            0010 0001
            """)
    }
}
