import BGPWire
import Net
import TestSupport
import Testing

/// Path identifiers in front of prefixes (RFC 7911).
@Suite("ADD-PATH on the wire")
struct AddPathTests {
    private static let context = UpdateContext(
        isInternal: false, isFourOctetASN: true, families: [.ipv4, .ipv6], pathFamilies: [.ipv4, .ipv6])
    private static let attributes = PathAttributes(
        origin: .igp, asPath: ASPath(sequence: [ASN(65010), ASN(65020)]), nextHop: NextHop(.v4(v4("192.0.2.1"))))
    private static let attributes6: PathAttributes = {
        var attributes = Self.attributes
        attributes.nextHop = NextHop(.v6(v6("2001:db8::1")))
        return attributes
    }()

    private static let announcement4 = hex(
        """
        FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF
        003F 02                          ; length 63, UPDATE
        0000                             ; nothing withdrawn
        0018                             ; attributes 24
        40 01 01 00                      ; ORIGIN IGP
        40 02 0A 02 02 0000FDF2 0000FDFC ; AS_PATH 65010 65020
        40 03 04 C0000201                ; NEXT_HOP 192.0.2.1
        00000001 18 C63364               ; path 1 to 198.51.100.0/24
        00000007 18 C63364               ; path 7 to the same
        """)

