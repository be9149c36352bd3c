import CMnl
import Glibc
import Net

/// Writes one netlink message into a buffer that somebody else owns.
///
/// ```
///  0               1               2               3
/// +---------------+---------------+---------------+---------------+
/// |                    length, header included                    |
/// +-------------------------------+-------------------------------+
/// |             type              |             flags             |
/// +-------------------------------+-------------------------------+
/// |                        sequence number                        |
/// +---------------------------------------------------------------+
/// |                       port (0: the kernel)                    |
/// +---------------------------------------------------------------+
/// |        header of fixed layout: ifinfomsg, rtmsg, ...          |
/// +-------------------------------+-------------------------------+
/// |       attribute length        |        attribute type         |
/// +-------------------------------+-------------------------------+
/// |     value, padded to a multiple of 4, perhaps attributes      |
/// +---------------------------------------------------------------+
/// ```
/// All numbers of the layout are in host byte order; addresses are in network byte order (RFC 3549, section 2.3.2).
public struct MessageWriter {
    private let message: UnsafeMutablePointer<nlmsghdr>
    private let capacity: Int
    /// Why the message is of no use: EMSGSIZE when something did not fit.
    private(set) var failure: Int32?

    /// Starts a message at the front of `buffer`, which must outlive the writer, be aligned to 4 and be zero. Nil when
    /// not even a header fits.
    init?(_ buffer: UnsafeMutableRawBufferPointer, sequence: UInt32) {
        guard let base = buffer.baseAddress, buffer.count >= MemoryLayout<nlmsghdr>.size,
            let message = mnl_nlmsg_put_header(base)
        else { return nil }
        self.message = message
        capacity = buffer.count
        message.pointee.nlmsg_flags = UInt16(NLM_F_REQUEST)
        message.pointee.nlmsg_seq = sequence
    }

    /// The number of bytes written.
    var count: Int { Int(message.pointee.nlmsg_len) }

    /// Asks the kernel to acknowledge the message.
    func requestAcknowledgement() {
        message.pointee.nlmsg_flags |= UInt16(NLM_F_ACK)
    }

    /// Sets the type and the flags, and writes the header that belongs to the type.
    mutating func begin<Header: BitwiseCopyable>(_ type: Int, flags: Int32 = 0, _ header: Header) {
        message.pointee.nlmsg_type = UInt16(truncatingIfNeeded: type)
        message.pointee.nlmsg_flags |= UInt16(truncatingIfNeeded: flags)
        put(header: header)
    }

    /// Writes a header of fixed layout.
    mutating func put<Header: BitwiseCopyable>(header: Header) {
        withUnsafeBytes(of: header) { bytes in
            note(cm_put_header(message, capacity, bytes.baseAddress, bytes.count))
        }
    }

    mutating func put(_ type: Int, _ value: UInt8) {
        note(mnl_attr_put_u8_check(message, capacity, UInt16(truncatingIfNeeded: type), value))
    }

    mutating func put(_ type: Int, _ value: UInt16) {
        note(mnl_attr_put_u16_check(message, capacity, UInt16(truncatingIfNeeded: type), value))
    }

    mutating func put(_ type: Int, _ value: UInt32) {
        note(mnl_attr_put_u32_check(message, capacity, UInt16(truncatingIfNeeded: type), value))
    }

    /// Writes text with a zero byte at its end.
    mutating func put(_ type: Int, _ text: String) {
        note(mnl_attr_put_strz_check(message, capacity, UInt16(truncatingIfNeeded: type), text))
    }

    mutating func put(_ type: Int, _ address: IPAddress) {
        switch address {
        case .v4(let v4): put(type, bytesOf: v4.rawValue.bigEndian)
        case .v6(let v6): put(type, bytesOf: (v6.high.bigEndian, v6.low.bigEndian))
        }
    }

    mutating func put(_ type: Int, _ address: MACAddress) {
        withUnsafeBytes(of: (address.rawValue << 16).bigEndian) {
            put(type, UnsafeRawBufferPointer(rebasing: $0[..<6]))
        }
    }

    mutating func put<Value: BitwiseCopyable>(_ type: Int, bytesOf value: Value) {
        withUnsafeBytes(of: value) { put(type, $0) }
    }

    mutating func put(_ type: Int, _ bytes: UnsafeRawBufferPointer) {
        note(
            mnl_attr_put_check(message, capacity, UInt16(truncatingIfNeeded: type), bytes.count, bytes.baseAddress))
    }

    /// Writes an attribute whose value is what `body` writes.
    mutating func nest(_ type: Int, _ body: (inout MessageWriter) -> Void) {
        guard let start = mnl_attr_nest_start_check(message, capacity, UInt16(truncatingIfNeeded: type)) else {
            fail(EMSGSIZE)
            return
        }
        body(&self)
        mnl_attr_nest_end(message, start)
    }

    /// Writes one next hop of RTA_MULTIPATH with the attributes that `body` writes.
    mutating func nextHop(_ header: rtnexthop, _ body: (inout MessageWriter) -> Void) {
        guard let start = cm_nexthop_start(message, capacity) else {
            fail(EMSGSIZE)
            return
        }
        start.pointee = header
        body(&self)
        cm_nexthop_end(message, start)
    }

    /// Makes the message one that was made elsewhere, up to the end of its attribute `type`, and lets `body` write more
    /// into that attribute. What stands behind it is dropped: libnl leaves room that it does not use.
    mutating func take(
        _ other: UnsafeRawBufferPointer, reopening type: Int, behind header: Int, _ body: (inout MessageWriter) -> Void
    ) {
        let start = MemoryLayout<nlmsghdr>.size + header
        guard other.count >= start, let offset = Self.offset(of: type, in: other, from: start) else {
            fail(EMSGSIZE)
            return
        }
        let length = Int(other.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        let end = min((offset + length + 3) & ~3, other.count)
        guard end <= capacity else {
            fail(EMSGSIZE)
            return
        }
        let sequence = message.pointee.nlmsg_seq
        let buffer = UnsafeMutableRawBufferPointer(start: message, count: capacity)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: other[..<end]))
        message.pointee.nlmsg_len = UInt32(end)
        message.pointee.nlmsg_seq = sequence
        message.pointee.nlmsg_pid = 0
        message.pointee.nlmsg_flags |= UInt16(NLM_F_REQUEST)
        body(&self)
        buffer.storeBytes(of: UInt16(truncatingIfNeeded: count - offset), toByteOffset: offset, as: UInt16.self)
    }

    private static func offset(of type: Int, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var offset = start
        while offset + 4 <= bytes.count {
            let length = Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            let found = Int(bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self) & 0x3FFF)
            guard length >= 4, offset + length <= bytes.count else { return nil }
            if found == type { return offset }
            offset += (length + 3) & ~3
        }
        return nil
    }

    /// Marks the message as one that cannot be written; the first reason stays.
    mutating func fail(_ code: Int32) {
        if failure == nil { failure = code }
    }

    private mutating func note(_ fits: Bool) {
        if !fits { fail(EMSGSIZE) }
    }
}
