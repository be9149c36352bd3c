public import Net

/// OPEN (RFC 4271, section 4.2): the first message in each direction.
///
/// ```
/// +-+-+-+-+-+-+-+-+
/// |    Version    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |     My Autonomous System      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |           Hold Time           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                         BGP Identifier                        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Opt Parm Len  |  Optional Parameters (variable)               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
public struct OpenMessage: Hashable, Sendable {
    /// The sender's AS: that of the four-octet capability where there is one, else of the fixed field.
    public var asn: ASN
    /// The proposed hold time in seconds: 0, or 3 and more.
    public var holdTime: UInt16
    /// The BGP Identifier: any number but 0 (RFC 6286).
    public var identifier: IPv4Address
    /// The capabilities in the order of the message.
    public var capabilities: [Capability]

    /// Makes an OPEN. `asn` travels in the fixed field, as AS_TRANS where it does not fit; the caller adds the
    /// four-octet capability.
    public init(asn: ASN, holdTime: UInt16, identifier: IPv4Address, capabilities: [Capability]) {
        self.asn = asn
        self.holdTime = holdTime
        self.identifier = identifier
        self.capabilities = capabilities
    }

    /// Whether the sender understands AS numbers of four octets.
    public var isFourOctetASN: Bool {
        capabilities.contains { if case .fourOctetASN = $0 { true } else { false } }
    }

    /// The families that the sender offers: those of its multiprotocol capabilities, or IPv4 when it has none at all
    /// (RFC 4760, section 8).
    public var families: AddressFamilies {
        var offered: AddressFamilies = []
        var isImplicit = true
        for case .multiprotocol(let identifier) in capabilities {
            isImplicit = false
            if let family = identifier.family { offered.insert(AddressFamilies(family)) }
        }
        return isImplicit ? .ipv4 : offered
    }
}

extension OpenMessage {
    private static var capabilitiesParameter: UInt8 { 2 }
    private static var extendedLength: UInt8 { 255 }

    /// Decodes the body. Throws the NOTIFICATION of RFC 4271, section 6.2.
    public init(decoding body: RawSpan) throws(NotificationMessage) {
        var reader = ByteReader(body)
        guard let version = reader.uint8(), let fixedASN = reader.uint16(), let holdTime = reader.uint16(),
            let identifier = reader.uint32(), let length = reader.uint8()
        else { throw NotificationMessage(.openMessageError) }
        guard version == 4 else { throw NotificationMessage(.unsupportedVersionNumber, data: [0, 4]) }
        guard fixedASN != 0 else { throw NotificationMessage(.badPeerAS) }
        guard holdTime == 0 || holdTime >= 3 else { throw NotificationMessage(.unacceptableHoldTime) }
        guard identifier != 0 else { throw NotificationMessage(.badBGPIdentifier) }
        capabilities = try Self.parameters(reader.rest(), length: length)
        self.holdTime = holdTime
        self.identifier = IPv4Address(rawValue: identifier)
        // A neighbour that names two AS numbers is in neither.
        var wide: ASN?
        for case .fourOctetASN(let number) in capabilities {
            guard number.rawValue != 0, wide == nil || wide == number else { throw NotificationMessage(.badPeerAS) }
            wide = number
        }
        asn = wide ?? ASN(UInt32(fixedASN))
    }

    /// Optional parameters have lengths of one octet, or of two when both the length and the first type are 255
    /// (RFC 9072, section 2).
    private static func parameters(_ bytes: RawSpan, length: UInt8) throws(NotificationMessage) -> [Capability] {
        var reader = ByteReader(bytes)
        var expected = Int(length)
        var isExtended = false
        if length != 0, bytes.byteCount > 0, bytes.unsafeLoad(as: UInt8.self) == extendedLength {
            guard reader.uint8() != nil, let wide = reader.uint16() else {
                throw NotificationMessage(.openMessageError)
            }
            expected = Int(wide)
            isExtended = true
        }
        guard reader.remaining == expected else { throw NotificationMessage(.openMessageError) }
        var result: [Capability] = []
        while reader.remaining > 0 {
            guard let type = reader.uint8(),
                let count = isExtended ? reader.uint16().map(Int.init) : reader.uint8().map(Int.init),
                let value = reader.take(count)
            else { throw NotificationMessage(.openMessageError) }
            guard type == capabilitiesParameter else { throw NotificationMessage(.unsupportedOptionalParameter) }
            try appendCapabilities(value, to: &result)
        }
        return result
    }

    private static func appendCapabilities(
        _ bytes: RawSpan, to result: inout [Capability]
    ) throws(NotificationMessage) {
        var reader = ByteReader(bytes)
        while reader.remaining > 0 {
            guard let code = reader.uint8(), let count = reader.uint8(), let value = reader.take(Int(count)),
                let capability = Capability(code: code, value: value)
            else { throw NotificationMessage(.openMessageError) }
            result.append(capability)
        }
    }

    /// Appends the message: all capabilities in one optional parameter, with the lengths of RFC 9072 if they need them.
    public func encode(to buffer: inout [UInt8]) {
        let start = MessageHeader.begin(.open, in: &buffer)
        buffer.append(4)
        buffer.append(bigEndian: UInt16(exactly: asn.rawValue) ?? UInt16(truncatingIfNeeded: ASN.trans.rawValue))
        buffer.append(bigEndian: holdTime)
        buffer.append(bigEndian: identifier.rawValue)
        var value: [UInt8] = []
        for capability in capabilities {
            let before = value.count
            capability.encode(to: &value)
            // An OPEN never exceeds 4096 octets; a capability that does not fit is not offered.
            if value.count > MessageHeader.maximumLength - 64 { value.removeSubrange(before...) }
        }
        switch value.count {
        case 0:
            buffer.append(0)
        case ...253:
            buffer.append(UInt8(value.count + 2))
            buffer.append(Self.capabilitiesParameter)
            buffer.append(UInt8(value.count))
        default:
            buffer.append(Self.extendedLength)
            buffer.append(Self.extendedLength)
            buffer.append(bigEndian: UInt16(truncatingIfNeeded: value.count + 3))
            buffer.append(Self.capabilitiesParameter)
            buffer.append(bigEndian: UInt16(truncatingIfNeeded: value.count))
        }
        buffer.append(contentsOf: value)
        MessageHeader.end(start, in: &buffer)
    }
}
