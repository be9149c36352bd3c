import BGPWire
import Net
import TestSupport
import Testing

/// IPv4 prefixes with an IPv6 next hop (RFC 8950).
@Suite("Extended next hops on the wire")
struct ExtendedNextHopTests {
    private static let context = UpdateContext(
        isInternal: false, isFourOctetASN: true, families: [.ipv4, .ipv6], isExtendedNextHop: true)
    private static let global = "20010db8000000000000000000000001"
    private static let linkLocal = "fe800000000000000000000000000001"

    private func nextHop(_ field: String, _ context: UpdateContext = context) throws(NotificationMessage) -> NextHop? {
        let reach = attribute(0x80, 14, hex("0001 01 \(field) 00 18 C63364"))
        let update = try decode(body([reach, Sample.origin, Sample.asPath]), context)
        return update.announcements.first?.attributes.nextHop
    }

    @Test("16 octets are a global or a link-local address, 32 are both, 4 are still IPv4")
    func lengths() throws {
        #expect(try nextHop("10 \(Self.global)") == NextHop(.v6(v6("2001:db8::1"))))
        #expect(
            try nextHop("20 \(Self.global) \(Self.linkLocal)")
                == NextHop(.v6(v6("2001:db8::1")), linkLocal: v6("fe80::1")))
        #expect(try nextHop("10 \(Self.linkLocal)") == NextHop(.v6(v6("fe80::1"))))
        #expect(try nextHop("04 C0000201") == NextHop(.v4(v4("192.0.2.1"))))
    }

    @Test("Other lengths end the session, as does an IPv6 next hop that was not agreed on (RFC 7606, section 7.11)")
    func wrongLengths() {
        for length in UInt8(0)...40 where ![4, 16, 32].contains(length) {
            let reach = attribute(
                0x80, 14, [0, 1, 1, length] + [UInt8](repeating: 1, count: Int(length)) + [0, 24, 198, 51, 100])
            #expect(
                reset(body([reach, Sample.origin, Sample.asPath]), Self.context)?.reason == .optionalAttributeError)
        }
        for length in [UInt8(16), 32] {
            let reach = attribute(
                0x80, 14, [0, 1, 1, length] + [UInt8](repeating: 1, count: Int(length)) + [0, 24, 198, 51, 100])
            #expect(reset(body([reach, Sample.origin, Sample.asPath]))?.reason == .optionalAttributeError)
        }
    }

    @Test("The octets are those of section 3")
    func golden() throws {
        let attributes = PathAttributes(
            origin: .igp, asPath: ASPath(sequence: [ASN(65010)]),
            nextHop: NextHop(.v6(v6("2001:db8::1")), linkLocal: v6("fe80::1")))
        var buffer: [UInt8] = []
        try UpdateEncoder(isFourOctetASN: true).announce([Sample.network].span, attributes: attributes, to: &buffer)
        #expect(
            buffer
                == hex(
                    """
                    FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF
                    0051 02 0000 003A
                    90 0E 0029 0001 01               ; MP_REACH_NLRI, IPv4 unicast
                    20 20010DB8000000000000000000000001 FE800000000000000000000000000001 00
                    18 C63364
                    40 01 01 00
                    40 02 06 02 01 0000FDF2
                    """))
        let update = try #require(try updates(in: buffer, Self.context).first)
        #expect(update.announcements == [.init(attributes: attributes, prefixes: [Sample.network])])
    }
}
