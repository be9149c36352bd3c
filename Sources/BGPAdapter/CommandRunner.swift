import CLinux
import Glibc
import Sys

/// Runs the daemons' own command line programs, one after the other: the adapter has nothing else to do meanwhile.
enum CommandRunner {
    /// What programs find in their environment.
    static let environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/run"]

    /// No command of these daemons takes so long, in nanoseconds. One that does is killed.
    private static let limit: Nanoseconds = 10_000_000_000

    /// Runs a program to its end and answers what it wrote. Throws ``AdapterError`` when it fails or takes too long,
    /// `SystemError` when it cannot be started.
    static func run(_ words: [String]) throws -> String {
        guard let program = words.first else { return "" }
        var ends: (Int32, Int32) = (-1, -1)
        (ends.0, ends.1) = try FileDescriptor.streamPair().release()
        let reading = FileDescriptor(owning: ends.0)
        let writing = FileDescriptor(owning: ends.1)
        var options = ProcessOptions(path: program, arguments: Array(words.dropFirst()))
        options.environment = environment
        options.directory = "/"
        options.standardOutput = writing.raw
        let process = try ChildProcess.spawn(options)
        _ = consume writing
        let output = try read(reading.raw, until: Clock.monotonic() + limit)
        guard let output, let status = try process.wait(atMost: limit) else {
            try? process.signal(SIGKILL)
            _ = try? process.wait()
            throw AdapterError("\(words.joined(separator: " ")) did not end within \(limit / 1_000_000_000) s")
        }
        let text = String(decoding: output, as: UTF8.self)
        guard status == 0 else {
            throw AdapterError("\(words.joined(separator: " ")) ended with status \(status): \(text)")
        }
        return text
    }

    /// All that comes until the other end is closed; nil when that is too late.
    private static func read(_ descriptor: Int32, until deadline: Nanoseconds) throws(SystemError) -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let left = Int32(clamping: max(0, deadline - Clock.monotonic()) / 1_000_000)
            guard try systemCall("poll", "", { Glibc.poll(&poll, 1, left) }) > 0 else { return nil }
            let count = try systemCall("read") {
                chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }
}
