public import BGPWire
public import Net

/// A number that the table gives to a neighbour. It stays the same while sessions come and go.
public struct PeerID: Hashable, Sendable, Comparable {
    /// The number; 0 is the speaker itself.
    public let rawValue: UInt32

    /// Makes an identifier of its number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The speaker itself, as the source of the routes that it originates.
    public static let local = PeerID(rawValue: 0)

    /// Orders by number: the order in which neighbours were added.
    public static func < (left: PeerID, right: PeerID) -> Bool { left.rawValue < right.rawValue }
}

/// What a neighbour is to us (RFC 9234, section 3, seen from our side).
public enum Relation: String, Hashable, Sendable, CaseIterable {
    /// It sells us transit.
    case provider
    /// It buys transit from us.
    case customer
    /// We exchange our own and our customers' routes without payment.
    case peer
    /// One organisation with two AS numbers: everything is exchanged. RFC 9234 knows no role for it.
    case sibling
    /// The route server of an exchange point, of which we are a client: it passes on what we and its other clients announce,
    /// and carries no packets (RFC 7947).
    case routeServer = "route_server"
    /// A client of the route server that we are.
    case routeServerClient = "route_server_client"
    /// A router of our own AS: iBGP.
    case `internal`
}

/// The speaker that owns the table.
public struct LocalSpeaker: Hashable, Sendable {
    /// Our AS number.
    public var asn: ASN
    /// Our BGP Identifier (RFC 6286).
    public var identifier: IPv4Address
    /// Our CLUSTER_ID (RFC 4456, section 7).
    public var clusterID: IPv4Address

    /// Makes a speaker; the CLUSTER_ID is the BGP Identifier unless it says otherwise.
    public init(asn: ASN, identifier: IPv4Address, clusterID: IPv4Address? = nil) {
        self.asn = asn
        self.identifier = identifier
        self.clusterID = clusterID ?? identifier
    }
}

/// What may be changed about the routes that a neighbour sends us.
public struct ImportOptions: Hashable, Sendable {
    /// LOCAL_PREF in place of the one that the relation gives.
    public var localPreference: UInt32?
    /// An eBGP session that is about to be shut down: its routes get GRACEFUL_SHUTDOWN, and with it a LOCAL_PREF of 0 (RFC
    /// 8326, section 4.2).
    public var gracefulShutdown: Bool
    /// The prefixes in which the neighbour may ask with the community BLACKHOLE for packets to be dropped (RFC 7999, section
    /// 3.3): those that it is authorized to announce. A route with BLACKHOLE to another prefix takes no part in the decision.
    /// Without any, BLACKHOLE was not agreed on with this neighbour, and is a community like others.
    public var blackholes: [IPPrefix]
    /// Rules that are asked in order, after LOCAL_PREF is set and before well-known communities are looked at.
    public var policy: [PolicyRule]

    /// Makes the options; what is not named follows from the relation.
    public init(
        localPreference: UInt32? = nil, gracefulShutdown: Bool = false, blackholes: [IPPrefix] = [],
        policy: [PolicyRule] = []
    ) {
        self.localPreference = localPreference
        self.gracefulShutdown = gracefulShutdown
        self.blackholes = blackholes
        self.policy = policy
    }
}

/// What may be changed about the routes that we send to a neighbour.
public struct ExportOptions: Hashable, Sendable {
    /// How many times our AS number is prepended on eBGP beyond the one time that BGP asks for.
    public var prepend: UInt8
    /// MULTI_EXIT_DISC to send on eBGP; none otherwise (RFC 4271, section 5.1.4).
    public var multiExitDiscriminator: UInt32?
    /// Communities to add.
    public var communities: [Community]
    /// Whether NO_EXPORT (RFC 1997) is added.
    public var noExport: Bool
    /// A route leak on purpose: every route is sent, whatever the relation, and without OTC (RFC 9234), as by an AS whose
    /// filters are wrong and whose routers know nothing of roles.
    public var leak: Bool
    /// An eBGP session that is about to be shut down: GRACEFUL_SHUTDOWN is added (RFC 8326, section 4.2).
    public var gracefulShutdown: Bool
    /// Rules that are asked in order, for what the relation lets through and before the other options are applied.
    public var policy: [PolicyRule]

    /// Makes the options; what is not named follows from the relation.
    public init(
        prepend: UInt8 = 0, multiExitDiscriminator: UInt32? = nil, communities: [Community] = [],
        noExport: Bool = false, leak: Bool = false, gracefulShutdown: Bool = false, policy: [PolicyRule] = []
    ) {
        self.prepend = prepend
        self.multiExitDiscriminator = multiExitDiscriminator
        self.communities = communities
        self.noExport = noExport
        self.leak = leak
        self.gracefulShutdown = gracefulShutdown
        self.policy = policy
    }
}

/// A neighbour, as far as routing policy is concerned.
public struct PeerConfiguration: Hashable, Sendable {
    /// What the neighbour is to us.
    public var relation: Relation
    /// Its AS number; our own for `internal`.
    public var asn: ASN
    /// The address that the session is with: the last tie-breaker (RFC 4271, section 9.1.2.2 g).
    public var address: IPAddress
    /// Whether an internal neighbour is our route reflection client (RFC 4456).
    public var isClusterClient: Bool
    /// Whether routes of other ASes are sent to an internal neighbour with ourselves as the next hop.
    public var nextHopSelf: Bool
    /// Our own IPv4 address as a next hop for this neighbour; without it no IPv4 route that needs one is sent. Where IPv4 has
    /// IPv6 next hops (RFC 8950), `localIPv6` takes its place.
    public var localIPv4: IPv4Address?
    /// Our own global IPv6 address as a next hop for this neighbour; without it no IPv6 route that needs one is sent.
    public var localIPv6: IPv6Address?
    /// Our link-local address on the link to this neighbour, sent along with `localIPv6` (RFC 2545, section 3).
    public var localLinkLocal: IPv6Address?
    /// The number of routes to one prefix that the neighbour is sent in families for which that was agreed on (RFC 7911);
    /// nil for all.
    public var pathLimit: Int?
    /// What is changed on import.
    public var importOptions: ImportOptions
    /// What is changed on export.
    public var exportOptions: ExportOptions

    /// Makes a neighbour.
    public init(
        relation: Relation, asn: ASN, address: IPAddress, isClusterClient: Bool = false, nextHopSelf: Bool = false,
        localIPv4: IPv4Address? = nil, localIPv6: IPv6Address? = nil, localLinkLocal: IPv6Address? = nil,
        pathLimit: Int? = nil, importOptions: ImportOptions = ImportOptions(),
        exportOptions: ExportOptions = ExportOptions()
    ) {
        self.relation = relation
        self.asn = asn
        self.address = address
        self.isClusterClient = isClusterClient
        self.nextHopSelf = nextHopSelf
        self.localIPv4 = localIPv4
        self.localIPv6 = localIPv6
        self.localLinkLocal = localLinkLocal
        self.pathLimit = pathLimit
        self.importOptions = importOptions
        self.exportOptions = exportOptions
    }

    /// Whether the session is iBGP.
    public var isInternal: Bool { relation == .internal }
}
