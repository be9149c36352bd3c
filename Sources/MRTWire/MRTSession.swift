import BGPWire
public import Net

/// Whose session a record of type BGP4MP is about. The head of all its subtypes (RFC 6396, section 4.4):
///
/// ```
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                 Peer AS Number (2 or 4 octets)                |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                 Local AS Number (2 or 4 octets)               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |        Interface Index        |        Address Family         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                      Peer IP Address (variable)               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                      Local IP Address (variable)              |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
public struct MRTSession: Hashable, Sendable {
    /// The neighbour's AS.
    public var peerASN: ASN
    /// The AS of the one who records.
    public var localASN: ASN
    /// The interface; 0 where it does not matter.
    public var interface: UInt16
    /// The neighbour's address.
    public var peerAddress: IPAddress
    /// The address of the one who records, of the same family.
    public var localAddress: IPAddress

    /// Makes a session.
    public init(
        peerASN: ASN, localASN: ASN, interface: UInt16 = 0, peerAddress: IPAddress, localAddress: IPAddress
    ) {
        self.peerASN = peerASN
        self.localASN = localASN
        self.interface = interface
        self.peerAddress = peerAddress
        self.localAddress = localAddress
    }

    func encode(isFourOctetASN: Bool, to buffer: inout [UInt8]) {
        for asn in [peerASN, localASN] {
            if isFourOctetASN {
                buffer.append(bigEndian: asn.rawValue)
            } else {
                buffer.append(
                    bigEndian: UInt16(exactly: asn.rawValue) ?? UInt16(truncatingIfNeeded: ASN.trans.rawValue))
            }
        }
        buffer.append(bigEndian: interface)
        buffer.append(bigEndian: FamilyIdentifier(peerAddress.family).afi)
        buffer.append(peerAddress)
        buffer.append(localAddress)
    }

    /// Nil when the octets end too early, or the family is neither IPv4 nor IPv6.
    @_lifetime(reader: copy reader)
    init?(_ reader: inout ByteReader, isFourOctetASN: Bool) {
        guard let peerASN = reader.asn(isFourOctet: isFourOctetASN),
            let localASN = reader.asn(isFourOctet: isFourOctetASN), let interface = reader.uint16(),
            let afi = reader.uint16(), let family = FamilyIdentifier(afi: afi, safi: 1).family,
            let peerAddress = reader.address(family), let localAddress = reader.address(family)
        else { return nil }
        self.init(
            peerASN: peerASN, localASN: localASN, interface: interface, peerAddress: peerAddress,
            localAddress: localAddress)
    }
}

/// BGP4MP_MESSAGE and its forms (RFC 6396, section 4.4.2; RFC 8050, section 3): the head of ``MRTSession``, then one whole
/// message of BGP.
public struct MRTMessage: Hashable, Sendable {
    /// The session.
    public var session: MRTSession
    /// Whether AS numbers take four octets, in the head and in the message.
    public var isFourOctetASN: Bool
    /// Whether the one who records has sent the message; else it has received it.
    public var isLocal: Bool
    /// Whether prefixes have path identifiers (RFC 7911).
    public var hasPathIDs: Bool
    /// The message from its marker on.
    public var message: [UInt8]

    /// Makes a record.
    public init(
        _ session: MRTSession, isFourOctetASN: Bool, isLocal: Bool = false, hasPathIDs: Bool = false, message: [UInt8]
    ) {
        self.session = session
        self.isFourOctetASN = isFourOctetASN
        self.isLocal = isLocal
        self.hasPathIDs = hasPathIDs
        self.message = message
    }

    /// The subtypes by AS width (two octets first), sender (the neighbour first), path identifiers (without first).
    private static let subtypes: [UInt16] = [1, 8, 6, 10, 4, 9, 7, 11]

    var subtype: UInt16 {
        Self.subtypes[(isFourOctetASN ? 4 : 0) + (isLocal ? 2 : 0) + (hasPathIDs ? 1 : 0)]
    }

    func encode(to buffer: inout [UInt8]) {
        session.encode(isFourOctetASN: isFourOctetASN, to: &buffer)
        buffer += message
    }

    /// Nil for another subtype, or when the octets end too early.
    init?(decoding body: RawSpan, subtype: UInt16) {
        guard let index = Self.subtypes.firstIndex(of: subtype) else { return nil }
        isFourOctetASN = index & 4 != 0
        isLocal = index & 2 != 0
        hasPathIDs = index & 1 != 0
        var reader = ByteReader(body)
        guard let session = MRTSession(&reader, isFourOctetASN: isFourOctetASN) else { return nil }
        self.session = session
        message = reader.rest().copied
    }
}

/// BGP4MP_STATE_CHANGE (RFC 6396, section 4.4.1): the head of ``MRTSession``, then the old and the new state in two octets
/// each. The states are numbered from 1, Idle, to 6, Established.
public struct MRTStateChange: Hashable, Sendable {
    /// The session.
    public var session: MRTSession
    /// Whether AS numbers take four octets.
    public var isFourOctetASN: Bool
    /// The state before.
    public var old: UInt16
    /// The state from now on.
    public var new: UInt16

    /// Makes a record.
    public init(_ session: MRTSession, isFourOctetASN: Bool = true, from old: UInt16, to new: UInt16) {
        self.session = session
        self.isFourOctetASN = isFourOctetASN
        self.old = old
        self.new = new
    }

    var subtype: UInt16 { isFourOctetASN ? 5 : 0 }

    func encode(to buffer: inout [UInt8]) {
        session.encode(isFourOctetASN: isFourOctetASN, to: &buffer)
        buffer.append(bigEndian: old)
        buffer.append(bigEndian: new)
    }

    /// Nil for another subtype, or when the octets end too early.
    init?(decoding body: RawSpan, subtype: UInt16) {
        guard subtype == 0 || subtype == 5 else { return nil }
        isFourOctetASN = subtype == 5
        var reader = ByteReader(body)
        guard let session = MRTSession(&reader, isFourOctetASN: isFourOctetASN), let old = reader.uint16(),
            let new = reader.uint16()
        else { return nil }
        self.session = session
        self.old = old
        self.new = new
    }
}
