public import Net

/// ORIGIN (RFC 4271, section 5.1.1). The order is the order of preference.
public enum Origin: UInt8, Hashable, Sendable, Comparable {
    /// Learned from an interior protocol, or stated by the operator.
    case igp = 0
    /// Learned by the Exterior Gateway Protocol of RFC 904.
    case egp = 1
    /// Learned in some other way.
    case incomplete = 2

    /// Lower is preferred (RFC 4271, section 9.1.2.2 b).
    public static func < (left: Origin, right: Origin) -> Bool { left.rawValue < right.rawValue }
}

/// AS_PATH (RFC 4271, section 5.1.2; four-octet numbers, RFC 6793).
public struct ASPath: Hashable, Sendable {
    /// One segment of the path.
    public struct Segment: Hashable, Sendable {
        /// How the numbers of a segment are to be read.
        public enum Kind: UInt8, Hashable, Sendable {
            /// AS_SET: unordered; counts as one hop.
            case set = 1
            /// AS_SEQUENCE: ordered, nearest first.
            case sequence = 2
            /// AS_CONFED_SEQUENCE (RFC 5065); counts as none.
            case confederationSequence = 3
            /// AS_CONFED_SET (RFC 5065); counts as none.
            case confederationSet = 4
        }
        /// How the numbers are to be read.
        public var kind: Kind
        /// The numbers: 1 to 255 of them on the wire.
        public var numbers: [ASN]

        /// Makes a segment.
        public init(_ kind: Kind, _ numbers: [ASN]) {
            self.kind = kind
            self.numbers = numbers
        }
    }

    /// The segments, nearest first.
    public var segments: [Segment]

    /// Makes a path of segments.
    public init(_ segments: [Segment] = []) {
        self.segments = segments
    }

    /// Makes a path of one AS_SEQUENCE, or the empty path.
    public init(sequence numbers: [ASN]) {
        segments = numbers.isEmpty ? [] : [Segment(.sequence, numbers)]
    }
}

/// AGGREGATOR (RFC 4271, section 5.1.7).
public struct Aggregator: Hashable, Sendable {
    /// The AS that formed the aggregate.
    public var asn: ASN
    /// The BGP Identifier of the speaker that formed it.
    public var identifier: IPv4Address

    /// Makes an aggregator.
    public init(asn: ASN, identifier: IPv4Address) {
        self.asn = asn
        self.identifier = identifier
    }
}

/// A community (RFC 1997): the upper 16 bits are an AS number by custom.
public struct Community: Hashable, Sendable, Comparable {
    /// The four octets as a number.
    public var rawValue: UInt32

    /// Makes a community of its number.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Orders by number, the order in which they are sent.
    public static func < (left: Community, right: Community) -> Bool { left.rawValue < right.rawValue }
}

/// A large community (RFC 8092).
public struct LargeCommunity: Hashable, Sendable {
    /// The AS number whose operator gives the other two a meaning.
    public var globalAdministrator: UInt32
    /// The first operator-defined part.
    public var localData1: UInt32
    /// The second operator-defined part.
    public var localData2: UInt32

    /// Makes a large community.
    public init(_ globalAdministrator: UInt32, _ localData1: UInt32, _ localData2: UInt32) {
        self.globalAdministrator = globalAdministrator
        self.localData1 = localData1
        self.localData2 = localData2
    }
}

/// An optional attribute that this speaker does not know (RFC 4271, section 5): kept and passed on when transitive.
public struct UnknownAttribute: Hashable, Sendable {
    /// The attribute flags as received; the extended-length bit is cleared.
    public var flags: UInt8
    /// The attribute type code.
    public var type: UInt8
    /// The value.
    public var value: [UInt8]

    /// Makes an unknown attribute.
    public init(flags: UInt8, type: UInt8, value: [UInt8]) {
        self.flags = flags
        self.type = type
        self.value = value
    }
}

/// Where a route's packets go next: NEXT_HOP (RFC 4271, section 5.1.3) or the field of MP_REACH_NLRI (RFC 4760, section 3).
public struct NextHop: Hashable, Sendable {
    /// The global address.
    public var address: IPAddress
    /// The link-local address that RFC 2545, section 3 lets follow a global IPv6 next hop.
    public var linkLocal: IPv6Address?

    /// Makes a next hop.
    public init(_ address: IPAddress, linkLocal: IPv6Address? = nil) {
        self.address = address
        self.linkLocal = linkLocal
    }
}

/// The path attributes of a route, decoded. The next hop is among them whichever attribute carried it.
public struct PathAttributes: Hashable, Sendable {
    /// ORIGIN, type 1.
    public var origin: Origin
    /// AS_PATH, type 2.
    public var asPath: ASPath
    /// NEXT_HOP, type 3, or the next hop of MP_REACH_NLRI, type 14.
    public var nextHop: NextHop
    /// MULTI_EXIT_DISC, type 4.
    public var multiExitDiscriminator: UInt32?
    /// LOCAL_PREF, type 5.
    public var localPreference: UInt32?
    /// Whether ATOMIC_AGGREGATE, type 6, is present.
    public var atomicAggregate: Bool
    /// AGGREGATOR, type 7.
    public var aggregator: Aggregator?
    /// COMMUNITIES, type 8, sorted and without duplicates.
    public var communities: [Community]
    /// ORIGINATOR_ID, type 9 (RFC 4456).
    public var originatorID: IPv4Address?
    /// CLUSTER_LIST, type 10 (RFC 4456), nearest first.
    public var clusterList: [IPv4Address]
    /// LARGE_COMMUNITY, type 32 (RFC 8092), without duplicates.
    public var largeCommunities: [LargeCommunity]
    /// OTC, Only to Customer, type 35 (RFC 9234).
    public var onlyToCustomer: ASN?
    /// Attributes of other types, in the order of their type codes.
    public var unknown: [UnknownAttribute]

    /// Makes the attributes of a route; what is not named is absent.
    public init(
        origin: Origin, asPath: ASPath, nextHop: NextHop, multiExitDiscriminator: UInt32? = nil,
        localPreference: UInt32? = nil, atomicAggregate: Bool = false, aggregator: Aggregator? = nil,
        communities: [Community] = [], originatorID: IPv4Address? = nil, clusterList: [IPv4Address] = [],
        largeCommunities: [LargeCommunity] = [], onlyToCustomer: ASN? = nil, unknown: [UnknownAttribute] = []
    ) {
        self.origin = origin
        self.asPath = asPath
        self.nextHop = nextHop
        self.multiExitDiscriminator = multiExitDiscriminator
        self.localPreference = localPreference
        self.atomicAggregate = atomicAggregate
        self.aggregator = aggregator
        self.communities = communities
        self.originatorID = originatorID
        self.clusterList = clusterList
        self.largeCommunities = largeCommunities
        self.onlyToCustomer = onlyToCustomer
        self.unknown = unknown
    }
}
