import BGPWire
import Net

/// Why a route stays in the Adj-RIB-In and takes no part in the decision process.
public enum Exclusion: UInt8, Hashable, Sendable {
    /// Our own AS number is in AS_PATH (RFC 4271, section 9.1.2).
    case asPathLoop
    /// ORIGINATOR_ID is our own BGP Identifier (RFC 4456, section 8).
    case originatorLoop
    /// Our own CLUSTER_ID is in CLUSTER_LIST (RFC 4456, section 8).
    case clusterLoop
    /// OTC says that a customer, a client of our route server, or a peer other than the one that set it, may not send this (RFC 9234, section 5).
    case routeLeak
    /// A rule of import policy rejects it, or it asks for a blackhole where the neighbour may not (RFC 7999, section 3.3).
    case policy
    /// It has flapped too often (RFC 2439).
    case damped
}

/// The LOCAL_PREF that a relation gives (Gao and Rexford: what earns money, before what is free, before what costs).
public enum PreferenceByRelation {
    /// Our own routes, as the other routers of our AS see them.
    public static let own: UInt32 = 400
    /// Learned from a customer.
    public static let customer: UInt32 = 300
    /// Learned from a sibling.
    public static let sibling: UInt32 = 250
    /// Learned from a peer, or by way of a route server.
    public static let peer: UInt32 = 200
    /// Learned from a provider.
    public static let provider: UInt32 = 100
    /// Learned by iBGP without LOCAL_PREF.
    public static let absent: UInt32 = 100

    /// The preference of a route learned from a neighbour of this relation; nil for iBGP, which carries its own.
    public static func of(_ relation: Relation) -> UInt32? {
        switch relation {
        case .customer: customer
        case .sibling: sibling
        case .peer, .routeServer, .routeServerClient: peer
        case .provider: provider
        case .internal: nil
        }
    }
}

/// The attributes of a route after import policy, and what follows from them.
struct ImportedRoute {
    var peer: PeerID
    /// ORIGINATOR_ID, or the BGP Identifier of the sender.
    var identifier: IPv4Address
    var attributes: PathAttributes
    var neighbourASN: ASN
    var flags: AttributeSet.Flags
    var exclusion: Exclusion?
}

extension ImportedRoute {
    /// A route that this speaker originates.
    init(originatedBy local: LocalSpeaker, family: AddressFamily) {
        let nextHop: IPAddress = family == .ipv4 ? .v4(.any) : .v6(.any)
        attributes = PathAttributes(
            origin: .igp, asPath: ASPath(), nextHop: NextHop(nextHop), localPreference: PreferenceByRelation.own)
        peer = .local
        identifier = local.identifier
        neighbourASN = local.asn
        flags = family == .ipv6 ? .ipv6 : []
        exclusion = nil
    }

    /// Adds communities to a route of our own, and what the well-known ones mean to the neighbours.
    mutating func add(_ communities: [Community], _ largeCommunities: [LargeCommunity]) {
        attributes.add(communities)
        attributes.add(largeCommunities)
        flags.formUnion(Self.wellKnown(attributes.communities))
    }

    /// A route as `received` from `peer`, whose BGP Identifier is `identifier`.
    init(
        received: PathAttributes, family: AddressFamily, from peer: PeerID, identifier: IPv4Address,
        _ configuration: PeerConfiguration, local: LocalSpeaker
    ) {
        var attributes = received
        exclusion = Self.exclusion(of: received, configuration.relation, configuration.asn, local)
        if configuration.isInternal {
            attributes.localPreference =
                configuration.importOptions.localPreference ?? received.localPreference ?? PreferenceByRelation.absent
        } else {
            Self.applyExternal(configuration, &attributes)
        }
        self.peer = peer
        self.identifier = attributes.originatorID ?? identifier
        neighbourASN = Self.neighbourASN(attributes.asPath, configuration, local)
        flags = Self.flags(attributes, family, configuration)
        self.attributes = attributes
    }

    /// Applies the rules of the neighbour, then what well-known communities ask for.
    mutating func apply(_ configuration: PeerConfiguration, to prefix: IPPrefix) {
        applyRules(configuration, prefix)
        if !configuration.isInternal { shutDownGracefully(configuration) }
        applyBlackhole(configuration.importOptions, prefix)
    }

    private mutating func applyRules(_ configuration: PeerConfiguration, _ prefix: IPPrefix) {
        guard !configuration.importOptions.policy.isEmpty else { return }
        var route = PolicyRoute(
            attributes, to: prefix, from: peer, prepended: configuration.isInternal ? nil : neighbourASN)
        guard route.apply(configuration.importOptions.policy) else {
            if exclusion == nil { exclusion = .policy }
            return
        }
        attributes = route.attributes
        if let nextHop = route.nextHop { attributes.nextHop = NextHop(nextHop) }
        flags = Self.flags(attributes, prefix.family, configuration)
    }

    /// RFC 8326, section 4: the route stays usable until another one takes its place. A route server leaves it to its clients
    /// to say so to each other (RFC 7947, section 2.2.4).
    private mutating func shutDownGracefully(_ configuration: PeerConfiguration) {
        if configuration.importOptions.gracefulShutdown { attributes.add([.gracefulShutdown]) }
        guard configuration.relation != .routeServerClient else { return }
        if attributes.communities.contains(.gracefulShutdown) { attributes.localPreference = 0 }
    }

