/// A BFD Control packet without authentication (RFC 5880, section 4.1), the payload of a UDP datagram.
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                       My Discriminator                        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                      Your Discriminator                       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                    Desired Min TX Interval                    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                   Required Min RX Interval                    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                 Required Min Echo RX Interval                 |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
public struct ControlPacket: Hashable, Sendable {
    /// The octets of a packet without an authentication section.
    public static let byteCount = 24

    /// Why the sender's state changed last.
    public var diagnostic: Diagnostic
    /// The sender's state.
    public var state: BFDState
    /// P: the sender wants a packet with F set at once.
    public var isPoll: Bool
    /// F: the answer to a packet with P set.
    public var isFinal: Bool
    /// C: the sender's BFD outlives a restart of its routing protocols (RFC 5882, section 4.3).
    public var isControlPlaneIndependent: Bool
    /// D: the sender asks for no periodic packets.
    public var isDemand: Bool
    /// How many packets must be missed in a row; not 0.
    public var detectMultiplier: UInt8
    /// The sender's number of the session; not 0.
    public var myDiscriminator: UInt32
    /// The receiver's number of the session; 0 when the sender does not know it.
    public var yourDiscriminator: UInt32
    /// How often the sender wants to send, in microseconds.
    public var desiredMinTxInterval: UInt32
    /// How often the sender can receive, in microseconds; 0 asks for no periodic packets at all.
    public var requiredMinRxInterval: UInt32
    /// How often the sender can loop back Echo packets, in microseconds; 0 means not at all.
    public var requiredMinEchoRxInterval: UInt32

    /// Makes a packet.
    public init(
        diagnostic: Diagnostic = .none, state: BFDState, isPoll: Bool = false, isFinal: Bool = false,
        isControlPlaneIndependent: Bool = false, isDemand: Bool = false, detectMultiplier: UInt8,
        myDiscriminator: UInt32, yourDiscriminator: UInt32 = 0, desiredMinTxInterval: UInt32,
        requiredMinRxInterval: UInt32, requiredMinEchoRxInterval: UInt32 = 0
    ) {
        self.diagnostic = diagnostic
        self.state = state
        self.isPoll = isPoll
        self.isFinal = isFinal
        self.isControlPlaneIndependent = isControlPlaneIndependent
        self.isDemand = isDemand
        self.detectMultiplier = detectMultiplier
        self.myDiscriminator = myDiscriminator
        self.yourDiscriminator = yourDiscriminator
        self.desiredMinTxInterval = desiredMinTxInterval
        self.requiredMinRxInterval = requiredMinRxInterval
        self.requiredMinEchoRxInterval = requiredMinEchoRxInterval
    }
}

/// Why a received datagram is discarded (RFC 5880, section 6.8.6), in the order of the checks.
public enum DiscardReason: Error, Hashable, Sendable, CaseIterable {
    /// The version is not 1, or there is no octet that says.
    case version
    /// The Length field is less than 24, or than 26 with the A bit, or there is no such field.
    case lengthTooSmall
    /// The Length field is greater than the payload of the datagram.
    case lengthBeyondPayload
    /// Detect Mult is 0.
    case detectMultiplierZero
    /// The Multipoint bit is set.
    case multipoint
    /// My Discriminator is 0.
    case myDiscriminatorZero
    /// Your Discriminator is 0 and the state is neither Down nor AdminDown.
    case yourDiscriminatorZero
    /// The A bit is set, and no session here uses authentication.
    case authentication
}

extension ControlPacket {
    private static let version: UInt8 = 1
    private static let poll: UInt8 = 0x20
    private static let final: UInt8 = 0x10
    private static let controlPlaneIndependent: UInt8 = 0x08
    private static let authenticationPresent: UInt8 = 0x04
    private static let demand: UInt8 = 0x02
    private static let multipoint: UInt8 = 0x01

    /// Decodes the payload of a datagram with all checks of RFC 5880, section 6.8.6 that need no session. Throws the first
    /// that fails. The RFC looks at the A bit after the session has been found; as no session uses authentication, it is
    /// looked at here.
    public init(decoding payload: RawSpan) throws(DiscardReason) {
        func octet(_ offset: Int) -> UInt8? {
            offset < payload.byteCount ? payload.unsafeLoad(fromByteOffset: offset, as: UInt8.self) : nil
        }
        guard let first = octet(0), first >> 5 == Self.version else { throw .version }
        guard let flags = octet(1), let multiplier = octet(2), let length = octet(3) else { throw .lengthTooSmall }
        let isAuthenticated = flags & Self.authenticationPresent != 0
        guard length >= (isAuthenticated ? 26 : 24) else { throw .lengthTooSmall }
        guard Int(length) <= payload.byteCount else { throw .lengthBeyondPayload }
        guard multiplier != 0 else { throw .detectMultiplierZero }
        guard flags & Self.multipoint == 0 else { throw .multipoint }
        // At least 24 octets are there from here on.
        func number(_ offset: Int) -> UInt32 {
            UInt32(bigEndian: payload.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        self.init(
            diagnostic: Diagnostic(rawValue: first & 0x1F), state: BFDState(flags >> 6),
            isPoll: flags & Self.poll != 0, isFinal: flags & Self.final != 0,
            isControlPlaneIndependent: flags & Self.controlPlaneIndependent != 0,
            isDemand: flags & Self.demand != 0, detectMultiplier: multiplier, myDiscriminator: number(4),
            yourDiscriminator: number(8), desiredMinTxInterval: number(12), requiredMinRxInterval: number(16),
            requiredMinEchoRxInterval: number(20))
        guard myDiscriminator != 0 else { throw .myDiscriminatorZero }
        guard yourDiscriminator != 0 || state <= .down else { throw .yourDiscriminatorZero }
        guard !isAuthenticated else { throw .authentication }
    }

    /// Writes the packet into the first ``byteCount`` octets of `buffer`, which must be as long.
    public func encode(into buffer: inout MutableRawSpan) {
        precondition(buffer.byteCount >= Self.byteCount)
        var flags = state.rawValue << 6
        if isPoll { flags |= Self.poll }
        if isFinal { flags |= Self.final }
        if isControlPlaneIndependent { flags |= Self.controlPlaneIndependent }
        if isDemand { flags |= Self.demand }
        let words: [6 of UInt32] = [
            UInt32(Self.version << 5 | diagnostic.rawValue) << 24 | UInt32(flags) << 16
                | UInt32(detectMultiplier) << 8 | UInt32(Self.byteCount),
            myDiscriminator, yourDiscriminator, desiredMinTxInterval, requiredMinRxInterval, requiredMinEchoRxInterval,
        ]
        for index in words.indices {
            buffer.storeBytes(of: words[index].bigEndian, toByteOffset: 4 * index, as: UInt32.self)
        }
    }
}
