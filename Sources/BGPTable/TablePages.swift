public import BGPWire
public import Net

/// A route in the Adj-RIB-In of one neighbour.
public struct ReceivedRoute: Hashable, Sendable {
    /// The path identifier that it came with (RFC 7911); 0 where the session has none.
    public var path: UInt32
    /// Its attributes before import policy, as far as the protocol itself leaves them: what eBGP does not carry is gone, and OTC
    /// is there where RFC 9234, section 5 adds it.
    public var received: PathAttributes
    /// Its attributes after import policy.
    public var imported: PathAttributes
    /// Why it takes no part in the decision process, if so.
    public var exclusion: Exclusion?
    /// When it is used again if it is suppressed for its flaps, in the table's time.
    public var reuseTime: UInt64?
    /// Whether it is the best route, as last decided.
    public var isBest: Bool
}

/// A route to a prefix in the Adj-RIB-In of a neighbour has come, changed or gone.
public struct ReceivedChange: Hashable, Sendable {
    /// The neighbour.
    public var peer: PeerID
    /// The prefix.
    public var prefix: IPPrefix
    /// The path identifier of the route (RFC 7911); 0 where the session has none.
    public var path: UInt32
}

// For who looks at a large table piece by piece, between whose looks it may change.
extension Table {
    /// Visits prefixes in the order of their places. A prefix that stays in the table all the while is visited once; one that
    /// comes or goes meanwhile may be missed, or visited twice if it comes back.
    /// - Parameters:
    ///   - place: 0 to begin with, then what the last call returned.
    ///   - limit: the number of places after which to stop.
    ///   - body: called with each prefix that is in use; false stops the visit after it.
    /// - Returns: where to go on; nil at the end.
    public func visit(from place: UInt32, atMost limit: Int, _ body: (IPPrefix) -> Bool) -> UInt32? {
        let end = prefixes.slots.upperBound
        var slot = max(place, 1)
        var left = limit
        while slot < end {
            guard left > 0 else { return slot }
            left -= 1
            let entry = prefixes[slot]
            slot += 1
            if entry.flags.contains(.used), !body(entry.prefix) { break }
        }
        return slot < end ? slot : nil
    }

    /// The routes that a neighbour has announced to exactly this prefix: none or one, or several by their path identifiers.
    public func received(_ prefix: IPPrefix, from id: PeerID) -> [ReceivedRoute] {
        let slot = prefixes.find(prefix)
        guard slot != 0, index(of: id) != nil else { return [] }
        var routes: [ReceivedRoute] = []
        var number = prefixes[slot].routes
        while number != 0 {
            let set = prefixes.route(number).set
            if store[set].peer == id { routes.append(received(number, slot)) }
            number = prefixes.route(number).next
        }
        routes.sort { $0.path < $1.path }
        // Of routes that differ only in their identifiers, the first is the best.
        if let best = routes.firstIndex(where: \.isBest) {
            for index in routes.indices[(best + 1)...] { routes[index].isBest = false }
        }
        return routes
    }

    private func received(_ number: UInt32, _ slot: UInt32) -> ReceivedRoute {
        let set = prefixes.route(number).set
        let exclusion = exclusion(of: number)
        return ReceivedRoute(
            path: prefixes.path(number), received: receivedAttributes(set), imported: store.attributes(set),
            exclusion: exclusion, reuseTime: reuseTime(number, slot),
            isBest: prefixes[slot].best == set && exclusion == nil)
    }

    /// The attributes of the best route to exactly this prefix as last decided (the Loc-RIB); nil if there is none.
    public func bestAttributes(for prefix: IPPrefix) -> PathAttributes? {
        let best = prefixes[prefixes.find(prefix)].best
        return best == 0 ? nil : store.attributes(best)
    }

    /// The routes to exactly this prefix that take part in the decision process: who sent them, the path
    /// identifiers that they came with (0 for none), and their attributes after import. In no order that means anything.
    public func usableRoutes(to prefix: IPPrefix) -> [(peer: PeerID, path: UInt32, attributes: PathAttributes)] {
        var routes: [(PeerID, UInt32, PathAttributes)] = []
        var number = prefixes[prefixes.find(prefix)].routes
        while number != 0 {
            let route = prefixes.route(number)
            if exclusion(of: number) == nil {
                routes.append((store[route.set].peer, prefixes.path(number), store.attributes(route.set)))
            }
            number = route.next
        }
        return routes
    }

    /// What was noted since the last time, in order. See ``recordsReceived``.
    public mutating func takeReceivedChanges() -> [ReceivedChange] {
        guard !receivedChanges.isEmpty else { return [] }
        defer { receivedChanges = [] }
        return receivedChanges
    }

    /// The longest prefix with a route that contains an address; nil if there is none.
    public func longestMatch(_ address: IPAddress) -> IPPrefix? {
        for length in (0...address.family.bitWidth).reversed() {
            let slot = prefixes.find(IPPrefix(address, length: length))
            if slot != 0, prefixes[slot].routes != 0 { return prefixes[slot].prefix }
        }
        return nil
    }

    /// The number of prefixes that a neighbour announces to us and that may take part in the decision process.
    public func acceptedCount(from id: PeerID) -> Int {
        index(of: id).map { peers[$0].receivedCount - peers[$0].excludedCount } ?? 0
    }
}
