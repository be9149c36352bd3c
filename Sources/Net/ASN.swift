/// An autonomous system number, four octets (RFC 6793).
public struct ASN: Hashable, Sendable, RawRepresentable {
    /// The number.
    public var rawValue: UInt32

    /// Makes an ASN of its number.
    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Makes an ASN of its number.
    @inlinable
    public init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// AS_TRANS, which stands for a four-octet number where only two octets fit (RFC 6793, section 9).
    public static let trans = ASN(23456)

    /// Whether the number is kept for private use: 64512-65534, 4200000000-4294967294 (RFC 6996).
    public var isPrivate: Bool {
        (64512...65534).contains(rawValue) || (4_200_000_000...4_294_967_294).contains(rawValue)
    }

    /// Whether the number is kept for documentation: 64496-64511, 65536-65551 (RFC 5398).
    public var isDocumentation: Bool {
        (64496...64511).contains(rawValue) || (65536...65551).contains(rawValue)
    }

    /// Whether no speaker may use it: 0 (RFC 7607), 23456 (RFC 6793), 65535 and 4294967295 (RFC 7300).
    public var isReserved: Bool {
        rawValue == 0 || self == .trans || rawValue == 65535 || rawValue == .max
    }
}

extension ASN: Comparable {
    /// Orders by number.
    @inlinable
    public static func < (left: ASN, right: ASN) -> Bool { left.rawValue < right.rawValue }
}

extension ASN: LosslessStringConvertible {
    /// Reads `65010` or `AS65010` (asplain, RFC 5396).
    public init?(_ text: some StringProtocol) {
        let digits = text.hasPrefix("AS") ? Substring(text).dropFirst(2) : Substring(text)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let value = UInt32(digits)
        else { return nil }
        rawValue = value
    }

    /// The number in asplain (RFC 5396).
    public var description: String { String(rawValue) }
}
