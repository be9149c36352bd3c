import Foundation
import Glibc

/// What a program left behind when it ended.
struct Outcome: CustomStringConvertible {
    let status: Int32
    let output: String
    let errors: String

    var lines: [String] { output.split(separator: "\n").map(String.init) }
    var description: String { "status \(status)\n--- output\n\(output)\n--- errors\n\(errors)" }
}

/// Programs of the machine, run as a user would.
enum Command {
    /// Runs a program to its end; kills it after `limit` seconds, which no sound run reaches. The output is read as it
    /// comes, so that a full pipe holds nobody up.
    @discardableResult
    static func run(_ words: [String], input: String? = nil, limit: Double = 120) throws -> Outcome {
        let running = try Running(words, input: input)
        return try running.finish(limit: limit)
    }

    /// A program that runs.
    final class Running {
        let process = Process()
        private let output = Pipe()
        private let errors = Pipe()
        private let collected = Collected()
        private let readers = DispatchGroup()

        init(_ words: [String], input: String? = nil, environment: [String: String] = [:]) throws {
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = words
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
            process.standardOutput = output
            process.standardError = errors
            if let input {
                let pipe = Pipe()
                process.standardInput = pipe
                try process.run()
                pipe.fileHandleForWriting.write(Data(input.utf8))
                try pipe.fileHandleForWriting.close()
            } else {
                process.standardInput = FileHandle.nullDevice
                try process.run()
            }
            collect(output, isOutput: true)
            collect(errors, isOutput: false)
        }

        private func collect(_ pipe: Pipe, isOutput: Bool) {
            let (collected, readers) = (collected, readers)
            let handle = pipe.fileHandleForReading
            readers.enter()
            Thread.detachNewThread {
                while case let data = handle.availableData, !data.isEmpty { collected.append(data, isOutput: isOutput) }
                readers.leave()
            }
        }

        /// What came on standard output so far.
        var outputSoFar: String { collected.text.0 }
        /// What came on standard error so far.
        var errorsSoFar: String { collected.text.1 }

        /// Ends a program that would go on. SIGTERM is blocked in the threads of the tests, and so in what they start.
        func end() {
            guard process.isRunning else { return }
            kill(process.processIdentifier, SIGKILL)
            _ = try? finish()
        }

        func finish(limit: Double = 120) throws -> Outcome {
            let deadline = DispatchTime.now() + limit
            let ended = DispatchSemaphore(value: 0)
            let process = process
            Thread.detachNewThread {
                process.waitUntilExit()
                ended.signal()
            }
            if ended.wait(timeout: deadline) == .timedOut {
                kill(process.processIdentifier, SIGKILL)
                ended.wait()
                throw TestFailure("\(process.arguments ?? []) did not end within \(limit) s: \(collected.text)")
            }
            readers.wait()
            let (output, errors) = collected.text
            let isSignal = process.terminationReason == .uncaughtSignal
            return Outcome(status: process.terminationStatus + (isSignal ? 128 : 0), output: output, errors: errors)
        }
    }

    /// Waits until `condition` holds, looking again as often as it costs nothing; throws after `limit` seconds.
    static func wait(_ what: String, limit: Double = 30, until condition: () throws -> Bool) throws {
        let deadline = Date().addingTimeInterval(limit)
        while try !condition() {
            guard Date() < deadline else { throw TestFailure("\(what) did not happen within \(limit) s") }
            var pause = timespec(tv_sec: 0, tv_nsec: 5_000_000)
            nanosleep(&pause, nil)
        }
    }
}

/// What two reader threads gathered.
private final class Collected: @unchecked Sendable {
    private let lock = NSLock()
    private var output = Data()
    private var errors = Data()

    func append(_ data: Data, isOutput: Bool) {
        lock.withLock { if isOutput { output.append(data) } else { errors.append(data) } }
    }

    var text: (String, String) {
        lock.withLock { (String(decoding: output, as: UTF8.self), String(decoding: errors, as: UTF8.self)) }
    }
}

/// Why a test cannot go on.
struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
