package import Net

// Prefixes in Withdrawn Routes, NLRI (RFC 4271, section 4.3) and the multiprotocol attributes (RFC 4760, section 5):
//
// +---------------------------+
// |   Length in bits (1 octet) |
// +---------------------------+
// |   Prefix (variable)       |   as many octets as the bits need; the bits behind the length mean nothing
// +---------------------------+
//
// Where both speakers agreed on it, each has four more octets in front (RFC 7911, section 3):
//
// +-----------------------------+
// | Path Identifier (4 octets)  |
// +-----------------------------+

/// A list of prefixes as a message holds it.
struct PrefixList {
    var prefixes: [IPPrefix] = []
    var paths = PathIdentifiers()
}

extension ByteReader {
    /// Reads prefixes to the end; nil when they are syntactically incorrect (RFC 7606, section 5.3).
    @_lifetime(self: copy self)
    mutating func prefixes(_ family: AddressFamily, _ context: UpdateContext) -> PrefixList? {
        let hasPaths = context.pathFamilies.contains(family)
        var result = PrefixList()
        while remaining > 0 {
            guard let path = hasPaths ? uint32() : 0, let prefix = prefix(family) else { return nil }
            guard prefix.isAcceptable else { continue }
            result.paths.append(path, at: result.prefixes.count)
            result.prefixes.append(prefix)
        }
        return result
    }

    @_lifetime(self: copy self)
    package mutating func prefix(_ family: AddressFamily) -> IPPrefix? {
        guard let length = uint8(), length <= family.bitWidth, let field = take((Int(length) + 7) / 8) else {
            return nil
        }
        var bytes = ByteReader(field)
        switch family {
        case .ipv4:
            return IPPrefix(
                .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: bytes.leftAligned() >> 32))), length: length)
        case .ipv6:
            let high = bytes.leftAligned()
            return IPPrefix(.v6(IPv6Address(high: high, low: bytes.leftAligned())), length: length)
        }
    }

    /// Up to eight octets as the leading ones of a number.
    @_lifetime(self: copy self)
    private mutating func leftAligned() -> UInt64 {
        if let whole = uint64() { return whole }
        var value: UInt64 = 0
        var shift: UInt64 = 56
        while let byte = uint8() {
            value |= UInt64(byte) << shift
            shift = shift &- 8
        }
        return value
    }
}

extension IPPrefix {
    /// Whether a unicast route to the prefix can mean anything. One that cannot is left out without an error
    /// (RFC 4271, section 6.3, last paragraph).
    var isAcceptable: Bool {
        switch address {
        case .v4(let v4): !(v4.rawValue >= 0xE000_0000 || v4.isLoopback)
        case .v6(let v6): !(v6.isMulticast || v6.isLinkLocal || v6.isLoopback)
        }
    }

    /// The octets that the prefix takes on the wire.
    var wireLength: Int { 1 + (Int(length) + 7) / 8 }

    package func encode(to buffer: inout [UInt8]) {
        buffer.append(length)
        var octets = wireLength - 1
        switch address {
        case .v4(let v4):
            buffer.append(leading: &octets, of: UInt64(v4.rawValue) << 32)
        case .v6(let v6):
            buffer.append(leading: &octets, of: v6.high)
            buffer.append(leading: &octets, of: v6.low)
        }
    }
}

extension [UInt8] {
    /// Appends up to eight leading octets of a number and takes them off `count`.
    fileprivate mutating func append(leading count: inout Int, of value: UInt64) {
        var value = value
        for _ in 0..<Swift.min(count, 8) {
            append(UInt8(truncatingIfNeeded: value >> 56))
            value <<= 8
        }
        count -= Swift.min(count, 8)
    }
}
