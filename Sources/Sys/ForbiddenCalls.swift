import CLinux

/// Calls to the kernel that a daemon gives up for good.
public enum ForbiddenCalls {
    /// From now on this process cannot start programs, mount, make namespaces, load modules or set clocks: those calls fail with
    /// EPERM (seccomp). Entering namespaces is kept for who asks for it. Where the kernel has no such filter the process goes on
    /// without, for it has no privilege to do harm with either.
    public static func giveUp(mayEnterNamespaces: Bool = false) {
        _ = cl_forbid_calls(mayEnterNamespaces)
    }
}
