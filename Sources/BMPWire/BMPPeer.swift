import BGPWire
public import Net

/// Whose routes, and which of them, a message is about. The per-peer header (RFC 7854, section 4.2; RFC 8671, section 4; RFC 9069,
/// section 4.1):
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   Peer Type   |  Peer Flags   |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |         Peer Distinguisher (8 octets): 0                      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |         Peer Address (16 octets): IPv4 in the last four       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                            Peer AS                            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                         Peer BGP ID                           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                    Timestamp (seconds)                        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                  Timestamp (microseconds)                     |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
public struct BMPPeer: Hashable, Sendable {
    /// Which table of the monitored router.
    public enum Table: Hashable, Sendable {
        /// What the neighbour sent, before import policy (RFC 7854).
        case adjRIBInBeforePolicy
        /// The same after import policy (L flag).
        case adjRIBInAfterPolicy
        /// What the neighbour was sent, after export policy (O and L flags, RFC 8671).
        case adjRIBOut
        /// The best routes (peer type 3, RFC 9069). The address is not used.
        case locRIB
    }

    /// The table. Messages about the session itself are about the Adj-RIB-In before policy.
    public var table: Table
    /// The neighbour's address.
    public var address: IPAddress
    /// The neighbour's AS; for the Loc-RIB our own.
    public var asn: ASN
    /// The neighbour's BGP Identifier; for the Loc-RIB our own.
    public var identifier: IPv4Address
    /// Whether AS numbers in the message take two octets (A flag). Never for the Loc-RIB.
    public var isTwoOctetASN: Bool

    /// Names a neighbour.
    public init(
        _ table: Table, address: IPAddress, asn: ASN, identifier: IPv4Address, isTwoOctetASN: Bool = false
    ) {
        self.table = table
        self.address = address
        self.asn = asn
        self.identifier = identifier
        self.isTwoOctetASN = isTwoOctetASN
    }

    private static let isIPv6: UInt8 = 0x80
    private static let isAfterPolicy: UInt8 = 0x40
    private static let hasTwoOctetASN: UInt8 = 0x20
    private static let isAdjRIBOut: UInt8 = 0x10

    private var flags: UInt8 {
        // Those of the Loc-RIB are others, and the only one, "filtered", is never true here.
        guard table != .locRIB else { return 0 }
        var flags: UInt8 = address.family == .ipv6 ? Self.isIPv6 : 0
        if isTwoOctetASN { flags |= Self.hasTwoOctetASN }
        switch table {
        case .adjRIBInBeforePolicy, .locRIB: break
        case .adjRIBInAfterPolicy: flags |= Self.isAfterPolicy
        case .adjRIBOut: flags |= Self.isAfterPolicy | Self.isAdjRIBOut
        }
        return flags
    }

    func encode(at time: BMPTime, to buffer: inout [UInt8]) {
        buffer.append(table == .locRIB ? 3 : 0)
        buffer.append(flags)
        buffer.append(bigEndian: UInt64(0))
        buffer.append(padded: table == .locRIB ? .v4(.any) : address)
        buffer.append(bigEndian: asn.rawValue)
        buffer.append(bigEndian: identifier.rawValue)
        buffer.append(bigEndian: time.seconds)
        buffer.append(bigEndian: time.microseconds)
    }
}

/// When something happened.
public struct BMPTime: Hashable, Sendable {
    /// Seconds since 1970.
    public var seconds: UInt32
    /// What is beyond them: 0 to 999,999.
    public var microseconds: UInt32

    /// Makes a time.
    public init(seconds: UInt32, microseconds: UInt32) {
        self.seconds = seconds
        self.microseconds = microseconds
    }
}

extension [UInt8] {
    /// Appends an address in 16 octets, an IPv4 one behind 12 zeros.
    mutating func append(padded address: IPAddress) {
        switch address {
        case .v4(let v4):
            append(bigEndian: UInt64(0))
            append(bigEndian: UInt32(0))
            append(bigEndian: v4.rawValue)
        case .v6(let v6):
            append(bigEndian: v6.high)
            append(bigEndian: v6.low)
        }
    }
}
