import CLinux
import Foundation
import Sys
import TestSupport
import Testing

@Suite struct EventLoopTests {
    @Test("Timers fire by deadline, and those of one deadline in the order in which they were made") func order() throws
    {
        let loop = try EventLoop()
        let start = Clock.monotonic()
        var fired: [Int] = []
        var random = SeededGenerator(9)
        let offsets = (0..<200).map { _ in Int.random(in: 0...5, using: &random) }
        for (number, offset) in offsets.enumerated() {
            loop.schedule(at: start + Int64(offset) * 1_000_000) {
                #expect(Clock.monotonic() >= start + Int64(offset) * 1_000_000, "too early")
                fired.append(number)
                if fired.count == offsets.count { loop.stop() }
            }
        }
        try loop.run()
        #expect(fired == offsets.indices.sorted { (offsets[$0], $0) < (offsets[$1], $1) })
    }

    @Test("What is self-contained leaves nothing to do before the loop sleeps, unless it says so") func selfContained()
        throws
    {
        let loop = try EventLoop()
        let pair = try FileDescriptor.streamPair()
        var calls = 0
        var seen: [Int] = []
        loop.beforeSleep = { calls += 1 }
        // Each step is a turn of the loop, and makes the next one.
        func next(isSelfContained: Bool = true, _ body: @escaping () -> Void) {
            loop.schedule(at: .min, isSelfContained: isSelfContained) {
                seen.append(calls)
                body()
            }
        }
        try loop.add(pair.first.raw, .read, isSelfContained: true) { _ in
            loop.remove(pair.first.raw)
            seen.append(calls)
            next { loop.stop() }
        }
        next {
            next {
                loop.leaveWork()
                next { next(isSelfContained: false) { next { try? pair.second.writeAll([1]) } } }
            }
        }
        try loop.run()
        #expect(seen == [0, 1, 2, 2, 3, 3, 3])
    }

    @Test("A cancelled timer does not fire, also when another of the same turn cancels it") func cancel() throws {
        let loop = try EventLoop()
        let now = Clock.monotonic()
        var fired: [String] = []
        var victim: Sys.Timer?
        loop.schedule(at: now) {
            fired.append("first")
            victim?.cancel()
        }
        victim = loop.schedule(at: now) { fired.append("cancelled in the same turn") }
        loop.schedule(at: now - 1) { fired.append("cancelled before") }.cancel()
        let last = loop.schedule(at: now + 1_000_000) {
            fired.append("last")
            loop.stop()
        }
        try loop.run()
        last.cancel()
        #expect(fired == ["first", "last"])
    }

    @Test(
        "A timer that makes the next one in its handler starves neither descriptors nor other timers",
        arguments: [0, .min] as [Nanoseconds])
    func starvation(_ deadline: Nanoseconds) throws {
        let loop = try EventLoop()
        let pair = try FileDescriptor.streamPair()
        try pair.second.writeAll([1])
        var seen: Set<String> = []
        var turns = 0
        func see(_ what: String) {
            seen.insert(what)
            if seen.count == 3 { loop.stop() }
        }
        func again() {
            turns += 1
            if turns == 1000 { return loop.stop() }
            loop.schedule(at: deadline) { again() }
        }
        loop.schedule(at: deadline) { again() }
        loop.schedule(after: 0) { see("a timer of the same turn") }
        loop.schedule(after: 1_000) { see("a later timer") }
        try loop.add(pair.first.raw, .read) { _ in see("a descriptor") }
        try loop.run()
        loop.remove(pair.first.raw)
        #expect(seen.count == 3, "after \(turns) turns only \(seen.sorted())")
    }

