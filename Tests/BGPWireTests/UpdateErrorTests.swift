import BGPWire
import Net
import TestSupport
import Testing

/// RFC 7606: what each wrong attribute costs.
@Suite("UPDATE errors")
struct UpdateErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let attributes: [[UInt8]]
        var context = UpdateContext.external()
        let type: UInt8
        let reason: NotificationReason

        init(
            _ text: String, _ attributes: [[UInt8]], _ type: UInt8, _ reason: NotificationReason,
            context: UpdateContext = .external()
        ) {
            testDescription = text
            self.attributes = attributes
            self.type = type
            self.reason = reason
            self.context = context
        }
    }

    private static func without(_ type: UInt8) -> [[UInt8]] { Sample.mandatory.filter { $0[1] != type } }
    private static func with(_ other: [UInt8]) -> [[UInt8]] { without(other[1]) + [other] }

    static let withdrawCases: [Case] = [
        Case("ORIGIN of two octets", with(attribute(0x40, 1, [0, 0])), 1, .attributeLengthError),
        Case("ORIGIN of no octet", with(attribute(0x40, 1, [])), 1, .attributeLengthError),
        Case("ORIGIN 3", with(attribute(0x40, 1, [3])), 1, .invalidOriginAttribute),
        Case("ORIGIN optional", with(attribute(0xC0, 1, [0])), 1, .attributeFlagsError),
        Case("ORIGIN not transitive", with(attribute(0x00, 1, [0])), 1, .attributeFlagsError),
        Case("ORIGIN missing", without(1), 1, .missingWellKnownAttribute),
        Case("AS_PATH missing", without(2), 2, .missingWellKnownAttribute),
        Case("AS_PATH segment of unknown type", with(attribute(0x40, 2, hex("05 01 0000FDF2"))), 2, .malformedASPath),
        Case("AS_PATH segment overrun", with(attribute(0x40, 2, hex("02 02 0000FDF2"))), 2, .malformedASPath),
        Case("AS_PATH underrun", with(attribute(0x40, 2, hex("02 01 0000FDF2 02"))), 2, .malformedASPath),
        Case("AS_PATH segment of no number", with(attribute(0x40, 2, hex("02 00"))), 2, .malformedASPath),
        Case("AS_PATH with AS 0", with(attribute(0x40, 2, hex("02 01 00000000"))), 2, .malformedASPath),
        Case(
            "AS_PATH with a confederation from outside", with(attribute(0x40, 2, hex("03 01 0000FDF2"))), 2,
            .malformedASPath),
        Case(
            "AS_PATH with a confederation, internal", with(attribute(0x40, 2, hex("04 01 0000FDF2"))), 2,
            .malformedASPath, context: .internal),
        Case(
            "AS_PATH of another AS than the neighbour's", Sample.mandatory, 2, .malformedASPath,
            context: .external(first: ASN(65011))),
        Case(
            "AS_PATH empty where the neighbour's AS must be first", with(attribute(0x40, 2, [])), 2, .malformedASPath,
            context: .external(first: ASN(65010))),
        Case("NEXT_HOP missing", without(3), 3, .missingWellKnownAttribute),
        Case("NEXT_HOP of three octets", with(attribute(0x40, 3, [192, 0, 2])), 3, .attributeLengthError),
        Case("NEXT_HOP 0.0.0.0", with(attribute(0x40, 3, [0, 0, 0, 0])), 3, .invalidNextHopAttribute),
        Case("NEXT_HOP multicast", with(attribute(0x40, 3, [224, 0, 0, 1])), 3, .invalidNextHopAttribute),
        Case("NEXT_HOP loopback", with(attribute(0x40, 3, [127, 0, 0, 1])), 3, .invalidNextHopAttribute),
        Case("MED of three octets", with(attribute(0x80, 4, [0, 0, 1])), 4, .attributeLengthError),
        Case("MED transitive", with(attribute(0xC0, 4, [0, 0, 0, 1])), 4, .attributeFlagsError),
        Case(
            "LOCAL_PREF of three octets, internal", with(attribute(0x40, 5, [0, 0, 1])), 5, .attributeLengthError,
            context: .internal),
        Case("LOCAL_PREF missing, internal", Sample.mandatory, 5, .missingWellKnownAttribute, context: .internal),
        Case("COMMUNITIES of five octets", with(attribute(0xC0, 8, [1, 2, 3, 4, 5])), 8, .optionalAttributeError),
        Case("COMMUNITIES of no octet", with(attribute(0xC0, 8, [])), 8, .optionalAttributeError),
        Case("COMMUNITIES not transitive", with(attribute(0x80, 8, [1, 2, 3, 4])), 8, .attributeFlagsError),
        Case(
            "ORIGINATOR_ID of five octets, internal", with(attribute(0x80, 9, [1, 2, 3, 4, 5])), 9,
            .attributeLengthError, context: .internal),
        Case(
            "CLUSTER_LIST of five octets, internal", with(attribute(0x80, 10, [1, 2, 3, 4, 5])), 10,
            .optionalAttributeError, context: .internal),
        Case(
            "CLUSTER_LIST of no octet, internal", with(attribute(0x80, 10, [])), 10, .optionalAttributeError,
            context: .internal),
        Case(
            "LARGE_COMMUNITY of 11 octets", with(attribute(0xC0, 32, [UInt8](repeating: 1, count: 11))), 32,
            .optionalAttributeError),
        Case("LARGE_COMMUNITY of no octet", with(attribute(0xC0, 32, [])), 32, .optionalAttributeError),
        Case("OTC of three octets", with(attribute(0xC0, 35, [0, 0, 1])), 35, .attributeLengthError),
        Case(
            "an attribute beyond the end of the list", Sample.mandatory + [[0xC0, 99, 10, 1]], 0,
            .malformedAttributeList),
        Case("two octets behind the last attribute", Sample.mandatory + [[0xC0, 99]], 0, .malformedAttributeList),
        Case("three octets of an extended attribute", Sample.mandatory + [[0xD0, 99, 0]], 0, .malformedAttributeList),
    ]

    @Test("treat-as-withdraw", arguments: withdrawCases)
    func treatAsWithdraw(_ test: Case) throws {
        let update = try decode(body(withdrawn: [8, 10], test.attributes, nlri: Sample.nlri), test.context)
        #expect(update.treatedAsWithdraw == AttributeFault(type: test.type, reason: test.reason))
        #expect(update.withdrawn == [prefix("10.0.0.0/8"), Sample.network])
        #expect(update.announcements.isEmpty)
    }

    @Test(
        "The same error in a message that reaches nothing ends the session",
        arguments: withdrawCases.filter { $0.reason != .missingWellKnownAttribute })
    func nothingReachable(_ test: Case) {
        #expect(reset(body(withdrawn: [8, 10], test.attributes), test.context)?.reason == test.reason)
    }

    static let discardCases: [Case] = [
        Case("LOCAL_PREF from outside", [attribute(0x40, 5, [0, 0, 0, 100])], 5, .optionalAttributeError),
        Case("LOCAL_PREF from outside, malformed", [attribute(0xC0, 5, [1])], 5, .optionalAttributeError),
        Case("ORIGINATOR_ID from outside", [attribute(0x80, 9, [1])], 9, .optionalAttributeError),
        Case("CLUSTER_LIST from outside", [attribute(0x80, 10, [1])], 10, .optionalAttributeError),
        Case("ATOMIC_AGGREGATE with a value", [attribute(0x40, 6, [1])], 6, .attributeLengthError),
        Case("ATOMIC_AGGREGATE optional", [attribute(0xC0, 6, [])], 6, .attributeFlagsError),
        Case(
            "AGGREGATOR of six octets between four-octet speakers", [attribute(0xC0, 7, [1, 2, 3, 4, 5, 6])], 7,
            .optionalAttributeError),
        Case("AGGREGATOR with AS 0", [attribute(0xC0, 7, [0, 0, 0, 0, 1, 2, 3, 4])], 7, .optionalAttributeError),
        Case(
            "AGGREGATOR of eight octets from a two-octet speaker", [attribute(0xC0, 7, [0, 0, 0, 1, 1, 2, 3, 4])], 7,
            .optionalAttributeError, context: .external(fourOctet: false)),
        Case(
            "AS4_PATH between four-octet speakers", [attribute(0xC0, 17, hex("02 01 0000FDF2"))], 17,
            .optionalAttributeError),
        Case(
            "AS4_PATH too short", [attribute(0xC0, 17, hex("02 00"))], 17, .optionalAttributeError,
            context: .external(fourOctet: false)),
        Case(
            "AS4_PATH overrun", [attribute(0xC0, 17, hex("02 02 0000FDF2"))], 17, .optionalAttributeError,
            context: .external(fourOctet: false)),
        Case(
            "AS4_AGGREGATOR of six octets", [attribute(0xC0, 18, [1, 2, 3, 4, 5, 6])], 18, .optionalAttributeError,
            context: .external(fourOctet: false)),
        Case(
            "MED twice", [attribute(0x80, 4, [0, 0, 0, 7]), attribute(0x80, 4, [0, 0, 0, 8])], 4,
            .malformedAttributeList),
        Case(
            "an unknown attribute twice", [attribute(0xC0, 99, [7]), attribute(0xC0, 99, [8])], 99,
            .malformedAttributeList),
    ]

    @Test("attribute discard", arguments: discardCases)
    func attributeDiscard(_ test: Case) throws {
        let path = test.context.isFourOctetASN ? Sample.asPath : attribute(0x40, 2, hex("02 02 FDF2 FDFC"))
        let update = try decode(
            body([Sample.origin, path, Sample.nextHop] + test.attributes, nlri: Sample.nlri), test.context)
        #expect(update.discarded == [AttributeFault(type: test.type, reason: test.reason)])
        #expect(update.treatedAsWithdraw == nil)
        let attributes = try #require(update.announcements.first).attributes
        #expect(update.announcements.map(\.prefixes) == [[Sample.network]])
        #expect(attributes.localPreference == nil && attributes.aggregator == nil && !attributes.atomicAggregate)
        #expect(attributes.asPath == ASPath(sequence: [ASN(65010), ASN(65020)]))
        if test.type == 4 { #expect(attributes.multiExitDiscriminator == 7) }
        if test.type == 99 { #expect(attributes.unknown.map(\.value) == [[7]]) }
    }

    static let resetCases: [Case] = [
        Case("MP_REACH_NLRI twice", [Sample.reach, Sample.reach], 0, .malformedAttributeList),
        Case(
            "MP_UNREACH_NLRI twice", [attribute(0x80, 15, [0, 2, 1]), attribute(0x80, 15, [0, 2, 1])], 0,
            .malformedAttributeList),
        Case("an unknown well-known attribute", [attribute(0x40, 99, [1])], 0, .unrecognizedWellKnownAttribute),
        Case("MP_REACH_NLRI of four octets", [attribute(0x80, 14, [0, 2, 1, 0])], 0, .optionalAttributeError),
        Case("MP_REACH_NLRI transitive", [[0xC0] + Sample.reach.dropFirst()], 0, .optionalAttributeError),
        Case(
            "MP_REACH_NLRI next hop of 4 octets for IPv6",
            [attribute(0x80, 14, hex("0002 01 04 C0000201 00 30 20010db80053"))], 0, .optionalAttributeError),
        Case(
            "MP_REACH_NLRI next hop of 24 octets",
            [attribute(0x80, 14, [0, 2, 1, 24] + [UInt8](repeating: 1, count: 25))], 0, .optionalAttributeError),
        Case(
            "MP_REACH_NLRI next hop beyond the end", [attribute(0x80, 14, [0, 2, 1, 16, 1, 2, 3])], 0,
            .optionalAttributeError),
        Case(
            "MP_REACH_NLRI prefix of 129 bits",
            [
                attribute(
                    0x80, 14,
                    hex("0002 01 10 20010db8000000000000000000000001 00 81") + [UInt8](repeating: 1, count: 17))
            ], 0, .optionalAttributeError),
        Case(
            "MP_REACH_NLRI prefix beyond the end",
            [attribute(0x80, 14, hex("0002 01 10 20010db8000000000000000000000001 00 30 20010d"))], 0,
            .optionalAttributeError),
        Case("MP_UNREACH_NLRI of two octets", [attribute(0x80, 15, [0, 2])], 0, .optionalAttributeError),
        Case(
            "MP_UNREACH_NLRI prefix beyond the end", [attribute(0x80, 15, hex("0002 01 30 20"))], 0,
            .optionalAttributeError),
        Case("MP_UNREACH_NLRI well-known", [attribute(0x00, 15, hex("0002 01"))], 0, .optionalAttributeError),
    ]

    @Test("session reset", arguments: resetCases)
    func sessionReset(_ test: Case) {
        let data: [UInt8] = test.reason == .malformedAttributeList ? [] : test.attributes[0]
        #expect(
            reset(body(Sample.mandatory + test.attributes, nlri: Sample.nlri))
                == NotificationMessage(test.reason, data: data))
    }

    @Test("A reset for an attribute carries the attribute")
    func resetData() {
        let wrong = attribute(0x40, 1, [9])
        #expect(reset(body([wrong])) == NotificationMessage(.invalidOriginAttribute, data: wrong))
    }

    @Test(
        "Lengths that contradict the message end the session",
        arguments: [
            ("", .malformedAttributeList), ("00", .malformedAttributeList), ("0000", .malformedAttributeList),
            ("0001 0000", .malformedAttributeList), ("0000 0001", .malformedAttributeList),
            ("0000 0005 40010100", .malformedAttributeList),
            ("0001 08 0000", .invalidNetworkField),
            ("0002 2101 0000", .invalidNetworkField), ("0000 0000 21 0A000000 00", .invalidNetworkField),
            ("0000 0000 18 0A00", .invalidNetworkField),
        ] as [(String, NotificationReason)])
    func lengths(text: String, reason: NotificationReason) {
        #expect(reset(hex(text)) == NotificationMessage(reason))
    }

    @Test("The strongest approach wins over the others")
    func strongest() throws {
        let discardAndWithdraw = Sample.mandatory + [attribute(0xC0, 7, [1]), attribute(0xC0, 8, [1])]
        let update = try decode(body(discardAndWithdraw, nlri: Sample.nlri))
        #expect(update.treatedAsWithdraw?.type == 8 && update.discarded.map(\.type) == [7])
        #expect(
            reset(body(discardAndWithdraw + [attribute(0x80, 15, [0])], nlri: Sample.nlri))?.reason
                == .optionalAttributeError)
    }

    @Test("A wrong NEXT_HOP beside MP_REACH_NLRI alone is nobody's business")
    func nextHopBesideMultiprotocol() throws {
        let update = try decode(body([Sample.reach, Sample.origin, Sample.asPath, attribute(0x40, 3, [0, 0, 0, 0])]))
        #expect(update.treatedAsWithdraw == nil)
        #expect(update.announcements.map(\.prefixes) == [[Sample.network6]])
    }

    @Test("An IPv6 next hop that nothing can be sent to withdraws", arguments: ["::", "::1", "ff02::1"])
    func nextHop6(text: String) throws {
        let reach = attribute(0x80, 14, [0, 2, 1, 16] + IPAddress.v6(v6(text)).bytes + hex("00 30 20010db80053"))
        let update = try decode(body([reach, Sample.origin, Sample.asPath]))
        #expect(update.treatedAsWithdraw == AttributeFault(type: 14, reason: .invalidNextHopAttribute))
        #expect(update.withdrawn == [Sample.network6])
    }
}
