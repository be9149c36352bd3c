import BGPWire
import Net

/// A route has been suppressed, or is used again.
public struct DampingChange: Hashable, Sendable {
    /// The neighbour that it was learned from.
    public var peer: PeerID
    /// The route.
    public var route: RouteKey
    /// Its figure of merit.
    public var figure: UInt32
    /// When it is used again, in the table's time; nil when it is now.
    public var reuseTime: UInt64?
}

/// Route flap damping (RFC 2439), of routes from other ASes alone: section 5 forbids it for iBGP.
///
/// A flap is a withdrawal that the neighbour sent, or other attributes than before. What our own policy changes is none, and
/// neither is the same route again. The end of a session is no flap of its routes either: section 4.8.5 leaves it open ("may"),
/// and damping a whole table for one lost session helps nobody. What was remembered before stays, so a route that was
/// suppressed comes back suppressed.
///
/// The mark is a bit for each route of the pool, and there are no bits while nothing is suppressed.
extension Table {
    /// How routes are damped; nil where they are not.
    public var damping: DampingOptions? { flaps?.options }

    /// Damps from now on, or otherwise than before, or no longer. What is no longer suppressed then waits for `decide`.
    public mutating func setDamping(_ options: DampingOptions?, at now: UInt64) {
        guard options != damping else { return }
        let old = flaps
        flaps = options.map { old?.changed(to: $0, at: now) ?? FlapHistory($0) }
        if flaps != nil { return reuseRoutes(at: now) }
        for slot in prefixes.slots where dampedCount > 0 {
            var number = prefixes[slot].routes
            while number != 0 {
                let id = store[prefixes.route(number).set].peer
                if suppressed[number] {
                    let key = FlapHistory.Key(peer: id, route: key(number, slot))
                    setSuppressed(number, false, slot, id)
                    note(key, at: now)
                }
                number = prefixes.route(number).next
            }
        }
    }

    /// When to call ``reuseRoutes(at:)`` next; nil while no route is remembered.
    public var dampingDeadline: UInt64? { flaps?.deadline }

    /// Uses routes again whose time has come, and forgets those that have been stable. Call `decide` afterwards.
    public mutating func reuseRoutes(at now: UInt64) {
        while let (key, wasSuppressed) = flaps?.expire(at: now) {
            guard wasSuppressed else { continue }
            let slot = prefixes.find(key.route.prefix)
            let number = slot == 0 ? 0 : route(slot, from: key.peer, path: key.route.path).number
            // A route that is not there at present is used when it is.
            guard number != 0, suppressed[number] else { continue }
            setSuppressed(number, false, slot, key.peer)
            note(key, at: now)
        }
    }

    /// The number of routes of a neighbour that are suppressed.
    public func dampedCount(from id: PeerID) -> Int { index(of: id).map { peers[$0].dampedCount } ?? 0 }

    /// The number of routes that have flapped of late, announced at present or not.
    public var flappingCount: Int { flaps?.count ?? 0 }

    /// What was suppressed or is used again since the last time, in order.
    public mutating func takeDampingChanges() -> [DampingChange] {
        guard !dampingChanges.isEmpty else { return [] }
        defer { dampingChanges = [] }
        return dampingChanges
    }

    /// When the route of a neighbour is used again; nil if it is not suppressed.
    func reuseTime(_ number: UInt32, _ slot: UInt32) -> UInt64? {
        guard suppressed[number] else { return nil }
        let peer = store[prefixes.route(number).set].peer
        return flaps?.reuseTime(FlapHistory.Key(peer: peer, route: key(number, slot)))
    }

    // MARK: What neighbours do

    private var dampedCount: Int { peers.reduce(0) { $0 + $1.dampedCount } }

    private func key(_ number: UInt32, _ slot: UInt32) -> RouteKey {
        RouteKey(prefixes[slot].prefix, path: prefixes.path(number))
    }

    private func isDamped(_ index: Int) -> Bool { flaps != nil && !peers[index].policy.configuration.isInternal }

    /// The neighbour at `index` has announced the route `number`, in place of the set `old`; 0 where it had announced none.
    mutating func dampAnnouncement(
        _ number: UInt32, _ slot: UInt32, from index: Int, replacing old: AttributeSetID, at now: UInt64
    ) {
        guard isDamped(index) else { return }
        let key = FlapHistory.Key(peer: peers[index].policy.peer, route: key(number, slot))
        if old != 0, receivedAttributes(old) != receivedAttributes(prefixes.route(number).set) {
            flaps?.penalise(key, by: DampingOptions.changePenalty, at: now)
        }
        let isSuppressed = flaps?.advertise(key, at: now) ?? false
        guard isSuppressed != suppressed[number] else { return }
        markSuppressed(number, isSuppressed, fromPeerAt: index)
        note(key, at: now)
    }

    /// The neighbour at `index` has withdrawn a route that it had announced.
    mutating func dampWithdrawal(_ route: RouteKey, from index: Int, at now: UInt64) {
        guard isDamped(index) else { return }
        let key = FlapHistory.Key(peer: peers[index].policy.peer, route: route)
        flaps?.penalise(key, by: DampingOptions.withdrawalPenalty, at: now)
    }

    private mutating func setSuppressed(_ number: UInt32, _ isSuppressed: Bool, _ slot: UInt32, _ id: PeerID) {
        guard let index = index(of: id) else { return }
        countExclusion(of: number, from: id, -1)
        markSuppressed(number, isSuppressed, fromPeerAt: index)
        countExclusion(of: number, from: id, 1)
        noteReceived(slot, from: id, prefixes.path(number))
        markDirty(slot)
    }

    /// Sets or takes the mark alone.
    mutating func markSuppressed(_ number: UInt32, _ isSuppressed: Bool, fromPeerAt index: Int) {
        guard suppressed[number] != isSuppressed else { return }
        suppressed[number] = isSuppressed
        peers[index].dampedCount += isSuppressed ? 1 : -1
        if dampedCount == 0 { suppressed = SlotSet() }
    }

    private mutating func note(_ key: FlapHistory.Key, at now: UInt64) {
        let figure = flaps?.figure(key, at: now) ?? 0
        dampingChanges.append(
            DampingChange(
                peer: key.peer, route: key.route, figure: UInt32(min(figure + 0.5, Double(UInt32.max))),
                reuseTime: flaps?.reuseTime(key)))
    }
}
