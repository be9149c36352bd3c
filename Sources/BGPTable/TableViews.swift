public import BGPWire
public import Net

/// A route as a person looks at it: one of the routes to a prefix, with what became of it.
public struct RouteView: Hashable, Sendable {
    /// The neighbour that it was learned from, or `.local`.
    public var peer: PeerID
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
            var view = view(candidate.id, slot, lostAt: candidate.lostAt)
            view.lostTo = Decision.winner(over: candidate, ranking, decision)?.peer
            return view
        }
        var excluded: [RouteView] = []
        var number = prefixes[slot].routes
        while number != 0 {
            let route = prefixes.route(number)
            if store[route.set].exclusion != nil { excluded.append(view(route.set, slot, lostAt: nil)) }
            number = route.next
        }
        views += excluded.sorted { $0.peer < $1.peer }
        return views
    }

    private func view(_ set: AttributeSetID, _ slot: UInt32, lostAt: DecisionStep?) -> RouteView {
        RouteView(
            peer: store[set].peer, attributes: store.attributes(set), resolution: store.resolution(set),
            isBest: set == prefixes[slot].best, lostAt: lostAt, exclusion: store[set].exclusion)
    }

    /// What a neighbour holds of us for exactly this prefix (its Adj-RIB-Out); nil if nothing.
    public func advertisement(of prefix: IPPrefix, to id: PeerID) -> PathAttributes? {
        let slot = prefixes.find(prefix)
        guard slot != 0, let index = index(of: id) else { return nil }
        let out = peers[index].out
        let sent =
            out.isQueued[slot]
            ? out.waiting.first { $0.slot == slot }?.sent ?? 0 : out.holdsBest[slot] ? prefixes[slot].best : 0
        return sent == 0 ? nil : export(sent, prefix, peers[index].policy)
    }

    /// The number of prefixes that a neighbour announces to us.
    public func receivedCount(from id: PeerID) -> Int { index(of: id).map { peers[$0].receivedCount } ?? 0 }

    /// The number of prefixes that a neighbour holds of us.
    public func advertisedCount(to id: PeerID) -> Int { index(of: id).map { peers[$0].out.advertisedCount } ?? 0 }
}
