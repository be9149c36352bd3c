import CLinux
import Sys

/// Has routers share out single packets among equal ways (`multipath-hash: per-packet`), where the kernel shares out flows.
///
/// Two programs at each interface of a router do it (`spread.h`). They stay with the interface: nothing has to run for them, and
/// what takes the namespace away takes them away. They are held here to be known again when they are to be detached.
final class PacketSpreading {
    private let incoming: FileDescriptor
    private let outgoing: FileDescriptor

    /// What a machine needs for it, for people.
    static let need =
        "single packets are shared out by Linux 6.6 or later (CONFIG_BPF_SYSCALL, CONFIG_NET_XGRESS), for root"

    /// Loads the programs. Throws `SystemError`: EPERM in a user namespace, EINVAL or ENOSYS where the kernel cannot.
    init() throws(SystemError) {
        incoming = try Self.load(isOutgoing: false)
        outgoing = try Self.load(isOutgoing: true)
    }

    private static func load(isOutgoing: Bool) throws(SystemError) -> FileDescriptor {
        FileDescriptor(owning: try systemCall("bpf", "load") { cl_spread_load(isOutgoing) })
    }

    /// Begins at an interface of the calling thread's namespace, if it has not. Throws `SystemError`.
    func begin(on interface: UInt32) throws(SystemError) {
        let (first, second) = (incoming.raw, outgoing.raw)
        try systemCall("bpf", "attach to interface \(interface)") { cl_spread_attach(first, false, interface) }
        try systemCall("bpf", "attach to interface \(interface)") { cl_spread_attach(second, true, interface) }
    }

    /// Ends there, if it has begun. Throws `SystemError`.
    func end(on interface: UInt32) throws(SystemError) {
        let (first, second) = (incoming.raw, outgoing.raw)
        try systemCall("bpf", "detach from interface \(interface)") { cl_spread_detach(first, false, interface) }
        try systemCall("bpf", "detach from interface \(interface)") { cl_spread_detach(second, true, interface) }
    }
}
