import CLinux
import Glibc
import Net
import Sys

/// Where BFD packets come in: two sockets for each local address and kind of path.
///
/// A packet of a session that is up mostly says nothing but that the path still works, and to wake for it costs more than to
/// read it. So the kernel puts the packets that say Up and ask for nothing into ``steady``, with the time at which they came.
/// Nobody waits for them: they are read, a few at a time, before a Detection Time would end. All others, and with them every
/// change of state, come to ``urgent`` and wake the loop.
final class BFDEndpoint {
    let localAddress: IPAddress
    let isMultihop: Bool
    let urgent: FileDescriptor
    let steady: FileDescriptor
    /// Whether the loop waits for ``steady``, too.
    var isEager = false
    var clock = ArrivalClock()

    /// RFC 5881, section 4, and RFC 5883, section 5.
    static func port(isMultihop: Bool) -> UInt16 { isMultihop ? 4784 : 3784 }

    /// Opens the sockets. Throws `SystemError`.
    init(_ localAddress: IPAddress, isMultihop: Bool) throws(SystemError) {
        self.localAddress = localAddress
        self.isMultihop = isMultihop
        let port = Self.port(isMultihop: isMultihop)
        // Another process that shares its port would share ours: first the port has to be free.
        _ = try Socket.bound(.datagram, localAddress, port: port)
        urgent = try Socket.bound(.datagram, localAddress, port: port, isShared: true)
        let raw = urgent.raw
        try systemCall("setsockopt", "SO_ATTACH_REUSEPORT_CBPF") {
            cl_divide_bfd_packets(raw, localAddress.family == .ipv6, isMultihop ? 1 : .max)
        }
        steady = try Socket.bound(.datagram, localAddress, port: port, isShared: true)
        for raw in [urgent.raw, steady.raw] {
            switch localAddress.family {
            case .ipv4: try Socket.set(raw, Int32(IPPROTO_IP), IP_RECVTTL, 1)
            case .ipv6: try Socket.set(raw, Int32(IPPROTO_IPV6), IPV6_RECVHOPLIMIT, 1)
            }
        }
        try Socket.set(steady.raw, SOL_SOCKET, SO_TIMESTAMPNS, 1)
    }
}

/// Turns the times at which packets came, which the kernel takes from the clock that people set, into ages.
struct ArrivalClock {
    private var wall: Nanoseconds = 0
    private var monotonic: Nanoseconds = 0
    /// The most that a packet may have waited; 0 when nobody knows.
    private var longestAge: Nanoseconds = 0

    /// Takes what the clocks show. To be called before the packets of one reception are taken.
    mutating func set(wall: Nanoseconds, monotonic: Nanoseconds) {
        let waited = monotonic - self.monotonic
        // Who adjusts a clock with care changes its speed by less than a thousandth.
        let isSteady = abs(wall - self.wall - waited) < 1_000_000 + waited / 1000
        longestAge = isSteady ? waited : 0
        (self.wall, self.monotonic) = (wall, monotonic)
    }

    /// How long ago a packet came. After the clock was set it counts as new: a failure is then found late, and none is
    /// found that is not there.
    func age(_ arrival: Nanoseconds) -> UInt64 { UInt64(max(0, min(wall - arrival, longestAge))) }
}
