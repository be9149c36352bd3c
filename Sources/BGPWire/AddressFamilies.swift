public import Net

/// An address family and what is done with it, as the wire writes them (RFC 4760, section 3).
public struct FamilyIdentifier: Hashable, Sendable {
    /// Address Family Identifier: 1 is IPv4, 2 is IPv6.
    public var afi: UInt16
    /// Subsequent Address Family Identifier: 1 is unicast.
    public var safi: UInt8

    /// Makes an identifier of its numbers.
    public init(afi: UInt16, safi: UInt8) {
        self.afi = afi
        self.safi = safi
    }

    /// Unicast of a family.
    public init(_ family: AddressFamily) {
        self.init(afi: family == .ipv4 ? 1 : 2, safi: 1)
    }

    /// The family, if this is unicast of one that the speaker knows.
    public var family: AddressFamily? {
        switch (afi, safi) {
        case (1, 1): .ipv4
        case (2, 1): .ipv6
        default: nil
        }
    }
}

/// A set of address families.
public struct AddressFamilies: OptionSet, Hashable, Sendable {
    /// One bit a family.
    public let rawValue: UInt8

    /// Makes a set of its bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// IPv4 unicast.
    public static var ipv4: Self { Self(rawValue: 1) }
    /// IPv6 unicast.
    public static var ipv6: Self { Self(rawValue: 2) }

    /// The set of one family.
    public init(_ family: AddressFamily) {
        self = family == .ipv4 ? .ipv4 : .ipv6
    }

    /// Whether the family belongs to the set.
    public func contains(_ family: AddressFamily) -> Bool {
        contains(Self(family))
    }

    /// The families, IPv4 first.
    public var elements: [AddressFamily] {
        AddressFamily.allCases.filter { contains($0) }
    }
}
