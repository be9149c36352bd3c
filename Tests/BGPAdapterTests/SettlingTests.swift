import Testing

@testable import BGPAdapter

struct SettlingTests {
    private let second: Int64 = 1_000_000_000

    private func queue(_ connection: String, unacknowledged: Int = 0, unread: Int = 0) -> TCPQueue {
        TCPQueue(connection: connection, unacknowledged: unacknowledged, unread: unread)
    }

    @Test func restNeedsTheWholeQuietTime() {
        var settling = Settling(quiet: second, now: 0)
        settling.observe(hasChanged: true, [queue("a")], isAwake: false, now: 10)
        settling.observe(hasChanged: false, [queue("a")], isAwake: false, now: 20)
        #expect(!settling.isSettled(now: second))
        #expect(settling.isSettled(now: second + 10))
    }

    @Test func aChangeBeginsTheTimeAnew() {
        var settling = Settling(quiet: second, now: 0)
        settling.observe(hasChanged: false, [queue("a")], isAwake: false, now: second)
        #expect(settling.isSettled(now: second))
        settling.observe(hasChanged: true, [queue("a")], isAwake: false, now: second + 1)
        #expect(!settling.isSettled(now: 2 * second))
        settling.observe(hasChanged: false, [queue("a")], isAwake: false, now: 2 * second + 1)
        #expect(settling.isSettled(now: 2 * second + 1))
    }

    @Test func aQueueThatWasNeverSeenEmptyIsNoRest() {
        var settling = Settling(quiet: second, now: 0)
        settling.observe(hasChanged: false, [queue("a"), queue("b", unacknowledged: 19)], isAwake: false, now: second)
        #expect(!settling.isSettled(now: second))
        settling.observe(hasChanged: false, [queue("a"), queue("b", unread: 19)], isAwake: false, now: 2 * second)
        #expect(!settling.isSettled(now: 2 * second))
        settling.observe(
            hasChanged: false, [queue("a", unacknowledged: 19), queue("b")], isAwake: false, now: 3 * second)
        #expect(settling.isSettled(now: 3 * second), "each was empty once: a keepalive under way is no change")
        settling.observe(hasChanged: false, [queue("a", unread: 19), queue("b")], isAwake: false, now: 4 * second)
        #expect(!settling.isSettled(now: 4 * second), "what was not read may change everything")
    }

    @Test func aDaemonThatIsAwakeIsNotAtRest() {
        var settling = Settling(quiet: second, now: 0)
        settling.observe(hasChanged: false, [queue("a")], isAwake: true, now: second)
        #expect(!settling.isSettled(now: second))
        // It may have written after the look at the queue.
        settling.observe(hasChanged: false, [queue("a", unacknowledged: 1)], isAwake: false, now: 2 * second)
        #expect(!settling.isSettled(now: 2 * second))
        settling.observe(hasChanged: false, [queue("a")], isAwake: false, now: 3 * second)
        #expect(settling.isSettled(now: 3 * second))
    }

    @Test(arguments: [
        ("12 (bird) S 1 12", false), ("12 (bird) R 1 12", true), ("12 (a) R) D 1", true), ("12 (a R) S 1", false),
        ("", false), ("12 (bird)", false),
    ])
    func theStateStandsBehindTheName(stat: String, isAwake: Bool) {
        #expect(Sleepers.isAwake(stat) == isAwake)
    }

    @Test func whatWasSeenEmptyBeforeAChangeProvesNothingAfterIt() {
        var settling = Settling(quiet: second, now: 0)
        settling.observe(hasChanged: false, [queue("a")], isAwake: false, now: 1)
        settling.observe(hasChanged: true, [queue("a", unacknowledged: 60)], isAwake: false, now: 2)
        settling.observe(hasChanged: false, [queue("a", unacknowledged: 60)], isAwake: false, now: 2 * second)
        #expect(!settling.isSettled(now: 2 * second))
    }

    @Test func theKernelsTableIsReadAsItIsWritten() {
        let text = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 00000000:00B3 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
               1: 0300010A:00B3 0200010A:9C4E 01 0000002D:00000013 01:00000014 00000000     0        0 4712 4 0 20 4 30 10 -1
               2: 0300010A:9C4F 0200010A:00B3 01 00000000:00000000 00:00000000 00000000     0        0 4713 4 0 20 4 30 10 -1
               3: 0300010A:0016 0200010A:9C50 01 00000005:00000000 00:00000000 00000000     0        0 4714 4 0 20 4 30 10 -1
               4: 0300010A:9C51 0200010A:00B3 02 00000001:00000000 00:00000000 00000000     0        0 4715 4 0 20 4 30 10 -1
            """
        #expect(
            TCPQueue.parse(text) == [
                queue("0300010A:00B3 0200010A:9C4E", unacknowledged: 45, unread: 19),
                queue("0300010A:9C4F 0200010A:00B3"),
            ])
        #expect(TCPQueue.parse("").isEmpty)
        #expect(TCPQueue.parse("0: x:00B3 y:1 01 zz").isEmpty)
    }
}
