import Glibc
import Sys

/// Runs this program several times with different arguments, a few at once, and collects what they print.
final class TestCrew {
    private let loop: EventLoop
    private let arguments: [[String]]
    private let atOnce: Int
    private var next = 0
    private var running: [Int: Member] = [:]
    private var finished: [Int: [UInt8]] = [:]
    private var failure: (any Error)?

    private final class Member {
        let process: ChildProcess
        let output: FileDescriptor
        var bytes: [UInt8] = []
        init(_ process: consuming ChildProcess, _ output: consuming FileDescriptor) {
            self.process = process
            self.output = output
        }
    }

    /// Throws `SystemError`.
    init(_ arguments: [[String]], atOnce: Int) throws(SystemError) {
        self.arguments = arguments
        self.atOnce = atOnce
        loop = try EventLoop()
    }

    /// Runs all. `finish` is called with the place and the output of each that has ended; its results are in the order of the
    /// arguments. A signal to end is handed on, and all are waited for: each takes its lab down. Throws `SystemError`.
    func run<Result>(_ finish: (Int, [UInt8]) -> Result) throws -> [Result] {
        var results: [Int: Result] = [:]
        try loop.onSignals([SIGINT, SIGTERM, SIGHUP]) { [weak self] signal in
            guard let self else { return }
            self.next = self.arguments.count
            for member in self.running.values { try? member.process.signal(signal) }
        }
        defer { loop.removeAll() }
        startMore()
        while failure == nil, !running.isEmpty {
            try loop.run()
            for (index, bytes) in finished { results[index] = finish(index, bytes) }
            finished = [:]
        }
        if let failure { throw failure }
        return arguments.indices.compactMap { results[$0] }
    }

    private func startMore() {
        while failure == nil, running.count < atOnce, next < arguments.count {
            do {
                try start(next)
                next += 1
            } catch {
                failure = error
            }
        }
        if running.isEmpty || failure != nil { loop.stop() }
    }

    private func start(_ index: Int) throws {
        let pair = try FileDescriptor.streamPair()
        var options = ProcessOptions(path: try Files.ownExecutable(), arguments: arguments[index])
        options.environment = Inside.environment
        options.standardOutput = pair.second.raw
        options.diesWithParent = true
        let process = try ChildProcess.spawn(options)
        let (reading, writing) = pair.release()
        _ = FileDescriptor(owning: writing)
        let member = Member(process, FileDescriptor(owning: reading))
        running[index] = member
        try loop.add(reading, .read) { [weak self, weak member] _ in
            guard let self, let member else { return }
            var chunk = [UInt8](repeating: 0, count: 65536)
            let count = chunk.withUnsafeMutableBytes { read(member.output.raw, $0.baseAddress, $0.count) }
            if count > 0 { return member.bytes += chunk[..<count] }
            self.end(index, member)
        }
    }

    private func end(_ index: Int, _ member: Member) {
        loop.remove(member.output.raw)
        _ = try? member.process.wait()
        running[index] = nil
        finished[index] = member.bytes
        startMore()
        loop.stop()
    }
}
