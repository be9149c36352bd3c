import CLinux
import Glibc
public import Sys

/// Says that a lab is coming up, is up or is going away, from before its folder is made until after it is removed. It is a socket
/// with an abstract name (unix(7)), which the supervisor holds as long as it lives: neither a crash nor a kill leaves one behind, and
/// its end is the end of the last process that had it.
///
/// The lock in a lab's folder says the same of a supervisor in between. Without this, `lab down` right after the death of a
/// `lab up` could find no folder and leave, while the supervisor had yet to make it, or had only just removed it.
public struct LabPresence: ~Copyable {
    /// Nil when another user has taken the name: labs do without.
    let socket: FileDescriptor?

    /// Announces the lab called `name`, once no process is left of one that is going away. Nil when such a lab is up by now. Throws
    /// `SystemError`, with ETIMEDOUT when neither happens.
    ///
    /// An ordinary user's is to be announced outside of the namespaces of the lab, where `lab down` looks for it.
    public static func announce(_ name: String) throws(SystemError) -> LabPresence? {
        while true {
            do throws(SystemError) {
                return LabPresence(socket: try Socket.listening(abstractName: abstractName(name)))
            } catch  where error.code == EADDRINUSE {
                if try !isHeld(name) { return LabPresence(socket: nil) }
                try wait(for: name, while: { if case .running = $0 { false } else { true } })
                if case .running = Registry.state(name) { return nil }
            }
        }
    }

    /// Whether the lab called `name` is neither coming up nor going away: there is none, or its supervisor answers.
    public static func isSettled(_ name: String) -> Bool {
        guard case .running = Registry.state(name) else { return true }
        return (try? Socket.connected(unixPath: LabPaths(name).control)) != nil
    }

    /// Waits until a lab that is coming up or going away is up or gone. Throws `SystemError`, with ETIMEDOUT when that does not come.
    public static func waitUntilSettled(_ name: String) throws(SystemError) {
        try wait(for: name, while: { _ in !isSettled(name) })
    }

    /// Whether a process holds the presence of the lab called `name`. Throws `SystemError`.
    public static func isHeld(_ name: String) throws(SystemError) -> Bool { try holder(of: name) != nil }

    /// The labs without a folder that processes are left of, from the kernel's list of Unix sockets. Throws `SystemError`.
    ///
    ///     0000000000000000: 00000002 00000000 00010000 0001 01 12345 @lab /run/lab/hello
    public static func names() throws(SystemError) -> [String] {
        let start = "@" + abstractName("")
        var names: [String] = []
        for line in String(decoding: try Files.read("/proc/net/unix"), as: UTF8.self).split(separator: "\n") {
            guard let range = line.firstRange(of: start) else { continue }
            let name = String(line[range.upperBound...])
            if !names.contains(name), Registry.state(name) == .absent, try isHeld(name) { names.append(name) }
        }
        return names
    }

    /// Waits for the end of whoever brings up or takes down the lab called `name`, or until it has a folder. Throws `SystemError`,
    /// with ETIMEDOUT when neither happens.
    static func waitForEnd(_ name: String) throws(SystemError) {
        try wait(for: name, while: { $0 == .absent })
    }

    /// Waits until nobody holds the presence of a lab, or what the registry knows of it is something else.
    private static func wait(
        for name: String, while isWaiting: (Registry.State) -> Bool
    ) throws(SystemError) {
        guard isWaiting(Registry.state(name)), let holder = try holder(of: name) else { return }
        let deadline = Clock.monotonic() + patience
        while isWaiting(Registry.state(name)), try !hasEnded(holder, within: round) {
            guard Clock.monotonic() < deadline else {
                throw SystemError(code: ETIMEDOUT, call: "wait for", object: "the supervisor of \(name)")
            }
        }
    }

    /// How long the processes of a lab that comes up or goes away may take, in nanoseconds.
    private static let patience: Nanoseconds = 90_000_000_000
    /// How long to wait before the lab's folder is looked for again, in nanoseconds.
    private static let round: Nanoseconds = 10_000_000

    private static func abstractName(_ name: String) -> String { "lab " + LabPaths(name).directory }

    /// A connection to whoever holds the presence of a lab; nil when nobody does, or another user, who may take any name.
    private static func holder(of name: String) throws(SystemError) -> FileDescriptor? {
        do throws(SystemError) {
            let connection = try Socket.connected(abstractName: abstractName(name))
            guard Socket.peerUser(connection.raw) == geteuid() else { return nil }
            return connection
        } catch  where error.code == ECONNREFUSED {
            return nil
        }
    }

    /// Waits until the other side is gone, which accepts nothing and sends nothing.
    private static func hasEnded(
        _ holder: borrowing FileDescriptor, within limit: Nanoseconds
    ) throws(SystemError) -> Bool {
        var poll = pollfd(fd: holder.raw, events: 0, revents: 0)
        return try systemCall("poll") { Glibc.poll(&poll, 1, Int32(clamping: limit / 1_000_000)) } > 0
    }
}
