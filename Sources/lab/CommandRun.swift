import Glibc
import LabModel
import Sys

/// A command of a scenario inside a node, and whether it did what it has to.
struct CommandRun {
    /// How long a command may take, in nanoseconds.
    private static let limit: Nanoseconds = 60_000_000_000
    private static let mostOutput = 1 << 20

    private let staged: StagedLab
    private let command: Scenario.Command

    init(_ staged: StagedLab, _ command: Scenario.Command) {
        (self.staged, self.command) = (staged, command)
    }

    /// Runs it. Throws ``Failure`` when it cannot be started.
    func result(_ step: Scenario.Step) throws -> StepResult {
        let output = try FileDescriptor.streamPair()
        let errors = try FileDescriptor.streamPair()
        let child = try Inside.spawn(command.words, at: command.node, of: staged.lab) {
            $0.standardOutput = output.second.raw
            $0.standardError = errors.second.raw
            $0.newSession = true
        }
        let (reading, writing) = output.release()
        let (readingErrors, writingErrors) = errors.release()
        _ = FileDescriptor(owning: writing)
        _ = FileDescriptor(owning: writingErrors)
        var streams = [Stream(FileDescriptor(owning: reading)), Stream(FileDescriptor(owning: readingErrors))]
        let status = try wait(for: child, &streams)
        var result = StepResult(step: step.action.description, line: step.line, isOK: true)
        let objections = objections(status, streams[0].text)
        if !objections.isEmpty {
            result = StepResult(
                step: step.action.description, line: step.line, isOK: false,
                detail: objections.joined(separator: "\n"), seen: seen(streams[0].text, streams[1].text))
        }
        return result
    }

    /// What a command writes.
    private final class Stream {
        private let descriptor: FileDescriptor
        private var bytes: [UInt8] = []
        private(set) var isOpen = true

        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

        var raw: Int32 { descriptor.raw }
        var text: String { String(decoding: bytes, as: UTF8.self) }

        /// Takes what is there; what is too much is thrown away.
        func read() {
            var chunk = [UInt8](repeating: 0, count: 16384)
            let count = chunk.withUnsafeMutableBytes { recv(raw, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT)) }
            guard count > 0 else {
                if count == 0 || errno != EAGAIN { isOpen = false }
                return
            }
            bytes += chunk.prefix(min(count, CommandRun.mostOutput - bytes.count))
        }

        /// Takes what the command wrote before it ended, which a socket has room for. What it left behind may go on writing, or
        /// hold the other end in silence, for ever.
        func drain() {
            var left = CommandRun.mostOutput / 16384
            while isOpen, left > 0, hasMore {
                read()
                left -= 1
            }
        }

        private var hasMore: Bool {
            var poll = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
            return Glibc.poll(&poll, 1, 0) > 0
        }
    }

    /// The exit status; nil when it took too long and was killed.
    private func wait(for child: borrowing ChildProcess, _ streams: inout [Stream]) throws -> Int32? {
        let deadline = Clock.monotonic() + Self.limit
        while true {
            do {
                try staged.check()
            } catch {
                Self.killAll(child)
                throw error
            }
            var polls = streams.filter(\.isOpen).map { pollfd(fd: $0.raw, events: Int16(POLLIN), revents: 0) }
            polls.append(pollfd(fd: child.descriptor.raw, events: Int16(POLLIN), revents: 0))
            _ = poll(&polls, nfds_t(polls.count), 100)
            for stream in streams where stream.isOpen { stream.read() }
            if let status = try child.reap() {
                for stream in streams { stream.drain() }
                return status
            }
            if Clock.monotonic() > deadline {
                Self.killAll(child)
                return nil
            }
        }
    }

    /// Kills the command and what it started: it leads a process group, whose number is nobody else's before it is reaped.
    private static func killAll(_ child: borrowing ChildProcess) {
        kill(-child.pid, SIGKILL)
        _ = try? child.wait()
    }

    private func objections(_ status: Int32?, _ output: String) -> [String] {
        guard let status else { return ["it did not end within \(Self.limit.asDuration), and was killed"] }
        var objections: [String] = []
        if status != command.status {
            objections.append("its exit status is \(status), and \(command.status) is expected")
        }
        switch command.output {
        case .contains(let text)? where !output.contains(text):
            objections.append("its output has no '\(text)' in it")
        case .equals(let text)? where Self.trimmed(output) != Self.trimmed(text):
            objections.append("its output is '\(Self.trimmed(output).prefix(200))', and '\(text)' is expected")
        default: break
        }
        return objections
    }

    private static func trimmed(_ text: String) -> String {
        let space: (Character) -> Bool = { $0.isWhitespace }
        return String(text.drop(while: space).reversed().drop(while: space).reversed())
    }

    private func seen(_ output: String, _ errors: String) -> String {
        var parts: [String] = []
        if !output.isEmpty { parts.append("output:\n" + output) }
        if !errors.isEmpty { parts.append("errors:\n" + errors) }
        return parts.isEmpty ? "it wrote nothing" : parts.joined(separator: "\n")
    }
}
