public import Net

/// A capability (RFC 5492) that a speaker offers in its OPEN.
///
/// ```
/// +------------------------------+
/// | Capability Code (1 octet)    |
/// +------------------------------+
/// | Capability Length (1 octet)  |
/// +------------------------------+
/// | Capability Value (variable)  |
/// +------------------------------+
/// ```
public enum Capability: Hashable, Sendable {
    /// Code 1: multiprotocol extensions (RFC 4760, section 8).
    case multiprotocol(FamilyIdentifier)
    /// Code 2: ROUTE-REFRESH (RFC 2918).
    case routeRefresh
    /// Code 5: prefixes of one family may have next hops of another (RFC 8950).
    case extendedNextHop([ExtendedNextHop])
    /// Code 6: messages of up to 65535 octets (RFC 8654).
    case extendedMessage
    /// Code 9: what the sender is to the receiver (RFC 9234).
    case role(Role)
    /// Code 64: graceful restart (RFC 4724).
    case gracefulRestart(GracefulRestart)
    /// Code 65: AS numbers of four octets, and the sender's own (RFC 6793).
    case fourOctetASN(ASN)
    /// Code 69: several routes to one prefix (RFC 7911).
    case addPath([AddPath])
    /// Code 70: the beginning and the end of a refresh are marked (RFC 7313).
    case enhancedRouteRefresh
    /// Any other capability, kept as it came.
    case unknown(code: UInt8, value: [UInt8])

    /// The capability code.
    public var code: UInt8 {
        switch self {
        case .multiprotocol: 1
        case .routeRefresh: 2
        case .extendedNextHop: 5
        case .extendedMessage: 6
        case .role: 9
        case .gracefulRestart: 64
        case .fourOctetASN: 65
        case .addPath: 69
        case .enhancedRouteRefresh: 70
        case .unknown(let code, _): code
        }
    }
}

/// The graceful restart capability (RFC 4724, section 3).
///
/// ```
/// +--------------------------------------------------+
/// | Restart Flags (4 bits) | Restart Time (12 bits)  |
/// +--------------------------------------------------+
/// | AFI (16 bits) | SAFI (8 bits) | Flags (8 bits)   |  once a family
/// +--------------------------------------------------+
/// ```
public struct GracefulRestart: Hashable, Sendable {
    /// A family whose forwarding state the sender may keep.
    public struct Family: Hashable, Sendable {
        /// The family.
        public var identifier: FamilyIdentifier
        /// The flags; 0x80 says that forwarding state was kept over the last restart.
        public var flags: UInt8

        /// The forwarding bit F: forwarding state was kept.
        public static var forwardingKept: UInt8 { 0x80 }

        /// Makes an entry.
        public init(_ identifier: FamilyIdentifier, flags: UInt8 = 0) {
            self.identifier = identifier
            self.flags = flags
        }
    }

    /// The upper four bits of the first octet, as a number of 0 to 15; 8 says that the sender has restarted.
    public var flags: UInt8
    /// The restart bit R: the sender has restarted, and its End-of-RIB is not to be waited for.
    public static var restarted: UInt8 { 8 }

    /// How long the sender needs to come back, in seconds: 0 to 4095.
    public var restartTime: UInt16
    /// The families.
    public var families: [Family]

    /// Makes the capability. Numbers beyond their field's width are cut to it.
    public init(flags: UInt8 = 0, restartTime: UInt16, families: [Family]) {
        self.flags = flags & 15
        self.restartTime = restartTime & 0xFFF
        self.families = families
    }
}

extension Capability {
    /// Decodes the value of a capability; nil when the length is not the one that its RFC gives.
    init?(code: UInt8, value: RawSpan) {
        var reader = ByteReader(value)
        switch code {
        case 1:
            guard value.byteCount == 4, let afi = reader.uint16(), reader.uint8() != nil, let safi = reader.uint8()
            else {
                return nil
            }
            self = .multiprotocol(FamilyIdentifier(afi: afi, safi: safi))
        case 2:
            guard value.byteCount == 0 else { return nil }
            self = .routeRefresh
        case 5:
            guard let families = [ExtendedNextHop](value) else { return nil }
            self = .extendedNextHop(families)
        case 6:
            guard value.byteCount == 0 else { return nil }
            self = .extendedMessage
        case 9:
            guard value.byteCount == 1, let role = reader.uint8() else { return nil }
            self = .role(Role(rawValue: role))
        case 64:
            guard let restart = GracefulRestart(value) else { return nil }
            self = .gracefulRestart(restart)
        case 65:
            guard value.byteCount == 4, let asn = reader.uint32() else { return nil }
            self = .fourOctetASN(ASN(asn))
        case 69:
            guard let families = [AddPath](value) else { return nil }
            self = .addPath(families)
        case 70:
            guard value.byteCount == 0 else { return nil }
            self = .enhancedRouteRefresh
        default:
            self = .unknown(code: code, value: value.copied)
        }
    }

    /// Appends code, length and value. A value beyond 255 octets, which no speaker makes, is cut.
    func encode(to buffer: inout [UInt8]) {
        buffer.append(code)
        let lengthOffset = buffer.count
        buffer.append(0)
        switch self {
        case .multiprotocol(let family):
            buffer.append(bigEndian: family.afi)
            buffer.append(0)
            buffer.append(family.safi)
        case .routeRefresh, .extendedMessage, .enhancedRouteRefresh: break
        case .extendedNextHop(let families): families.prefix(42).forEach { $0.encode(to: &buffer) }
        case .role(let role): buffer.append(role.rawValue)
        case .gracefulRestart(let restart): restart.encode(to: &buffer)
        case .fourOctetASN(let asn): buffer.append(bigEndian: asn.rawValue)
        case .addPath(let families): families.prefix(63).forEach { $0.encode(to: &buffer) }
        case .unknown(_, let value): buffer.append(contentsOf: value.prefix(255))
        }
        buffer[lengthOffset] = UInt8(truncatingIfNeeded: buffer.count - lengthOffset - 1)
    }
}

extension GracefulRestart {
    fileprivate init?(_ value: RawSpan) {
        var reader = ByteReader(value)
        guard let head = reader.uint16(), reader.remaining % 4 == 0 else { return nil }
        flags = UInt8(truncatingIfNeeded: head >> 12)
        restartTime = head & 0xFFF
        families = []
        while let afi = reader.uint16(), let safi = reader.uint8(), let flags = reader.uint8() {
            families.append(Family(FamilyIdentifier(afi: afi, safi: safi), flags: flags))
        }
    }

    fileprivate func encode(to buffer: inout [UInt8]) {
        buffer.append(bigEndian: UInt16(flags) << 12 | restartTime & 0xFFF)
        for family in families.prefix(63) {
            buffer.append(bigEndian: family.identifier.afi)
            buffer.append(family.identifier.safi)
            buffer.append(family.flags)
        }
    }
}
