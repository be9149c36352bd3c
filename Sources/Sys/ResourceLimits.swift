import CLinux
import Glibc

/// Limits that the kernel sets a process.
public enum ResourceLimits {
    /// Raises the number of descriptors to what is allowed at most: the soft limit of 1,024 is for programs that use
    /// select(2), and a lab takes a few descriptors for each node.
    public static func raiseDescriptors() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Whether the user may have real-time scheduling without the privilege (RLIMIT_RTPRIO).
    public static var allowRealTime: Bool {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(__RLIMIT_RTPRIO.rawValue), &limit) == 0 && limit.rlim_cur > 0
    }

    /// The number of processors that work (sysconf), at least 1.
    public static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
