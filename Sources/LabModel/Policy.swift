public import Net

/// A rule of routing policy, as a lab file writes it for a neighbour or a network. The rules of a direction are asked in order:
/// those that match change the route, and the first of them that accepts or rejects ends it. A route that reaches the end is
/// accepted. What relations and well-known communities forbid stays forbidden.
public struct PolicyRule: Hashable, Sendable, Codable {
    /// Which routes the rule is for.
    public var match = Match()
    /// What it changes about them.
    public var set = Changes()
    /// What becomes of them.
    public var verdict: Verdict

    /// Makes a rule for every route that changes nothing yet.
    public init(_ verdict: Verdict) {
        self.verdict = verdict
    }

    /// What becomes of a route after the changes.
    public enum Verdict: String, Hashable, Sendable, Codable, CaseIterable {
        /// It is accepted, and no further rule is asked.
        case accept
        /// It is rejected.
        case reject
        /// The next rule is asked, and sees what this one changed.
        case next
    }

    /// What a route must be: all that is named. What is left empty is not looked at.
    public struct Match: Hashable, Sendable, Codable {
        /// The prefix is one of these.
        public var prefixes: [PrefixRange] = []
        /// The prefix is of this family.
        public var family: AddressFamily?
        /// It carries all of these, `AS:value` or a well-known name in capitals.
        public var communities: [String] = []
        /// It carries all of these, `AS:value:value` (RFC 8092).
        public var largeCommunities: [String] = []
        /// A regular expression over the AS numbers of its AS_PATH, in the syntax of `BGPTable.ASPathExpression`.
        public var asPath: String?
        /// The last AS of its path is one of these.
        public var origins: [ASN] = []
        /// The router has it from a neighbour in one of these networks or sites; `local` for what it originates itself.
        public var neighbours: [String] = []

        /// Makes a condition that every route meets.
        public init() {}
    }

    /// What is changed, in this order. What is nil or empty stays as it is.
    public struct Changes: Hashable, Sendable, Codable {
        /// LOCAL_PREF.
        public var localPreference: UInt32?
        /// MULTI_EXIT_DISC.
        public var multiExitDiscriminator: UInt32?
        /// Whether MULTI_EXIT_DISC is taken away.
        public var removesMultiExitDiscriminator = false
        /// Communities (RFC 1997).
        public var communities = CommunityChange()
        /// Large communities (RFC 8092).
        public var largeCommunities = CommunityChange()
        /// How often an AS number is put in front of AS_PATH: our own on export, the neighbour's on import.
        public var prepend: UInt8 = 0
        /// The next hop: an address, or `self`.
        public var nextHop: String?

        /// Makes changes that change nothing.
        public init() {}
    }
}

/// Prefixes inside one, of certain lengths.
public struct PrefixRange: Hashable, Sendable, Codable {
    /// The prefix that they lie in.
    public var prefix: IPPrefix
    /// The shortest, in bits.
    public var least: UInt8
    /// The longest, in bits.
    public var most: UInt8

    /// The prefixes in `prefix` with a length of `least` to `most`.
    public init(_ prefix: IPPrefix, _ least: UInt8, _ most: UInt8) {
        self.prefix = prefix
        self.least = least
        self.most = most
    }
}

/// What happens to communities: all of them are replaced, or some are taken away and then some added.
public struct CommunityChange: Hashable, Sendable, Codable {
    /// What takes the place of all; nil where they are not replaced.
    public var replacement: [String]?
    /// What is taken away.
    public var removed: [String] = []
    /// What is added.
    public var added: [String] = []

    /// Makes a change that changes nothing.
    public init() {}

    /// Whether nothing is changed.
    public var isEmpty: Bool { self == CommunityChange() }
}

/// How a network's routers choose among routes.
public struct DecisionRules: Hashable, Sendable, Codable {
    /// The order of the steps where routes are equal but for who sent them.
    public enum Order: String, Hashable, Sendable, Codable, CaseIterable {
        /// That of RFC 4271: the outcome does not depend on the order in which routes came.
        case standard
        /// The external route that has been the best one stays so (RFC 5004).
        case oldestExternal = "oldest-external"
    }

    /// How packets are shared among equal routes.
    public enum Hash: String, Hashable, Sendable, Codable, CaseIterable {
        /// Each has a range of the hash (RFC 2992): one that goes or comes moves up to half of the flows.
        case threshold
        /// Each has buckets of its own, which the kernel keeps: one of N that goes moves its own flows, 1/N of all.
        case resilient
        /// Each packet by itself: the packets of a flow go all ways.
        case perPacket = "per-packet"
    }

    /// The order of the steps.
    public var order = Order.standard
    /// Whether MULTI_EXIT_DISC is compared between neighbouring networks, too.
    public var alwaysComparesMED = false
    /// How many equal routes carry packets together: 1 to 64.
    public var multipath: UInt8 = 1
    /// How packets are shared among them.
    public var hash = Hash.threshold

    /// Whether the packets of one flow go several ways.
    public var spreadsPackets: Bool { multipath > 1 && hash == .perPacket }

    /// The rules of RFC 4271.
    public init() {}
}

extension Topology {
    /// The routers that share out the packets of one flow among equal routes, as positions in ``nodes``.
    public var spreadingRouters: [Int] {
        let networks = Set(lab.networks.lazy.filter(\.decision.spreadsPackets).map(\.name))
        return networks.isEmpty ? [] : nodes.filter { $0.kind == .router && networks.contains($0.network) }.map(\.index)
    }
}
