import CLinux
import Glibc
import Sys

/// Writes settings below /proc/sys/net of the namespace that the calling thread is in.
///
/// The kernel remembers the directory entries `ipv4` and `ipv6` of every namespace that was ever looked into, all of them
/// as children of one `net`, and each look-up walks past those of all others: with 1,000 namespaces, that takes longer
/// than making them. An instance of procfs of our own starts with none, so each serves a few namespaces only.
final class KernelSettings {
    private static let namespacesOfAnInstance = 32

    private var instance: FileDescriptor?
    private var namespaces = 0

    /// Writes settings, each a path below /proc/sys/net and a value. What the kernel was built without is left out. Throws
    /// `SystemError`.
    func write(_ settings: [(name: String, value: String)]) throws(SystemError) {
        if namespaces % Self.namespacesOfAnInstance == 0 { instance = try? Self.mountProcfs() }
        namespaces += 1
        // Where procfs may not be mounted, that of the machine does as well, only slower.
        let root = if let raw = instance?.raw { "/proc/self/fd/\(raw)" } else { "/proc" }
        for (name, value) in settings {
            do {
                try Files.write("\(root)/sys/net/\(name)", (value + "\n").utf8)
            } catch  where error.code == ENOENT {
                // A kernel built without the feature has nothing to set.
            }
        }
    }

    /// A procfs that is nowhere in the file system, and gone with its descriptor.
    private static func mountProcfs() throws(SystemError) -> FileDescriptor {
        let context = FileDescriptor(
            owning: try systemCall("fsopen", "proc") { fsopen("proc", UInt32(FSOPEN_CLOEXEC)) })
        let raw = context.raw
        try systemCall("fsconfig", "proc") { fsconfig(raw, FSCONFIG_CMD_CREATE.rawValue, nil, nil, 0) }
        return FileDescriptor(owning: try systemCall("fsmount", "proc") { fsmount(raw, UInt32(FSMOUNT_CLOEXEC), 0) })
    }
}
