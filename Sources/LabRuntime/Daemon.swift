import CLinux
import Glibc
import JSON
import LabPlan
import Sys

/// A daemon of a lab: its process, and the lines that it exchanges with the supervisor.
final class Daemon {
    /// Where a daemon is in its life.
    enum State: String {
        /// Started, not ready yet.
        case starting
        /// Ready.
        case running
        /// Ended by itself; it is started again after a while.
        case restarting
        /// Ended by a fault; it stays so until the fault is healed.
        case killed
        /// Stopped by a fault, as by `kill -STOP`, until the fault is healed.
        case frozen
    }

    let role: DaemonRole
    /// The node, as a position in the topology; nil for the delay line.
    var node: Int?
    /// `NODE.ROLE`: what its files are called.
    let name: String
    private(set) var state = State.killed
    /// Whether a fault keeps its process stopped, also one that is started meanwhile.
    private(set) var isFrozen = false
    private var stateBeforeFrost = State.starting
    private(set) var restarts = 0
    /// How its process ended the last time, or why there is none.
    private(set) var lastEnd: DaemonEnd?
    /// When it is started again, by the monotonic clock; nil while it runs or is to stay dead.
    private(set) var nextTry: Nanoseconds?
    /// How many processes in a row ended before they had lived for a while.
    private(set) var endsInARow = 0
    /// The process number that `ps` shows.
    private(set) var pid: Int32?
    /// Whether it runs a daemon of others.
    var isOfOthers: Bool { !parts.isEmpty }
    /// The processes that it runs in turn, as `status` shows them.
    private(set) var parts: [JSON] = []

    private let loop: EventLoop
    private let options: ProcessOptions
    private let logPath: String
    private var process: ChildProcess?
    private var channel: LineChannel?
    private var pending: [Int: Question] = [:]
    private var asked = 0
    /// Goes off when the oldest question has waited for ``patience``.
    private var silence: Timer?
    private var startedAt: Nanoseconds = 0
    private var backOff = Daemon.shortestBackOff
    private var restart: Timer?

    /// The first wait before a daemon that ended is started again; it doubles each time, up to the longest.
    static let shortestBackOff: Nanoseconds = 100_000_000
    static let longestBackOff: Nanoseconds = 10_000_000_000

    /// What somebody waits for the answer of.
    private struct Question {
        let time: Nanoseconds
        let answer: (JSON) -> Void
    }

    /// How long a process may take to answer, many times what a busy machine needs. One that is stopped from outside, by a signal or a
    /// debugger, must not hold up whoever asked.
    var patience: Nanoseconds = 60_000_000_000

    /// So many ends in a row are no accident any more.
    static let failingEnds = 5
    /// A process that has lived so long is sound: what comes after counts anew.
    private static let soundAfter: Nanoseconds = 60_000_000_000

    /// Whether it keeps ending, and has not been sound since.
    var isFailing: Bool {
        endsInARow >= Self.failingEnds && (state != .running || Clock.monotonic() - startedAt < Self.soundAfter)
    }

    /// Called with each message that is not a reply.
    var onMessage: ((JSON) -> Void)?
    /// Called with each change of a best path, as it came.
    var onBestPath: ((ArraySlice<UInt8>) -> Void)?
    /// Called when the process has ended by itself, or could not be started again.
    var onEnd: ((DaemonEnd) -> Void)?
    /// Called each time that the daemon says that it is ready.
    var onReady: (() -> Void)?

    /// Makes a daemon that is not started. `options` say how it is.
    init(_ loop: EventLoop, role: DaemonRole, node: Int?, name: String, log: String, _ options: ProcessOptions) {
        self.loop = loop
        self.role = role
        self.node = node
        self.name = name
        logPath = log
        self.options = options
    }

