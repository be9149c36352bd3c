import CLinux
import Glibc
import Net
import Sys

/// What keeps strangers' packets from a neighbour's TCP connections.
struct ConnectionProtection: Equatable {
    /// The key of TCP-MD5 (RFC 2385); nil for none.
    var password: String?
    /// How many hops away the neighbour may be (RFC 5082); nil for no check.
    var securityHops: UInt8?
    /// The TTL or hop limit of what is sent; nil for the system's.
    var timeToLive: UInt8?

    /// Octets of a TCP-MD5 key that the kernel takes (TCP_MD5SIG_MAXKEYLEN).
    static var longestPassword: Int { 80 }

    /// The least TTL of a packet of the neighbour, which sends 255 (RFC 5082, section 3).
    var leastTimeToLive: UInt8? { securityHops.map { UInt8.max - max($0, 1) + 1 } }

    /// Prepares a connection: of the neighbour's, or one that will be opened. Throws `SystemError`.
    func apply(to raw: Int32, _ family: AddressFamily) throws(SystemError) {
        if let time = securityHops == nil ? timeToLive : .max { try Socket.setTimeToLive(raw, family, time) }
        if let least = leastTimeToLive { try Self.setLeastTimeToLive(raw, family, least) }
    }

    /// Signs what goes to a neighbour and takes nothing unsigned from it, on a socket that listens or will connect. Accepted
    /// connections inherit it. Throws `SystemError`.
    func sign(_ raw: Int32, _ neighbour: IPAddress) throws(SystemError) {
        guard var key = password else { return }
        let name = "\(neighbour) option TCP_MD5SIG"
        try systemCall("setsockopt", name) {
            SocketAddress(neighbour, port: 0).withPointer { peer, length in
                key.withUTF8 { cl_set_md5(raw, peer, length, $0.baseAddress, UInt16(clamping: $0.count)) }
            }
        }
    }

    /// A socket that listens on behalf of some neighbours: their keys, and GTSM before a connection is there to be checked.
    /// What it sends itself, SYN and ACK, has a TTL that GTSM at the other end takes; it takes a SYN from as far away as
    /// the farthest neighbour may be. Throws `SystemError`.
    static func listening(
        _ address: IPAddress, for neighbours: [NeighbourConfiguration]
    ) throws(SystemError) -> FileDescriptor {
        let socket = try Socket.bound(.stream, address, port: Speaker.port)
        for neighbour in neighbours { try neighbour.protection.sign(socket.raw, neighbour.address) }
        let least = neighbours.map(\.protection.leastTimeToLive)
        if least.contains(where: { $0 != nil }) { try Socket.setTimeToLive(socket.raw, address.family, .max) }
        if let all = least.map({ $0 ?? 0 }).min(), all > 0 {
            try setLeastTimeToLive(socket.raw, address.family, all)
        }
        try systemCall("listen", "\(address) port \(Speaker.port)") { listen(socket.raw, 128) }
        return socket
    }

    private static func setLeastTimeToLive(
        _ raw: Int32, _ family: AddressFamily, _ least: UInt8
    ) throws(SystemError) {
        switch family {
        case .ipv4: try Socket.set(raw, Int32(IPPROTO_IP), IP_MINTTL, Int32(least))
        case .ipv6: try Socket.set(raw, Int32(IPPROTO_IPV6), IPV6_MINHOPCOUNT, Int32(least))
        }
    }
}
