public import BGPWire
public import Net

// What happened: sessions that come and go, and what neighbours and the speaker itself announce and withdraw.
extension Table {
    /// The session with a neighbour is Established: the Loc-RIB is queued for it.
    /// - Parameters:
    ///   - id: the neighbour.
    ///   - identifier: the BGP Identifier of its OPEN message.
    ///   - families: the families that both sides announced (RFC 4760); routes of others are neither taken nor sent.
    ///   - pathFamilies: those of them in which the neighbour takes several routes to a prefix (RFC 7911).
    ///   - isExtendedNextHop: whether it takes IPv4 prefixes with an IPv6 next hop (RFC 8950), and we name our own.
    public mutating func peerUp(
        _ id: PeerID, identifier: IPv4Address, families: AddressFamilies, pathFamilies: AddressFamilies = [],
        isExtendedNextHop: Bool = false
    ) {
        guard let index = index(of: id) else { return }
        peerDown(id)
        peers[index].pathFamilies = pathFamilies.intersection(families)
        peers[index].policy.identifier = identifier
        peers[index].policy.isExtendedNextHop = isExtendedNextHop
        peers[index].families = families
        peers[index].isUp = true
        if !pathFamilies.isEmpty || peers[index].policy.configuration.relation == .routeServerClient {
            pathPeerCount += 1
            peers[index].out.paths = SentPaths()
            for slot in prefixes.slots where prefixes[slot].routes != 0 { queuePaths(slot, index) }
            return
        }
        for slot in prefixes.slots where prefixes[slot].best != 0 && permits(prefixes[slot].best, slot, index) {
            peers[index].out.enqueue(slot, sent: 0)
        }
    }

    /// The session with a neighbour has ended: its routes go, and what was sent to it is forgotten.
    public mutating func peerDown(_ id: PeerID) {
        guard let index = index(of: id), peers[index].isUp else { return }
        removeStale(from: id)
        sessionEnded(index)
    }

    /// Removes the routes of the neighbour at `index` but for stale ones, and forgets what was sent to it.
    mutating func sessionEnded(_ index: Int) {
        let id = PeerID(rawValue: UInt32(index + 1))
        peers[index].isUp = false
        if peers[index].receivedCount > peers[index].staleCount {
            let kept = stale
            for slot in prefixes.slots { removeRoutes(slot, from: id) { number, _ in kept[number] } }
        }
        var out = peers[index].out
        peers[index].out = AdjRIBOut()
        if let paths = out.paths {
            pathPeerCount -= 1
            for set in paths.sets { store.release(set) }
        }
        while let waiting = out.dequeue() {
            store.release(waiting.sent)
            reclaim(waiting.slot)
        }
    }

    /// A neighbour announced `prefixes`, all with these attributes. With path identifiers, a route replaces only the one with
    /// its own (RFC 7911, section 5). In an UPDATE that also withdraws, the withdrawals come
    /// first (RFC 4271, section 4.3). Ignored while the session is down, and for families that were not negotiated.
    public mutating func announce(
        _ prefixes: [IPPrefix], paths: PathIdentifiers = PathIdentifiers(), with attributes: PathAttributes,
        from id: PeerID, at now: UInt64 = 0
    ) {
        guard let index = index(of: id), peers[index].isUp else { return }
        for family in AddressFamily.allCases where peers[index].families.contains(family) {
            guard let first = prefixes.first(where: { $0.family == family }) else { continue }
            if peers[index].policy.configuration.importOptions.lookAtPrefix(attributes) {
                for (number, prefix) in prefixes.enumerated() where prefix.family == family {
                    let set = intern(attributes, to: prefix, fromPeerAt: index)
                    setRoute(to: prefix, set, from: id, path: paths[number], announcedAt: now)
                    store.release(set)
                }
                continue
            }
            let set = intern(attributes, to: first, fromPeerAt: index)
            for (number, prefix) in prefixes.enumerated() where prefix.family == family {
                setRoute(to: prefix, set, from: id, path: paths[number], announcedAt: now)
            }
            store.release(set)
        }
    }

    /// A neighbour withdrew `prefixes`; those that it never announced are ignored.
    public mutating func withdraw(
        _ prefixes: [IPPrefix], paths: PathIdentifiers = PathIdentifiers(), from id: PeerID, at now: UInt64 = 0
    ) {
        guard let index = index(of: id), peers[index].isUp else { return }
        for (number, prefix) in prefixes.enumerated() {
            if removeRoute(self.prefixes.find(prefix), from: id, path: paths[number]) {
                dampWithdrawal(RouteKey(prefix, path: paths[number]), from: index, at: now)
            }
        }
    }

    /// Withdraws what a neighbour has announced of a family but for `kept`: the routes that came again in a refresh (RFC
    /// 7313, section 4).
    public mutating func withdraw(_ family: AddressFamily, from id: PeerID, except kept: Set<RouteKey>) {
        guard let index = index(of: id), peers[index].isUp else { return }
        for slot in prefixes.slots where prefixes[slot].routes != 0 && prefixes[slot].prefix.family == family {
            removeRoutes(slot, from: id) { kept.contains($1) }
        }
    }

    /// This speaker originates `prefix` from now on, with these attributes. Its own route wins over all others. MULTI_EXIT_DISC is
    /// sent where `ExportOptions` do not say another.
    public mutating func originate(
        _ prefix: IPPrefix, communities: [Community] = [], largeCommunities: [LargeCommunity] = [],
        multiExitDiscriminator: UInt32? = nil
    ) {
        var route = ImportedRoute(originatedBy: local, family: prefix.family)
        route.attributes.multiExitDiscriminator = multiExitDiscriminator
        route.add(communities, largeCommunities)
        let set = store.intern(route)
        setRoute(to: prefix, set, from: .local)
        store.release(set)
    }

    /// This speaker no longer originates `prefix`.
    public mutating func withdrawOriginated(_ prefix: IPPrefix) {
        removeRoute(prefixes.find(prefix), from: .local)
    }

    /// The set for what the neighbour at `index` sent for `prefix`; the caller holds one reference. 0 when there is no room.
    mutating func intern(_ received: PathAttributes, to prefix: IPPrefix, fromPeerAt index: Int) -> AttributeSetID {
        let policy = peers[index].policy
        func imported(_ configuration: PeerConfiguration) -> ImportedRoute {
            var route = ImportedRoute(
                received: received, family: prefix.family, from: policy.peer, identifier: policy.identifier,
                configuration, local: local)
            route.apply(configuration, to: prefix)
            return route
        }
        let route = imported(policy.configuration)
        guard policy.configuration.importOptions != ImportOptions() else { return store.intern(route) }
        var plain = policy.configuration
        plain.importOptions = ImportOptions()
        let unchanged = imported(plain)
        guard !unchanged.canBeRestored(from: route) else { return store.intern(route) }
        let kept = store.intern(unchanged)
        defer { store.release(kept) }
        return kept == 0 ? 0 : store.intern(route, received: kept)
    }
}
