import Testing

@testable import LinkWire

private func passage(_ deadline: Int64, _ order: UInt64) -> Passage {
    Passage(deadline: deadline, order: order, frame: Frame(block: 0, length: 1), lane: 0)
}

/// The queue behind a reference: `#expect` can neither copy it nor change it.
private final class Queue {
    private var queue: DelayQueue
    init(capacity: Int) { queue = DelayQueue(capacity: capacity) }
    var count: Int { queue.count }
    var first: Passage? { queue.first }
    func insert(_ passage: Passage) -> Bool { queue.insert(passage) }
    func removeFirst() { queue.removeFirst() }
}

@Suite struct DelayQueueTests {
    @Test func framesLeaveByDeadlineThenByOrder() {
        let queue = Queue(capacity: 5_000)
        var random = SplitMix64(seed: 11)
        var expected: [(Int64, UInt64)] = []
        for order in 0..<UInt64(5_000) {
            let deadline = Int64(random.next() % 600)
            expected.append((deadline, order))
            #expect(queue.insert(passage(deadline, order)))
        }
        expected.sort { $0 < $1 }
        for (deadline, order) in expected {
            #expect(queue.first?.deadline == deadline)
            #expect(queue.first?.order == order)
            queue.removeFirst()
        }
        #expect(queue.count == 0)
    }

    @Test func orderHoldsWhileFramesComeAndGo() {
        let queue = Queue(capacity: 300)
        var random = SplitMix64(seed: 5)
        var model: [(Int64, UInt64)] = []
        for step in 0..<UInt64(20_000) {
            if random.next() % 2 == 0, model.count < 300 {
                let deadline = Int64(random.next() % 50)
                model.append((deadline, step))
                model.sort { $0 < $1 }
                _ = queue.insert(passage(deadline, step))
            } else if !model.isEmpty {
                model.removeFirst()
                queue.removeFirst()
            }
            #expect(queue.count == model.count)
            #expect(queue.first?.order == model.first?.1)
        }
    }

    @Test func aFullQueueRefuses() {
        let queue = Queue(capacity: 2)
        #expect(queue.insert(passage(2, 0)))
        #expect(queue.insert(passage(1, 1)))
        #expect(!queue.insert(passage(0, 2)))
        #expect(queue.first?.deadline == 1)
    }

    @Test func anEmptyQueueHasNothing() {
        let queue = Queue(capacity: 1)
        #expect(queue.first == nil)
        queue.removeFirst()
        #expect(queue.count == 0)
    }
}
