import BGPWire
import Net

// The Adj-RIBs-In: routes in the pool, chained to their prefixes.
extension Table {
    /// The route of a neighbour or of our own, with a set of which the route holds a reference of its own; 0 is a set for
    /// which there was no room. `now` is when the neighbour sent it; nil where it did not, and its old route only has another form.
    mutating func setRoute(
        to prefix: IPPrefix, _ set: AttributeSetID, from id: PeerID, path: UInt32 = 0, announcedAt now: UInt64? = nil
    ) {
        let slot = set == 0 ? 0 : prefixes.findOrInsert(prefix)
        guard slot != 0 else { return overflow(prefix, from: id, path: path) }
        let index = index(of: id)
        var number = route(slot, from: id, path: path).number
        var old: AttributeSetID = 0
        var wasStale = false
        if number != 0 {
            old = prefixes.route(number).set
            wasStale = now != nil && index.map { refresh(number, ofPeerAt: $0) } == true
            if wasStale, old == set { noteReceived(slot, from: id, path) }
            guard old != set else { return }
            countExclusion(of: number, from: id, -1)
            prefixes.setRoute(number, to: set)
        } else {
            number = prefixes.addRoute(slot, set, path: path)
            guard number != 0 else {
                reclaim(slot)
                return overflow(prefix, from: id, path: path)
            }
            if let index { peers[index].receivedCount += 1 }
        }
        store.retain(set)
        if let index, let now { dampAnnouncement(number, slot, from: index, replacing: wasStale ? 0 : old, at: now) }
        store.release(old)
        countExclusion(of: number, from: id, 1)
        noteReceived(slot, from: id, path)
        markDirty(slot)
    }

    /// Removes all routes of a neighbour to the prefix in `slot` but those to keep.
    mutating func removeRoutes(
        _ slot: UInt32, from id: PeerID, except isKept: (_ number: UInt32, RouteKey) -> Bool = { _, _ in false }
    ) {
        var number = prefixes[slot].routes
        while number != 0 {
            let path = prefixes.path(number)
            let isMeant =
                store[prefixes.route(number).set].peer == id
                && !isKept(number, RouteKey(prefixes[slot].prefix, path: path))
            number = prefixes.route(number).next
            if isMeant { removeRoute(slot, from: id, path: path) }
        }
    }

    /// Removes a route of a neighbour or of our own. Answers whether there was one.
    @discardableResult
    mutating func removeRoute(_ slot: UInt32, from id: PeerID, path: UInt32 = 0) -> Bool {
        let (number, previous) = route(slot, from: id, path: path)
        guard number != 0 else { return false }
        countExclusion(of: number, from: id, -1)
        if let index = index(of: id) {
            _ = refresh(number, ofPeerAt: index)
            markSuppressed(number, false, fromPeerAt: index)
        }
        store.release(prefixes.route(number).set)
        prefixes.removeRoute(slot, number, after: previous)
        if let index = index(of: id) { peers[index].receivedCount -= 1 }
        noteReceived(slot, from: id, path)
        markDirty(slot)
        return true
    }

    mutating func noteReceived(_ slot: UInt32, from id: PeerID, _ path: UInt32) {
        // With a session that has ended all of its routes go; nobody needs to hear of each.
        guard recordsReceived, let index = index(of: id), peers[index].isUp else { return }
        receivedChanges.append(ReceivedChange(peer: id, prefix: prefixes[slot].prefix, path: path))
    }

    mutating func countExclusion(of number: UInt32, from id: PeerID, _ change: Int) {
        guard exclusion(of: number) != nil, let index = index(of: id) else { return }
        peers[index].excludedCount += change
    }

    /// Why a route takes no part in the decision process, if so.
    func exclusion(of number: UInt32) -> Exclusion? {
        store[prefixes.route(number).set].exclusion ?? (suppressed[number] ? .damped : nil)
    }

    /// The attributes of a set before import policy. What eBGP does not carry is not among them.
    func receivedAttributes(_ set: AttributeSetID) -> PathAttributes {
        var received = store.attributes(store[set].received == 0 ? set : store[set].received)
        if !store[set].flags.contains(.internal) { received.localPreference = nil }
        return received
    }

    /// The route of a neighbour to the prefix in `slot` that came with the path identifier `path`, and the one before it in
    /// the chain; 0 is none.
    func route(_ slot: UInt32, from id: PeerID, path: UInt32) -> (number: UInt32, previous: UInt32) {
        var previous: UInt32 = 0
        var number = prefixes[slot].routes
        while number != 0 {
            let route = prefixes.route(number)
            if store[route.set].peer == id, prefixes.path(number) == path { return (number, previous) }
            previous = number
            number = route.next
        }
        return (0, 0)
    }

    mutating func markDirty(_ slot: UInt32) {
        guard !prefixes[slot].flags.contains(.dirty) else { return }
        prefixes[slot].flags.insert(.dirty)
        dirty.append(slot)
    }

    /// Frees the slot of a prefix that nothing knows any more.
    mutating func reclaim(_ slot: UInt32) {
        let entry = prefixes[slot]
        guard entry.routes == 0, entry.best == 0, entry.flags == .used,
            !peers.contains(where: { $0.out.isQueued[slot] })
        else { return }
        prefixes.remove(slot)
    }
}
