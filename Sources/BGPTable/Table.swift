public import BGPWire
public import Net

/// The routing tables of a BGP speaker (RFC 4271, section 3.2): the Adj-RIBs-In, the Loc-RIB and the Adj-RIBs-Out, with
/// import policy, decision process and export policy between them. It does no I/O and knows no time; the speaker drives it:
///
///     announce, withdraw, peerUp, peerDown, originate, nextHopChanged      what happened
///          takeNextHopRequests                                             which next hops to resolve
///               decide                                                     best routes that changed -> kernel, events
///                    takeUpdates(for:)                                     what to send, a neighbour at a time
///
/// Nothing is decided before `decide` is called, and every prefix is decided once however often it changed before. Nothing
/// is queued twice for a neighbour either: `takeUpdates` gives the difference between what it holds and what it should,
/// which is where the speaker applies its advertisement interval. Equal inputs in equal order give equal outputs.
///
/// Memory for a prefix is 32 octets and 8 for each route, 5 to 11 for the hash, and two bits for each neighbour;
/// attributes are packed and shared (see `AttributeStore`). Path identifiers take 4 octets a route once a neighbour sends
/// any, and a neighbour that is sent several routes, or is a client of our route server, takes 20 octets for each (see
/// `SentPaths`).
public struct Table: Sendable {
    struct Peer: Sendable {
        var policy: ExportPolicy {
            didSet { filter = policy.filter }
        }
        /// Always that of `policy`.
        private(set) var filter: ExportFilter
        var isUp = false
        /// Its number is not given again, so its place stays.
        var isRemoved = false
        var families: AddressFamilies = []
        /// The families of which the neighbour is sent several routes to a prefix.
        var pathFamilies: AddressFamilies = []
        var receivedCount = 0
        /// Those of them that take no part in the decision process.
        var excludedCount = 0
        /// Those of them that are left from a session that has ended.
        var staleCount = 0
        var out = AdjRIBOut()

        init(policy: ExportPolicy) {
            self.policy = policy
            filter = policy.filter
        }
    }

    /// The speaker that owns the table.
    public let local: LocalSpeaker
    /// How its decision process compares routes.
    public internal(set) var decision: DecisionOptions
    /// The neighbours; their numbers count from 1.
    var peers: [Peer] = []
    var prefixes = PrefixTable()
    var store = AttributeStore()
    /// The number of prefixes with a best route.
    public internal(set) var bestCount = 0
    var dirty: [UInt32] = []
    var dirtyStart = 0
    /// The number of neighbours that are not simply sent the best routes.
    var pathPeerCount = 0
    /// The routes that carry packets together with the best, for the slots of prefixes that have any.
    var equalPaths: [UInt32: [EqualPath]] = [:]
    /// The routes, by their number in the pool, that are left from sessions that have ended (RFC 4724).
    var stale = SlotSet()

    /// Whether changes of best routes say what was the best route before.
    public var reportsReplaced = false
    /// Whether routes that come, change and go in the Adj-RIBs-In are noted for ``takeReceivedChanges()``.
    public var recordsReceived = false {
        didSet { if !recordsReceived { receivedChanges = [] } }
    }
    var receivedChanges: [ReceivedChange] = []

    /// Makes an empty table.
    public init(local: LocalSpeaker, decision: DecisionOptions = DecisionOptions()) {
        self.local = local
        self.decision = decision
    }

    /// Adds a neighbour, whose session is down.
    public mutating func addPeer(_ configuration: PeerConfiguration) -> PeerID {
        let id = PeerID(rawValue: UInt32(peers.count + 1))
        peers.append(
            Peer(policy: ExportPolicy(local: local, configuration: configuration, peer: id, identifier: .any)))
        return id
    }

    /// Removes a neighbour: as after `peerDown`, and its number means nobody from now on. It is not given again.
    public mutating func removePeer(_ id: PeerID) {
        guard let index = index(of: id) else { return }
        peerDown(id)
        removeStale(from: id)
        peers[index].isRemoved = true
        peers[index].policy.configuration = PeerConfiguration(relation: .peer, asn: ASN(0), address: .v4(.any))
    }

    /// The neighbours, in the order in which they were added.
    public var peerIDs: [PeerID] {
        peers.indices.filter { !peers[$0].isRemoved }.map { PeerID(rawValue: UInt32($0 + 1)) }
    }

    /// How a neighbour was configured; nil if there is no such neighbour.
    public func configuration(of id: PeerID) -> PeerConfiguration? {
        index(of: id).map { peers[$0].policy.configuration }
    }

    /// The place of a neighbour in `peers`.
    func index(of id: PeerID) -> Int? {
        let index = Int(id.rawValue) - 1
        return peers.indices.contains(index) && !peers[index].isRemoved ? index : nil
    }
}

