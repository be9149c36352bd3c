import BGPWire
public import Net

/// What can be changed, or asked for again, while sessions live.
extension Table {
    /// Queues the Adj-RIB-Out of a neighbour for one family again, also what it holds already (RFC 2918, section 4). A
    /// withdrawal that waits is not lost. Ignored while the session is down, and for a family that was not negotiated.
    public mutating func resend(to id: PeerID, _ family: AddressFamily) {
        guard let index = index(of: id), peers[index].isUp, peers[index].families.contains(family) else { return }
        for slot in prefixes.slots where prefixes[slot].prefix.family == family { requeue(slot, index) }
    }

    /// Changes how routes are compared. All prefixes wait for `decide`.
    public mutating func setDecision(_ options: DecisionOptions) {
        guard decision != options else { return }
        decision = options
        if options.multipathLimit <= 1 {
            // Nobody looks at them any more, and what the kernel has of them is to go.
            for slot in equalPaths.keys { prefixes[slot].flags.insert(.forwardingChanged) }
            equalPaths = [:]
        }
        for slot in prefixes.slots { markDirty(slot) }
    }

    /// Changes what is done to the routes that a neighbour sends us. Its Adj-RIB-In is imported again, without asking the
    /// neighbour, and what comes out different waits for `decide`.
    public mutating func setImportOptions(_ options: ImportOptions, of id: PeerID) {
        guard let index = index(of: id), peers[index].policy.configuration.importOptions != options else { return }
        peers[index].policy.configuration.importOptions = options
        guard peers[index].receivedCount > 0 else { return }
        // What sets become. A number that is given again is not asked for: those asked for are in use from before.
        var known: [AttributeSetID: AttributeSetID] = [:]
        for slot in prefixes.slots {
            var number = prefixes[slot].routes
            while number != 0 {
                let route = prefixes.route(number)
                if store[route.set].peer == id { importAgain(route.set, slot, prefixes.path(number), index, &known) }
                number = route.next
            }
        }
    }

    private mutating func importAgain(
        _ old: AttributeSetID, _ slot: UInt32, _ path: UInt32, _ index: Int,
        _ known: inout [AttributeSetID: AttributeSetID]
    ) {
        let prefix = prefixes[slot].prefix
        let id = peers[index].policy.peer
        if let new = known[old] { return setRoute(to: prefix, new, from: id, path: path) }
        let received = store.attributes(store[old].received == 0 ? old : store[old].received)
        let new = intern(received, to: prefix, fromPeerAt: index)
        setRoute(to: prefix, new, from: id, path: path)
        store.release(new)
        if !peers[index].policy.configuration.importOptions.lookAtPrefix(received) { known[old] = new }
    }

    /// Changes what is done to the routes that we send to a neighbour. What it would be sent in another form than it holds,
    /// or would no longer be sent, or only now, is queued for it; the rest is not sent again.
    public mutating func setExportOptions(_ options: ExportOptions, of id: PeerID) {
        guard let index = index(of: id), peers[index].policy.configuration.exportOptions != options else { return }
        let old = peers[index].policy
        peers[index].policy.configuration.exportOptions = options
        guard peers[index].isUp else { return }
        let new = peers[index].policy
        let isByPrefix = old.looksAtPrefix || new.looksAtPrefix
        var isSame: [AttributeSetID: Bool] = [:]
        func keepsForm(_ set: AttributeSetID, _ slot: UInt32) -> Bool {
            if !isByPrefix, let known = isSame[set] { return known }
            let prefix = prefixes[slot].prefix
            let same = new.filter.permits(store[set]) && export(set, prefix, old) == export(set, prefix, new)
            if !isByPrefix { isSame[set] = same }
            return same
        }
        if let paths = peers[index].out.paths {
            for slot in prefixes.slots where !paths[slot].allSatisfy({ keepsForm($0.set, slot) }) {
                requeuePaths(slot, index)
            }
            // What was not sent before may be from now on.
            for slot in prefixes.slots where prefixes[slot].routes != 0 { queuePaths(slot, index) }
            return
        }
        for waiting in peers[index].out.waiting where waiting.sent != 0 && !keepsForm(waiting.sent, waiting.slot) {
            peers[index].out.repeat(waiting.slot)
        }
        for slot in prefixes.slots where prefixes[slot].best != 0 && !peers[index].out.isQueued[slot] {
            if peers[index].out.holdsBest[slot], keepsForm(prefixes[slot].best, slot) { continue }
            requeue(slot, index)
        }
    }

    /// Has the route to the prefix in `slot` sent to the neighbour at `index` in any case, or withdrawn if it holds one that
    /// it may not be sent.
    private mutating func requeue(_ slot: UInt32, _ index: Int) {
        guard peers[index].out.paths == nil else { return requeuePaths(slot, index) }
        let best = prefixes[slot].best
        if !peers[index].out.isQueued[slot] {
            guard best != 0 else { return }
            let isHeld = peers[index].out.holdsBest[slot]
            guard isHeld || permits(best, slot, index) else { return }
            if isHeld { store.retain(best) }
            peers[index].out.enqueue(slot, sent: isHeld ? best : 0)
        }
        peers[index].out.repeat(slot)
    }
}
