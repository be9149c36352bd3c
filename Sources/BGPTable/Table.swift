import BGPWire
public import Net

/// The routing tables of a BGP speaker (RFC 4271, section 3.2): the Adj-RIBs-In, the Loc-RIB and the Adj-RIBs-Out, with
/// import policy, decision process and export policy between them. It does no I/O and has no clock; the speaker drives it:
///
///     announce, withdraw, peerUp, peerDown, originate, nextHopChanged      what happened
///          takeNextHopRequests                                             which next hops to resolve
///               decide                                                     best routes that changed -> kernel, events
///                    takeUpdates(for:)                                     what to send, a neighbour at a time
///
/// Nothing is decided before `decide` is called, and every prefix is decided once however often it changed before. Nothing
/// is queued twice for a neighbour either: `takeUpdates` gives the difference between what it holds and what it should,
/// which is where the speaker applies its advertisement interval. Equal inputs in equal order give equal outputs. Times are in
/// nanoseconds from any beginning, and only damping looks at them.
///
/// Memory for a prefix is 32 octets and 8 for each route, 5 to 11 for the hash, and two bits for each neighbour;
/// attributes are packed and shared (see `AttributeStore`). Path identifiers take 4 octets a route once a neighbour sends
/// any, and a neighbour that is sent several routes, or is a client of our route server, takes 20 octets for each (see
/// `SentPaths`). Only routes that flap have a figure of merit (see `FlapHistory`).
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
        /// Those of them that are suppressed for their flaps.
        var dampedCount = 0
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

    /// What is remembered of routes that flap (RFC 2439); nil where they are not damped.
    var flaps: FlapHistory?
    /// The routes, by their number in the pool, that are suppressed.
    var suppressed = SlotSet()
    var dampingChanges: [DampingChange] = []
    /// Whether changes of best routes say what was the best route before.
    public var reportsReplaced = false
    /// Whether routes that come, change and go in the Adj-RIBs-In are noted for ``takeReceivedChanges()``.
    public var recordsReceived = false {
        didSet { if !recordsReceived { receivedChanges = [] } }
    }
    var receivedChanges: [ReceivedChange] = []
    /// Who sent a route for which there was no room.
    var overflows: Set<PeerID> = []

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
        flaps?.forgetAll(of: id)
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
