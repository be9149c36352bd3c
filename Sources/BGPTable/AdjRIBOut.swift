/// One bit for each slot of the prefix table; slots behind the end have a 0.
struct SlotSet {
    private var words: [UInt64] = []

    subscript(_ slot: UInt32) -> Bool {
        get {
            let word = Int(slot >> 6)
            return word < words.count && words[word] & 1 << UInt64(slot & 63) != 0
        }
        set {
            let word = Int(slot >> 6)
            if word >= words.count {
                guard newValue else { return }
                words.append(contentsOf: repeatElement(0, count: word + 1 - words.count))
            }
            if newValue { words[word] |= 1 << UInt64(slot & 63) } else { words[word] &= ~(1 << UInt64(slot & 63)) }
        }
    }
}

/// What a neighbour has been sent, in two bits a prefix. While nothing waits for a prefix, the neighbour holds the best
/// route of the Loc-RIB in its exported form, or nothing: one bit says which. When the best route changes, the prefix enters
/// the queue together with the route that was sent; so however often it changes before the queue is taken, what is sent
/// is the difference to what the neighbour holds.
struct AdjRIBOut {
    /// A prefix that waits.
    struct Waiting {
        var slot: UInt32
        /// What the neighbour holds in its exported form; 0 for nothing. The queue holds one reference to it.
        var sent: AttributeSetID
    }

    /// Has the route to a prefix in the queue sent in any case.
    mutating func `repeat`(_ slot: UInt32) { isRepeated[slot] = true }

    /// Whether the route to a prefix in the queue is sent in any case.
    func isRepeated(_ slot: UInt32) -> Bool { isRepeated[slot] }

    /// Whether the route to a prefix that was just taken is sent in any case; from now on it is not.
    mutating func takeRepetition(of slot: UInt32) -> Bool {
        guard isRepeated[slot] else { return false }
        isRepeated[slot] = false
        return true
    }

    /// For prefixes not in the queue: whether the neighbour holds the best route.
    var holdsBest = SlotSet()
    private(set) var isQueued = SlotSet()
    /// For prefixes in the queue: whether the route is sent even if the neighbour seems to hold it, be it that the neighbour
    /// asked for it again, or that it holds it in a form that is no longer known.
    private var isRepeated = SlotSet()
    private(set) var queue: [Waiting] = []
    /// Where the queue starts: what stands before has been taken.
    private var start = 0
    /// The number of routes that the neighbour holds.
    var advertisedCount = 0
    /// What the neighbour holds, where it is not simply sent the best routes; nothing else but the queue counts then.
    var paths: SentPaths?

    /// Whether the neighbour holds routes to the prefix in a slot that `paths` knows.
    func holdsPaths(_ slot: UInt32) -> Bool { paths?.isEmpty(slot) == false }

    var isEmpty: Bool { start == queue.count }
    var waiting: ArraySlice<Waiting> { queue[start...] }

    mutating func enqueue(_ slot: UInt32, sent: AttributeSetID) {
        isQueued[slot] = true
        if start > 64, start * 2 > queue.count {
            queue.removeFirst(start)
            start = 0
        }
        queue.append(Waiting(slot: slot, sent: sent))
    }

    /// Takes the first that waits, if any.
    mutating func dequeue() -> Waiting? {
        guard start < queue.count else { return nil }
        let first = queue[start]
        start += 1
        isQueued[first.slot] = false
        if start == queue.count {
            queue.removeAll(keepingCapacity: queue.count <= 64)
            start = 0
        }
        return first
    }
}