    @Test("IPv4 routes have their path identifiers in the NLRI")
    func golden4() throws {
        let prefixes = [Sample.network, Sample.network]
        var buffer: [UInt8] = []
        let encoder = UpdateEncoder(isFourOctetASN: true, pathFamilies: .ipv4)
        #expect(
            try encoder.announce(
                prefixes.span, paths: PathIdentifiers([1, 7]), attributes: Self.attributes, to: &buffer) == 1)
        #expect(buffer == Self.announcement4)
        let update = try #require(try updates(in: buffer, Self.context).first)
        #expect(
            update.announcements == [
                .init(attributes: Self.attributes, prefixes: prefixes, paths: PathIdentifiers([1, 7]))
            ])
    }

    private static let withdrawal4 = hex(
        """
        FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF
        0027 02
        0010                             ; withdrawn routes 16
        FFFFFFFF 18 C63364               ; the last path that there can be, to 198.51.100.0/24
        00000000 18 C63364               ; 0 is an identifier as all others
        0000
        """)

    @Test("Withdrawn IPv4 routes have them too")
    func goldenWithdrawal4() throws {
        var buffer: [UInt8] = []
        let prefixes = [Sample.network, Sample.network]
        let encoder = UpdateEncoder(isFourOctetASN: true, pathFamilies: .ipv4)
        encoder.withdraw(prefixes.span, paths: PathIdentifiers([.max, 0]), to: &buffer)
        #expect(buffer == Self.withdrawal4)
        let update = try #require(try updates(in: buffer, Self.context).first)
        #expect(update.withdrawn == prefixes && update.withdrawnPaths == PathIdentifiers([.max, 0]))
    }

    @Test("MP_REACH_NLRI and MP_UNREACH_NLRI carry them for IPv6")
    func golden6() throws {
        let encoder = UpdateEncoder(isFourOctetASN: true, pathFamilies: .ipv6)
        var buffer: [UInt8] = []
        let prefixes = [Sample.network6]
        try encoder.announce(
            prefixes.span, paths: PathIdentifiers([5]), attributes: Self.attributes6, to: &buffer)
        encoder.withdraw(prefixes.span, paths: PathIdentifiers([6]), to: &buffer)
        #expect(
            buffer
                == hex(
                    """
                    FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF
                    004C 02 0000 0035
                    90 0E 0020 0002 01               ; MP_REACH_NLRI, IPv6 unicast
                    10 20010DB8000000000000000000000001 00
                    00000005 30 20010DB80053         ; path 5 to 2001:db8:53::/48
                    40 01 01 00
                    40 02 0A 02 02 0000FDF2 0000FDFC
                    FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF
                    0029 02 0000 0012
                    90 0F 000E 0002 01               ; MP_UNREACH_NLRI
                    00000006 30 20010DB80053         ; path 6
                    """))
        let both = try updates(in: buffer, Self.context)
        #expect(both.first?.announcements.first?.paths == PathIdentifiers([5]))
        #expect(both.last?.withdrawn == prefixes && both.last?.withdrawnPaths == PathIdentifiers([6]))
    }

    @Test("Each family has identifiers or has none, whatever the other does")
    func familiesApart() throws {
        let context = UpdateContext(
            isInternal: false, isFourOctetASN: true, families: [.ipv4, .ipv6], pathFamilies: .ipv4)
        let unreach = attribute(0x80, 15, hex("0002 01 20 20010db8"))
        let update = try decode(
            body(withdrawn: hex("00000009 08 0A"), Sample.mandatory + [unreach], nlri: hex("00000003 18 C63364")),
            context)
        #expect(update.withdrawn == [prefix("10.0.0.0/8"), prefix("2001:db8::/32")])
        #expect(update.withdrawnPaths == PathIdentifiers([9, 0]))
        #expect(update.announcements.first?.paths == PathIdentifiers([3]))
        var buffer: [UInt8] = []
        UpdateEncoder(isFourOctetASN: true, pathFamilies: .ipv6)
            .withdraw([Sample.network].span, paths: PathIdentifiers([4]), to: &buffer)
        #expect(buffer.suffix(8) == hex("0004 18 C63364 0000")[...].suffix(8))
    }

    @Test("A prefix that means nothing is left out with its identifier")
    func unacceptable() throws {
        let update = try decode(
            body(Sample.mandatory, nlri: hex("00000001 18 7F0000  00000002 18 C63364")), Self.context)
        #expect(update.announcements.first?.prefixes == [Sample.network])
        #expect(update.announcements.first?.paths == PathIdentifiers([2]))
    }

    @Test("Routes of a message with a faulty attribute are withdrawn under their identifiers (RFC 7606)")
    func treatedAsWithdraw() throws {
        let reach = attribute(
            0x80, 14, hex("0002 01 10 20010db8000000000000000000000001 00 00000008 30 20010db80053"))
        let badOrigin = attribute(0x40, 1, [9])
        let update = try decode(
            body([reach, badOrigin, Sample.asPath, Sample.nextHop], nlri: hex("00000002 18 C63364")), Self.context)
        #expect(update.treatedAsWithdraw?.reason == .invalidOriginAttribute && update.announcements.isEmpty)
        #expect(update.withdrawn == [Sample.network, Sample.network6])
        #expect(update.withdrawnPaths == PathIdentifiers([2, 8]))
    }

    @Test("Prefixes that are cut anywhere, or have no identifiers where they must, end the session with 3/10")
    func malformed() throws {
        let nlri = hex("00000001 18 C63364 00000002 18 C63365")
        for length in 1..<nlri.count where length != 8 {
            #expect(
                reset(body(Sample.mandatory, nlri: Array(nlri[..<length])), Self.context)
                    == NotificationMessage(.invalidNetworkField), "\(length)")
            #expect(
                reset(body(withdrawn: Array(nlri[..<length]), []), Self.context)
                    == NotificationMessage(.invalidNetworkField), "\(length)")
        }
        // What another speaker sends without identifiers: 18C63364 is taken for one.
        #expect(reset(body(Sample.mandatory, nlri: Sample.nlri), Self.context) != nil)
        let unreach = hex("0002 01 00000006 30 20010db80053")
        for length in 4..<unreach.count {
            let cut = attribute(0x80, 15, Array(unreach[..<length]))
            #expect(reset(body([cut]), Self.context)?.reason == .optionalAttributeError, "\(length)")
        }
    }

    @Test("End-of-RIB is the same with identifiers")
    func endOfRIB() throws {
        for family in AddressFamily.allCases {
            var buffer: [UInt8] = []
            UpdateEncoder(isFourOctetASN: true, pathFamilies: [.ipv4, .ipv6]).endOfRIB(family, to: &buffer)
            #expect(try updates(in: buffer, Self.context).map(\.endOfRIB) == [family])
        }
    }

    @Test("Messages take as many prefixes with identifiers as fit, and no more")
    func full() throws {
        let prefixes = (0..<2000).map { IPPrefix(.v4(IPv4Address(rawValue: 0x0A00_0000 + $0 << 8)), length: 24) }
        let paths = PathIdentifiers((0..<2000).map { $0 % 7 })
        let encoder = UpdateEncoder(isFourOctetASN: true, pathFamilies: .ipv4)
        var buffer: [UInt8] = []
        #expect(try encoder.announce(prefixes.span, paths: paths, attributes: Self.attributes, to: &buffer) == 4)
        #expect(encoder.withdraw(prefixes.span, paths: paths, to: &buffer) == 4)
        let messages = try updates(in: buffer, Self.context)
        let announced = messages.flatMap(\.announcements)
        #expect(announced.flatMap(\.prefixes) == prefixes && messages.flatMap(\.withdrawn) == prefixes)
        let announcedPaths = announced.flatMap { part in part.prefixes.indices.map { part.paths[$0] } }
        #expect(announcedPaths == (0..<2000).map { $0 % 7 })
        let withdrawnPaths = messages.flatMap { message in
            message.withdrawn.indices.map { message.withdrawnPaths[$0] }
        }
        #expect(withdrawnPaths == (0..<2000).map { $0 % 7 })
    }

    @Test("A list of identifiers is the same however it was made")
    func identifiers() {
        var appended = PathIdentifiers()
        for (index, identifier) in [UInt32(0), 3, 0, 0, 4, 0].enumerated() { appended.append(identifier, at: index) }
        #expect(appended == PathIdentifiers([0, 3, 0, 0, 4, 0]))
        #expect((0..<8).map { appended[$0] } == [0, 3, 0, 0, 4, 0, 0, 0])
        #expect(PathIdentifiers([0, 0]) == PathIdentifiers())
    }
}

/// A route server passes on what it does not know (RFC 7947, section 2.2).
@Suite("Transparent attributes")
struct TransparentAttributeTests {
    @Test("Unknown attributes come out as they went in, transitive or not; elsewhere they do not")
    func unknown() throws {
        let optional = attribute(0x80, 99, [1, 2, 3])
        let transitive = attribute(0xC0, 100, [4])
        let octets = body(Sample.mandatory + [optional, transitive], nlri: Sample.nlri)
        for isTransparent in [false, true] {
            let context = UpdateContext(
                isInternal: false, isFourOctetASN: true, families: .ipv4, isTransparent: isTransparent)
            let route = try #require(try decode(octets, context).announcements.first)
            var buffer: [UInt8] = []
            try UpdateEncoder(isFourOctetASN: true, isTransparent: isTransparent).announce(
                route.prefixes.span, attributes: route.attributes, to: &buffer)
            let expected =
                isTransparent ? optional + transitive + Sample.nlri : attribute(0xE0, 100, [4]) + Sample.nlri
            #expect(buffer.suffix(expected.count).elementsEqual(expected))
            #expect(buffer.count == 19 + 4 + Sample.mandatory.joined().count + expected.count)
        }
    }
}