/// What tells the routes of one neighbour apart.
public struct RouteKey: Hashable, Sendable {
    /// The prefix.
    public let prefix: IPPrefix
    /// The path identifier (RFC 7911); 0 where the session has none.
    public let path: UInt32

    /// Makes a key.
    public init(_ prefix: IPPrefix, path: UInt32 = 0) {
        self.prefix = prefix
        self.path = path
    }
}

// MARK: - What happened

extension Table {
    /// The session with a neighbour is Established: the Loc-RIB is queued for it.
    /// - Parameters:
    ///   - id: the neighbour.
    ///   - identifier: the BGP Identifier of its OPEN message.
    ///   - families: the families that both sides announced (RFC 4760); routes of others are neither taken nor sent.
    ///   - pathFamilies: those of them in which the neighbour takes several routes to a prefix (RFC 7911).
    ///   - isExtendedNextHop: whether it takes IPv4 prefixes with an IPv6 next hop (RFC 8950), and we name our own.
    public mutating func peerUp(
        _ id: PeerID, identifier: IPv4Address, families: AddressFamilies, pathFamilies: AddressFamilies = [],
        isExtendedNextHop: Bool = false
    ) {
        guard let index = index(of: id) else { return }
        peerDown(id)
        peers[index].pathFamilies = pathFamilies.intersection(families)
        peers[index].policy.identifier = identifier
        peers[index].policy.isExtendedNextHop = isExtendedNextHop
        peers[index].families = families
        peers[index].isUp = true
        if !pathFamilies.isEmpty || peers[index].policy.configuration.relation == .routeServerClient {
            pathPeerCount += 1
            peers[index].out.paths = SentPaths()
            for slot in prefixes.slots where prefixes[slot].routes != 0 { queuePaths(slot, index) }
            return
        }
        for slot in prefixes.slots where prefixes[slot].best != 0 && permits(prefixes[slot].best, slot, index) {
            peers[index].out.enqueue(slot, sent: 0)
        }
    }

    /// The session with a neighbour has ended: its routes go, and what was sent to it is forgotten.
    public mutating func peerDown(_ id: PeerID) {
        guard let index = index(of: id), peers[index].isUp else { return }
        removeStale(from: id)
        sessionEnded(index)
    }

    /// Removes the routes of the neighbour at `index` but for stale ones, and forgets what was sent to it.
    mutating func sessionEnded(_ index: Int) {
        let id = PeerID(rawValue: UInt32(index + 1))
        peers[index].isUp = false
        if peers[index].receivedCount > peers[index].staleCount {
            let kept = stale
            for slot in prefixes.slots { removeRoutes(slot, from: id) { number, _ in kept[number] } }
        }
        var out = peers[index].out
        peers[index].out = AdjRIBOut()
        if let paths = out.paths {
            pathPeerCount -= 1
            for set in paths.sets { store.release(set) }
        }
        while let waiting = out.dequeue() {
            store.release(waiting.sent)
            reclaim(waiting.slot)
        }
    }

    /// A neighbour announced `prefixes`, all with these attributes. With path identifiers, a route replaces only the one with
    /// its own (RFC 7911, section 5). In an UPDATE that also withdraws, the withdrawals come
    /// first (RFC 4271, section 4.3). Ignored while the session is down, and for families that were not negotiated.
    public mutating func announce(
        _ prefixes: [IPPrefix], paths: PathIdentifiers = PathIdentifiers(), with attributes: PathAttributes,
        from id: PeerID
    ) {
        guard let index = index(of: id), peers[index].isUp else { return }
        for family in AddressFamily.allCases where peers[index].families.contains(family) {
            guard let first = prefixes.first(where: { $0.family == family }) else { continue }
            if peers[index].policy.configuration.importOptions.lookAtPrefix(attributes) {
                for (number, prefix) in prefixes.enumerated() where prefix.family == family {
                    let set = intern(attributes, to: prefix, fromPeerAt: index)
                    setRoute(to: prefix, set, from: id, path: paths[number])
                    store.release(set)
                }
                continue
            }
            let set = intern(attributes, to: first, fromPeerAt: index)
            for (number, prefix) in prefixes.enumerated() where prefix.family == family {
                setRoute(to: prefix, set, from: id, path: paths[number])
            }
            store.release(set)
        }
    }

    /// A neighbour withdrew `prefixes`; those that it never announced are ignored.
    public mutating func withdraw(
        _ prefixes: [IPPrefix], paths: PathIdentifiers = PathIdentifiers(), from id: PeerID
    ) {
        guard let index = index(of: id), peers[index].isUp else { return }
        for (number, prefix) in prefixes.enumerated() {
            removeRoute(self.prefixes.find(prefix), from: id, path: paths[number])
        }
    }

