public import BGPWire
public import Net

/// Prefixes inside one, of certain lengths.
public struct PrefixMatch: Hashable, Sendable {
    /// The prefix that they lie in.
    public var prefix: IPPrefix
    /// The lengths that they have, in bits.
    public var lengths: ClosedRange<UInt8>

    /// Prefixes in `prefix` with a length of `lengths`.
    public init(_ prefix: IPPrefix, lengths: ClosedRange<UInt8>) {
        self.prefix = prefix
        self.lengths = lengths
    }

    /// This prefix only.
    public static func exact(_ prefix: IPPrefix) -> Self { Self(prefix, lengths: prefix.length...prefix.length) }

    /// This prefix and all in it.
    public static func orLonger(_ prefix: IPPrefix) -> Self { Self(prefix, lengths: 0...128) }

    /// Whether a prefix is one of them.
    public func contains(_ other: IPPrefix) -> Bool { lengths.contains(other.length) && prefix.contains(other) }
}

/// What a route must be for a rule to apply: all that is named. What is left empty is not looked at.
public struct PolicyCondition: Hashable, Sendable {
    /// The prefix is one of these.
    public var prefixes: [PrefixMatch]
    /// The prefix is of this family.
    public var family: AddressFamily?
    /// It carries all of these communities.
    public var communities: [Community]
    /// It carries all of these large communities.
    public var largeCommunities: [LargeCommunity]
    /// Its AS_PATH matches: on import as received, on export without our own AS that is put in front.
    public var asPath: ASPathExpression?
    /// It was originated in one of these ASes: the last number of its AS_PATH, which ends in no set. A route that our own
    /// AS originates has an empty path, and matches no number.
    public var origins: [ASN]
    /// It was learned from one of these neighbours; `.local` for routes of our own.
    public var neighbours: [PeerID]

    /// Makes a condition; without any it is every route's.
    public init(
        prefixes: [PrefixMatch] = [], family: AddressFamily? = nil, communities: [Community] = [],
        largeCommunities: [LargeCommunity] = [], asPath: ASPathExpression? = nil, origins: [ASN] = [],
        neighbours: [PeerID] = []
    ) {
        self.prefixes = prefixes
        self.family = family
        self.communities = communities
        self.largeCommunities = largeCommunities
        self.asPath = asPath
        self.origins = origins
        self.neighbours = neighbours
    }
}

/// What a rule changes about a route.
public enum PolicyAction: Hashable, Sendable {
    /// Sets LOCAL_PREF. On export it is seen by iBGP neighbours only.
    case setLocalPreference(UInt32)
    /// Sets MULTI_EXIT_DISC, or removes it. On export it goes before the one of the options.
    case setMultiExitDiscriminator(UInt32?)
    /// Adds communities.
    case addCommunities([Community])
    /// Removes communities.
    case removeCommunities([Community])
    /// Replaces all communities.
    case setCommunities([Community])
    /// Adds large communities.
    case addLargeCommunities([LargeCommunity])
    /// Removes large communities.
    case removeLargeCommunities([LargeCommunity])
    /// Replaces all large communities.
    case setLargeCommunities([LargeCommunity])
    /// Puts an AS number in front of AS_PATH so many times, on eBGP only: on export our own, on import the neighbour's.
    case prepend(UInt8)
    /// Sets the next hop. An address of the other family than the prefix changes nothing.
    case setNextHop(IPAddress)
    /// Sets our own address as the next hop; without one of the family the route is not sent. On import the next hop stays
    /// as it was received.
    case setNextHopSelf
}

/// A rule of routing policy. The rules for a neighbour and direction are asked in order; those whose condition holds change
/// the route, and the first of them that does not go on ends it. A route that reaches the end is accepted: what relations
/// and well-known communities forbid is forbidden whatever the rules say.
public struct PolicyRule: Hashable, Sendable {
    /// What becomes of a route after the actions.
    public enum Verdict: Hashable, Sendable {
        /// It is accepted, and no further rule is asked.
        case accept
        /// It is rejected: on import it takes no part in the decision, on export it is not sent.
        case reject
        /// The next rule is asked, and sees what this one changed.
        case proceed
    }

    /// Which routes the rule applies to.
    public var condition: PolicyCondition
    /// What it changes about them, in order.
    public var actions: [PolicyAction]
    /// What becomes of them.
    public var verdict: Verdict

    /// Makes a rule.
    public init(_ condition: PolicyCondition = PolicyCondition(), _ actions: [PolicyAction] = [], _ verdict: Verdict) {
        self.condition = condition
        self.actions = actions
        self.verdict = verdict
    }
}
