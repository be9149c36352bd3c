public import Net

extension Table {
    /// Which next hops are to be tracked from now on and which no longer, in order. Until `nextHopChanged` says how a next
    /// hop is reached, its routes are not usable.
    public mutating func takeNextHopRequests() -> [NextHopRequest] {
        store.nextHops.takeRequests()
    }

    /// The way to a tracked next hop is now `resolution`, or there is none. An address of this router itself is none
    /// (RFC 4271, section 5.1.3). Addresses that are not tracked are ignored. A link-local address is one on the link of the
    /// neighbour `peer`.
    public mutating func nextHopChanged(
        _ address: IPAddress, onLinkOf peer: PeerID? = nil, to resolution: NextHopResolution?
    ) {
        guard let number = store.nextHops.number(of: address, onLinkOf: peer) else { return }
        let old = store.nextHops.resolution(number)
        guard old != resolution else { return }
        store.nextHops.setResolution(number, resolution)
        let sameWay = old?.gateway == resolution?.gateway && old?.interfaceIndex == resolution?.interfaceIndex
        for slot in prefixes.slots where uses(slot, nextHop: number) {
            markDirty(slot)
            if !sameWay, store[prefixes[slot].best].nextHop == number {
                prefixes[slot].flags.insert(.forwardingChanged)
            }
        }
    }

    private func uses(_ slot: UInt32, nextHop: UInt32) -> Bool {
        var number = prefixes[slot].routes
        while number != 0 {
            let route = prefixes.route(number)
            if store[route.set].nextHop == nextHop { return true }
            number = route.next
        }
        return false
    }
}
