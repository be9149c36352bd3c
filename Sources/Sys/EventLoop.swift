import CLinux
import Glibc

/// What a descriptor is ready for, or what its owner waits for.
public struct Readiness: OptionSet, Sendable {
    /// The bits of epoll(7).
    public let rawValue: UInt32
    /// Makes a set of its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A read would not block.
    public static let read = Readiness(rawValue: EPOLLIN.rawValue)
    /// A write would not block.
    public static let write = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The other side is gone, or an error is pending. Always reported, whatever was asked for.
    public static let hangUp = Readiness(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
}

/// One thread, one epoll, descriptors and timers: the heart of every daemon.
///
/// Handlers run one after the other on the thread that called ``run()``. A handler may add and remove anything, itself
/// included. The loop keeps no descriptor open: whoever adds one removes it before closing it.
public final class EventLoop {
    private let poll: FileDescriptor
    private var sources: [Int32: Source] = [:]
    private var added: UInt32 = 0
    private var timers = TimerQueue()
    private var isStopping = false
    private var isWorkLeft = true

    /// Called when the loop is about to wait, after all that was ready has been handled; not when all of that was
    /// self-contained.
    public var beforeSleep: (() -> Void)?

    private final class Source {
        /// Comes back with each event: one that was fetched for a descriptor since closed is not for the next file that got
        /// its number.
        let generation: UInt32
        let isSelfContained: Bool
        let handler: (Readiness) -> Void

        init(generation: UInt32, isSelfContained: Bool, handler: @escaping (Readiness) -> Void) {
            self.generation = generation
            self.isSelfContained = isSelfContained
            self.handler = handler
        }
    }

    /// Makes a loop. Throws ``SystemError``.
    public init() throws(SystemError) {
        poll = FileDescriptor(owning: try systemCall("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
    }

    /// Watches a descriptor, level-triggered. A self-contained handler leaves nothing for ``beforeSleep``; when it does all the
    /// same, it says so by ``leaveWork()``. Throws ``SystemError``, with EEXIST when the descriptor is watched already.
    public func add(
        _ descriptor: Int32, _ interest: Readiness, isSelfContained: Bool = false,
        _ handler: @escaping (Readiness) -> Void
    ) throws(SystemError) {
        added &+= 1
        try control(EPOLL_CTL_ADD, descriptor, interest, generation: added)
        sources[descriptor] = Source(generation: added, isSelfContained: isSelfContained, handler: handler)
    }

    /// Changes what a watched descriptor is watched for. Throws ``SystemError``.
    public func modify(_ descriptor: Int32, _ interest: Readiness) throws(SystemError) {
        try control(EPOLL_CTL_MOD, descriptor, interest, generation: sources[descriptor]?.generation ?? 0)
    }

    /// Stops watching. To be called before the descriptor is closed. Unknown descriptors are ignored.
    public func remove(_ descriptor: Int32) {
        guard sources.removeValue(forKey: descriptor) != nil else { return }
        _ = epoll_ctl(poll.raw, EPOLL_CTL_DEL, descriptor, nil)
    }

    private func control(
        _ operation: Int32, _ descriptor: Int32, _ interest: Readiness, generation: UInt32
    ) throws(SystemError) {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u64 = UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
        try systemCall("epoll_ctl", "descriptor \(descriptor)") { epoll_ctl(poll.raw, operation, descriptor, &event) }
    }

    /// Calls `handler` once, not before `deadline` (``Clock/monotonic()``).
    @discardableResult
    public func schedule(
        at deadline: Nanoseconds, isSelfContained: Bool = false, _ handler: @escaping () -> Void
    ) -> Timer {
        timers.insert(deadline: deadline, isSelfContained: isSelfContained, handler: handler)
    }

    /// Has ``beforeSleep`` called before the loop waits next.
    public func leaveWork() { isWorkLeft = true }

    /// Calls `handler` once, after `interval` nanoseconds; at the next turn when that is not positive.
    @discardableResult
    public func schedule(after interval: Nanoseconds, _ handler: @escaping () -> Void) -> Timer {
        let (deadline, overflow) = Clock.monotonic().addingReportingOverflow(interval)
        return schedule(at: overflow ? .max : deadline, handler)
    }

    /// Lets the signals wait from now on, for ``onSignals(_:_:)`` to take them later.
    public func blockSignals(_ numbers: [Int32]) {
        var set = Self.signalSet(numbers)
        sigprocmask(SIG_BLOCK, &set, nil)
    }

    private static func signalSet(_ numbers: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        return set
    }

    /// Blocks the signals and calls `handler` with the number of each that arrives. Throws ``SystemError``.
    public func onSignals(_ numbers: [Int32], _ handler: @escaping (Int32) -> Void) throws(SystemError) {
        blockSignals(numbers)
        var set = Self.signalSet(numbers)
        let descriptor = try systemCall("signalfd") {
            signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        }
        try add(descriptor, .read) { _ in
            var info = signalfd_siginfo()
            while Glibc.read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size)
                == MemoryLayout<signalfd_siginfo>.size
            {
                handler(Int32(bitPattern: info.ssi_signo))
            }
        }
    }

    /// Lets ``run()`` return after the handler that is running.
    public func stop() { isStopping = true }

    /// Forgets all descriptors and timers, and lets go what their handlers hold: for the end of a daemon, whose parts know the
    /// loop that knows them.
    public func removeAll() {
        for descriptor in Array(sources.keys) { remove(descriptor) }
        timers = TimerQueue()
        beforeSleep = nil
    }

    /// Handles events until ``stop()``. Throws ``SystemError`` if epoll itself fails.
    public func run() throws(SystemError) {
        isStopping = false
        while !isStopping {
            fireTimers()
            if isStopping { return }
            if isWorkLeft {
                isWorkLeft = false
                beforeSleep?()
            }
            if isStopping { return }
            try wait()
        }
    }

    private func fireTimers() {
        let now = Clock.monotonic()
        let limit = timers.count
        // The queue is not held while a handler runs: handlers schedule timers.
        while !isStopping, let due = timers.popDue(now: now, madeUpTo: limit) {
            if !due.isSelfContained { isWorkLeft = true }
            due.handler()
        }
    }

    private func wait() throws(SystemError) {
        let timeout = timers.nextDeadline.map { max(0, $0 - Clock.monotonic()) } ?? -1
        try withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 64) { events throws(SystemError) in
            let count = cl_epoll_wait(poll.raw, events.baseAddress, 64, timeout)
            if count < 0 {
                let code = cl_errno()
                if code == EINTR { return }
                throw SystemError(code: code, call: "epoll_pwait2")
            }
            for index in 0..<Int(count) where !isStopping {
                let event = events[index].data.u64
                // A handler earlier in this batch may have removed the descriptor.
                guard let source = sources[Int32(truncatingIfNeeded: event)],
                    source.generation == UInt32(truncatingIfNeeded: event >> 32)
                else { continue }
                if !source.isSelfContained { isWorkLeft = true }
                source.handler(Readiness(rawValue: events[index].events))
            }
        }
    }
}
