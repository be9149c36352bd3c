/// A timer that has been scheduled and may be cancelled.
public final class Timer {
    fileprivate let deadline: Nanoseconds
    fileprivate let order: UInt64
    fileprivate let isSelfContained: Bool
    fileprivate var handler: (() -> Void)?

    fileprivate init(deadline: Nanoseconds, order: UInt64, isSelfContained: Bool, handler: @escaping () -> Void) {
        self.deadline = deadline
        self.order = order
        self.isSelfContained = isSelfContained
        self.handler = handler
    }

    /// Makes sure that the handler is not called. Does nothing after it has been.
    public func cancel() { handler = nil }

    fileprivate static func precedes(_ left: Timer, _ right: Timer) -> Bool {
        (left.deadline, left.order) < (right.deadline, right.order)
    }
}

/// Timers in a binary heap, earliest first; timers of one deadline fire in the order in which they were made.
struct TimerQueue {
    private var heap: [Timer] = []
    private var made: UInt64 = 0
    /// When the last turn began. A timer made since then for an earlier time is for this one: before the timers of the
    /// turn that have not fired yet it would hold them up, turn after turn.
    private var turn = Nanoseconds.min

    mutating func insert(
        deadline: Nanoseconds, isSelfContained: Bool = false, handler: @escaping () -> Void
    ) -> Timer {
        made &+= 1
        let timer = Timer(
            deadline: max(deadline, turn), order: made, isSelfContained: isSelfContained, handler: handler)
        heap.append(timer)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard Timer.precedes(heap[child], heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
        return timer
    }

    /// The deadline of the earliest timer that was not cancelled.
    var nextDeadline: Nanoseconds? {
        mutating get {
            while let first = heap.first, first.handler == nil { removeFirst() }
            return heap.first?.deadline
        }
    }

    /// How many timers were made so far: what ``popDue(now:madeUpTo:)`` compares with.
    var count: UInt64 { made }

    /// Takes the earliest timer that is due. Timers made after `limit` wait for the next turn, so that one which schedules
    /// itself again at once cannot starve the descriptors.
    mutating func popDue(
        now: Nanoseconds, madeUpTo limit: UInt64
    ) -> (handler: () -> Void, isSelfContained: Bool)? {
        turn = now
        guard let deadline = nextDeadline, deadline <= now, let first = heap.first, first.order <= limit else {
            return nil
        }
        removeFirst()
        // A handler is there: cancelled timers have been passed over.
        return first.handler.take().map { ($0, first.isSelfContained) }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { return }
            let right = left + 1
            let child = right < heap.count && Timer.precedes(heap[right], heap[left]) ? right : left
            guard Timer.precedes(heap[child], heap[parent]) else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
