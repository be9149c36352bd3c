import CLinux
import Glibc
package import Sys

/// The folder of all labs. Whether a lab runs is asked of the kernel: its supervisor holds a record lock, which no crash
/// can leave behind and no other process can be mistaken for.
public enum Registry {
    /// What is known of a lab's name.
    public enum State: Equatable, Sendable {
        /// Nothing is there.
        case absent
        /// A process holds the lock: the supervisor, or somebody who is taking the lab down. 0 stands for one that is not
        /// in this PID namespace.
        case running(supervisor: Int32)
        /// There is a folder that nobody holds: a crash left it.
        case stale
    }

    /// Folders that `ip netns` shares with us. A marker in the registry says that a lab made them, so that the last lab
    /// takes them away and a machine without them is one again.
    private static let shared = [
        (path: LabPaths.namespaces, marker: ".made-namespaces"), (path: LabPaths.overlays, marker: ".made-overlays"),
    ]

    /// The names of all labs, running or not.
    public static func names() -> [String] { Files.list(LabPaths.registry).filter { !$0.hasPrefix(".") } }

    /// What is known of a name.
    public static func state(_ name: String) -> State {
        let paths = LabPaths(name)
        guard let lock = try? FileDescriptor.open(paths.lock, O_RDWR) else {
            return Files.exists(paths.directory) ? .stale : .absent
        }
        var holder: Int32 = 0
        return cl_lock_holder(lock.raw, &holder) == 1 ? .running(supervisor: holder) : .stale
    }

    /// Makes a lab's folder and takes its lock, both or neither. Throws `SystemError`, with EEXIST when the name is taken.
    package static func claim(_ name: String) throws(SystemError) -> FileDescriptor {
        let paths = LabPaths(name)
        while true {
            _ = try make(LabPaths.registry)
            // The last lab may take the folder away between any two of these calls.
            guard let turn = try takeTurn() else { continue }
            do {
                try makeShared()
                let lock = try makeFolder(paths)
                _ = consume turn
                return lock
            } catch {
                sweep()
                throw error
            }
        }
    }

    /// Makes the folders shared with `ip netns` that are not there. The marker comes first: a folder without one stays.
    private static func makeShared() throws(SystemError) {
        for (path, marker) in shared where !Files.exists(path) {
            let marker = LabPaths.registry + "/" + marker
            try Files.write(marker, [])
            if try !make(path) { try Files.removeFile(marker) }
        }
    }

    private static func makeFolder(_ paths: LabPaths) throws(SystemError) -> FileDescriptor {
        try Files.makeDirectory(paths.directory, mode: 0o755)
        do {
            return try lock(paths, O_RDWR | O_CREAT | O_EXCL)
        } catch {
            try? Files.removeTree(paths.directory)
            throw error
        }
    }

    /// Waits until nobody else makes or removes labs; nil when the registry itself is gone by then.
    private static func takeTurn() throws(SystemError) -> FileDescriptor? {
        let raw = open(LabPaths.registry, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if raw < 0, cl_errno() == ENOENT { return nil }
        guard raw >= 0 else { throw .last("open", LabPaths.registry) }
        let turn = FileDescriptor(owning: raw)
        try systemCall("flock", LabPaths.registry) { flock(raw, LOCK_EX) }
        guard isStillLinked(raw) else { return nil }
        return turn
    }

    /// Takes the lock of a lab that nobody holds, to take it down. Nil when somebody holds it or it is gone. Throws
    /// `SystemError`, with EACCES for a user who may not.
    static func claimStale(_ name: String) throws(SystemError) -> FileDescriptor? {
        do {
            let lock = try lock(LabPaths(name), O_RDWR)
            guard isStillLinked(lock.raw) else { return nil }
            return lock
        } catch  where error.code == ENOENT || error.code == EAGAIN {
            return nil
        }
    }

    private static func lock(_ paths: LabPaths, _ flags: Int32) throws(SystemError) -> FileDescriptor {
        let file = try FileDescriptor.open(paths.lock, flags, mode: 0o600)
        let raw = file.raw
        try systemCall("fcntl F_SETLK", paths.lock) { cl_lock_file(raw) }
        return file
    }

    /// Removes a lab's folder, and what the last lab leaves of the shared ones.
    static func remove(_ name: String) throws(SystemError) {
        guard let turn = try takeTurn() else { return }
        try Files.removeTree(LabPaths(name).directory)
        sweep()
        _ = consume turn
    }

    /// Removes what a crash between a lab's folder and the shared ones may have left.
    static func tidy() {
        guard let turn = try? takeTurn() else { return }
        sweep()
        _ = consume turn
    }

    /// With the registry locked and no lab left: removes the folders that labs made, unless others use them by now, and
    /// the registry. A marker goes after its folder, so that a crash in between leaves nothing that nobody knows of.
    private static func sweep() {
        guard names().isEmpty else { return }
        for (path, marker) in shared where Files.exists(LabPaths.registry + "/" + marker) {
            try? Files.removeDirectory(path)
            try? Files.removeFile(LabPaths.registry + "/" + marker)
        }
        try? Files.removeDirectory(LabPaths.registry)
    }

    private static func make(_ path: String) throws(SystemError) -> Bool {
        do {
            try Files.makeDirectory(path)
            return true
        } catch  where error.code == EEXIST {
            return false
        }
    }

    private static func isStillLinked(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_nlink > 0
    }
}