    /// RFC 7999, sections 3.2 and 3.3: only where it was agreed on, and not beyond our AS.
    private mutating func applyBlackhole(_ options: ImportOptions, _ prefix: IPPrefix) {
        guard !options.blackholes.isEmpty, attributes.communities.contains(.blackhole) else { return }
        guard options.blackholes.contains(where: { $0.contains(prefix) }) else {
            if exclusion == nil { exclusion = .policy }
            return
        }
        flags.insert(.blackhole)
        if flags.isDisjoint(with: [.noExport, .noAdvertise]) {
            attributes.add([.noExport])
            flags.insert(.noExport)
        }
    }

    /// Whether the attributes that were received, as import without options leaves them, follow from `imported`: on eBGP
    /// import sets LOCAL_PREF, whatever it was.
    func canBeRestored(from imported: ImportedRoute) -> Bool {
        var restored = imported.attributes
        if !flags.contains(.internal) { restored.localPreference = attributes.localPreference }
        return restored == attributes
    }

    /// What only iBGP carries is dropped (RFC 4271, section 5.1.5; RFC 7606, sections 7.9 and 7.10), and OTC is added where a
    /// provider, peer or route server left it out (RFC 9234, section 5, ingress 3). So on every route inside our AS the presence of OTC
    /// says whether it was learned from above or from beside; nothing else is needed to mark its class over iBGP.
    private static func applyExternal(_ configuration: PeerConfiguration, _ attributes: inout PathAttributes) {
        let relation = configuration.relation
        attributes.localPreference =
            configuration.importOptions.localPreference ?? PreferenceByRelation.of(relation)
        attributes.originatorID = nil
        attributes.clusterList = []
        if [.provider, .peer, .routeServer].contains(relation), attributes.onlyToCustomer == nil {
            attributes.onlyToCustomer = configuration.asn
        }
    }

    private static func exclusion(
        of attributes: PathAttributes, _ relation: Relation, _ asn: ASN, _ local: LocalSpeaker
    ) -> Exclusion? {
        if attributes.asPath.segments.contains(where: { $0.numbers.contains(local.asn) }) { return .asPathLoop }
        if relation == .internal {
            if attributes.originatorID == local.identifier { return .originatorLoop }
            if attributes.clusterList.contains(local.clusterID) { return .clusterLoop }
        }
        if let marked = attributes.onlyToCustomer {
            if relation == .customer || relation == .routeServerClient { return .routeLeak }
            if relation == .peer, marked != asn { return .routeLeak }
        }
        return nil
    }

    /// The function neighborAS of RFC 4271, section 9.1.2.2 c.
    private static func neighbourASN(
        _ path: ASPath, _ configuration: PeerConfiguration, _ local: LocalSpeaker
    ) -> ASN {
        if let first = path.segments.first, first.kind == .sequence, let number = first.numbers.first { return number }
        return configuration.isInternal ? local.asn : configuration.asn
    }

    private static func flags(
        _ attributes: PathAttributes, _ family: AddressFamily, _ configuration: PeerConfiguration
    ) -> AttributeSet.Flags {
        var flags: AttributeSet.Flags = []
        if family == .ipv6 { flags.insert(.ipv6) }
        if family == .ipv4, attributes.nextHop.address.family == .ipv6 { flags.insert(.extendedNextHop) }
        if configuration.isInternal { flags.insert(.internal) }
        if configuration.isInternal, configuration.isClusterClient { flags.insert(.client) }
        if configuration.relation == .routeServerClient { flags.insert(.routeServerClient) }
        if attributes.onlyToCustomer != nil { flags.insert(.onlyToCustomer) }
        return flags.union(wellKnown(attributes.communities))
    }

    private static func wellKnown(_ communities: [Community]) -> AttributeSet.Flags {
        var flags: AttributeSet.Flags = []
        for community in communities {
            switch community {
            case .noExport, .noExportSubconfederation: flags.insert(.noExport)
            case .noAdvertise: flags.insert(.noAdvertise)
            case .noPeer: flags.insert(.noPeer)
            default: break
            }
        }
        return flags
    }
}

extension ImportOptions {
    /// Whether routes with these attributes may be imported differently from prefix to prefix.
    func lookAtPrefix(_ attributes: PathAttributes) -> Bool {
        policy.lookAtPrefix
            || (!blackholes.isEmpty && (attributes.communities.contains(.blackhole) || !policy.isEmpty))
    }
}

extension AttributeSet {
    /// The set for what was imported; its place in the store is not known yet.
    init(_ imported: ImportedRoute) {
        let attributes = imported.attributes
        peer = imported.peer
        identifier = imported.identifier
        localPreference = attributes.localPreference ?? PreferenceByRelation.absent
        multiExitDiscriminator = attributes.multiExitDiscriminator ?? 0
        neighbourASN = imported.neighbourASN
        pathLength = UInt16(clamping: Self.length(of: attributes.asPath))
        clusterListLength = UInt16(clamping: attributes.clusterList.count)
        origin = attributes.origin
        flags = imported.flags
        exclusion = imported.exclusion
    }

    /// The length of RFC 4271, section 9.1.2.2 a: a set counts as one; confederation segments count as none (RFC 5065).
    private static func length(of path: ASPath) -> Int {
        path.segments.reduce(0) { length, segment in
            switch segment.kind {
            case .sequence: length + segment.numbers.count
            case .set: length + 1
            case .confederationSequence, .confederationSet: length
            }
        }
    }
}
