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
    private static let shared =
        LabPlace.current == .machine
        ? [
            (path: LabPaths.namespaces, marker: ".made-namespaces"),
            (path: LabPaths.overlays, marker: ".made-overlays"),
        ] : []

    private static var registry: String { LabPlace.current.registry }

    /// The names of all labs, running or not.
    public static func names(in place: LabPlace = .current) -> [String] {
        Files.list(place.registry).filter { !$0.hasPrefix(".") }
    }

    /// What is known of a name.
    public static func state(_ name: String, in place: LabPlace = .current) -> State {
        let paths = LabPaths(name, in: place)
        do throws(SystemError) {
            let lock = try FileDescriptor.open(paths.lock, O_RDWR)
            var holder: Int32 = 0
            return cl_lock_holder(lock.raw, &holder) == 1 ? .running(supervisor: holder) : .stale
        } catch  where error.code == EACCES {
            return listedHolder(of: paths.lock).map { .running(supervisor: $0) } ?? .stale
        } catch {
            return Files.exists(paths.directory) ? .stale : .absent
        }
    }

    /// Who holds the lock of another user's lab, from the kernel's list of all locks, which everybody may read:
    ///
    ///     3: POSIX  ADVISORY  WRITE 4242 00:1b:1234 0 EOF
    private static func listedHolder(of path: String) -> Int32? {
        var status = stat()
        guard stat(path, &status) == 0, let bytes = try? Files.read("/proc/locks") else { return nil }
        func hexadecimal(_ number: UInt32) -> String { (number < 16 ? "0" : "") + String(number, radix: 16) }
        let device = "\(hexadecimal(gnu_dev_major(status.st_dev))):\(hexadecimal(gnu_dev_minor(status.st_dev)))"
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 5, fields[1] == "POSIX", fields[5] == "\(device):\(status.st_ino)" else { continue }
            return Int32(fields[4])
        }
        return nil
    }

    /// Makes a lab's folder and takes its lock, both or neither. Throws `SystemError`, with EEXIST when the name is taken.
    package static func claim(_ name: String) throws(SystemError) -> FileDescriptor {
        let paths = LabPaths(name)
        while true {
            try makeRegistry()
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

    /// Makes the folder of all labs. That of an ordinary user may be in a folder that all users share, so it is looked at whose it is.
    private static func makeRegistry() throws(SystemError) {
        let isMachine = LabPlace.current == .machine
        _ = try make(registry, mode: isMachine ? 0o755 : 0o700)
        guard isMachine || LabPlace.isFolder(registry, of: geteuid()) || !Files.exists(registry) else {
            throw SystemError(code: EPERM, call: "use a folder of another user:", object: registry)
        }
    }

    /// Makes the folders shared with `ip netns` that are not there. The marker comes first: a folder without one stays.
    private static func makeShared() throws(SystemError) {
        for (path, marker) in shared where !Files.exists(path) {
            let marker = registry + "/" + marker
            try Files.write(marker, [])
            if try !make(path) { try Files.removeFile(marker) }
        }
        if LabPlace.current == .machine { try mountNamespaces() }
    }

    /// Makes the folder of namespaces a mount point that passes on what is mounted below it. `ip netns add` does the same when it
    /// finds none, and would hide what is pinned there by then.
    private static func mountNamespaces() throws(SystemError) {
        let path = LabPaths.namespaces
        let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        // `ip netns add` takes turns by the same lock.
        let raw = folder.raw
        try systemCall("flock", path) { flock(raw, LOCK_EX) }
        guard !Files.isMountPoint(path) else { return }
        try Files.write(mountMarker, [])
        try systemCall("mount --bind", path) { mount(path, path, "none", UInt(MS_BIND | MS_REC), nil) }
        try systemCall("mount --make-shared", path) { mount("", path, "none", UInt(MS_SHARED | MS_REC), nil) }
    }

    /// Says that a lab mounted the folder of namespaces onto itself.
    private static var mountMarker: String { registry + "/.mounted-namespaces" }

    private static func makeFolder(_ paths: LabPaths) throws(SystemError) -> FileDescriptor {
        try Files.makeDirectory(paths.directory, mode: 0o755)
        do {
            let lock = try lock(paths, O_RDWR | O_CREAT | O_EXCL)
            if let holder = LastHolder.current { try lock.writeAll(holder.text.utf8) }
            return lock
        } catch {
            try? Files.removeTree(paths.directory)
            throw error
        }
    }

    /// Waits until nobody else makes or removes labs; nil when the registry itself is gone by then.
    private static func takeTurn() throws(SystemError) -> FileDescriptor? {
        let raw = open(registry, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if raw < 0, cl_errno() == ENOENT { return nil }
        guard raw >= 0 else { throw .last("open", registry) }
        let turn = FileDescriptor(owning: raw)
        try systemCall("flock", registry) { flock(raw, LOCK_EX) }
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

    /// The process that held a lock which was taken since. Through the lock's own descriptor: to close another of the file would give
    /// the lock up (fcntl(2)). Nil when the file does not tell.
    static func lastHolder(_ lock: borrowing FileDescriptor) -> LastHolder? {
        (try? lock.readAll()).flatMap { LastHolder(String(decoding: $0, as: UTF8.self)) }
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
        if Files.exists(mountMarker) {
            // The kernel refuses it while anything of others is mounted below; files without a mount are theirs all the same.
            if Files.list(LabPaths.namespaces).isEmpty { umount2(LabPaths.namespaces, Int32(UMOUNT_NOFOLLOW)) }
            try? Files.removeFile(mountMarker)
        }
        for (path, marker) in shared where Files.exists(registry + "/" + marker) {
            try? Files.removeDirectory(path)
            try? Files.removeFile(registry + "/" + marker)
        }
        try? Files.removeDirectory(registry)
    }

    private static func make(_ path: String, mode: UInt32 = 0o755) throws(SystemError) -> Bool {
        do {
            try Files.makeDirectory(path, mode: mode)
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
