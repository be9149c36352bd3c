import BGPWire
import Net

/// The steps of the decision process (RFC 4271, section 9.1, with RFC 4456, section 9), in the order in which they are
/// taken. A best route is kept with the step that left it alone.
public enum DecisionStep: UInt8, Hashable, Sendable, CaseIterable, Comparable {
    /// There was no other route to compare with.
    case onlyRoute
    /// The next hop can be reached (section 9.1.2.1).
    case nextHopReachable
    /// This speaker originates it.
    case originatedHere
    /// The highest LOCAL_PREF (section 9.1.1).
    case localPreference
    /// The shortest AS_PATH (section 9.1.2.2 a).
    case asPathLength
    /// The lowest ORIGIN (b).
    case origin
    /// The lowest MULTI_EXIT_DISC among routes of the same neighbouring AS (c).
    case multiExitDiscriminator
    /// eBGP before iBGP (d).
    case externalOverInternal
    /// The lowest interior metric to the next hop (e).
    case interiorMetric
    /// The external route that has been the best one (RFC 5004), in the order `oldestExternal` only.
    case oldestExternal
    /// The lowest ORIGINATOR_ID or BGP Identifier (f; RFC 4456, section 9).
    case identifier
    /// The shortest CLUSTER_LIST (RFC 4456, section 9).
    case clusterListLength
    /// The lowest neighbour address (g).
    case peerAddress
    /// The lowest path identifier among routes of one neighbour (RFC 7911), which no RFC puts in order.
    case pathIdentifier

    /// Orders the steps as they are taken.
    public static func < (left: DecisionStep, right: DecisionStep) -> Bool { left.rawValue < right.rawValue }
}

/// A route in the decision process: all that the steps compare.
struct Candidate {
    var id: AttributeSetID
    var peer: PeerID
    var path: UInt32
    var address: IPAddress
    var localPreference: UInt32
    var multiExitDiscriminator: UInt32
    var neighbourASN: ASN
    var metric: UInt32?
    var identifier: IPv4Address
    var pathLength: UInt16
    var clusterListLength: UInt16
    var origin: Origin
    var isInternal: Bool
    /// The step that took this route out; nil while it is in.
    var lostAt: DecisionStep?

    init(_ id: AttributeSetID, _ set: AttributeSet, path: UInt32 = 0, address: IPAddress, metric: UInt32?) {
        self.id = id
        peer = set.peer
        self.path = path
        self.address = address
        localPreference = set.localPreference
        multiExitDiscriminator = set.multiExitDiscriminator
        neighbourASN = set.neighbourASN
        self.metric = metric
        identifier = set.identifier
        pathLength = set.pathLength
        clusterListLength = set.clusterListLength
        origin = set.origin
        isInternal = set.flags.contains(.internal)
    }
}

/// The decision process over the routes to one prefix. Every step removes routes from the whole set that is left, so the
/// outcome does not depend on the order in which the routes came, MULTI_EXIT_DISC included.
enum Decision {
    /// Marks every route but the best with the step that it lost at; returns the best route's index and the step that
    /// left it alone, or nil if no route can be used.
    /// - Parameters:
    ///   - candidates: the routes.
    ///   - options: how they are compared.
    ///   - incumbent: the neighbour whose route is the best one at present, for `oldestExternal`.
    /// - Returns: the best, or nil if there is none.
    static func decide(
        _ candidates: inout [Candidate], _ options: DecisionOptions = DecisionOptions(), incumbent: PeerID? = nil
    ) -> (best: Int, step: DecisionStep)? {
        for index in candidates.indices { candidates[index].lostAt = nil }
        var left = candidates.count
        var last = DecisionStep.onlyRoute
        for step in DecisionStep.allCases.dropFirst() {
            // Even a single route must be reachable.
            guard left > 1 || (left == 1 && step == .nextHopReachable) else { break }
            let removed: Int
            switch step {
            case .multiExitDiscriminator: removed = removeByMED(&candidates, acrossASes: options.alwaysCompareMED)
            case .oldestExternal:
                removed = options.order == .oldestExternal ? removeNewer(&candidates, than: incumbent) : 0
            default: removed = remove(at: step, &candidates)
            }
            if removed > 0 { last = step }
            left -= removed
        }
        guard let best = candidates.firstIndex(where: { $0.lostAt == nil }) else { return nil }
        return (best, last)
    }

