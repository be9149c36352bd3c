/// An IPv4 address (RFC 791), held as a number in host byte order so that masks and ranges are arithmetic.
public struct IPv4Address: Hashable, Sendable {
    /// The address as a number: 192.0.2.1 is `0xC000_0201`.
    public var rawValue: UInt32

    /// Makes an address of its number.
    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Makes an address of its four octets, most significant first.
    @inlinable
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        rawValue = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
    }

    /// `0.0.0.0`, the unspecified address.
    public static let any = IPv4Address(rawValue: 0)

    /// The four octets, most significant first.
    @inlinable
    public var octets: (UInt8, UInt8, UInt8, UInt8) {
        (
            UInt8(truncatingIfNeeded: rawValue >> 24), UInt8(truncatingIfNeeded: rawValue >> 16),
            UInt8(truncatingIfNeeded: rawValue >> 8), UInt8(truncatingIfNeeded: rawValue)
        )
    }

    /// Whether this is in 224.0.0.0/4 (RFC 5771).
    public var isMulticast: Bool { rawValue >> 28 == 0xE }

    /// Whether this is in 127.0.0.0/8 (RFC 1122, section 3.2.1.3).
    public var isLoopback: Bool { rawValue >> 24 == 127 }

    /// Whether a BGP speaker may name this as a next hop or identifier: not 0/8, loopback, multicast or class E
    /// (RFC 4271, section 6.3: "syntactically a valid IP host address").
    public var isHost: Bool { rawValue >> 24 != 0 && !isLoopback && rawValue < 0xE000_0000 }
}

extension IPv4Address: Comparable {
    /// Orders by number.
    @inlinable
    public static func < (left: IPv4Address, right: IPv4Address) -> Bool { left.rawValue < right.rawValue }
}

extension IPv4Address: LosslessStringConvertible {
    /// Reads dotted-decimal text. Octets are decimal with no leading zero, so that 010 cannot be taken for 8.
    public init?(_ text: some StringProtocol) {
        var value: UInt32 = 0
        var octet: UInt32 = 0
        var digits = 0
        var dots = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard digits == 0 || octet != 0 else { return nil }
                octet = octet * 10 + UInt32(byte - UInt8(ascii: "0"))
                digits += 1
                guard octet <= 255 else { return nil }
            case UInt8(ascii: "."):
                guard digits > 0, dots < 3 else { return nil }
                value = value << 8 | octet
                octet = 0
                digits = 0
                dots += 1
            default:
                return nil
            }
        }
        guard dots == 3, digits > 0 else { return nil }
        rawValue = value << 8 | octet
    }

    /// Dotted-decimal text.
    public var description: String {
        let (a, b, c, d) = octets
        return "\(a).\(b).\(c).\(d)"
    }
}
