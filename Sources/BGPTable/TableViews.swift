public import BGPWire
public import Net

/// A route as a person looks at it: one of the routes to a prefix, with what became of it.
public struct RouteView: Hashable, Sendable {
    /// The neighbour that it was learned from, or `.local`.
    public var peer: PeerID
    /// The path identifier that it came with (RFC 7911); 0 where the session has none.
    public var path: UInt32
    /// Its attributes after import.
    public var attributes: PathAttributes
    /// How its next hop is reached; nil if it is not.
    public var resolution: NextHopResolution?
    /// Whether it is the best route, as last decided.
    public var isBest: Bool
    /// The step of the decision process that it lost at; nil for the best route and for routes that took no part.
    public var lostAt: DecisionStep?
    /// The neighbour whose route was better at that step; nil where no other route was needed to lose.
    public var lostTo: PeerID?
    /// Why it took no part, if so.
    public var exclusion: Exclusion?
    /// When it is used again if it is suppressed for its flaps, in the table's time.
    public var reuseTime: UInt64?
}

extension Table {
    /// The number of prefixes with a route, or waiting for a decision or for a withdrawal to be sent.
    public var prefixCount: Int { prefixes.count }

    /// The number of different sets of attributes in use.
    public var attributeSetCount: Int { store.count }

    /// The prefixes to which there is a route of any kind, in order.
    public var knownPrefixes: [IPPrefix] {
        prefixes.slots.filter { prefixes[$0].routes != 0 }.map { prefixes[$0].prefix }.sorted()
    }

    /// The best route to exactly this prefix as last decided (the Loc-RIB).
    public func best(for prefix: IPPrefix) -> SelectedRoute? {
        selectedRoute(prefixes.find(prefix))
    }

    /// All routes to exactly this prefix (the Adj-RIBs-In), from best to worst: the second is the runner-up. Those that took
    /// no part in the decision come last, in the order of their neighbours.
    public func routes(to prefix: IPPrefix) -> [RouteView] {
        let slot = prefixes.find(prefix)
        var candidates: [Candidate] = []
        collect(slot, &candidates)
        let ranking = Decision.ranking(candidates, decision, incumbent: incumbent(slot))
        var views = ranking.map { candidate in
            var view = view(candidate.id, slot, path: candidate.path, lostAt: candidate.lostAt)
            view.lostTo = Decision.winner(over: candidate, ranking, decision)?.peer
            return view
        }
        // Routes of one neighbour that differ only in their path identifiers are one set.
        for index in views.indices.dropFirst() where views[0].isBest { views[index].isBest = false }
        var excluded: [RouteView] = []
        var number = prefixes[slot].routes
        while number != 0 {
            let route = prefixes.route(number)
            if let exclusion = exclusion(of: number) {
                var view = view(route.set, slot, path: prefixes.path(number), lostAt: nil)
                (view.exclusion, view.isBest) = (exclusion, false)
                view.reuseTime = reuseTime(number, slot)
                excluded.append(view)
            }
            number = route.next
        }
        views += excluded.sorted { ($0.peer, $0.path) < ($1.peer, $1.path) }
        return views
    }

    private func view(_ set: AttributeSetID, _ slot: UInt32, path: UInt32, lostAt: DecisionStep?) -> RouteView {
        RouteView(
            peer: store[set].peer, path: path, attributes: store.attributes(set), resolution: store.resolution(set),
            isBest: set == prefixes[slot].best, lostAt: lostAt)
    }

    /// What a neighbour holds of us for exactly this prefix (its Adj-RIB-Out), the best of it where that is more than one
    /// route; nil if nothing.
    public func advertisement(of prefix: IPPrefix, to id: PeerID) -> PathAttributes? {
        let slot = prefixes.find(prefix)
        guard slot != 0, let index = index(of: id) else { return nil }
        let out = peers[index].out
        if out.paths != nil { return advertisedPaths(of: prefix, to: id).first?.attributes }
        let sent =
            out.isQueued[slot]
            ? out.waiting.first { $0.slot == slot }?.sent ?? 0 : out.holdsBest[slot] ? prefixes[slot].best : 0
        return sent == 0 ? nil : export(sent, prefix, peers[index].policy)
    }

    /// The routes to exactly this prefix that a neighbour holds, from the best on, each with its path identifier: none or one,
    /// or several where that was agreed on (RFC 7911).
    public func advertisedPaths(of prefix: IPPrefix, to id: PeerID) -> [(path: UInt32, attributes: PathAttributes)] {
        let slot = prefixes.find(prefix)
        guard slot != 0, let index = index(of: id) else { return [] }
        guard let paths = peers[index].out.paths?[slot] else {
            return advertisement(of: prefix, to: id).map { [(UInt32(0), $0)] } ?? []
        }
        return paths.compactMap { path in
            export(path.set, prefix, peers[index].policy).map { (path.identifier, $0) }
        }
    }

    /// The number of routes that a neighbour announces to us: prefixes, unless it sends several routes to one.
    public func receivedCount(from id: PeerID) -> Int { index(of: id).map { peers[$0].receivedCount } ?? 0 }

    /// The number of routes that a neighbour holds of us.
    public func advertisedCount(to id: PeerID) -> Int { index(of: id).map { peers[$0].out.advertisedCount } ?? 0 }
}
