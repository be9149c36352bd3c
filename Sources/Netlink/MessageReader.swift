import CMnl
import Net

/// One message of a datagram that the kernel sent. The layout is drawn at ``MessageWriter``.
struct Message: ~Escapable {
    let type: UInt16
    let flags: UInt16
    let sequence: UInt32
    /// What stands behind the message header.
    let payload: RawSpan

    @_lifetime(copy payload)
    init(type: UInt16, flags: UInt16, sequence: UInt32, payload: RawSpan) {
        self.type = type
        self.flags = flags
        self.sequence = sequence
        self.payload = payload
    }
}

/// The messages of a datagram, one after the other. Ends where the bytes make no further whole message.
struct MessageReader: ~Escapable {
    private let bytes: RawSpan
    private var offset = 0

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) {
        self.bytes = bytes
    }

    /// Whether every byte belonged to a message.
    var isAtEnd: Bool { offset >= bytes.byteCount }

    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func next() -> Message? {
        guard let length = bytes.number(at: offset, as: UInt32.self), length >= 16,
            let type = bytes.number(at: offset + 4, as: UInt16.self),
            let flags = bytes.number(at: offset + 6, as: UInt16.self),
            let sequence = bytes.number(at: offset + 8, as: UInt32.self),
            let payload = bytes.slice(at: offset + 16, count: Int(length) - 16)
        else { return nil }
        offset += (Int(length) + 3) & ~3
        return Message(type: type, flags: flags, sequence: sequence, payload: payload)
    }
}

/// One attribute: its type without the two flag bits, and its value without padding.
struct Attribute: ~Escapable {
    let type: Int
    let value: RawSpan

    @_lifetime(copy value)
    init(type: Int, value: RawSpan) {
        self.type = type
        self.value = value
    }
}

/// The attributes of a message or of a nested attribute, one after the other.
struct AttributeReader: ~Escapable {
    private let bytes: RawSpan
    private var offset: Int
    /// Whether an attribute was cut short. What was read before it may be used, but is not all.
    private(set) var isBroken = false

    /// Reads the attributes that begin `offset` bytes into `bytes`, behind a header of fixed layout.
    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, from offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func next() -> Attribute? {
        guard offset < bytes.byteCount else { return nil }
        guard let length = bytes.number(at: offset, as: UInt16.self), length >= 4,
            let type = bytes.number(at: offset + 2, as: UInt16.self),
            let value = bytes.slice(at: offset + 4, count: Int(length) - 4)
        else {
            isBroken = true
            offset = bytes.byteCount
            return nil
        }
        offset += (Int(length) + 3) & ~3
        return Attribute(type: Int(type & attributeTypeMask), value: value)
    }
}

/// NLA_TYPE_MASK: the bits beside NLA_F_NESTED and NLA_F_NET_BYTEORDER.
private let attributeTypeMask: UInt16 = 0x3FFF

/// Reading numbers in host byte order. A read outside of the span is nil.
extension RawSpan {
    func number<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: Value.Type) -> Value? {
        guard offset >= 0, offset <= byteCount - MemoryLayout<Value>.size else { return nil }
        return unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self)
    }

    @_lifetime(copy self)
    func slice(at offset: Int, count: Int) -> RawSpan? {
        guard offset >= 0, count >= 0, offset <= byteCount, count <= byteCount - offset else { return nil }
        return extracting(offset..<offset + count)
    }

    /// A number that fills the value of an attribute, or its first bytes.
    func number<Value: FixedWidthInteger & BitwiseCopyable>(as type: Value.Type) -> Value? {
        number(at: 0, as: Value.self)
    }

    /// Text up to the first zero byte.
    var text: String {
        withUnsafeBytes { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// An IPv4 or IPv6 address; nil for another number of bytes.
    var address: IPAddress? {
        switch byteCount {
        case 4:
            return number(as: UInt32.self).map { .v4(IPv4Address(rawValue: UInt32(bigEndian: $0))) }
        case 16:
            guard let high = number(at: 0, as: UInt64.self), let low = number(at: 8, as: UInt64.self) else {
                return nil
            }
            return .v6(IPv6Address(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low)))
        default:
            return nil
        }
    }

    /// An Ethernet address; nil for another number of bytes.
    var macAddress: MACAddress? {
        guard byteCount == 6, let high = number(at: 0, as: UInt32.self), let low = number(at: 4, as: UInt16.self)
        else { return nil }
        return MACAddress(rawValue: UInt64(UInt32(bigEndian: high)) << 16 | UInt64(UInt16(bigEndian: low)))
    }
}