    /// Withdraws what a neighbour has announced of a family but for `kept`: the routes that came again in a refresh (RFC
    /// 7313, section 4).
    public mutating func withdraw(_ family: AddressFamily, from id: PeerID, except kept: Set<RouteKey>) {
        guard let index = index(of: id), peers[index].isUp else { return }
        for slot in prefixes.slots where prefixes[slot].routes != 0 && prefixes[slot].prefix.family == family {
            removeRoutes(slot, from: id) { kept.contains($1) }
        }
    }

    /// This speaker originates `prefix` from now on, with these attributes. Its own route wins over all others. MULTI_EXIT_DISC is
    /// sent where `ExportOptions` do not say another.
    public mutating func originate(
        _ prefix: IPPrefix, communities: [Community] = [], largeCommunities: [LargeCommunity] = [],
        multiExitDiscriminator: UInt32? = nil
    ) {
        var route = ImportedRoute(originatedBy: local, family: prefix.family)
        route.attributes.multiExitDiscriminator = multiExitDiscriminator
        route.add(communities, largeCommunities)
        let set = store.intern(route)
        setRoute(to: prefix, set, from: .local)
        store.release(set)
    }

    /// This speaker no longer originates `prefix`.
    public mutating func withdrawOriginated(_ prefix: IPPrefix) {
        removeRoute(prefixes.find(prefix), from: .local)
    }

    /// The set for what the neighbour at `index` sent for `prefix`; the caller holds one reference.
    mutating func intern(_ received: PathAttributes, to prefix: IPPrefix, fromPeerAt index: Int) -> AttributeSetID {
        let policy = peers[index].policy
        func imported(_ configuration: PeerConfiguration) -> ImportedRoute {
            var route = ImportedRoute(
                received: received, family: prefix.family, from: policy.peer, identifier: policy.identifier,
                configuration, local: local)
            route.apply(configuration, to: prefix)
            return route
        }
        let route = imported(policy.configuration)
        guard policy.configuration.importOptions != ImportOptions() else { return store.intern(route) }
        var plain = policy.configuration
        plain.importOptions = ImportOptions()
        let unchanged = imported(plain)
        guard !unchanged.canBeRestored(from: route) else { return store.intern(route) }
        let kept = store.intern(unchanged)
        let set = store.intern(route, received: kept)
        store.release(kept)
        return set
    }

    /// `isNew` says that the neighbour has sent it; otherwise it is its old route in another form.
    mutating func setRoute(
        to prefix: IPPrefix, _ set: AttributeSetID, from id: PeerID, path: UInt32 = 0, isNew: Bool = true
    ) {
        let slot = prefixes.findOrInsert(prefix)
        let (number, _) = route(slot, from: id, path: path)
        if number != 0 {
            let old = prefixes.route(number).set
            if isNew, let index = index(of: id), refresh(number, ofPeerAt: index), old == set {
                noteReceived(slot, from: id, path)
            }
            guard old != set else { return }
            countExclusion(of: old, from: id, -1)
            prefixes.setRoute(number, to: set)
            store.retain(set)
            store.release(old)
        } else {
            prefixes.addRoute(slot, set, path: path)
            store.retain(set)
            if let index = index(of: id) { peers[index].receivedCount += 1 }
        }
        countExclusion(of: set, from: id, 1)
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

    private mutating func removeRoute(_ slot: UInt32, from id: PeerID, path: UInt32 = 0) {
        let (number, previous) = route(slot, from: id, path: path)
        guard number != 0 else { return }
        if let index = index(of: id) { _ = refresh(number, ofPeerAt: index) }
        countExclusion(of: prefixes.route(number).set, from: id, -1)
        store.release(prefixes.route(number).set)
        prefixes.removeRoute(slot, number, after: previous)
        if let index = index(of: id) { peers[index].receivedCount -= 1 }
        noteReceived(slot, from: id, path)
        markDirty(slot)
    }

    private mutating func noteReceived(_ slot: UInt32, from id: PeerID, _ path: UInt32) {
        // With a session that has ended all of its routes go; nobody needs to hear of each.
        guard recordsReceived, let index = index(of: id), peers[index].isUp else { return }
        receivedChanges.append(ReceivedChange(peer: id, prefix: prefixes[slot].prefix, path: path))
    }

    private mutating func countExclusion(of set: AttributeSetID, from id: PeerID, _ change: Int) {
        guard store[set].exclusion != nil, let index = index(of: id) else { return }
        peers[index].excludedCount += change
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