    /// Starts the process. Throws `SystemError`.
    func start() throws(SystemError) {
        let pair = try FileDescriptor.streamPair()
        let log = try FileDescriptor.open(logPath, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
        var options = options
        options.inherited = [pair.second.raw]
        options.standardOutput = log.raw
        options.standardError = log.raw
        let process = try ChildProcess.spawn(options)
        pid = try? process.visiblePID()
        startedAt = Clock.monotonic()
        let ends = pair.release()
        _ = FileDescriptor(owning: ends.1)
        let channel = try LineChannel(loop, FileDescriptor(owning: ends.0))
        channel.onLine = { [weak self] line in self?.receive(line) }
        self.channel = channel
        state = .starting
        try loop.add(process.descriptor.raw, .read) { [weak self] _ in self?.processEnded() }
        self.process = consume process
        if isFrozen { freeze() }
    }

    /// Starts the process after ``kill()``. What cannot be started now is tried again later, as after any other end.
    func revive() {
        guard state == .killed else { return }
        do {
            try start()
        } catch {
            tryLater(after: .notStarted("\(error)"))
        }
    }

    /// Sends a message that nobody answers.
    func send(_ message: JSON) {
        var line: [UInt8] = []
        message.write(to: &line)
        channel?.send(line)
    }

    /// Sends a question; `answer` is called with the reply, or with null when the daemon ends before it answers, or has not answered
    /// for ``patience``. In that case it may still do what it was asked, before anything that it is asked afterwards.
    func ask(_ question: [JSON.Member], _ answer: @escaping (JSON) -> Void) {
        guard state == .starting || state == .running else { return answer(.null) }
        asked += 1
        pending[asked] = Question(time: Clock.monotonic(), answer: answer)
        send(.object(question + [.init("id", .int(asked))]))
        watchForSilence()
    }

    /// One timer for all questions: most are answered within a millisecond.
    private func watchForSilence() {
        guard silence == nil, let oldest = pending.values.map(\.time).min() else { return }
        silence = loop.schedule(at: oldest + patience) { [weak self] in
            guard let self else { return }
            silence = nil
            let now = Clock.monotonic()
            for (number, question) in pending where question.time + patience <= now {
                pending.removeValue(forKey: number)?.answer(.null)
            }
            watchForSilence()
        }
    }

    /// Stops the process as by `kill -STOP`, or lets it go on. What is sent to it meanwhile it reads then; who asks is told at once
    /// that there is no answer.
    func setFrozen(_ isFrozen: Bool) {
        guard isFrozen != self.isFrozen else { return }
        self.isFrozen = isFrozen
        if isFrozen { freeze() } else { thaw() }
    }

    private func freeze() {
        guard state == .starting || state == .running else { return }
        stateBeforeFrost = state
        state = .frozen
        signal(SIGSTOP, orTell: "freeze")
        leavePending()
    }

    private func thaw() {
        guard state == .frozen else { return }
        state = stateBeforeFrost
        signal(SIGCONT, orTell: "thaw")
    }

    /// The processes of a daemon of others are those of its adapter, which stops them and stays awake itself.
    private func signal(_ number: Int32, orTell verb: String) {
        guard options.newPIDNamespace else {
            if let process = process.take() {
                try? process.signal(number)
                self.process = consume process
            }
            return
        }
        send(["do": .string(verb)])
    }

    /// Kills the process; it is not started again until ``start()``.
    func kill() {
        restart?.cancel()
        (restart, nextTry) = (nil, nil)
        if let process = process.take() {
            loop.remove(process.descriptor.raw)
            try? process.signal(SIGKILL)
            _ = try? process.wait()
        }
        state = .killed
        ended()
        (endsInARow, backOff) = (0, Self.shortestBackOff)
    }

    private static let bestPath = Array("{\"event\":\"best\",".utf8)

    private func receive(_ line: ArraySlice<UInt8>) {
        if line.starts(with: Self.bestPath) {
            onBestPath?(line)
            return
        }
        guard let message = try? JSON(parsing: line) else { return }
        if let number = message["reply"]?.int {
            pending.removeValue(forKey: number)?.answer(message)
        } else if message["event"]?.string == "ready" {
            parts = message["processes"]?.array ?? []
            if isFrozen { stateBeforeFrost = .running } else { state = .running }
            onReady?()
        } else {
            onMessage?(message)
        }
    }

    private func processEnded() {
        guard let process = process.take() else { return }
        loop.remove(process.descriptor.raw)
        let end = try? process.reapEnd()
        // Before anybody learns of it: what they ask then must not wait for a process that is gone.
        state = .restarting
        ended()
        if Clock.monotonic() - startedAt > Self.soundAfter { (endsInARow, backOff) = (0, Self.shortestBackOff) }
        switch end {
        case .signal(let number): tryLater(after: .signal(number))
        case .exit(let status): tryLater(after: .status(status))
        case nil: tryLater(after: .status(255))
        }
    }

    private func tryLater(after end: DaemonEnd) {
        state = .restarting
        lastEnd = end
        endsInARow += 1
        nextTry = Clock.monotonic() + backOff
        restart = loop.schedule(after: backOff) { [weak self] in self?.startAgain() }
        backOff = min(backOff * 2, Self.longestBackOff)
        onEnd?(end)
    }

    private func startAgain() {
        restarts += 1
        nextTry = nil
        do {
            try start()
        } catch {
            // Out of memory or of processes: the next attempt may find more.
            tryLater(after: .notStarted("\(error)"))
        }
    }

    private func ended() {
        pid = nil
        parts = []
        channel?.close()
        channel = nil
        leavePending()
    }

    private func leavePending() {
        let unanswered = pending
        pending = [:]
        for question in unanswered.values { question.answer(.null) }
    }
}
