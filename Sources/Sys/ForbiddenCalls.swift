import CLinux

/// Calls to the kernel that a daemon gives up for good.
public enum ForbiddenCalls {
    /// From now on the calling thread, and those that it starts later, cannot start programs, signal other processes, mount, make
    /// namespaces, load modules or set clocks: those calls fail with EPERM (seccomp). Entering namespaces is kept for who asks for it. A
    /// daemon has one thread. Where the kernel has no such filter it goes on with the capabilities that it kept, and says so.
    public static func giveUp(mayEnterNamespaces: Bool = false) {
        do {
            try forbid(mayEnterNamespaces: mayEnterNamespaces)
        } catch {
            Diagnostics.write("calls that are not needed stay allowed: \(error)")
        }
    }

    /// As ``giveUp(mayEnterNamespaces:)``. Throws ``SystemError`` where that cannot be.
    static func forbid(mayEnterNamespaces: Bool) throws(SystemError) {
        try systemCall("seccomp") { cl_forbid_calls(mayEnterNamespaces) }
    }
}
