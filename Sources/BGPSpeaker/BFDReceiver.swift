import BFD
import CLinux
import Glibc
import Net
import Sys

/// Memory for a few datagrams at a time and what the kernel says of them, made once for all sockets.
final class BFDReceiver {
    private static let capacity = 8
    /// The Length field counts to 255.
    private static let payloadByteCount = 256
    /// Two `cmsghdr`, with a number and with a time behind.
    private static let controlByteCount = 64
    private static let headerByteCount = MemoryLayout<cmsghdr>.size

    /// A datagram.
    struct Datagram {
        var payload: UnsafeRawBufferPointer
        /// The TTL or hop limit; nil when it is missing, and with it the proof.
        var timeToLive: UInt8?
        /// When it came, of the clock that people set; nil when the socket was not asked to say.
        var arrival: Nanoseconds?
        /// Its number for ``BFDReceiver/source(_:)``.
        var index: Int
    }

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
            prepare(index)
        }
    }

    deinit {
        payloads.deallocate()
        controls.deallocate()
        addresses.deallocate()
        vectors.deallocate()
        messages.deallocate()
    }

    /// Takes all that waits on a socket.
    func receive(_ socket: Int32, _ body: (Datagram) -> Void) {
        while true {
            let count = Int(cl_receive_messages(socket, messages, UInt32(Self.capacity)))
            for index in 0..<max(0, count) {
                body(datagram(index))
                prepare(index)
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

    private func datagram(_ index: Int) -> Datagram {
        let size = min(Int(messages[index].byte_count), Self.payloadByteCount)
        var result = Datagram(
            payload: UnsafeRawBufferPointer(start: payloads + index * Self.payloadByteCount, count: size), index: index)
        let start = controls + index * Self.controlByteCount
        let end = min(messages[index].header.msg_controllen, Self.controlByteCount)
        var offset = 0
        while offset + Self.headerByteCount <= end {
            let header = start.load(fromByteOffset: offset, as: cmsghdr.self)
            guard header.cmsg_len >= Self.headerByteCount, header.cmsg_len <= end - offset else { break }
            take(header, start + offset + Self.headerByteCount, &result)
            // CMSG_ALIGN
            offset += (header.cmsg_len + 7) & ~7
        }
        return result
    }

    private func take(_ header: cmsghdr, _ data: UnsafeMutableRawPointer, _ result: inout Datagram) {
        let byteCount = header.cmsg_len - Self.headerByteCount
        switch (header.cmsg_level, header.cmsg_type) {
        case (Int32(IPPROTO_IP), IP_TTL), (Int32(IPPROTO_IPV6), IPV6_HOPLIMIT):
            guard byteCount >= MemoryLayout<Int32>.size else { return }
            result.timeToLive = UInt8(exactly: data.load(as: Int32.self))
        case (SOL_SOCKET, SO_TIMESTAMPNS):
            guard byteCount >= MemoryLayout<timespec>.size else { return }
            let time = data.load(as: timespec.self)
            result.arrival = Nanoseconds(time.tv_sec) * 1_000_000_000 + Nanoseconds(time.tv_nsec)
        default: break
        }
    }
}
