import BGPWire
import Net
import TestSupport
import Testing

@Suite("UPDATE")
struct UpdateTests {
    private static let encoder = UpdateEncoder(isFourOctetASN: true)

    @Test("An IPv4 announcement has the octets of RFC 4271")
    func golden4() throws {
        let attributes = PathAttributes(
            origin: .igp, asPath: ASPath(sequence: [ASN(65010), ASN(4_200_000_001)]),
            nextHop: NextHop(.v4(v4("10.1.128.0"))),
            multiExitDiscriminator: 50, communities: [Community(rawValue: 0xFDF2_0064), .noExport],
            largeCommunities: [LargeCommunity(65010, 1, 2)])
        var buffer: [UInt8] = []
        #expect(
            try Self.encoder.announce(
                [prefix("192.0.2.0/24"), prefix("10.0.0.0/9")].span, attributes: attributes, to: &buffer) == 1)
        #expect(
            buffer
                == hex(
                    """
                    FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF ; marker
                    0057 02                          ; length 87, UPDATE
                    0000                             ; nothing withdrawn
                    0039                             ; 57 octets of attributes
                    40 01 01 00                      ; ORIGIN IGP
                    40 02 0A 02 02 0000FDF2 FA56EA01 ; AS_PATH 65010 4200000001
                    40 03 04 0A018000                ; NEXT_HOP
                    80 04 04 00000032                ; MULTI_EXIT_DISC
                    C0 08 08 FDF20064 FFFFFF01       ; COMMUNITIES 65010:100 no-export
                    C0 20 0C 0000FDF2 00000001 00000002
                    18 C00002                        ; 192.0.2.0/24
                    09 0A00                          ; 10.0.0.0/9
                    """))
        let update = try #require(try updates(in: buffer).first)
        #expect(
            update.announcements == [
                .init(attributes: attributes, prefixes: [prefix("192.0.2.0/24"), prefix("10.0.0.0/9")])
            ])
    }

    @Test("An IPv6 announcement has MP_REACH_NLRI first")
    func golden6() throws {
        let nextHop = NextHop(.v6(v6("2001:db8::1")), linkLocal: v6("fe80::1"))
        let attributes = PathAttributes(origin: .incomplete, asPath: ASPath(sequence: [ASN(65010)]), nextHop: nextHop)
        var buffer: [UInt8] = []
        try Self.encoder.announce(
            [prefix("2001:db8:53::/48"), prefix("::/0")].span, attributes: attributes, to: &buffer)
        #expect(
            Array(buffer[19...])
                == hex(
                    """
                    0000                             ; nothing withdrawn
                    003E                             ; 62 octets of attributes
                    90 0E 002D                       ; MP_REACH_NLRI, 45 octets
                    0002 01                          ; IPv6 unicast
                    20 20010DB8000000000000000000000001 FE800000000000000000000000000001
                    00                               ; reserved
                    30 20010DB80053 00               ; 2001:db8:53::/48, ::/0
                    40 01 01 02                      ; ORIGIN INCOMPLETE
                    40 02 06 02 01 0000FDF2          ; AS_PATH 65010
                    """))
        let update = try #require(try updates(in: buffer).first)
        #expect(
            update.announcements == [
                .init(attributes: attributes, prefixes: [prefix("2001:db8:53::/48"), prefix("::/0")])
            ])
    }

    @Test("End-of-RIB of both families has the octets of RFC 4724, and nothing else is one")
    func endOfRIB() throws {
        var buffer: [UInt8] = []
        Self.encoder.endOfRIB(.ipv4, to: &buffer)
        #expect(buffer[16...].elementsEqual(hex("0017 02 0000 0000")))
        #expect(try updates(in: buffer).map(\.endOfRIB) == [.ipv4])
        buffer = []
        Self.encoder.endOfRIB(.ipv6, to: &buffer)
        #expect(buffer[16...].elementsEqual(hex("001E 02 0000 0007 90 0F 0003 0002 01")))
        #expect(try updates(in: buffer).map(\.endOfRIB) == [.ipv6])
        #expect(try updates(in: buffer, .external(families: .ipv4)).map(\.endOfRIB) == [nil])
        #expect(try decode(body([attribute(0x80, 15, [0, 2, 1]), Sample.origin])).endOfRIB == nil)
        #expect(try decode(body([], nlri: []), .external(families: .ipv6)).endOfRIB == nil)
        #expect(try decode(body(withdrawn: [8, 10], [])).endOfRIB == nil)
        #expect(try decode(body([attribute(0x80, 15, hex("0002 01 30 20010db80053"))])).endOfRIB == nil)
    }

    @Test("Both families in one message keep their own next hops")
    func bothFamilies() throws {
        let update = try decode(
            body(
                withdrawn: [8, 10], Sample.mandatory + [Sample.reach, attribute(0x80, 15, hex("0002 01 20 20010db8"))],
                nlri: Sample.nlri))
        #expect(update.withdrawn == [prefix("10.0.0.0/8"), prefix("2001:db8::/32")])
        #expect(update.announcements.map(\.prefixes) == [[Sample.network], [Sample.network6]])
        #expect(
            update.announcements.map(\.attributes.nextHop.address) == [.v4(v4("192.0.2.1")), .v6(v6("2001:db8::1"))])
    }

    @Test("Routes of a family that the session does not carry are left out, without an error")
    func otherFamily() throws {
        let both = body(withdrawn: [8, 10], Sample.mandatory + [Sample.reach], nlri: Sample.nlri)
        #expect(try decode(both, .external(families: .ipv4)).announcements.map(\.prefixes) == [[Sample.network]])
        let six = try decode(both, .external(families: .ipv6))
        #expect(six.announcements.map(\.prefixes) == [[Sample.network6]] && six.withdrawn.isEmpty)
        let vpn = attribute(0x80, 14, hex("0001 80 0C 000000000000000000000000 00 70 0102030405060708090A0B0C0D0E"))
        #expect(try decode(body([vpn, Sample.origin, Sample.asPath])).announcements.isEmpty)
    }

    @Test("IPv4 in the multiprotocol attributes is read too")
    func multiprotocol4() throws {
        let reach = attribute(0x80, 14, hex("0001 01 04 C0000201 00 18 C63364"))
        let unreach = attribute(0x80, 15, hex("0001 01 08 0A"))
        let update = try decode(body([reach, unreach, Sample.origin, Sample.asPath]))
        #expect(update.announcements.map(\.prefixes) == [[Sample.network]])
        #expect(update.announcements.first?.attributes.nextHop == NextHop(.v4(v4("192.0.2.1"))))
        #expect(update.withdrawn == [prefix("10.0.0.0/8")])
    }

    @Test("A link-local next hop stands alone where the global one is unspecified")
    func linkLocalOnly() throws {
        let fe80 = IPAddress.v6(v6("fe80::1")).bytes
        for field in [[16] + fe80, [32] + [UInt8](repeating: 0, count: 16) + fe80] {
            let reach = attribute(0x80, 14, [0, 2, 1] + field + hex("00 30 20010db80053"))
            let update = try decode(body([reach, Sample.origin, Sample.asPath]))
            #expect(update.announcements.first?.attributes.nextHop == NextHop(.v6(v6("fe80::1"))))
        }
    }

    @Test("Multicast and loopback prefixes are ignored, host bits are cleared")
    func prefixes() throws {
        let update = try decode(
            body(Sample.mandatory, nlri: [4, 224, 8, 127, 0, 32, 255, 255, 255, 255, 20, 10, 1, 0xFF]))
        #expect(update.announcements.first?.prefixes == [prefix("0.0.0.0/0"), prefix("10.1.240.0/20")])
        #expect(update.treatedAsWithdraw == nil)
    }

    @Test("Unknown attributes: transitive ones go on as partial, others end here")
    func unknown() throws {
        let update = try decode(
            body(
                Sample.mandatory + [attribute(0xC0, 200, [1, 2]), attribute(0x80, 201, [3]), [0xF0, 16, 0, 1, 9]],
                nlri: Sample.nlri))
        let attributes = try #require(update.announcements.first).attributes
        #expect(
            attributes.unknown == [
                UnknownAttribute(flags: 0xE0, type: 16, value: [9]),
                UnknownAttribute(flags: 0xC0, type: 200, value: [1, 2]),
            ])
        var buffer: [UInt8] = []
        try Self.encoder.announce([Sample.network].span, attributes: attributes, to: &buffer)
        let again = try #require(try updates(in: buffer).first?.announcements.first).attributes
        #expect(again.unknown.map(\.flags) == [0xE0, 0xE0] && again.unknown.map(\.type) == [16, 200])
    }

    @Test("Communities come out sorted and single, large ones single and in order")
    func duplicates() throws {
        let update = try decode(
            body(
                Sample.mandatory + [
                    attribute(0xC0, 8, hex("00000002 00000001 00000002 00000001")),
                    attribute(
                        0xC0, 32, hex("000000020000000000000000 000000010000000000000000 000000020000000000000000")),
                ], nlri: Sample.nlri))
        let attributes = try #require(update.announcements.first).attributes
        #expect(attributes.communities.map(\.rawValue) == [1, 2])
        #expect(attributes.largeCommunities.map(\.globalAdministrator) == [2, 1])
    }

    @Test("An internal neighbour's attributes are kept")
    func internalAttributes() throws {
        let update = try decode(
            body(
                Sample.mandatory + [
                    Sample.localPreference, attribute(0x80, 9, [1, 2, 3, 4]),
                    attribute(0x80, 10, [1, 1, 1, 1, 2, 2, 2, 2]),
                ], nlri: Sample.nlri), .internal)
        let attributes = try #require(update.announcements.first).attributes
        #expect(attributes.localPreference == 100 && attributes.originatorID == v4("1.2.3.4"))
        #expect(attributes.clusterList == [v4("1.1.1.1"), v4("2.2.2.2")])
    }

    @Test("The AS_PATH may begin with a wide number that a two-octet session maps")
    func firstASN() throws {
        #expect(
            try decode(body(Sample.mandatory, nlri: Sample.nlri), .external(first: ASN(65010))).treatedAsWithdraw == nil
        )
        let mapped = [Sample.origin, attribute(0x40, 2, hex("02 01 5BA0")), Sample.nextHop]
        #expect(
            try decode(body(mapped, nlri: Sample.nlri), .external(fourOctet: false, first: ASN(4_200_000_001)))
                .treatedAsWithdraw == nil)
    }
}

