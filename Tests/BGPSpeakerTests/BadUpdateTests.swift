import BGPWire
import Net
import Testing

@testable import BGPSpeaker

/// Every error of an UPDATE against a live speaker: what RFC 7606 and the RFC of each attribute say, row by row.
@Suite("Bad UPDATE messages, live")
struct BadUpdateTests {
    /// What is sent in place of the good attributes, and what becomes of the route.
    struct Row: Sendable {
        let source: String
        let text: String
        let outcome: BadMessageOutcome
        var network = HostileNeighbour.network
        let message: @Sendable (HostileNeighbour) -> [UInt8]

        /// The good attributes with `wrong` in the place of the one of its type, or behind them.
        init(_ source: String, _ text: String, _ wrong: [UInt8], _ outcome: BadMessageOutcome) {
            self.init(source, text, outcome) { neighbour in
                update(neighbour.good(tail: [64511]).filter { $0[1] != wrong[1] } + [wrong])
            }
        }

        /// The good attributes without one.
        init(_ source: String, without type: UInt8, _ outcome: BadMessageOutcome) {
            self.init(source, "attribute \(type) missing", outcome) { neighbour in
                update(neighbour.good(tail: [64511]).filter { $0[1] != type })
            }
        }

        /// An IPv6 route with `wrong` in the place of the attribute of its type.
        init(ipv6 source: String, _ text: String, _ wrong: [UInt8], _ outcome: BadMessageOutcome) {
            self.init(source, text, outcome, of: HostileNeighbour.network6) { neighbour in
                let rest = neighbour.good6(tail: [64511]).filter { $0[1] != wrong[1] }
                return update([wrong] + rest, nlri: [])
            }
        }

        init(
            _ source: String, _ text: String, _ outcome: BadMessageOutcome,
            of network: String = HostileNeighbour.network,
            _ message: @escaping @Sendable (HostileNeighbour) -> [UInt8]
        ) {
            self.source = source
            self.text = text
            self.outcome = outcome
            self.network = network
            self.message = message
        }
    }

    private func expect(_ rows: [Row], from kind: HostileNeighbour.Kind) throws {
        let neighbour = try HostileNeighbour(kind)
        for row in rows {
            let text = Comment(rawValue: "\(row.source): \(row.text) (\(kind))")
            try neighbour.expect(row.outcome, after: row.message(neighbour), of: row.network, text)
        }
    }

    // MARK: Attributes of every session

