public import BGPWire
public import Net

/// What a neighbour is to be sent.
public struct OutgoingUpdates: Hashable, Sendable {
    /// Prefixes with equal attributes, so that one UPDATE can carry many.
    public struct Group: Hashable, Sendable {
        /// The attributes as they are sent.
        public var attributes: PathAttributes
        /// The prefixes, all of one family.
        public var prefixes: [IPPrefix]
        /// Their path identifiers; none where only one route to a prefix is sent.
        public var paths = PathIdentifiers()

        mutating func append(_ prefix: IPPrefix, _ path: UInt32) {
            paths.append(path, at: prefixes.count)
            prefixes.append(prefix)
        }
    }

    /// The prefixes to withdraw.
    public var withdrawn: [IPPrefix] = []
    /// The path identifiers of what is withdrawn.
    public var withdrawnPaths = PathIdentifiers()
    /// The routes to announce.
    public var announced: [Group] = []

    /// Whether there is nothing to send.
    public var isEmpty: Bool { withdrawn.isEmpty && announced.isEmpty }

    mutating func withdraw(_ prefix: IPPrefix, _ path: UInt32) {
        withdrawnPaths.append(path, at: withdrawn.count)
        withdrawn.append(prefix)
    }
}

extension Table {
    /// Whether something may have to be sent to a neighbour.
    public func hasUpdates(for id: PeerID) -> Bool {
        index(of: id).map { !peers[$0].out.isEmpty } ?? false
    }

    /// Takes what is to be sent to a neighbour, oldest change first, and regards it as sent. Only what differs from what
    /// the neighbour holds comes out: no route twice, and no withdrawal of what it does not have. Call `decide` before.
    /// - Parameters:
    ///   - id: the neighbour.
    ///   - limit: the number of prefixes after which to stop, so that the speaker can wait for the socket.
    ///   - withdrawalsOnly: leaves the announcements in the queue, for an advertisement interval that spares withdrawals.
    /// - Returns: the updates, to be sent in this order: withdrawals, then announcements.
    public mutating func takeUpdates(
        for id: PeerID, atMost limit: Int = .max, withdrawalsOnly: Bool = false
    ) -> OutgoingUpdates {
        guard let index = index(of: id) else { return OutgoingUpdates() }
        if peers[index].out.paths != nil {
            return takePathUpdates(index, atMost: limit, withdrawalsOnly: withdrawalsOnly)
        }
        // Out of the table for the while, so that its arrays are changed in place.
        var out = peers[index].out
        peers[index].out = AdjRIBOut()
        var batch = Batch(policy: peers[index].policy)
        for _ in 0..<min(max(limit, 0), out.waiting.count) {
            guard let waiting = out.dequeue() else { break }
            let target = permitted(prefixes[waiting.slot].best, waiting.slot, &batch)
            if withdrawalsOnly, target != 0, target != waiting.sent || out.isRepeated(waiting.slot) {
                out.enqueue(waiting.slot, sent: waiting.sent)
                continue
            }
            add(waiting, target, isRepeated: out.takeRepetition(of: waiting.slot), to: &batch)
            out.holdsBest[waiting.slot] = target != 0
            out.advertisedCount += (target != 0 ? 1 : 0) - (waiting.sent != 0 ? 1 : 0)
            if target == 0 { batch.finished.append(waiting.slot) }
            store.release(waiting.sent)
        }
        peers[index].out = out
        for slot in batch.finished { reclaim(slot) }
        return batch.updates
    }

    /// What prefixes must share to go into one UPDATE.
    struct Form: Hashable {
        var attributes: PathAttributes
        var isIPv6: Bool
    }

    /// The updates while they are put together.
    struct Batch {
        var updates = OutgoingUpdates()
        let policy: ExportPolicy
        let filter: ExportFilter
        /// Whether a set may have another form for another prefix, so that none can be kept for it.
        let isByPrefix: Bool
        /// Whether there are rules at all.
        let hasRules: Bool
        /// Forms that were compared, nil where a rule rejects. Those that are only sent are in their group.
        var exported: [AttributeSetID: PathAttributes?] = [:]
        var groupOfSet: [AttributeSetID: Int] = [:]
        var groupOfForm: [Form: Int] = [:]
        var lastSet: AttributeSetID = 0
        var lastGroup = 0
        /// The slots of which the neighbour holds nothing any more.
        var finished: [UInt32] = []

        init(policy: ExportPolicy) {
            self.policy = policy
            filter = policy.filter
            isByPrefix = policy.looksAtPrefix
            hasRules = !policy.configuration.exportOptions.policy.isEmpty
        }
    }

    /// The route itself if it may be sent, else 0.
    func permitted(_ set: AttributeSetID, _ slot: UInt32, _ batch: inout Batch) -> AttributeSetID {
        guard set != 0, batch.filter.permits(store[set]) else { return 0 }
        guard batch.hasRules else { return set }
        return form(set, prefixes[slot].prefix, &batch) == nil ? 0 : set
    }

    private func add(
        _ waiting: AdjRIBOut.Waiting, _ target: AttributeSetID, isRepeated: Bool, to batch: inout Batch
    ) {
        let prefix = prefixes[waiting.slot].prefix
        guard target != 0 else {
            if waiting.sent != 0 { batch.updates.withdrawn.append(prefix) }
            return
        }
        guard target != waiting.sent || isRepeated else { return }
        if waiting.sent != 0, !isRepeated, form(target, prefix, &batch) == form(waiting.sent, prefix, &batch) { return }
        guard let group = group(target, prefix, &batch) else { return }
        batch.updates.announced[group].prefixes.append(prefix)
    }

    /// The group of a set. Sets that differ only in what is not sent come out equal and share one.
    func group(_ set: AttributeSetID, _ prefix: IPPrefix, _ batch: inout Batch) -> Int? {
        if !batch.isByPrefix {
            if set == batch.lastSet { return batch.lastGroup }
            if let known = batch.groupOfSet[set] {
                batch.lastSet = set
                batch.lastGroup = known
                return known
            }
        }
        guard let attributes = batch.exported[set] ?? export(set, prefix, batch.policy) else { return nil }
        let form = Form(attributes: attributes, isIPv6: store[set].flags.contains(.ipv6))
        let group = batch.groupOfForm[form] ?? batch.updates.announced.count
        if group == batch.updates.announced.count {
            batch.updates.announced.append(OutgoingUpdates.Group(attributes: form.attributes, prefixes: []))
            batch.groupOfForm[form] = group
        }
        if !batch.isByPrefix {
            batch.groupOfSet[set] = group
            batch.lastSet = set
            batch.lastGroup = group
        }
        return group
    }

    func form(_ set: AttributeSetID, _ prefix: IPPrefix, _ batch: inout Batch) -> PathAttributes? {
        if let known = batch.exported[set] { return known }
        let attributes = export(set, prefix, batch.policy)
        if !batch.isByPrefix { batch.exported.updateValue(attributes, forKey: set) }
        return attributes
    }

    /// The attributes of a set as a neighbour with this policy is sent them for a prefix; nil if a rule rejects it.
    func export(_ set: AttributeSetID, _ prefix: IPPrefix, _ policy: ExportPolicy) -> PathAttributes? {
        policy.export(store.attributes(set), of: store[set], to: prefix)
    }
}
