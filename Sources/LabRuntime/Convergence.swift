/// Whether a lab's routing has come to rest, proven from counters (Mattern's four-counter method).
///
/// Every speaker reports, each time it has nothing left to do, how many UPDATE messages it has handed to each session
/// and how many it has received and worked off. A message that is under way has been counted as sent and not yet as
/// received. One look at all counters can be fooled, because they are not read at one moment; so once all agree, a
/// second round is asked for, and only when that round shows the same numbers was nothing under way in between.
///
/// Daemons of others count differently, or not at all. A session with one of them agrees when both ends have it and the end
/// of the other daemon is settled, which is a belief with stated grounds (`labd adapter`) and no proof.
struct Convergence {
    /// What one end of a session last said of it.
    struct End: Equatable {
        var isEstablished = false
        var sent = 0
        var received = 0
        var hasEndOfRIB = false
        /// Whether a daemon of others is believed to have nothing left to do; nil for ours, which counts.
        var isSettled: Bool?
    }

    /// What `up` has to wait for, and how far it is.
    struct Progress: Equatable {
        var established = 0
        var expected = 0
        var isBalanced = false
    }

    /// One end of a session: the node, and the address of its neighbour.
    struct Key: Hashable {
        let node: Int
        let remoteAddress: String

        /// The same end when nodes have other numbers; nil when its node is gone.
        func renumbered(_ nodes: [Int?]) -> Key? {
            nodes[node].map { Key(node: $0, remoteAddress: remoteAddress) }
        }
    }

    private let opposite: [Key: Key]
    private(set) var ends: [Key: End] = [:]
    /// The ends that a fault keeps down: rest comes without them.
    private(set) var held: Set<Key> = []
    /// Those of them that are yet to fall, when a timer runs out: until then their routes lead nowhere, and that is no rest.
    private var falling: Set<Key> = []
    private var confirming: [Key: End]?

    // Reports come by the thousand, so what they say all together is kept up to date instead of looked up.
    private var established = 0
    private var expected = 0
    private var unbalanced = 0

    /// Watches sessions, each end paired with its opposite.
    init(pairs: [(Key, Key)]) {
        opposite = Dictionary(pairs.flatMap { [($0.0, $0.1), ($0.1, $0.0)] }, uniquingKeysWith: { first, _ in first })
        for key in opposite.keys { ends[key] = End() }
        recount()
    }

    /// Takes a report. Reports of sessions that nobody expects are ignored.
    mutating func report(_ key: Key, _ end: End) {
        guard let old = ends[key], old != end else { return }
        let both = [key, opposite[key]].compactMap(\.self)
        for key in both { count(key, -1) }
        ends[key] = end
        for key in both { count(key, 1) }
    }

    /// Takes what is known of sessions that are still there after a change of the lab; `nodes` are their new numbers.
    mutating func takeOver(_ before: Convergence, nodes: [Int?]) {
        for (key, end) in before.ends {
            if let key = key.renumbered(nodes) { report(key, end) }
        }
    }

    /// A speaker has ended: nothing of it is established.
    mutating func lost(node: Int) {
        for key in ends.keys where key.node == node { report(key, End()) }
    }

    /// Says which ends a fault keeps down, and which of them nothing but a timer ends.
    mutating func hold(_ held: Set<Key>, falling: Set<Key> = []) {
        self.held = held
        self.falling = falling
        recount()
    }

    private mutating func recount() {
        (established, expected, unbalanced) = (0, 0, 0)
        for key in ends.keys { count(key, 1) }
    }

    /// Adds or takes away what one end counts for.
    private mutating func count(_ key: Key, _ sign: Int) {
        guard let end = ends[key] else { return }
        if held.contains(key) {
            if end.isEstablished, falling.contains(key) { unbalanced += sign }
            return
        }
        expected += sign
        if end.isEstablished { established += sign }
        if !isBalanced(end, opposite[key].flatMap { ends[$0] }) { unbalanced += sign }
    }

    private func isBalanced(_ end: End, _ other: End?) -> Bool {
        guard end.isEstablished else { return false }
        if let isSettled = end.isSettled { return isSettled }
        // The other end answers for both directions: what we sent it, it has taken from the kernel.
        if other?.isSettled != nil { return true }
        return end.hasEndOfRIB && end.sent == other?.received
    }

    var progress: Progress {
        Progress(established: established, expected: expected, isBalanced: unbalanced == 0)
    }

    /// What to do next.
    enum Verdict: Equatable {
        /// Wait for reports.
        case wait
        /// Ask every speaker for its counters, then call ``confirm()``.
        case ask
    }

    /// Whether the counters agree, and a second round should be asked for.
    mutating func evaluate() -> Verdict {
        guard confirming == nil, progress.isBalanced else { return .wait }
        confirming = ends
        return .ask
    }

    /// The second round is in. True when it showed what the first did: routing has come to rest.
    mutating func confirm() -> Bool {
        defer { confirming = nil }
        return progress.isBalanced && confirming == ends
    }
}
