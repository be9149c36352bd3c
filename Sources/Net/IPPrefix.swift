/// An address prefix, `192.0.2.0/24` or `2001:db8::/32`. Host bits are always zero.
public struct IPPrefix: Hashable, Sendable {
    /// The network address; bits behind `length` are zero.
    public let address: IPAddress
    /// The number of leading bits that are fixed: 0 to 32 or 0 to 128.
    public let length: UInt8

    /// Makes the prefix that covers `address`, clearing its host bits. A length beyond the family's width is that width.
    public init(_ address: IPAddress, length: UInt8) {
        let length = min(length, address.family.bitWidth)
        self.length = length
        switch address {
        case .v4(let v4):
            self.address = .v4(IPv4Address(rawValue: v4.rawValue & Self.mask32(length)))
        case .v6(let v6):
            self.address = .v6(
                IPv6Address(
                    high: v6.high & Self.mask64(min(length, 64)),
                    low: v6.low & Self.mask64(length > 64 ? length - 64 : 0)))
        }
    }

    private static func mask32(_ length: UInt8) -> UInt32 { length == 0 ? 0 : ~0 << UInt32(32 - length) }
    private static func mask64(_ length: UInt8) -> UInt64 { length == 0 ? 0 : ~0 << UInt64(64 - length) }

    /// Which family the prefix belongs to.
    @inlinable
    public var family: AddressFamily { address.family }

    /// Whether every bit is fixed: a /32 or a /128.
    public var isHost: Bool { length == family.bitWidth }

    /// Whether `address` lies inside.
    public func contains(_ address: IPAddress) -> Bool {
        address.family == family && IPPrefix(address, length: length).address == self.address
    }

    /// Whether all of `other` lies inside.
    public func contains(_ other: IPPrefix) -> Bool {
        other.length >= length && contains(other.address)
    }

    /// Whether the two share an address.
    public func overlaps(_ other: IPPrefix) -> Bool {
        contains(other) || other.contains(self)
    }
}

extension IPPrefix: Comparable {
    /// Orders by address, then the shorter (wider) prefix first.
    public static func < (left: IPPrefix, right: IPPrefix) -> Bool {
        left.address == right.address ? left.length < right.length : left.address < right.address
    }
}

extension IPPrefix: LosslessStringConvertible {
    /// Reads `ADDRESS/LENGTH`, the length without leading zeros. Text whose host bits are not zero is refused: it is
    /// nearly always a slip.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(parts[0]), parts[1].utf8.count <= 3,
            parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            parts[1] == "0" || !parts[1].hasPrefix("0"), let length = UInt8(parts[1]),
            length <= address.family.bitWidth
        else { return nil }
        self.init(address, length: length)
        guard self.address == address else { return nil }
    }

    /// `ADDRESS/LENGTH`.
    public var description: String { "\(address)/\(length)" }
}
