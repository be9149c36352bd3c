public import Net

/// What a neighbouring AS is to the one that speaks of it. Import preference, export filter, the role of RFC 9234 and
/// OTC all follow from this one word (the Gao-Rexford model).
public enum RelationKind: String, Hashable, Sendable, Codable, CaseIterable {
    /// The neighbour carries our traffic to everywhere.
    case provider
    /// We carry the neighbour's traffic to everywhere.
    case customer
    /// Each carries the other's traffic to its own customers only.
    case peer
    /// Two ASes of one organisation: everything goes both ways.
    case sibling

    /// What we are to the neighbour.
    public var reversed: RelationKind {
        switch self {
        case .provider: .customer
        case .customer: .provider
        case .peer: .peer
        case .sibling: .sibling
        }
    }
}

/// A relation to a neighbouring network, and how our announcements to it are bent.
public struct Relation: Hashable, Sendable, Codable {
    /// The neighbour's name.
    public var network: String
    /// What the neighbour is to us.
    public var kind: RelationKind
    /// How often our own number is added to the AS_PATH of what we announce, beyond once.
    public var prepend: UInt8 = 0
    /// The LOCAL_PREF of what the neighbour announces, instead of the one that the relation gives.
    public var localPreference: UInt32?
    /// The MULTI_EXIT_DISC of what we announce.
    public var multiExitDiscriminator: UInt32?
    /// Communities added to what we announce, `AS:value` or a well-known name in capitals.
    public var communities: [String] = []
    /// Whether NO_EXPORT is added to what we announce (RFC 1997).
    public var noExport = false
    /// Whether we announce what the relation forbids, on purpose (a route leak, RFC 7908).
    public var leak = false
    /// What is done to the routes that the neighbour announces, before the rules of the network.
    public var imports: [PolicyRule] = []
    /// What is done to the routes that we announce, before the rules of the network.
    public var exports: [PolicyRule] = []
    /// The prefixes in which the neighbour may ask with BLACKHOLE for packets to be dropped (RFC 7999).
    public var blackholes: [IPPrefix] = []
    /// How many prefixes of a family the neighbour may announce before the session ends; nil for any number.
    public var maximumPrefixes: UInt32?
    /// Whether the neighbour must confirm the role that follows from the relation (RFC 9234, section 4.2).
    public var isRoleStrict = false
    /// The key of TCP-MD5 (RFC 2385): 1 to 80 octets. What one side says holds for both.
    public var password: String?
    /// Whether the session takes packets of the link's other end only (RFC 5082). What one side says holds for both.
    public var hasTTLSecurity = false
    /// Whether several routes to a prefix are taken from the neighbour, and sent to it (RFC 7911). A side that says nothing does what
    /// the other one's words need.
    public var paths: SeveralPaths?
    /// Whether IPv4 goes over the IPv6 session, with IPv6 next hops (RFC 8950). What one side says holds for both.
    public var hasExtendedNextHop = false

    /// Makes a plain relation.
    public init(network: String, kind: RelationKind) {
        self.network = network
        self.kind = kind
    }
}

/// Whether several routes to a prefix are taken and sent (RFC 7911).
public struct SeveralPaths: Hashable, Sendable, Codable {
    /// How many are sent.
    public enum Sending: Hashable, Sendable, Codable {
        /// All that can be used.
        case all
        /// So many of the best: 1 to 255.
        case best(UInt8)
    }

    /// Whether several are taken.
    public var receive = false
    /// How many are sent; nil for the best one only.
    public var send: Sending?

    /// One route to a prefix, both ways.
    public init() {}

    /// What the other side does that these are of use: takes what is sent, and sends all to who takes them.
    var answer: SeveralPaths {
        var answer = SeveralPaths()
        answer.receive = send != nil
        answer.send = receive ? .all : nil
        return answer
    }
}