    @Test("A handler may remove its own descriptor and others that are ready in the same batch") func removal() throws {
        let loop = try EventLoop()
        let one = try FileDescriptor.streamPair()
        let two = try FileDescriptor.streamPair()
        try one.second.writeAll([1])
        try two.second.writeAll([1])
        var called: [Int32] = []
        let all = [one.first.raw, two.first.raw]
        for raw in all {
            try loop.add(raw, .read) { _ in
                called.append(raw)
                for other in all { loop.remove(other) }
                loop.schedule(after: 0) { loop.stop() }
            }
        }
        try loop.run()
        #expect(called.count == 1)
    }

    @Test("Readiness of a closed descriptor is not told to the next one that gets its number") func reuse() throws {
        let loop = try EventLoop()
        let all = try (0..<2).map { _ -> [Int32] in
            let (here, there) = try FileDescriptor.streamPair().release()
            _ = write(there, [1], 1)
            return [here, there]
        }
        var told: [String] = []
        for pair in all {
            try loop.add(pair[0], .read) { _ in
                let victim = all[pair == all[0] ? 1 : 0][0]
                told.append("ready")
                loop.remove(victim)
                loop.remove(pair[0])
                // A new file under the old number, as a close and an open in one handler give it.
                guard let empty = try? FileDescriptor.streamPair(), dup2(empty.first.raw, victim) == victim
                else {
                    return
                }
                let (first, second) = empty.release()
                try? loop.add(victim, .read) { _ in told.append("stale") }
                loop.schedule(after: 1_000_000) {
                    loop.remove(victim)
                    for raw in [first, second] { close(raw) }
                    loop.stop()
                }
            }
        }
        try loop.run()
        for pair in all { for raw in pair { close(raw) } }
        #expect(told == ["ready"])
    }

    @Test("Both directions are told, and a hang-up without being asked for") func readiness() throws {
        let loop = try EventLoop()
        let pair = try FileDescriptor.streamPair()
        let raw = pair.first.raw
        var seen: [Readiness] = []
        try loop.add(raw, [.read, .write]) { readiness in
            seen.append(readiness)
            loop.stop()
        }
        #expect(throws: SystemError(code: EEXIST, call: "epoll_ctl", object: "descriptor \(raw)")) {
            try loop.add(raw, .read) { _ in }
        }
        try loop.run()
        try pair.second.writeAll([1])
        try loop.run()
        try loop.modify(raw, [])
        let (_, other) = pair.release()
        close(other)
        try loop.run()
        loop.remove(raw)
        close(raw)
        #expect(seen.first == .write && seen.dropFirst().first == [.read, .write])
        #expect(seen.last?.isDisjoint(with: .hangUp) == false)
        #expect(throws: SystemError.self) { try loop.modify(raw, .read) }
    }

    @Test("Signals come as calls, each with its number") func signals() throws {
        let seen = try onOwnThread {
            let loop = try EventLoop()
            var seen: [Int32] = []
            try loop.onSignals([SIGUSR1, SIGUSR2]) { number in
                seen.append(number)
                if seen.count == 2 { loop.stop() }
            }
            raise(SIGUSR2)
            raise(SIGUSR1)
            try loop.run()
            return seen
        }
        #expect(Set(seen) == [SIGUSR1, SIGUSR2])
    }

    @Test("What is to be done before sleeping comes after all that was ready, and may stop the loop") func beforeSleep()
        throws
    {
        let loop = try EventLoop()
        var seen: [String] = []
        loop.beforeSleep = {
            seen.append("sleep")
            loop.stop()
        }
        for name in ["a", "b"] { loop.schedule(after: 0) { seen.append(name) } }
        try loop.run()
        #expect(seen == ["a", "b", "sleep"])
    }

    @Test("A deadline at the end of time neither fires nor traps") func farAway() throws {
        let loop = try EventLoop()
        loop.schedule(after: .max) { Issue.record("fired") }
        loop.schedule(at: .max) { Issue.record("fired") }
        loop.schedule(after: 1_000_000) { loop.stop() }
        loop.beforeSleep = {
            loop.beforeSleep = nil; loop.schedule(at: .min) {}
        }
        try loop.run()
    }
}