    static let wellKnown: [Row] = [
        Row("RFC 7606, 7.1", "ORIGIN of no octet", attribute(0x40, 1, []), .withdrawn),
        Row("RFC 7606, 7.1", "ORIGIN of two octets", attribute(0x40, 1, [0, 0]), .withdrawn),
        Row("RFC 7606, 7.1", "ORIGIN 3", attribute(0x40, 1, [3]), .withdrawn),
        Row("RFC 7606, 3 c", "ORIGIN optional", attribute(0xC0, 1, [0]), .withdrawn),
        Row("RFC 7606, 3 c", "ORIGIN not transitive", attribute(0x00, 1, [0]), .withdrawn),
        Row("RFC 4271, 4.3", "ORIGIN with the four unused flags", attribute(0x4F, 1, [0]), .taken),
        Row("RFC 7606, 3 d", without: 1, .withdrawn),
        Row("RFC 7606, 3 d", without: 2, .withdrawn),
        Row("RFC 7606, 3 d", without: 3, .withdrawn),
        Row("RFC 7606, 7.3", "NEXT_HOP of no octet", attribute(0x40, 3, []), .withdrawn),
        Row("RFC 7606, 7.3", "NEXT_HOP of three octets", attribute(0x40, 3, [10, 1, 0]), .withdrawn),
        Row(
            "RFC 7606, 7.3", "NEXT_HOP of 16 octets", attribute(0x40, 3, octets("20010db8000100000000000000000001")),
            .withdrawn),
        Row("RFC 7606, 3 c", "NEXT_HOP optional", attribute(0xC0, 3, [10, 1, 0, 1]), .withdrawn),
        Row("RFC 4271, 6.3", "NEXT_HOP 0.0.0.0", attribute(0x40, 3, [0, 0, 0, 0]), .withdrawn),
        Row("RFC 4271, 6.3", "NEXT_HOP 255.255.255.255", attribute(0x40, 3, [255, 255, 255, 255]), .withdrawn),
        Row("RFC 4271, 6.3", "NEXT_HOP multicast", attribute(0x40, 3, [224, 0, 0, 5]), .withdrawn),
        Row("RFC 4271, 6.3", "NEXT_HOP loopback", attribute(0x40, 3, [127, 0, 0, 1]), .withdrawn),
        Row("RFC 4271, 6.3", "NEXT_HOP is the receiver", attribute(0x40, 3, [10, 1, 0, 0]), .unusable),
        Row("RFC 4271, 9.1.2.1", "NEXT_HOP that nothing leads to", attribute(0x40, 3, [192, 0, 2, 77]), .unusable),
        Row("RFC 7606, 7.4", "MULTI_EXIT_DISC of no octet", attribute(0x80, 4, []), .withdrawn),
        Row("RFC 7606, 7.4", "MULTI_EXIT_DISC of three octets", attribute(0x80, 4, [0, 0, 1]), .withdrawn),
        Row("RFC 7606, 7.4", "MULTI_EXIT_DISC of five octets", attribute(0x80, 4, [0, 0, 0, 0, 1]), .withdrawn),
        Row("RFC 7606, 3 c", "MULTI_EXIT_DISC transitive", attribute(0xC0, 4, [0, 0, 0, 1]), .withdrawn),
        Row("RFC 7606, 3 c", "MULTI_EXIT_DISC well-known", attribute(0x00, 4, [0, 0, 0, 1]), .withdrawn),
        Row("RFC 7606, 7.6", "ATOMIC_AGGREGATE of one octet", attribute(0x40, 6, [1]), .taken),
        Row("RFC 7606, 3 f", "ATOMIC_AGGREGATE optional", attribute(0xC0, 6, []), .taken),
        Row("RFC 7606, 7.7", "AGGREGATOR of no octet", attribute(0xC0, 7, []), .taken),
        Row("RFC 7606, 7.7", "AGGREGATOR of seven octets", attribute(0xC0, 7, [1, 2, 3, 4, 5, 6, 7]), .taken),
        Row("RFC 7606, 3 f", "AGGREGATOR not transitive", attribute(0x80, 7, [0, 0, 1, 2, 3, 4, 5, 6]), .taken),
        Row("RFC 7607, 2", "AGGREGATOR of AS 0, four octets", attribute(0xC0, 7, [0, 0, 0, 0, 3, 4, 5, 6]), .taken),
        Row("RFC 7607, 2", "AGGREGATOR of AS 0, two octets", attribute(0xC0, 7, [0, 0, 3, 4, 5, 6]), .taken),
        Row("RFC 7606, 7.8", "COMMUNITIES of no octet", attribute(0xC0, 8, []), .withdrawn),
        Row("RFC 7606, 7.8", "COMMUNITIES of three octets", attribute(0xC0, 8, [1, 2, 3]), .withdrawn),
        Row("RFC 7606, 7.8", "COMMUNITIES of six octets", attribute(0xC0, 8, [1, 2, 3, 4, 5, 6]), .withdrawn),
        Row("RFC 7606, 3 c", "COMMUNITIES not transitive", attribute(0x80, 8, [1, 2, 3, 4]), .withdrawn),
        Row("RFC 7606, 3 c", "COMMUNITIES well-known", attribute(0x40, 8, [1, 2, 3, 4]), .withdrawn),
        Row(
            "RFC 1997", "COMMUNITIES twice the same in the list", attribute(0xC0, 8, [1, 2, 3, 4, 1, 2, 3, 4]), .taken),
        Row("RFC 8092, 6", "LARGE_COMMUNITY of no octet", attribute(0xC0, 32, []), .withdrawn),
        Row(
            "RFC 8092, 6", "LARGE_COMMUNITY of 11 octets", attribute(0xC0, 32, [UInt8](repeating: 1, count: 11)),
            .withdrawn),
        Row(
            "RFC 8092, 6", "LARGE_COMMUNITY of 13 octets", attribute(0xC0, 32, [UInt8](repeating: 1, count: 13)),
            .withdrawn),
        Row(
            "RFC 7606, 3 c", "LARGE_COMMUNITY not transitive", attribute(0x80, 32, [UInt8](repeating: 1, count: 12)),
            .withdrawn),
        Row(
            "RFC 8092, 6", "LARGE_COMMUNITY of AS 0 and the same twice",
            attribute(0xC0, 32, [UInt8](repeating: 0, count: 24)), .taken),
        Row("RFC 9234, 5", "OTC of no octet", attribute(0xC0, 35, []), .withdrawn),
        Row("RFC 9234, 5", "OTC of three octets", attribute(0xC0, 35, [0, 0, 1]), .withdrawn),
        Row("RFC 9234, 5", "OTC of eight octets", attribute(0xC0, 35, [0, 0, 0, 1, 0, 0, 0, 2]), .withdrawn),
        Row("RFC 7606, 3 c", "OTC not transitive", attribute(0x80, 35, [0, 0, 0, 1]), .withdrawn),
        Row("RFC 4271, 5", "unknown optional transitive", attribute(0xC0, 99, [1, 2, 3]), .taken),
        Row("RFC 4271, 5", "unknown optional non-transitive", attribute(0x80, 99, [1, 2, 3]), .taken),
        Row(
            "RFC 4271, 6.3", "unknown well-known", attribute(0x40, 99, [1]),
            .reset(.unrecognizedWellKnownAttribute, attribute(0x40, 99, [1]))),
        Row(
            "RFC 4271, 6.3", "unknown well-known and not transitive", attribute(0x00, 0, []),
            .reset(.unrecognizedWellKnownAttribute, attribute(0x00, 0, []))),
    ]