    private static func remove(at step: DecisionStep, _ candidates: inout [Candidate]) -> Int {
        switch step {
        case .nextHopReachable: return remove(&candidates, at: step) { $0.metric == nil }
        case .peerAddress:
            let lowest = candidates.indices.filter { candidates[$0].lostAt == nil }.min {
                (candidates[$0].address, candidates[$0].peer) < (candidates[$1].address, candidates[$1].peer)
            }
            guard let lowest else { return 0 }
            let peer = candidates[lowest].peer
            return remove(&candidates, at: step) { $0.peer != peer }
        default:
            var lowest = UInt64.max
            for candidate in candidates where candidate.lostAt == nil { lowest = min(lowest, rank(candidate, step)) }
            return remove(&candidates, at: step) { rank($0, step) != lowest }
        }
    }

    /// What a step compares, as a number of which the lowest wins.
    private static func rank(_ candidate: Candidate, _ step: DecisionStep) -> UInt64 {
        switch step {
        case .originatedHere: candidate.peer == .local ? 0 : 1
        case .localPreference: UInt64(UInt32.max - candidate.localPreference)
        case .asPathLength: UInt64(candidate.pathLength)
        case .origin: UInt64(candidate.origin.rawValue)
        case .externalOverInternal: candidate.isInternal ? 1 : 0
        case .interiorMetric: UInt64(candidate.metric ?? .max)
        case .identifier: UInt64(candidate.identifier.rawValue)
        case .clusterListLength: UInt64(candidate.clusterListLength)
        case .pathIdentifier: UInt64(candidate.path)
        case .onlyRoute, .nextHopReachable, .multiExitDiscriminator, .oldestExternal, .peerAddress: 0
        }
    }

    private static func removeByMED(_ candidates: inout [Candidate], acrossASes: Bool) -> Int {
        let rivals = candidates
        return remove(&candidates, at: .multiExitDiscriminator) { candidate in
            rivals.contains {
                $0.lostAt == nil && (acrossASes || $0.neighbourASN == candidate.neighbourASN)
                    && $0.multiExitDiscriminator < candidate.multiExitDiscriminator
            }
        }
    }

    /// RFC 5004, section 3. A route with the lowest identifier needs no help, and between sessions with one speaker the
    /// address shall decide.
    private static func removeNewer(_ candidates: inout [Candidate], than incumbent: PeerID?) -> Int {
        let left = candidates.filter { $0.lostAt == nil }
        guard let oldest = left.first(where: { $0.peer == incumbent && !$0.isInternal }),
            left.contains(where: { $0.identifier < oldest.identifier })
        else { return 0 }
        return remove(&candidates, at: .oldestExternal) { $0.peer != incumbent }
    }

    private static func remove(
        _ candidates: inout [Candidate], at step: DecisionStep, where loses: (Candidate) -> Bool
    ) -> Int {
        var removed = 0
        for index in candidates.indices where candidates[index].lostAt == nil && loses(candidates[index]) {
            candidates[index].lostAt = step
            removed += 1
        }
        return removed
    }

    /// The usable routes from best to worst. A route stands before those that lost earlier; among those that lost at the
    /// same step, the one that would win without the others stands first, so the second is the runner-up.
    static func ranking(
        _ candidates: [Candidate], _ options: DecisionOptions = DecisionOptions(), incumbent: PeerID? = nil
    ) -> [Candidate] {
        var candidates = candidates
        guard let (best, _) = decide(&candidates, options, incumbent: incumbent) else {
            return candidates.sorted { ($0.peer, $0.path) < ($1.peer, $1.path) }
        }
        var order = [candidates[best]]
        for step in DecisionStep.allCases.reversed() {
            let lost = candidates.filter { $0.lostAt == step }
            for var candidate in ranking(lost, options) {
                candidate.lostAt = step
                order.append(candidate)
            }
        }
        return order
    }

    /// Whom a route of a ranking lost to: the best route, which was better at the step that took the other one out. Only
    /// MULTI_EXIT_DISC may have been lost to a route that itself lost later.
    static func winner(
        over candidate: Candidate, _ ranking: [Candidate], _ options: DecisionOptions
    ) -> Candidate? {
        switch candidate.lostAt {
        case nil, .nextHopReachable: nil
        case .multiExitDiscriminator:
            ranking.filter { rival in
                (rival.lostAt ?? .peerAddress) > .multiExitDiscriminator
                    && (options.alwaysCompareMED || rival.neighbourASN == candidate.neighbourASN)
            }.min { $0.multiExitDiscriminator < $1.multiExitDiscriminator }
        default: ranking.first { $0.lostAt == nil }
        }
    }
}
