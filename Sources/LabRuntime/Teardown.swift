import CLinux
import Glibc
public import Sys

/// Taking a lab down. There is one way, whether the lab runs, crashed half built, or was left by a machine that lost its
/// supervisor: end the supervisor, whose PID namespace takes every process of the lab with it, and then undo the journal.
public enum Teardown {
    /// Takes down the lab called `name`; does nothing when there is none. Throws `SystemError` when something that the
    /// journal names cannot be removed; the rest is removed all the same, and the next call tries again.
    public static func run(_ name: String) throws(SystemError) {
        while true {
            switch Registry.state(name) {
            case .absent:
                try LabPresence.waitForEnd(name)
                if Registry.state(name) == .absent { return Registry.tidy() }
            case .running(let supervisor): try end(supervisor, of: name)
            case .stale:
                if let lock = try Registry.claimStale(name) {
                    try Registry.lastHolder(lock)?.waitForEnd()
                    try undo(name)
                    _ = consume lock
                    return
                }
                // Without a lock file the folder is not one that a supervisor finished claiming.
                if !Files.exists(LabPaths(name).lock) { return try undo(name) }
            }
        }
    }

    /// Takes down what a crash left of the lab called `name`, and nothing that anybody holds. Throws as ``run(_:)``.
    static func runIfStale(_ name: String) throws(SystemError) {
        switch Registry.state(name) {
        case .running: return
        case .absent, .stale: try run(name)
        }
    }

    /// Kills the holder of the lock and waits until it is gone. The pidfd is opened before the lock is asked again, so
    /// that a number which was given to another process in between is never killed.
    private static func end(_ supervisor: Int32, of name: String) throws(SystemError) {
        guard supervisor > 0 else {
            throw SystemError(code: ESRCH, call: "find", object: "supervisor of \(name) in this PID namespace")
        }
        let raw = cl_pidfd_open(supervisor)
        if raw < 0, cl_errno() == ESRCH { return }
        guard raw >= 0 else { throw .last("pidfd_open", "supervisor of \(name), process \(supervisor)") }
        let process = FileDescriptor(owning: raw)
        guard Registry.state(name) == .running(supervisor: supervisor) else { return }
        if cl_pidfd_send_signal(process.raw, SIGKILL) < 0, cl_errno() != ESRCH {
            throw .last("pidfd_send_signal", "supervisor of \(name), process \(supervisor)")
        }
        try LastHolder.waitForEnd(process)
    }

    /// Undoes the journal, last entry first, and removes the lab's folder.
    static func undo(_ name: String) throws(SystemError) {
        var failure: SystemError?
        for entry in Journal.read(LabPaths(name).journal).reversed() {
            do {
                try undo(entry)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        try Registry.remove(name)
    }

    /// Takes one object away; does nothing when it is gone already. Throws `SystemError`.
    static func undo(_ entry: Journal.Entry) throws(SystemError) {
        switch entry {
        case .namespace(let path):
            // Detached, for a shell inside keeps the namespace busy: it lives on without its name until the shell ends.
            if umount2(path, Int32(MNT_DETACH)) < 0 {
                // Outside of an ordinary user's namespaces nothing is mounted, and that user may not mount.
                let isOutside = cl_errno() == EPERM && LabPlace.current != .machine
                guard isOutside || [EINVAL, ENOENT].contains(cl_errno()) else { throw .last("umount", path) }
            }
            try Files.removeFile(path)
        case .link(let path, let target):
            // A crash may have come between the journal and the link, and somebody else's may stand there since.
            if Files.linkTarget(path) == target { try Files.removeFile(path) }
        }
    }
}