    static let lists: [Row] = [
        Row("RFC 7606, 3 g", "ORIGIN twice, the second wrong", .taken) { neighbour in
            update(neighbour.good(tail: [64511]) + [attribute(0x40, 1, [9])])
        },
        Row("RFC 7606, 3 g", "AS_PATH twice, the second wrong", .taken) { neighbour in
            update(neighbour.good(tail: [64511]) + [attribute(0x40, 2, [9])])
        },
        Row("RFC 7606, 3 g", "an unknown attribute twice", .taken) { neighbour in
            update(neighbour.good(tail: [64511]) + [attribute(0xC0, 99, [1]), attribute(0xC0, 99, [2])])
        },
        Row("RFC 7606, 3 g", "the first of two wrong", .withdrawn) { neighbour in
            update([attribute(0x40, 1, [9])] + neighbour.good(tail: [64511]))
        },
        Row("RFC 7606, 3 g", "MP_REACH_NLRI twice", .reset(.malformedAttributeList)) { neighbour in
            update([HostileNeighbour.reach, HostileNeighbour.reach] + neighbour.good(tail: [64511]))
        },
        Row("RFC 7606, 3 g", "MP_UNREACH_NLRI twice", .reset(.malformedAttributeList)) { _ in
            update([attribute(0x80, 15, [0, 2, 1]), attribute(0x80, 15, [0, 2, 1])], nlri: [])
        },
        Row("RFC 7606, 3 h", "attribute discard beside treat-as-withdraw", .withdrawn) { neighbour in
            update(neighbour.good(tail: [64511]) + [attribute(0xC0, 7, [1]), attribute(0xC0, 8, [1])])
        },
        Row(
            "RFC 7606, 3 h", "session reset beside treat-as-withdraw",
            .reset(.optionalAttributeError, attribute(0x80, 15, [0]))
        ) {
            update($0.good(tail: [64511]) + [attribute(0xC0, 8, [1]), attribute(0x80, 15, [0])])
        },
        Row("RFC 7606, 4", "an attribute reaches beyond the list", .withdrawn) {
            update($0.good(tail: [64511]) + [[0xC0, 99, 10, 1]])
        },
        Row("RFC 7606, 4", "one octet behind the last attribute", .withdrawn) {
            update($0.good(tail: [64511]) + [[0xC0]])
        },
        Row("RFC 7606, 4", "three octets of an attribute of extended length", .withdrawn) {
            update($0.good(tail: [64511]) + [[0xD0, 99, 0]])
        },
        Row("RFC 7606, 3 b", "Withdrawn Routes Length beyond the message", .reset(.malformedAttributeList)) { _ in
            wholeUpdate([0, 5, 24, 203, 0, 113])
        },
        Row("RFC 7606, 3 b", "Total Attribute Length beyond the message", .reset(.malformedAttributeList)) { _ in
            wholeUpdate([0, 0, 0, 5, 0x40, 1, 1, 0])
        },
        Row("RFC 7606, 3 b", "both lengths one octet too long", .reset(.malformedAttributeList)) { _ in
            wholeUpdate([0, 4, 24, 203, 0, 113, 0, 1])
        },
        Row(
            "RFC 7606, 5.2", "a wrong ORIGIN and nothing reachable",
            .reset(.invalidOriginAttribute, attribute(0x40, 1, [7]))
        ) { _ in
            update([attribute(0x40, 1, [7])], nlri: [])
        },
        Row("RFC 7606, 5.2", "a wrong AGGREGATOR and nothing reachable", .kept) { _ in
            update([attribute(0xC0, 7, [7])], nlri: [])
        },
        Row("RFC 7606, 5.2", "a withdrawal beside an attribute without error", .withdrawn) { _ in
            update([HostileNeighbour.origin], nlri: [], withdrawn: HostileNeighbour.nlri)
        },
        Row("RFC 4271, 4.3", "the same prefix withdrawn and announced", .taken) {
            update($0.good(tail: [64511]), withdrawn: HostileNeighbour.nlri)
        },
        Row("RFC 7606, 5.3", "NLRI of 33 bits", .reset(.invalidNetworkField)) {
            update($0.good(tail: [64511]), nlri: [33, 203, 0, 113, 0, 0])
        },
        Row("RFC 7606, 5.3", "NLRI of 255 bits", .reset(.invalidNetworkField)) {
            update($0.good(tail: [64511]), nlri: [255] + [UInt8](repeating: 1, count: 32))
        },
        Row("RFC 7606, 5.3", "NLRI beyond the message", .reset(.invalidNetworkField)) {
            update($0.good(tail: [64511]), nlri: [24, 203, 0])
        },
        Row("RFC 7606, 5.3", "a withdrawn route of 33 bits", .reset(.invalidNetworkField)) { _ in
            update([], nlri: [], withdrawn: [33, 203, 0, 113, 0, 0])
        },
        Row("RFC 7606, 5.3", "a withdrawn route beyond its field", .reset(.invalidNetworkField)) { _ in
            update([], nlri: [], withdrawn: [32, 203, 0, 113])
        },
        Row("RFC 4271, 4.3", "bits behind the length of a prefix mean nothing", .taken) {
            update($0.good(tail: [64511]), nlri: [23, 203, 0, 113, 24, 203, 0, 113])
        },
        Row("RFC 4271, 6.3", "a multicast prefix beside a good one", .taken) {
            update($0.good(tail: [64511]), nlri: [4, 224] + HostileNeighbour.nlri)
        },
        Row("RFC 4271, 6.3", "a multicast prefix is not taken", .withdrawn, of: "224.0.0.0/4") {
            update($0.good(tail: [64511]), nlri: [4, 224])
        },
        Row("RFC 4271, 4.3", "the same prefix twice in one NLRI", .taken) {
            update($0.good(tail: [64511]), nlri: HostileNeighbour.nlri + HostileNeighbour.nlri)
        },
        Row("RFC 4271, 4.3", "attributes with extended length that need none", .taken) {
            update($0.good(tail: [64511]).map { [$0[0] | 0x10, $0[1], 0] + $0[2...] })
        },
        Row("RFC 8654, 4", "12,000 octets of an unknown attribute", .taken) {
            update($0.good(tail: [64511]) + [[0xD0, 99, 0x2E, 0xE0] + [UInt8](repeating: 1, count: 12000)])
        },
    ]

