import CLinux
import Glibc
import Sys

/// The process that a lock file belongs to, as the file itself says.
///
/// A process that dies loses its locks and descriptors before the kernel ends the rest of its PID namespace (pid_namespaces(7)): a
/// lab whose lock nobody holds any more can have daemons still. The supervisor is the last to go, so its end is theirs.
///
///     4242 1234567\n        process and its start, in clock ticks since the machine's (proc_pid_stat(5), field 22)
struct LastHolder: Equatable {
    /// What `/proc` calls it.
    let process: Int32
    /// Tells it from one that has its number later.
    let start: UInt64

    init(process: Int32, start: UInt64) {
        (self.process, self.start) = (process, start)
    }

    /// Reads what ``text`` says. Nil when it is anything else.
    init?(_ text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let process = Int32(words[0]), process > 0, let start = UInt64(words[1]) else {
            return nil
        }
        self.init(process: process, start: start)
    }

    /// A process that is there, by the number that `/proc` has for it. Nil when there is none.
    init?(of process: Int32) {
        guard let bytes = try? Files.read("/proc/\(process)/stat") else { return nil }
        // The name of the program is in brackets and may have anything in it, brackets too; field 3 comes after them.
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 19, let start = UInt64(fields[19]) else { return nil }
        self.init(process: process, start: start)
    }

    /// This process; nil where `/proc` does not tell.
    static var current: LastHolder? {
        Files.linkTarget("/proc/self").flatMap { Int32($0) }.flatMap { LastHolder(of: $0) }
    }

    /// What the lock file says.
    var text: String { "\(process) \(start)\n" }

    /// Waits until the process is gone, and with it every other of its PID namespace, if it is the first there. Returns at once in
    /// that process itself. Throws `SystemError`.
    func waitForEnd() throws(SystemError) {
        guard self != Self.current else { return }
        let raw = cl_pidfd_open(process)
        if raw < 0, cl_errno() == ESRCH { return }
        guard raw >= 0 else { throw .last("pidfd_open", "process \(process)") }
        let descriptor = FileDescriptor(owning: raw)
        // Asked with the number held fast: it may be another process's by now.
        guard LastHolder(of: process) == self else { return }
        try Self.waitForEnd(descriptor)
    }

    /// Waits until the process of a pidfd is gone. Throws `SystemError`.
    static func waitForEnd(_ process: borrowing FileDescriptor) throws(SystemError) {
        var poll = pollfd(fd: process.raw, events: Int16(POLLIN), revents: 0)
        try systemCall("poll") { Glibc.poll(&poll, 1, -1) }
    }
}
