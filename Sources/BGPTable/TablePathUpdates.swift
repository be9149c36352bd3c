import BGPWire
import Net

// Neighbours that are not simply sent the best route to each prefix. A prefix enters the queue whenever one of its routes
// changes; what the neighbour then should hold is compared with what it holds.

/// Which of the routes to a prefix a neighbour is sent, among those that it may be sent.
enum PathChoice {
    /// The best route of the Loc-RIB, or none.
    case best
    /// The best of those that it may be sent: for a client of a route server there is a route as long as one of the others
    /// may reach it (RFC 7947, section 2.3).
    case bestPermitted
    /// So many, from the best on (RFC 7911).
    case several(atMost: Int)
}

extension Table {
    /// Which routes of a family the neighbour at `index` is sent.
    func pathChoice(_ index: Int, _ family: AddressFamily) -> PathChoice {
        let peer = peers[index]
        if peer.pathFamilies.contains(family) {
            return .several(atMost: peer.policy.configuration.pathLimit ?? .max)
        }
        return peer.policy.configuration.relation == .routeServerClient ? .bestPermitted : .best
    }

    /// Queues a prefix one of whose routes has changed.
    mutating func queuePaths(_ slot: UInt32) {
        for index in peers.indices where peers[index].out.paths != nil { queuePaths(slot, index) }
    }

    /// Queues a prefix for the neighbour at `index`.
    mutating func queuePaths(_ slot: UInt32, _ index: Int) {
        guard !peers[index].out.isQueued[slot] else { return }
        guard peers[index].out.holdsPaths(slot) || mayHavePaths(slot, index) else { return }
        peers[index].out.enqueue(slot, sent: 0)
    }

    private func mayHavePaths(_ slot: UInt32, _ index: Int) -> Bool {
        prefixes[slot].routes != 0 && peers[index].families.contains(prefixes[slot].prefix.family)
    }

    /// Has what the neighbour holds of a prefix sent again, and what it should hold.
    mutating func requeuePaths(_ slot: UInt32, _ index: Int) {
        queuePaths(slot, index)
        if peers[index].out.isQueued[slot] { peers[index].out.repeat(slot) }
    }

    /// `takeUpdates` for such a neighbour.
    mutating func takePathUpdates(_ index: Int, atMost limit: Int, withdrawalsOnly: Bool) -> OutgoingUpdates {
        var out = peers[index].out
        peers[index].out = AdjRIBOut()
        var batch = Batch(policy: peers[index].policy)
        for _ in 0..<min(max(limit, 0), out.waiting.count) {
            guard let waiting = out.dequeue(), let held = out.paths?[waiting.slot] else { break }
            let isRepeated = out.takeRepetition(of: waiting.slot)
            // All that it holds is counted in `advertisedCount`.
            let room = max(limits.elements - out.advertisedCount + held.count, 0)
            let wanted = numbered(Array(chosenPaths(waiting.slot, index, &batch).prefix(room)), after: held)
            let gone = held.filter { path in !wanted.contains { $0.identifier == path.identifier } }
            let prefix = prefixes[waiting.slot].prefix
            for path in gone { batch.updates.withdraw(prefix, path.identifier) }
            let changed = wanted.filter { isRepeated || !isHeld($0, held, prefix, &batch) }
            var kept = wanted
            if withdrawalsOnly, !changed.isEmpty {
                // What takes the place of another route under its identifier waits with it.
                kept = held.filter { path in wanted.contains { $0.identifier == path.identifier } }
                out.enqueue(waiting.slot, sent: 0)
                if isRepeated { out.repeat(waiting.slot) }
            } else {
                for path in changed { announce(path, prefix, &batch) }
            }
            out.paths?[waiting.slot] = kept
            out.advertisedCount += kept.count - held.count
            for path in kept { store.retain(path.set) }
            for path in held { store.release(path.set) }
            if kept.isEmpty { batch.finished.append(waiting.slot) }
        }
        peers[index].out = out
        for slot in batch.finished { reclaim(slot) }
        return batch.updates
    }

    /// The routes that the neighbour should hold, from the best on, without identifiers of ours.
    private func chosenPaths(_ slot: UInt32, _ index: Int, _ batch: inout Batch) -> [SentPaths.Path] {
        guard peers[index].families.contains(prefixes[slot].prefix.family) else { return [] }
        let limit: Int
        switch pathChoice(index, prefixes[slot].prefix.family) {
        case .best:
            let best = permitted(prefixes[slot].best, slot, &batch)
            return best == 0 ? [] : [SentPaths.Path(peer: store[best].peer, received: 0, identifier: 0, set: best)]
        case .bestPermitted: limit = 1
        case .several(let most): limit = most
        }
        var candidates: [Candidate] = []
        collect(slot, &candidates)
        var chosen: [SentPaths.Path] = []
        while chosen.count < limit,
            let (best, _) = Decision.decide(&candidates, decision, incumbent: incumbent(slot))
        {
            let route = candidates.remove(at: best)
            guard permitted(route.id, slot, &batch) != 0 else { continue }
            chosen.append(SentPaths.Path(peer: route.peer, received: route.path, identifier: 0, set: route.id))
        }
        return chosen
    }

    /// A route keeps its identifier as long as it is sent. A new one takes that of a route that goes, which it replaces
    /// without a withdrawal, or the lowest that is free.
    private func numbered(_ chosen: [SentPaths.Path], after held: [SentPaths.Path]) -> [SentPaths.Path] {
        var wanted = chosen
        for index in wanted.indices {
            wanted[index].identifier = held.first { $0.isSameRoute(as: wanted[index]) }?.identifier ?? 0
        }
        var taken = Set(wanted.map(\.identifier))
        var reusable = held.map(\.identifier).filter { !taken.contains($0) }.sorted()[...]
        var next: UInt32 = 1
        for index in wanted.indices where wanted[index].identifier == 0 {
            if let identifier = reusable.popFirst() {
                wanted[index].identifier = identifier
            } else {
                while taken.contains(next) { next += 1 }
                wanted[index].identifier = next
            }
            taken.insert(wanted[index].identifier)
        }
        return wanted
    }

    /// Whether the neighbour holds a route under its identifier in the form in which it would be sent.
    private func isHeld(
        _ path: SentPaths.Path, _ held: [SentPaths.Path], _ prefix: IPPrefix, _ batch: inout Batch
    ) -> Bool {
        guard let old = held.first(where: { $0.identifier == path.identifier }) else { return false }
        return old.set == path.set || form(old.set, prefix, &batch) == form(path.set, prefix, &batch)
    }

    private func announce(_ path: SentPaths.Path, _ prefix: IPPrefix, _ batch: inout Batch) {
        guard let group = group(path.set, prefix, &batch) else { return }
        batch.updates.announced[group].append(prefix, path.identifier)
    }
}