    @Test("From an external neighbour", .timeLimit(.minutes(2)))
    func external() throws { try expect(Self.wellKnown + Self.lists + Self.externalOnly, from: .external) }

    @Test("From an external neighbour of two-octet numbers", .timeLimit(.minutes(2)))
    func twoOctet() throws { try expect(Self.wellKnown + Self.lists + Self.twoOctetOnly, from: .twoOctet) }

    @Test("From an internal neighbour", .timeLimit(.minutes(2)))
    func `internal`() throws { try expect(Self.wellKnown + Self.lists + Self.internalOnly, from: .internal) }

    @Test("MP_REACH_NLRI and MP_UNREACH_NLRI", .timeLimit(.minutes(2)))
    func multiprotocol() throws { try expect(Self.multiprotocolRows, from: .external) }

    @Test("The log has the routes and the whole message (RFC 7606, section 6)")
    func log() {
        let fault = AttributeFault(type: 1, reason: .invalidOriginAttribute)
        let body: [UInt8] = [0, 0, 0, 4, 0x40, 1, 1, 9, 24, 203, 0, 113]
        let prefixes = [IPPrefix(HostileNeighbour.network)].compactMap(\.self)
        #expect(
            report(fault, prefixes, body.span.bytes)
                == "attribute 1 wrong (UPDATE Message Error, Invalid ORIGIN Attribute), withdrawn: 203.0.113.0/24, "
                + "UPDATE: 000000044001010918cb0071")
    }

    // MARK: What depends on the neighbour

    static let externalOnly: [Row] = [
        Row("RFC 7606, 7.5", "LOCAL_PREF from outside", attribute(0x40, 5, [0, 0, 0, 100]), .taken),
        Row("RFC 7606, 7.5", "LOCAL_PREF from outside, wrong", attribute(0xC0, 5, [1]), .taken),
        Row("RFC 7606, 7.9", "ORIGINATOR_ID from outside", attribute(0x80, 9, [10, 0, 0, 2]), .taken),
        Row("RFC 7606, 7.9", "ORIGINATOR_ID from outside, wrong", attribute(0x40, 9, [1]), .taken),
        Row("RFC 7606, 7.10", "CLUSTER_LIST from outside", attribute(0x80, 10, [10, 0, 0, 2]), .taken),
        Row("RFC 7606, 7.10", "CLUSTER_LIST from outside, empty", attribute(0x80, 10, []), .taken),
        Row(
            "RFC 7606, 7.2", "AS_PATH of an unknown segment type", attribute(0x40, 2, octets("05 01 0000FBF4")),
            .withdrawn),
        Row("RFC 7606, 7.2", "AS_PATH of segment type 0", attribute(0x40, 2, octets("00 01 0000FBF4")), .withdrawn),
        Row("RFC 7606, 7.2", "AS_PATH segment overrun", attribute(0x40, 2, octets("02 02 0000FBF4")), .withdrawn),
        Row("RFC 7606, 7.2", "AS_PATH underrun", attribute(0x40, 2, octets("02 01 0000FBF4 02")), .withdrawn),
        Row(
            "RFC 7606, 7.2", "AS_PATH segment of no number", attribute(0x40, 2, octets("02 01 0000FBF4 02 00")),
            .withdrawn),
        Row("RFC 7606, 3 c", "AS_PATH optional", attribute(0xC0, 2, octets("02 01 0000FBF4")), .withdrawn),
        Row("RFC 7607, 2", "AS_PATH with AS 0", attribute(0x40, 2, octets("02 02 0000FBF4 00000000")), .withdrawn),
        Row(
            "RFC 7607, 2", "AS_PATH with AS 0 in a set", attribute(0x40, 2, octets("02 01 0000FBF4 01 01 00000000")),
            .withdrawn),
        Row(
            "RFC 7606, 7.2", "AS_PATH of another AS than the neighbour's", attribute(0x40, 2, octets("02 01 0000FBF5")),
            .withdrawn),
        Row("RFC 7606, 7.2", "AS_PATH empty", attribute(0x40, 2, []), .withdrawn),
        Row(
            "RFC 7606, 7.2", "AS_PATH that begins with a set", attribute(0x40, 2, octets("01 01 0000FBF4")), .withdrawn),
        Row("RFC 5065, 5", "AS_PATH with a confederation", attribute(0x40, 2, octets("03 01 0000FBF4")), .withdrawn),
        Row(
            "RFC 5065, 5", "AS_PATH with a confederation behind",
            attribute(0x40, 2, octets("02 01 0000FBF4 04 01 0000FBF5")), .withdrawn),
        Row(
            "RFC 4271, 9.1.2", "AS_PATH with the receiver's own AS",
            attribute(0x40, 2, octets("02 02 0000FBF4 0000FDF2")), .unusable),
        Row("RFC 7606, 7.7", "AGGREGATOR of six octets", attribute(0xC0, 7, [0, 1, 2, 3, 4, 5]), .taken),
        Row(
            "RFC 6793, 6", "AS4_PATH between four-octet speakers", attribute(0xC0, 17, octets("02 01 0000FBF9")), .taken
        ),
        Row("RFC 6793, 6", "AS4_PATH between four-octet speakers, wrong", attribute(0x40, 17, [9]), .taken),
        Row(
            "RFC 6793, 6", "AS4_AGGREGATOR between four-octet speakers", attribute(0xC0, 18, [0, 0, 0, 1, 1, 1, 1, 1]),
            .taken),
        Row("RFC 9234, 5", "OTC from a customer is a leak", attribute(0xC0, 35, [0, 0, 0xFB, 0xF4]), .unusable),
    ]

    static let twoOctetOnly: [Row] = [
        Row("RFC 7606, 7.7", "AGGREGATOR of eight octets", attribute(0xC0, 7, [0, 0, 1, 2, 3, 4, 5, 6]), .taken),
        Row(
            "RFC 7606, 7.2", "AS_PATH of four-octet numbers", attribute(0x40, 2, octets("02 02 0000FBF4 0000FBFF")),
            .withdrawn),
        Row("RFC 7607, 2", "AS_PATH with AS 0", attribute(0x40, 2, octets("02 02 FBF4 0000")), .withdrawn),
        Row(
            "RFC 7606, 7.2", "AS_PATH of another AS than the neighbour's", attribute(0x40, 2, octets("02 01 FBF5")),
            .withdrawn),
        Row("RFC 6793, 6", "AS4_PATH of four octets", attribute(0xC0, 17, [2, 1, 0, 0]), .taken),
        Row("RFC 6793, 6", "AS4_PATH of no octet", attribute(0xC0, 17, []), .taken),
        Row("RFC 6793, 6", "AS4_PATH of an odd length", attribute(0xC0, 17, octets("02 01 0000FBF9 02")), .taken),
        Row("RFC 6793, 6", "AS4_PATH segment of no number", attribute(0xC0, 17, octets("02 00 0000FBF9")), .taken),
        Row("RFC 6793, 6", "AS4_PATH segment overrun", attribute(0xC0, 17, octets("02 02 0000FBF9")), .taken),
        Row(
            "RFC 6793, 6", "AS4_PATH of an unknown segment type", attribute(0xC0, 17, octets("05 01 0000FBF9")), .taken),
        Row("RFC 6793, 6", "AS4_PATH of confederations only", attribute(0xC0, 17, octets("03 01 0000FBF9")), .taken),
        Row(
            "RFC 6793, 4.2.3", "AS4_PATH longer than AS_PATH",
            attribute(0xC0, 17, octets("02 03 0000FBF9 0000FBFA 0000FBFB")), .taken),
        Row("RFC 7607, 2", "AS4_PATH with AS 0", attribute(0xC0, 17, octets("02 01 00000000")), .taken),
        Row("RFC 6793, 6", "AS4_PATH not transitive", attribute(0x80, 17, octets("02 01 0000FBF9")), .taken),
        Row("RFC 6793, 6", "AS4_AGGREGATOR of six octets", attribute(0xC0, 18, [1, 2, 3, 4, 5, 6]), .taken),
        Row("RFC 7607, 2", "AS4_AGGREGATOR of AS 0", attribute(0xC0, 18, [0, 0, 0, 0, 3, 4, 5, 6]), .taken),
    ]

    static let internalOnly: [Row] = [
        Row("RFC 7606, 3 d", without: 5, .withdrawn),
        Row("RFC 7606, 7.5", "LOCAL_PREF of no octet", attribute(0x40, 5, []), .withdrawn),
        Row("RFC 7606, 7.5", "LOCAL_PREF of three octets", attribute(0x40, 5, [0, 0, 1]), .withdrawn),
        Row("RFC 7606, 3 c", "LOCAL_PREF optional", attribute(0xC0, 5, [0, 0, 0, 1]), .withdrawn),
        Row("RFC 7606, 7.9", "ORIGINATOR_ID of no octet", attribute(0x80, 9, []), .withdrawn),
        Row("RFC 7606, 7.9", "ORIGINATOR_ID of five octets", attribute(0x80, 9, [1, 2, 3, 4, 5]), .withdrawn),
        Row("RFC 7606, 3 c", "ORIGINATOR_ID transitive", attribute(0xC0, 9, [1, 2, 3, 4]), .withdrawn),
        Row("RFC 7606, 7.10", "CLUSTER_LIST of no octet", attribute(0x80, 10, []), .withdrawn),
        Row("RFC 7606, 7.10", "CLUSTER_LIST of six octets", attribute(0x80, 10, [1, 2, 3, 4, 5, 6]), .withdrawn),
        Row("RFC 7606, 3 c", "CLUSTER_LIST transitive", attribute(0xC0, 10, [1, 2, 3, 4]), .withdrawn),
        Row("RFC 4456, 8", "ORIGINATOR_ID is the receiver", attribute(0x80, 9, [10, 0, 0, 2]), .unusable),
        Row(
            "RFC 4456, 8", "CLUSTER_LIST with the receiver", attribute(0x80, 10, [1, 1, 1, 1, 10, 0, 0, 2]), .unusable),
    ]

    // MARK: Multiprotocol

    private static func reach(_ value: String, flags: UInt8 = 0x80) -> [UInt8] { attribute(flags, 14, octets(value)) }
    private static let nextHop6 = "20010db8000100000000000000000001"
    private static func wrongReach(_ source: String, _ text: String, _ wrong: [UInt8]) -> Row {
        Row(ipv6: source, text, wrong, .reset(.optionalAttributeError, wrong))
    }

    static let multiprotocolRows: [Row] = [
        wrongReach("RFC 7606, 5.3", "MP_REACH_NLRI of no octet", reach("")),
        wrongReach("RFC 7606, 5.3", "MP_REACH_NLRI of four octets", reach("0002 01 00")),
        wrongReach(
            "RFC 7606, 5.3", "MP_REACH_NLRI transitive", reach("0002 01 10 \(nextHop6) 00 30 20010db80053", flags: 0xC0)
        ),
        wrongReach(
            "RFC 7606, 5.3", "MP_REACH_NLRI well-known", reach("0002 01 10 \(nextHop6) 00 30 20010db80053", flags: 0x40)
        ),
        wrongReach("RFC 7606, 7.11", "a next hop of no octet", reach("0002 01 00 00 30 20010db80053")),
        wrongReach("RFC 7606, 7.11", "a next hop of 4 octets", reach("0002 01 04 0A010001 00 30 20010db80053")),
        wrongReach(
            "RFC 7606, 7.11", "a next hop of 15 octets", reach("0002 01 0F \(nextHop6.dropLast(2)) 00 30 20010db80053")),
        wrongReach(
            "RFC 7606, 7.11", "a next hop of 24 octets",
            reach("0002 01 18 \(nextHop6) 0000000000000000 00 30 20010db80053")),
        wrongReach(
            "RFC 7606, 7.11", "a next hop of 33 octets",
            reach("0002 01 21 \(nextHop6) \(nextHop6) 00 00 30 20010db80053")),
        wrongReach("RFC 7606, 7.11", "a next hop beyond the attribute", reach("0002 01 20 \(nextHop6)")),
        wrongReach("RFC 7606, 5.3", "a prefix of 129 bits", reach("0002 01 10 \(nextHop6) 00 81 \(nextHop6) 00")),
        wrongReach(
            "RFC 7606, 5.3", "a prefix beyond the attribute", reach("0002 01 10 \(nextHop6) 00 40 20010db80053")),
        wrongReach("RFC 7606, 5.3", "an IPv4 prefix of 33 bits", reach("0001 01 04 0A010001 00 21 CB00710000")),
        Row(
            ipv6: "RFC 2545, 3", "a global and a link-local next hop",
            reach("0002 01 20 \(nextHop6) fe800000000000000000000000000001 00 30 20010db80053"), .taken),
        Row(
            ipv6: "RFC 4271, 6.3", "the next hop is ::",
            reach("0002 01 10 \(String(repeating: "0", count: 32)) 00 30 20010db80053"),
            .withdrawn),
        Row(
            ipv6: "RFC 4271, 6.3", "the next hop is multicast",
            reach("0002 01 10 ff020000000000000000000000000001 00 30 20010db80053"), .withdrawn),
        Row(
            ipv6: "RFC 4760, 3", "a wrong NEXT_HOP beside MP_REACH_NLRI alone", attribute(0x40, 3, [0, 0, 0, 0]), .taken
        ),
        Row("RFC 7606, 3 d", "ORIGIN missing beside MP_REACH_NLRI", .withdrawn, of: HostileNeighbour.network6) {
            update([HostileNeighbour.reach, $0.asPath()], nlri: [])
        },
        Row("RFC 7606, 3 d", "AS_PATH missing beside MP_REACH_NLRI", .withdrawn, of: HostileNeighbour.network6) { _ in
            update([HostileNeighbour.reach, HostileNeighbour.origin], nlri: [])
        },
        Row("RFC 7606, 2", "an error withdraws the routes of both fields", .withdrawn, of: HostileNeighbour.network6) {
            update([HostileNeighbour.reach] + $0.good(tail: [64511]) + [attribute(0xC0, 8, [1])])
        },
        Row("RFC 7606, 2", "an error withdraws the routes of both fields, IPv4", .withdrawn) {
            update([HostileNeighbour.reach] + $0.good(tail: [64511]) + [attribute(0xC0, 8, [1])])
        },
        Row("RFC 4760, 7", "a family that was not negotiated", .kept) { neighbour in
            update(
                [attribute(0x80, 14, octets("0001 80 04 0A010001 00 18 CB0071"))] + neighbour.good(tail: []), nlri: [])
        },
        Row("RFC 4724, 2", "MP_UNREACH_NLRI without routes", .kept, of: HostileNeighbour.network6) { _ in
            update([attribute(0x80, 15, [0, 2, 1])], nlri: [])
        },
        Row("RFC 4760, 4", "MP_UNREACH_NLRI withdraws", .withdrawn, of: HostileNeighbour.network6) { _ in
            update([attribute(0x80, 15, octets("0002 01 30 20010db80053"))], nlri: [])
        },
        wrongUnreach("MP_UNREACH_NLRI of two octets", attribute(0x80, 15, [0, 2])),
        wrongUnreach("MP_UNREACH_NLRI transitive", attribute(0xC0, 15, [0, 2, 1])),
        wrongUnreach("a withdrawn prefix of 129 bits", attribute(0x80, 15, octets("0002 01 81 \(nextHop6) 00"))),
        wrongUnreach("a withdrawn prefix beyond the attribute", attribute(0x80, 15, octets("0002 01 30 2001"))),
    ]

    private static func wrongUnreach(_ text: String, _ wrong: [UInt8]) -> Row {
        Row("RFC 7606, 5.3", text, .reset(.optionalAttributeError, wrong), of: HostileNeighbour.network6) { _ in
            update([wrong], nlri: [])
        }
    }
}
