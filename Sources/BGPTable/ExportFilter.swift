import BGPWire
import Net

/// Which routes one neighbour may be sent. It is asked for every prefix and neighbour, so it holds what it needs of the
/// `ExportPolicy` without any reference that would have to be counted.
struct ExportFilter {
    private let peer: PeerID
    private let identifier: IPv4Address
    private let relation: Relation
    private let isInternal: Bool
    private let isClusterClient: Bool
    private let nextHopSelf: Bool
    private let leak: Bool
    private let isExtendedNextHop: Bool
    private let hasIPv4: Bool
    private let hasIPv6: Bool

    init(_ policy: ExportPolicy) {
        peer = policy.peer
        identifier = policy.identifier
        relation = policy.configuration.relation
        isInternal = policy.configuration.isInternal
        isClusterClient = policy.configuration.isClusterClient
        nextHopSelf = policy.configuration.nextHopSelf
        leak = policy.configuration.exportOptions.leak
        isExtendedNextHop = policy.isExtendedNextHop
        hasIPv4 = policy.configuration.localIPv4 != nil
        hasIPv6 = policy.configuration.localIPv6 != nil
    }

    /// Whether the neighbour may be sent the routes of this set.
    func permits(_ set: AttributeSet) -> Bool {
        guard set.peer != peer else { return false }
        guard !isTransparent else { return permitsClient(set) }
        guard !set.flags.contains(.noAdvertise) else { return false }
        return (isInternal ? permitsInternal(set) : permitsExternal(set)) && hasNextHop(for: set)
    }

    /// A route server has nothing for its clients but what they say, and what it originates itself.
    private func permitsClient(_ set: AttributeSet) -> Bool {
        (set.flags.contains(.routeServerClient) || set.peer == .local) && hasNextHop(for: set)
    }

    /// RFC 4271, section 9.2: routes learned by iBGP are not passed on by iBGP, but for reflection (RFC 4456, section 6).
    private func permitsInternal(_ set: AttributeSet) -> Bool {
        guard set.flags.contains(.internal) else { return true }
        return (set.flags.contains(.client) || isClusterClient) && set.identifier != identifier
    }

    /// Customers and siblings get everything, providers and peers only what did not come from above or from beside: our own
    /// routes and those of customers. OTC tells these apart also when they came by iBGP. What a sibling learned from its
    /// providers and peers carries OTC as well, so routes of a sibling without OTC are as good as a customer's.
    private func permitsExternal(_ set: AttributeSet) -> Bool {
        guard !set.flags.contains(.noExport) else { return false }
        switch relation {
        case .customer, .sibling, .routeServerClient, .internal: return true
        case .provider, .routeServer: break
        case .peer: if set.flags.contains(.noPeer) { return false }
        }
        return leak || !set.flags.contains(.onlyToCustomer)
    }

    /// A next hop of another family than the prefix goes only where that was agreed on (RFC 8950, section 4).
    private func hasNextHop(for set: AttributeSet) -> Bool {
        guard !setsNextHop(for: set) else { return hasOwnNextHop(for: set) }
        return isExtendedNextHop || !set.flags.contains(.extendedNextHop)
    }

    func hasOwnNextHop(for set: AttributeSet) -> Bool {
        namesIPv6(for: set) ? hasIPv6 : hasIPv4
    }

    /// Whether our own next hop is our IPv6 address.
    func namesIPv6(for set: AttributeSet) -> Bool { isExtendedNextHop || set.flags.contains(.ipv6) }

    /// Whether what clients of a route server say to each other passes as it is, communities included (RFC 7947, section 2.2).
    var isTransparent: Bool { relation == .routeServerClient }

    /// Whether we name ourselves as the next hop. A reflected route keeps its own (RFC 4456, section 10).
    func setsNextHop(for set: AttributeSet) -> Bool {
        !(isInternal || isTransparent) || set.peer == .local
            || (nextHopSelf && !set.flags.contains(.internal))
    }
}