@Suite("Packing of UPDATEs")
struct PackingTests {
    private static func attributes(_ nextHop: IPAddress, communities: Int = 1) -> PathAttributes {
        PathAttributes(
            origin: .igp, asPath: ASPath(sequence: [ASN(65010)]), nextHop: NextHop(nextHop),
            communities: (0..<UInt32(communities)).map(Community.init(rawValue:)))
    }

    private static func prefixes(_ family: AddressFamily, _ count: Int) -> [IPPrefix] {
        var generator = SeededGenerator(5)
        return (0..<count).map { index in
            switch family {
            case .ipv4:
                return IPPrefix(
                    .v4(IPv4Address(rawValue: 0x0A00_0000 + UInt32(index) << 8)),
                    length: UInt8.random(in: 24...32, using: &generator))
            case .ipv6:
                return IPPrefix(
                    .v6(IPv6Address(high: 0x2001_0DB8_0000_0000 + UInt64(index) << 8, low: 0)),
                    length: UInt8.random(in: 56...128, using: &generator))
            }
        }
    }

    private static func lengths(_ stream: [UInt8]) -> [Int] {
        var result: [Int] = []
        var offset = 0
        while offset < stream.count {
            result.append(Int(stream[offset + 16]) << 8 | Int(stream[offset + 17]))
            offset += result[result.count - 1]
        }
        return result
    }

