import BGPWire
import Net
import TestSupport
import Testing

/// RFC 6793: sessions of two-octet AS numbers.
@Suite("Four-octet AS numbers")
struct FourOctetTests {
    private static let wide = ASN(4_200_000_001)

    private func attributes(_ list: [[UInt8]]) throws -> PathAttributes {
        let update = try decode(
            body([Sample.origin, Sample.nextHop] + list, nlri: Sample.nlri), .external(fourOctet: false))
        return try #require(update.announcements.first).attributes
    }

    @Test("A wide path crosses a two-octet session unharmed")
    func roundTrip() throws {
        let original = PathAttributes(
            origin: .igp,
            asPath: ASPath([.init(.sequence, [ASN(65010), Self.wide, ASN(3)]), .init(.set, [ASN(70_000), ASN(5)])]),
            nextHop: NextHop(.v4(v4("192.0.2.1"))), aggregator: Aggregator(asn: Self.wide, identifier: v4("10.0.0.1")))
        var buffer: [UInt8] = []
        try UpdateEncoder(isFourOctetASN: false).announce([Sample.network].span, attributes: original, to: &buffer)
        #expect(try updates(in: buffer, .external(fourOctet: false)).first?.announcements.first?.attributes == original)
        #expect(buffer.contains(17) && buffer.contains(18))
    }

    @Test("A narrow path needs no AS4_PATH")
    func narrow() throws {
        let original = PathAttributes(
            origin: .igp, asPath: ASPath(sequence: [ASN(65010)]), nextHop: NextHop(.v4(v4("192.0.2.1"))),
            aggregator: Aggregator(asn: ASN(65010), identifier: v4("10.0.0.1")))
        var buffer: [UInt8] = []
        try UpdateEncoder(isFourOctetASN: false).announce([Sample.network].span, attributes: original, to: &buffer)
        #expect(
            Array(buffer[23...])
                == hex("40 01 01 00 40 02 04 02 01 FDF2 40 03 04 C0000201 C0 07 06 FDF2 0A000001 18 C63364"))
    }

    @Test("The leading part that AS4_PATH lacks is prepended to it")
    func merge() throws {
        let path = attribute(0x40, 2, hex("02 04 0001 0002 5BA0 0004"))
        let merged = try attributes([path, attribute(0xC0, 17, hex("02 02 FA56EA01 00000004"))])
        #expect(merged.asPath == ASPath(sequence: [ASN(1), ASN(2), Self.wide, ASN(4)]))
    }

    @Test("Sets count one and stand where they were")
    func mergeSets() throws {
        let path = attribute(0x40, 2, hex("02 02 0001 0002 01 02 0003 0004 02 01 5BA0"))
        let merged = try attributes([path, attribute(0xC0, 17, hex("02 01 FA56EA01"))])
        #expect(
            merged.asPath
                == ASPath([
                    .init(.sequence, [ASN(1), ASN(2)]), .init(.set, [ASN(3), ASN(4)]), .init(.sequence, [Self.wide]),
                ]))
    }

    @Test("An AS4_PATH that is longer than AS_PATH is ignored")
    func longer() throws {
        let merged = try attributes([
            attribute(0x40, 2, hex("02 01 0001")), attribute(0xC0, 17, hex("02 02 FA56EA01 00000004")),
        ])
        #expect(merged.asPath == ASPath(sequence: [ASN(1)]))
    }

    @Test("Confederation segments in AS4_PATH are left out")
    func confederations() throws {
        let merged = try attributes([
            attribute(0x40, 2, hex("02 02 0001 5BA0")), attribute(0xC0, 17, hex("03 01 00000009 02 01 FA56EA01")),
        ])
        #expect(merged.asPath == ASPath(sequence: [ASN(1), Self.wide]))
    }

    @Test("An AGGREGATOR other than AS_TRANS proves both AS4_ attributes outdated")
    func outdated() throws {
        let path = attribute(0x40, 2, hex("02 02 0001 5BA0"))
        let path4 = attribute(0xC0, 17, hex("02 01 FA56EA01"))
        let aggregator4 = attribute(0xC0, 18, hex("FA56EA01 0A000001"))
        let old = try attributes([path, attribute(0xC0, 7, hex("0001 0A000002")), path4, aggregator4])
        #expect(old.aggregator == Aggregator(asn: ASN(1), identifier: v4("10.0.0.2")))
        #expect(old.asPath == ASPath(sequence: [ASN(1), .trans]))
        let new = try attributes([path, attribute(0xC0, 7, hex("5BA0 0A000002")), path4, aggregator4])
        #expect(new.aggregator == Aggregator(asn: Self.wide, identifier: v4("10.0.0.1")))
        #expect(new.asPath == ASPath(sequence: [ASN(1), Self.wide]))
        #expect(try attributes([path, aggregator4]).aggregator == nil)
    }

    @Test("A path of more than 255 numbers is split and comes back")
    func long() throws {
        let numbers = (1...600).map { ASN(UInt32($0)) }
        let attributes = PathAttributes(
            origin: .igp, asPath: ASPath(sequence: numbers), nextHop: NextHop(.v4(v4("192.0.2.1"))))
        var buffer: [UInt8] = []
        try UpdateEncoder(isFourOctetASN: true).announce([Sample.network].span, attributes: attributes, to: &buffer)
        let decoded = try #require(try updates(in: buffer).first?.announcements.first?.attributes)
        #expect(decoded.asPath.segments.map(\.numbers.count) == [255, 255, 90])
        #expect(decoded.asPath.segments.flatMap(\.numbers) == numbers)
    }
}
