import CLinux
import Glibc
import JSON
import LabModel
public import Sys

/// Bringing a lab up, seen from the command line: starts the supervisor, hears how far it is, and says when it is good.
/// Until then every end of this process, also `kill -9`, is the end of the lab.
public final class BringUp {
    /// How far the supervisor is with one thing.
    public struct Progress: Equatable, Sendable {
        /// What is counted: `namespaces`, `links`, `addresses`, `daemons`, `sessions`.
        public let what: String
        /// How many are done.
        public let done: Int
        /// How many there will be.
        public let total: Int
    }

    /// Why a lab did not come up. It has been taken down again.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// The supervisor's reason.
        case refused(String)
        /// It took too long; how far it was.
        case timedOut(String)
        /// A signal came.
        case interrupted(Int32)

        /// Whether a signal asked for it.
        public var isInterruption: Bool { if case .interrupted = self { true } else { false } }

        /// The reason.
        public var description: String {
            switch self {
            case .refused(let reason): reason
            case .timedOut(let reason): reason
            case .interrupted(let signal): "interrupted by \(signal == SIGINT ? "Ctrl-C" : "signal \(signal)")"
            }
        }
    }

    /// Called as things get done.
    public var onProgress: ((Progress) -> Void)?

    private let name: String
    private let loop: EventLoop
    private let channel: LineChannel
    private let supervisor: ChildProcess
    private var failure: Failure?
    private var lastProgress: Progress?
    private var hasConverged = false
    private var isCommitted = false

    /// Starts the supervisor of a lab, which gets the presence. Throws `SystemError`.
    public init(_ lab: StoredLab, labd: String, presence: consuming LabPresence) throws {
        name = lab.lab.name
        loop = try EventLoop()
        // From here on a signal waits until the loop runs, and is then a request to take back what there is.
        loop.blockSignals([SIGINT, SIGTERM, SIGHUP])
        let input = try FileDescriptor.streamPair()
        let talk = try FileDescriptor.streamPair()
        var options = ProcessOptions(path: labd, arguments: ["supervise"])
        options.standardInput = input.second.raw
        options.inherited = [talk.second.raw]
        // The supervisor never looks at it: it is closed by the kernel, after everything else that tells of the process.
        switch presence.socket {
        case .some(let socket): options.inherited.append(socket.raw)
        case .none: break
        }
        options.newPIDNamespace = true
        options.newSession = true
        options.directory = "/"
        options.environment = LabPlace.current.environment
        supervisor = try ChildProcess.spawn(options)
        _ = consume presence
        let (ours, theirs) = talk.release()
        _ = FileDescriptor(owning: theirs)
        channel = try LineChannel(loop, FileDescriptor(owning: ours))
        channel.onLine = { [weak self] line in self?.receive(line) }
        channel.onEnd = { [weak self] in self?.fail(.refused("the supervisor ended without a word")) }
        try loop.onSignals([SIGINT, SIGTERM, SIGHUP]) { [weak self] in self?.fail(.interrupted($0)) }
        let (writing, reading) = input.release()
        _ = FileDescriptor(owning: reading)
        try? FileDescriptor(owning: writing).writeAll(lab.json.description.utf8)
    }

    /// Waits until routing has come to rest, at most `timeout` nanoseconds. Throws ``Failure``, after taking the lab down.
    public func waitUntilConverged(timeout: Nanoseconds) throws {
        let timer = loop.schedule(after: timeout) { [weak self] in
            guard let self else { return }
            let reached = self.lastProgress.map { "\($0.done) of \($0.total) \($0.what)" } ?? "nothing"
            self.fail(.timedOut("no rest after \(timeout / 1_000_000_000) s: \(reached)"))
        }
        defer { timer.cancel() }
        try wait { hasConverged }
    }

    /// Waits until the daemons run, without waiting for their sessions. Throws ``Failure``.
    public func waitUntilStarted(timeout: Nanoseconds) throws {
        let timer = loop.schedule(after: timeout) { [weak self] in
            self?.fail(.timedOut("the daemons did not start within \(timeout / 1_000_000_000) s"))
        }
        defer { timer.cancel() }
        try wait { hasConverged || lastProgress?.what == "sessions" }
    }

    /// Looks whether a signal came or the supervisor gave up meanwhile, without waiting. Throws ``Failure``.
    public func check() throws {
        // Timers come before descriptors: only one that is made in this turn lets the loop look at both.
        loop.schedule(after: 0) { [loop] in loop.schedule(after: 0) { loop.stop() } }
        try loop.run()
        try wait { true }
    }

    /// Tells the supervisor that the lab is good: from now on it answers requests, and lives by itself, or as long as this
    /// process if it does not stay up. Throws ``Failure``.
    public func commit(staysUp: Bool = true) throws {
        channel.send(JSON.object([.init("do", "commit"), .init("stays_up", .bool(staysUp))]).description.utf8)
        try wait { isCommitted }
    }

    /// Gives up, and takes away what there is by now.
    public func abandon() {
        channel.close()
        // A supervisor that gave up takes everything back itself: it is killed only if it does not get there.
        if case .refused = failure, (try? supervisor.wait(atMost: Self.patience)) ?? nil != nil {
            try? Teardown.runIfStale(name)
            return
        }
        try? supervisor.signal(SIGKILL)
        _ = try? supervisor.wait()
        try? Teardown.runIfStale(name)
    }

    /// How long a supervisor may take to take a lab back, in nanoseconds.
    private static let patience: Nanoseconds = 30_000_000_000

    private func wait(until isDone: () -> Bool) throws {
        while failure == nil, !isDone() { try loop.run() }
        if let failure {
            abandon()
            throw failure
        }
    }

    private func fail(_ failure: Failure) {
        self.failure = self.failure ?? failure
        loop.stop()
    }

    private func receive(_ line: ArraySlice<UInt8>) {
        guard let message = try? JSON(parsing: line) else { return }
        if let reason = message["error"]?.string { return fail(.refused(reason)) }
        if let what = message["progress"]?.string, let done = message["done"]?.int, let total = message["of"]?.int {
            let progress = Progress(what: what, done: done, total: total)
            lastProgress = progress
            onProgress?(progress)
        }
        if message["converged"]?.bool == true { hasConverged = true }
        if message["committed"]?.bool == true { isCommitted = true }
        loop.stop()
    }
}
