import CLinux
import Glibc
import Sys

/// The processes of a daemon. They start one after the other, and the end of any is the end of all: the adapter is process
/// 1 of a PID namespace, and the supervisor starts the whole again.
final class Processes {
    /// A process that runs.
    private final class Running {
        let name: String
        let process: ChildProcess

        init(_ name: String, _ process: consuming ChildProcess) {
            self.name = name
            self.process = process
        }
    }

    private let loop: EventLoop
    private var waiting: [DaemonProcess]
    private var running: [Running] = []
    private let onEnd: (String) -> Void

    /// How often it is looked whether a socket is there, in nanoseconds.
    private static let patience: Nanoseconds = 20_000_000

    init(_ loop: EventLoop, _ processes: [DaemonProcess], onEnd: @escaping (String) -> Void) {
        self.loop = loop
        waiting = processes
        self.onEnd = onEnd
    }

    /// Whether all have been started.
    var areStarted: Bool { waiting.isEmpty }

    /// The names of those that run, with the process numbers that `ps` shows.
    var numbers: [(name: String, pid: Int32)] {
        running.compactMap { each in (try? each.process.visiblePID()).map { (each.name, $0) } }
    }

    /// Starts those whose turn it is, and the others when they can be. Throws `SystemError`, ``AdapterError``.
    func start() throws {
        while let next = waiting.first {
            try launch(next)
            waiting.removeFirst()
            guard let socket = next.socket, !waiting.isEmpty else { continue }
            return wait(for: socket)
        }
    }

    private func wait(for socket: String) {
        loop.schedule(after: Self.patience) { [weak self] in
            guard let self else { return }
            guard Files.exists(socket) else { return self.wait(for: socket) }
            do { try self.start() } catch { self.onEnd("\(error)") }
        }
    }

    private func launch(_ process: DaemonProcess) throws {
        let owner = try process.account.map(Self.account)
        for folder in process.folders {
            if !Files.exists(folder) { try Files.makeDirectory(folder) }
            if let owner { try systemCall("chown", folder) { chown(folder, owner.user, owner.group) } }
        }
        // What an earlier life left would be taken for a sign of this one.
        if let socket = process.socket { try Files.removeFile(socket) }
        var options = ProcessOptions(path: process.path, arguments: process.arguments)
        options.environment = CommandRunner.environment
        options.directory = "/"
        let child = Running(process.name, try ChildProcess.spawn(options))
        running.append(child)
        try loop.add(child.process.descriptor.raw, .read) { [weak self] _ in self?.ended(child) }
    }

    private func ended(_ child: Running) {
        loop.remove(child.process.descriptor.raw)
        let status = ((try? child.process.reap()) ?? nil) ?? 255
        onEnd("\(child.name) ended with status \(status)")
    }

    private static func account(_ name: String) throws(AdapterError) -> (user: uid_t, group: gid_t) {
        guard let entry = getpwnam(name) else { throw AdapterError("there is no account '\(name)'") }
        return (entry.pointee.pw_uid, entry.pointee.pw_gid)
    }
}
