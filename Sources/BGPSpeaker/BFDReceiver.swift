import BFD
import CLinux
import Glibc
import Net
import Sys

/// Where BFD packets come in: one socket for each local address and kind of path.
final class BFDEndpoint {
    let localAddress: IPAddress
    let isMultihop: Bool
    let socket: FileDescriptor

    /// RFC 5881, section 4, and RFC 5883, section 5.
    static func port(isMultihop: Bool) -> UInt16 { isMultihop ? 4784 : 3784 }

    /// Opens the socket. Throws `SystemError`.
    init(_ localAddress: IPAddress, isMultihop: Bool) throws(SystemError) {
        self.localAddress = localAddress
        self.isMultihop = isMultihop
        socket = try Socket.bound(.datagram, localAddress, port: Self.port(isMultihop: isMultihop))
        switch localAddress.family {
        case .ipv4: try Socket.set(socket.raw, Int32(IPPROTO_IP), IP_RECVTTL, 1)
        case .ipv6: try Socket.set(socket.raw, Int32(IPPROTO_IPV6), IPV6_RECVHOPLIMIT, 1)
        }
    }
}

/// Memory for a few datagrams at a time and what the kernel says of them, made once for all sockets.
final class BFDReceiver {
    private static let capacity = 8
    /// The Length field counts to 255.
    private static let payloadByteCount = 256
    /// A `cmsghdr` with a number behind, and its padding.
    private static let controlByteCount = 64

    private let payloads: UnsafeMutableRawPointer
    private let controls: UnsafeMutableRawPointer
    private let addresses: UnsafeMutablePointer<sockaddr_in6>
    private let vectors: UnsafeMutablePointer<iovec>
    private let messages: UnsafeMutablePointer<cl_message>

    init() {
        let capacity = Self.capacity
        payloads = .allocate(byteCount: capacity * Self.payloadByteCount, alignment: 16)
        controls = .allocate(byteCount: capacity * Self.controlByteCount, alignment: 16)
        addresses = .allocate(capacity: capacity)
        addresses.initialize(repeating: sockaddr_in6(), count: capacity)
        vectors = .allocate(capacity: capacity)
        messages = .allocate(capacity: capacity)
        messages.initialize(repeating: cl_message(), count: capacity)
        for index in 0..<capacity {
            (vectors + index).initialize(
                to: iovec(iov_base: payloads + index * Self.payloadByteCount, iov_len: Self.payloadByteCount))
        }
    }

    deinit {
        payloads.deallocate()
        controls.deallocate()
        addresses.deallocate()
        vectors.deallocate()
        messages.deallocate()
    }

    /// Takes all that waits on a socket: payload, TTL or hop limit, and the number of the datagram for ``source(_:)``.
    func receive(_ socket: Int32, _ body: (RawSpan, UInt8, Int) -> Void) {
        while true {
            for index in 0..<Self.capacity { prepare(index) }
            let count = Int(cl_receive_messages(socket, messages, UInt32(Self.capacity)))
            for index in 0..<max(0, count) {
                guard let timeToLive = timeToLive(index) else { continue }
                let size = min(Int(messages[index].byte_count), Self.payloadByteCount)
                let payload = UnsafeRawBufferPointer(start: payloads + index * Self.payloadByteCount, count: size)
                body(payload.bytes, timeToLive, index)
            }
            guard count == Self.capacity else { return }
        }
    }

    private func prepare(_ index: Int) {
        messages[index].header = msghdr(
            msg_name: UnsafeMutableRawPointer(addresses + index),
            msg_namelen: socklen_t(MemoryLayout<sockaddr_in6>.size), msg_iov: vectors + index, msg_iovlen: 1,
            msg_control: controls + index * Self.controlByteCount, msg_controllen: Self.controlByteCount, msg_flags: 0)
    }

    /// Who sent a datagram. Only the first packets of a session need it.
    func source(_ index: Int) -> IPAddress? {
        let bytes = UnsafeRawBufferPointer(start: addresses + index, count: MemoryLayout<sockaddr_in6>.size)
        switch Int32(addresses[index].sin6_family) {
        case AF_INET: return IPAddress(bytes: bytes[4..<8])
        case AF_INET6: return IPAddress(bytes: bytes[8..<24])
        default: return nil
        }
    }

    /// The only control message that was asked for; nil when it is missing, and with it the proof.
    private func timeToLive(_ index: Int) -> UInt8? {
        let start = controls + index * Self.controlByteCount
        let headerByteCount = MemoryLayout<cmsghdr>.size
        guard messages[index].header.msg_controllen >= headerByteCount + MemoryLayout<Int32>.size else { return nil }
        let header = start.load(as: cmsghdr.self)
        let isMeant =
            header.cmsg_level == Int32(IPPROTO_IP) && header.cmsg_type == IP_TTL
            || header.cmsg_level == Int32(IPPROTO_IPV6) && header.cmsg_type == IPV6_HOPLIMIT
        guard isMeant else { return nil }
        return UInt8(exactly: start.load(fromByteOffset: headerByteCount, as: Int32.self))
    }
}
