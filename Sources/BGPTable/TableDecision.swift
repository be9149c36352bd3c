public import BGPWire
public import Net

/// The best route to a prefix, as far as forwarding and events need it.
public struct SelectedRoute: Hashable, Sendable {
    /// The neighbour that it was learned from, or `.local`.
    public var peer: PeerID
    /// The next hop; unspecified for a route of our own.
    public var nextHop: NextHop
    /// How the next hop is reached; for a route of our own a metric of 0 and no gateway.
    public var resolution: NextHopResolution
    /// What separated it from the runner-up.
    public var step: DecisionStep
    /// Whether packets are to be dropped instead of forwarded (RFC 7999).
    public var isBlackhole = false
    /// The routes that carry packets together with it, by neighbour address, each with another way than the others; none
    /// without `DecisionOptions.multipathLimit`.
    public var equalPaths: [EqualPath] = []
}

/// A route that carries packets together with the best one to the same prefix.
public struct EqualPath: Hashable, Sendable {
    /// The neighbour that it was learned from.
    public var peer: PeerID
    /// The next hop.
    public var nextHop: NextHop
    /// How the next hop is reached.
    public var resolution: NextHopResolution

    /// Whether packets take the same way.
    func hasSameWay(as other: EqualPath) -> Bool {
        resolution.interfaceIndex == other.resolution.interfaceIndex
            && (resolution.gateway ?? nextHop.address) == (other.resolution.gateway ?? other.nextHop.address)
    }
}

/// A change of the Loc-RIB.
public struct RouteChange: Hashable, Sendable {
    /// The prefix.
    public var prefix: IPPrefix
    /// Its best route from now on; nil if there is none.
    public var route: SelectedRoute?
    /// Its best route before; nil if there was none, and without ``Table/reportsReplaced``.
    public var replaced: ReplacedRoute?
}

/// A route that was the best one.
public struct ReplacedRoute: Hashable, Sendable {
    /// The neighbour that it was learned from, or `.local`.
    public var peer: PeerID
    /// Its path after import.
    public var asPath: ASPath
}

extension Table {
    /// Whether prefixes wait for the decision process.
    public var needsDecision: Bool { dirtyStart < dirty.count }

    /// Runs the decision process for the prefixes that changed, in the order in which they did, and queues what follows for
    /// the neighbours.
    /// - Parameter limit: the number of prefixes after which to stop, so that a full table does not hold up timers.
    /// - Returns: the prefixes whose best route, or the way to its next hop, or what goes together with it, is another one
    ///   than before.
    public mutating func decide(atMost limit: Int = .max) -> [RouteChange] {
        var changes: [RouteChange] = []
        var candidates: [Candidate] = []
        let end = dirtyStart + min(max(limit, 0), dirty.count - dirtyStart)
        while dirtyStart < end {
            let slot = dirty[dirtyStart]
            dirtyStart += 1
            if let change = decide(slot, &candidates) { changes.append(change) }
        }
        if dirtyStart == dirty.count {
            dirty.removeAll(keepingCapacity: dirty.count <= 64)
            dirtyStart = 0
        }
        return changes
    }

    private mutating func decide(_ slot: UInt32, _ candidates: inout [Candidate]) -> RouteChange? {
        let (best, step) = select(slot, &candidates)
        let old = prefixes[slot].best
        var forwardingChanged = prefixes[slot].flags.contains(.forwardingChanged)
        if decision.multipathLimit > 1, setEqualPaths(slot, best, candidates) { forwardingChanged = true }
        prefixes[slot].flags.subtract([.dirty, .forwardingChanged])
        prefixes[slot].step = step
        let prefix = prefixes[slot].prefix
        let replaced = replacedRoute(old)
        if best != old {
            store.retain(best)
            prefixes[slot].best = best
            bestCount += (best == 0 ? 0 : 1) - (old == 0 ? 0 : 1)
            queueForPeers(slot, old: old, new: best)
            store.release(old)
        }
        if pathPeerCount > 0 { queuePaths(slot) }
        guard best != 0 else {
            reclaim(slot)
            return old == 0 ? nil : RouteChange(prefix: prefix, route: nil, replaced: replaced)
        }
        guard best != old || forwardingChanged else { return nil }
        return RouteChange(prefix: prefix, route: selectedRoute(slot), replaced: replaced)
    }

    private func replacedRoute(_ old: AttributeSetID) -> ReplacedRoute? {
        guard reportsReplaced, old != 0 else { return nil }
        return ReplacedRoute(peer: store[old].peer, asPath: store.attributes(old).asPath)
    }

