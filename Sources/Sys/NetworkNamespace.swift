import CLinux
import Glibc

/// A network namespace, held by a descriptor.
///
/// A namespace belongs to a thread, so entering one is only for code that stays on its thread: never call ``enter()``
/// or ``perform(_:)`` from an async function. A socket keeps the namespace that it was opened in, wherever it is used.
public struct NetworkNamespace: ~Copyable, Sendable {
    /// The descriptor, for setns(2) and IFLA_NET_NS_FD.
    public let descriptor: FileDescriptor

    /// Takes over a descriptor of a network namespace.
    public init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// The namespace that the calling thread is in. Throws ``SystemError``.
    public static func current() throws(SystemError) -> NetworkNamespace {
        try open("/proc/thread-self/ns/net")
    }

    /// The namespace behind a path such as `/run/netns/hello.london`. Throws ``SystemError``.
    public static func open(_ path: String) throws(SystemError) -> NetworkNamespace {
        NetworkNamespace(try FileDescriptor.open(path, O_RDONLY))
    }

    /// Makes a new namespace and moves the calling thread into it. Throws ``SystemError``.
    public static func createAndEnter() throws(SystemError) -> NetworkNamespace {
        try systemCall("unshare", "network namespace") { cl_unshare(CL_NEWNET) }
        return try current()
    }

    /// Moves the calling thread into the namespace. Throws ``SystemError``.
    public borrowing func enter() throws(SystemError) {
        let raw = descriptor.raw
        try systemCall("setns", "network namespace") { cl_setns(raw, CL_NEWNET) }
    }

    /// Runs `body` inside the namespace and comes back, on the calling thread. Throws ``SystemError`` if the
    /// namespace cannot be entered or left, or what `body` throws.
    public borrowing func perform<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result {
        let home = try NetworkNamespace.current()
        try enter()
        do {
            let result = try body()
            try home.enter()
            return result
        } catch {
            try home.enter()
            throw error
        }
    }
}
