// Capabilities that name, a family at a time, how its prefixes and next hops are written.

/// One entry of the extended next hop encoding capability (RFC 8950, section 4).
///
/// ```
/// +-----------------------------------------------------+
/// | NLRI AFI (2 octets)                                 |
/// +-----------------------------------------------------+
/// | NLRI SAFI (2 octets)                                |
/// +-----------------------------------------------------+
/// | Nexthop AFI (2 octets)                              |
/// +-----------------------------------------------------+
/// ```
public struct ExtendedNextHop: Hashable, Sendable {
    /// The AFI of the prefixes.
    public var afi: UInt16
    /// The SAFI of the prefixes, which takes two octets here.
    public var safi: UInt16
    /// The AFI of their next hops.
    public var nextHopAFI: UInt16

    /// Makes an entry.
    public init(afi: UInt16, safi: UInt16, nextHopAFI: UInt16) {
        self.afi = afi
        self.safi = safi
        self.nextHopAFI = nextHopAFI
    }

    /// IPv4 unicast by way of IPv6.
    public static var ipv4ByIPv6: Self { Self(afi: 1, safi: 1, nextHopAFI: 2) }
}

/// One family of the ADD-PATH capability (RFC 7911, section 4).
///
/// ```
/// +----------------------------------------------------------+
/// | AFI (16 bits) | SAFI (8 bits) | Send/Receive (8 bits)    |  once a family
/// +----------------------------------------------------------+
/// ```
public struct AddPath: Hashable, Sendable {
    /// The family.
    public var family: FamilyIdentifier
    /// Send/Receive: 1 for who takes several routes to a prefix, 2 for who sends them, 3 for both. A capability with any
    /// other number is not understood.
    public var directions: UInt8

    /// The bit of who takes several routes.
    public static var receive: UInt8 { 1 }
    /// The bit of who sends several routes.
    public static var send: UInt8 { 2 }

    /// Makes the entry of a family.
    public init(_ family: FamilyIdentifier, directions: UInt8) {
        self.family = family
        self.directions = directions
    }
}

extension [ExtendedNextHop] {
    init?(_ value: RawSpan) {
        var reader = ByteReader(value)
        guard reader.remaining % 6 == 0 else { return nil }
        self = []
        while let afi = reader.uint16(), let safi = reader.uint16(), let nextHopAFI = reader.uint16() {
            append(ExtendedNextHop(afi: afi, safi: safi, nextHopAFI: nextHopAFI))
        }
    }
}

extension ExtendedNextHop {
    func encode(to buffer: inout [UInt8]) {
        buffer.append(bigEndian: afi)
        buffer.append(bigEndian: safi)
        buffer.append(bigEndian: nextHopAFI)
    }
}

extension [AddPath] {
    init?(_ value: RawSpan) {
        var reader = ByteReader(value)
        guard reader.remaining % 4 == 0 else { return nil }
        self = []
        while let afi = reader.uint16(), let safi = reader.uint8(), let directions = reader.uint8() {
            append(AddPath(FamilyIdentifier(afi: afi, safi: safi), directions: directions))
        }
    }
}

extension AddPath {
    func encode(to buffer: inout [UInt8]) {
        buffer.append(bigEndian: family.afi)
        buffer.append(family.safi)
        buffer.append(directions)
    }
}
