public import BGPWire
import Net

/// Graceful restart (RFC 4724, section 4.2): routes of a neighbour that has gone and is expected back stay, marked as stale.
///
/// The mark is a bit for each route of the pool, and there are no bits while nothing is stale.
extension Table {
    /// The session with a neighbour has ended, but its routes of `families` stay in use as stale ones. Those that were stale
    /// before go, and so do the routes of other families. What was sent to the neighbour is forgotten.
    public mutating func peerLost(_ id: PeerID, keeping families: AddressFamilies) {
        guard let index = index(of: id), peers[index].isUp else { return }
        removeStale(from: id)
        for slot in prefixes.slots where peers[index].receivedCount > 0 {
            guard families.contains(prefixes[slot].prefix.family) else { continue }
            var number = prefixes[slot].routes
            while number != 0 {
                let route = prefixes.route(number)
                if store[route.set].peer == id {
                    stale[number] = true
                    peers[index].staleCount += 1
                }
                number = route.next
            }
        }
        // Nothing but what is marked outlives the session.
        sessionEnded(index)
    }

    /// Removes what is still stale of a neighbour's routes: its End-of-RIB has come, or it is waited for no longer.
    public mutating func removeStale(from id: PeerID, _ families: AddressFamilies = [.ipv4, .ipv6]) {
        guard let index = index(of: id), peers[index].staleCount > 0 else { return }
        let before = stale
        for slot in prefixes.slots where families.contains(prefixes[slot].prefix.family) {
            removeRoutes(slot, from: id) { number, _ in !before[number] }
        }
    }

    /// How many of a neighbour's routes are stale.
    public func staleCount(from id: PeerID) -> Int { index(of: id).map { peers[$0].staleCount } ?? 0 }

    /// Takes the mark from a route that has come again or goes. Returns whether it had it.
    mutating func refresh(_ number: UInt32, ofPeerAt index: Int) -> Bool {
        guard peers[index].staleCount > 0, stale[number] else { return false }
        stale[number] = false
        peers[index].staleCount -= 1
        if !peers.contains(where: { $0.staleCount > 0 }) { stale = SlotSet() }
        return true
    }
}