    @Test("Announcements fill their messages and lose nothing", arguments: AddressFamily.allCases, [4096, 65535])
    func announce(family: AddressFamily, maximum: Int) throws {
        let prefixes = Self.prefixes(family, 20_000)
        let nextHop: IPAddress = family == .ipv4 ? .v4(v4("192.0.2.1")) : .v6(v6("2001:db8::1"))
        var buffer: [UInt8] = [1, 2, 3]
        let count = try UpdateEncoder(isFourOctetASN: true, maximumLength: maximum).announce(
            prefixes.span, attributes: Self.attributes(nextHop), to: &buffer)
        #expect(buffer.prefix(3) == [1, 2, 3])
        buffer.removeFirst(3)
        let lengths = Self.lengths(buffer)
        #expect(lengths.count == count)
        #expect(lengths.allSatisfy { $0 <= maximum } && lengths.dropLast().allSatisfy { $0 > maximum - 17 })
        let decoded = try updates(in: buffer, maximumLength: maximum)
        #expect(decoded.flatMap { $0.announcements.flatMap(\.prefixes) } == prefixes)
        #expect(decoded.allSatisfy { $0.announcements.first?.attributes == Self.attributes(nextHop) })
    }

    @Test("Withdrawals fill their messages and lose nothing", arguments: AddressFamily.allCases)
    func withdraw(family: AddressFamily) throws {
        let prefixes = Self.prefixes(family, 20_000)
        var buffer: [UInt8] = []
        let count = UpdateEncoder(isFourOctetASN: true).withdraw(prefixes.span, to: &buffer)
        let lengths = Self.lengths(buffer)
        #expect(
            lengths.count == count && lengths.allSatisfy { $0 <= 4096 }
                && lengths.dropLast().allSatisfy { $0 > 4096 - 17 })
        #expect(try updates(in: buffer).flatMap(\.withdrawn) == prefixes)
    }

    @Test("Mixed families split where they meet")
    func mixed() throws {
        let prefixes = [prefix("10.0.0.0/8"), prefix("2001:db8::/32"), prefix("2001:db8:1::/48"), prefix("11.0.0.0/8")]
        var buffer: [UInt8] = []
        #expect(UpdateEncoder(isFourOctetASN: true).withdraw(prefixes.span, to: &buffer) == 3)
        #expect(try updates(in: buffer).flatMap(\.withdrawn) == prefixes)
    }

    @Test("Nothing in, nothing out")
    func nothing() throws {
        var buffer: [UInt8] = []
        let none: [IPPrefix] = []
        #expect(
            try UpdateEncoder(isFourOctetASN: true).announce(
                none.span, attributes: Self.attributes(.v4(v4("192.0.2.1"))), to: &buffer) == 0)
        #expect(UpdateEncoder(isFourOctetASN: true).withdraw(none.span, to: &buffer) == 0)
        #expect(buffer.isEmpty)
    }

    @Test("Attributes that leave no room are refused, and the buffer is as it was")
    func tooLong() throws {
        var refused = 0
        for communities in 990...1030 {
            for (text, nextHop) in [
                ("10.0.0.0/8", IPAddress.v4(v4("192.0.2.1"))), ("2001:db8::/32", .v6(v6("2001:db8::1"))),
            ] {
                var buffer: [UInt8] = [9]
                do {
                    try UpdateEncoder(isFourOctetASN: true).announce(
                        [prefix(text)].span, attributes: Self.attributes(nextHop, communities: communities), to: &buffer
                    )
                    #expect(buffer.count - 1 <= 4096)
                    buffer.removeFirst()
                    #expect(try updates(in: buffer).count == 1)
                } catch {
                    #expect(error as? UpdateEncodingError == .attributesTooLong && buffer == [9])
                    refused += 1
                }
            }
        }
        #expect(refused > 10 && refused < 72)
        var buffer: [UInt8] = []
        #expect(throws: UpdateEncodingError.attributesTooLong) {
            try UpdateEncoder(isFourOctetASN: true).announce(
                [prefix("10.0.0.0/8")].span, attributes: Self.attributes(.v4(v4("192.0.2.1")), communities: 40_000),
                to: &buffer)
        }
        #expect(throws: UpdateEncodingError.nextHopOfOtherFamily) {
            try UpdateEncoder(isFourOctetASN: true).announce(
                [prefix("2001:db8::/32")].span, attributes: Self.attributes(.v4(v4("192.0.2.1"))), to: &buffer)
        }
        #expect(buffer.isEmpty)
    }
}
