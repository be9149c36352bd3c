import Sys

/// A frame that is under way.
struct Passage {
    /// When it arrives.
    var deadline: Nanoseconds
    /// Counts up with every frame: frames of one deadline arrive in the order in which they came.
    var order: UInt64
    /// Its bytes.
    var frame: Frame
    /// The index of the lane that it travels.
    var lane: UInt32

    @inline(__always)
    fileprivate func precedes(_ other: Passage) -> Bool {
        deadline != other.deadline ? deadline < other.deadline : order < other.order
    }
}

/// All frames under way, of all links, earliest first: a binary heap of fixed capacity.
struct DelayQueue: ~Copyable {
    private let heap: UnsafeMutablePointer<Passage>
    private let capacity: Int
    private(set) var count = 0

    /// Reserves room for `capacity` frames. The memory is used only as far as the queue gets long.
    init(capacity: Int) {
        self.capacity = capacity
        heap = .allocate(capacity: capacity)
    }

    deinit { heap.deallocate() }

    /// The frame that arrives next.
    var first: Passage? { count > 0 ? heap[0] : nil }

    /// Adds a frame; false when the queue is full.
    mutating func insert(_ passage: Passage) -> Bool {
        guard count < capacity else { return false }
        var hole = count
        count += 1
        while hole > 0 {
            let parent = (hole - 1) / 2
            guard passage.precedes(heap[parent]) else { break }
            heap[hole] = heap[parent]
            hole = parent
        }
        heap[hole] = passage
        return true
    }

    /// Removes the frame that arrives next, if there is one.
    mutating func removeFirst() {
        guard count > 0 else { return }
        count -= 1
        let last = heap[count]
        var hole = 0
        while true {
            var child = 2 * hole + 1
            guard child < count else { break }
            if child + 1 < count, heap[child + 1].precedes(heap[child]) { child += 1 }
            guard heap[child].precedes(last) else { break }
            heap[hole] = heap[child]
            hole = child
        }
        heap[hole] = last
    }
}