    /// The best of the routes to the prefix in `slot`, and what made it so; 0 if none is usable.
    private func select(_ slot: UInt32, _ candidates: inout [Candidate]) -> (AttributeSetID, DecisionStep) {
        candidates.removeAll(keepingCapacity: true)
        let first = prefixes[slot].routes
        guard first != 0 else { return (0, .onlyRoute) }
        let route = prefixes.route(first)
        if route.next == 0 {
            let isUsable = exclusion(of: first) == nil && store.resolution(route.set) != nil
            return (isUsable ? route.set : 0, .onlyRoute)
        }
        collect(slot, &candidates)
        guard let (best, step) = Decision.decide(&candidates, decision, incumbent: incumbent(slot)) else {
            return (0, .onlyRoute)
        }
        return (candidates[best].id, step)
    }

    /// The neighbour whose route to the prefix in `slot` is the best one as last decided.
    func incumbent(_ slot: UInt32) -> PeerID? {
        prefixes[slot].best == 0 ? nil : store[prefixes[slot].best].peer
    }

    /// Notes what goes together with the best of the decided candidates. True if packets take other ways than before.
    private mutating func setEqualPaths(_ slot: UInt32, _ best: AttributeSetID, _ candidates: [Candidate]) -> Bool {
        let old = equalPaths[slot] ?? []
        let new = best == 0 ? [] : equalPaths(to: best, candidates)
        equalPaths[slot] = new.isEmpty ? nil : new
        return old.count != new.count
            || !zip(old, new).allSatisfy { $0.peer == $1.peer && $0.nextHop == $1.nextHop && $0.hasSameWay(as: $1) }
    }

    private func equalPaths(to best: AttributeSetID, _ candidates: [Candidate]) -> [EqualPath] {
        guard !store[best].flags.contains(.blackhole), let bestPath = path(best) else { return [] }
        let equal = candidates.filter { candidate in
            guard let step = candidate.lostAt, step > .interiorMetric else { return false }
            return candidate.neighbourASN == store[best].neighbourASN && !store[candidate.id].flags.contains(.blackhole)
        }
        var ways = [bestPath]
        for candidate in equal.sorted(by: {
            ($0.address, $0.peer, $0.path) < ($1.address, $1.peer, $1.path)
        }) {
            guard ways.count < decision.multipathLimit, let path = path(candidate.id) else { break }
            if !ways.contains(where: { $0.hasSameWay(as: path) }) { ways.append(path) }
        }
        return Array(ways.dropFirst())
    }

    private func path(_ set: AttributeSetID) -> EqualPath? {
        store.resolution(set).map { EqualPath(peer: store[set].peer, nextHop: store.nextHop(set), resolution: $0) }
    }

    /// Appends the routes to the prefix in `slot` that are not excluded.
    func collect(_ slot: UInt32, _ candidates: inout [Candidate]) {
        var number = prefixes[slot].routes
        while number != 0 {
            let route = prefixes.route(number)
            let set = store[route.set]
            if exclusion(of: number) == nil {
                let address = index(of: set.peer).map { peers[$0].policy.configuration.address } ?? .v4(.any)
                let metric = store.resolution(route.set)?.metric
                candidates.append(
                    Candidate(route.set, set, path: prefixes.path(number), address: address, metric: metric))
            }
            number = route.next
        }
    }

    /// The best route to the prefix in `slot` as last decided.
    func selectedRoute(_ slot: UInt32) -> SelectedRoute? {
        let best = prefixes[slot].best
        guard best != 0, let resolution = store.resolution(best) else { return nil }
        return SelectedRoute(
            peer: store[best].peer, nextHop: store.nextHop(best), resolution: resolution, step: prefixes[slot].step,
            isBlackhole: store[best].flags.contains(.blackhole), equalPaths: equalPaths[slot] ?? [])
    }

    private mutating func queueForPeers(_ slot: UInt32, old: AttributeSetID, new: AttributeSetID) {
        for index in peers.indices
        where peers[index].isUp && peers[index].out.paths == nil && !peers[index].out.isQueued[slot] {
            if peers[index].out.holdsBest[slot] {
                store.retain(old)
                peers[index].out.enqueue(slot, sent: old)
            } else if new != 0, permits(new, slot, index) {
                peers[index].out.enqueue(slot, sent: 0)
            }
        }
    }

    /// Whether the neighbour at `index` may be sent this route.
    func permits(_ set: AttributeSetID, _ slot: UInt32, _ index: Int) -> Bool {
        peers[index].families.contains(prefixes[slot].prefix.family) && peers[index].filter.permits(store[set])
    }
}
