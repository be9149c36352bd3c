import BGPWire
public import Net

/// A message of the BGP Monitoring Protocol (RFC 7854), which a router sends to a station that listens. The station says
/// nothing. Every message begins with the common header (section 4.1):
///
/// ```
/// +-+-+-+-+-+-+-+-+
/// |  Version: 3   |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                        Message Length                         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   Msg. Type   |
/// +---------------+
/// ```
///
/// Behind it, all but Initiation and Termination have the header of ``BMPPeer``.
public enum BMPMessage: Hashable, Sendable {
    /// Type 4: the first message. Its TLVs are sysDescr (1) and sysName (2) (section 4.3).
    case initiation(systemName: String, systemDescription: String)
    /// Type 5: the last message, with a reason TLV (1) (section 4.5).
    case termination(BMPTermination)
    /// Type 3: a session is Established (section 4.10).
    case peerUp(BMPPeer, BMPTime, BMPPeerUp)
    /// Type 2: a session has ended (section 4.9).
    case peerDown(BMPPeer, BMPTime, BMPPeerDown)
    /// Type 0: one UPDATE from its marker on (section 4.6). An End-of-RIB says that the table has been told.
    case routeMonitoring(BMPPeer, BMPTime, update: ArraySlice<UInt8>)
    /// Type 6: a message that was treated as withdrawal or led to the end of the session, word for word (section 4.7).
    case erroredMessage(BMPPeer, BMPTime, message: [UInt8])
    /// Type 1: numbers (section 4.8).
    case statistics(BMPPeer, BMPTime, [BMPStatistic])

    private var type: UInt8 {
        switch self {
        case .routeMonitoring: 0
        case .statistics: 1
        case .peerDown: 2
        case .peerUp: 3
        case .initiation: 4
        case .termination: 5
        case .erroredMessage: 6
        }
    }

    /// Appends the message.
    public func encode(to buffer: inout [UInt8]) {
        let start = buffer.count
        buffer.append(3)
        buffer.append(bigEndian: UInt32(0))
        buffer.append(type)
        switch self {
        case .initiation(let name, let description):
            buffer.append(tlv: 1, description.utf8)
            buffer.append(tlv: 2, name.utf8)
        case .termination(let reason): buffer.append(tlv: 1, [0, reason.rawValue])
        case .peerUp(let peer, let time, let up):
            peer.encode(at: time, to: &buffer)
            up.encode(to: &buffer)
        case .peerDown(let peer, let time, let down):
            peer.encode(at: time, to: &buffer)
            down.encode(to: &buffer)
        case .routeMonitoring(let peer, let time, let update):
            peer.encode(at: time, to: &buffer)
            buffer += update
        case .erroredMessage(let peer, let time, let message):
            peer.encode(at: time, to: &buffer)
            // Information: errored PDU; then the BGP message.
            buffer.append(tlv: 1, [0, 0])
            buffer.append(tlv: 0, message)
        case .statistics(let peer, let time, let statistics):
            peer.encode(at: time, to: &buffer)
            buffer.append(bigEndian: UInt32(truncatingIfNeeded: statistics.count))
            for statistic in statistics { statistic.encode(to: &buffer) }
        }
        let length = buffer.count - start
        for (index, shift) in [24, 16, 8, 0].enumerated() {
            buffer[start + 1 + index] = UInt8(truncatingIfNeeded: length >> shift)
        }
    }
}

/// Why the router ends the connection (RFC 7854, section 4.5).
public enum BMPTermination: UInt8, Hashable, Sendable {
    /// An operator closed it; it may come back.
    case administrativelyClosed = 0
    /// No reason is given.
    case unspecified = 1
    /// The router has not enough memory.
    case outOfResources = 2
    /// The station is connected twice.
    case redundant = 3
    /// An operator closed it, and it does not come back.
    case permanentlyClosed = 4
}

/// A session that is Established.
///
/// ```
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                 Local Address (16 octets)                     |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |         Local Port            |        Remote Port            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                    Sent OPEN Message                          |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                  Received OPEN Message                        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// Information TLVs may follow; none are of use here. (The name of the Loc-RIB's table, RFC 9069, section 5.2.1, may be left out.)
public struct BMPPeerUp: Hashable, Sendable {
    /// Our address.
    public var localAddress: IPAddress
    /// Our TCP port.
    public var localPort: UInt16
    /// The neighbour's TCP port.
    public var remotePort: UInt16
    /// The OPEN that we sent, from its marker on.
    public var sentOpen: [UInt8]
    /// The OPEN that the neighbour sent, from its marker on.
    public var receivedOpen: [UInt8]

    /// Makes the message's own part.
    public init(
        localAddress: IPAddress, localPort: UInt16, remotePort: UInt16, sentOpen: [UInt8], receivedOpen: [UInt8]
    ) {
        self.localAddress = localAddress
        self.localPort = localPort
        self.remotePort = remotePort
        self.sentOpen = sentOpen
        self.receivedOpen = receivedOpen
    }

    fileprivate func encode(to buffer: inout [UInt8]) {
        buffer.append(padded: localAddress)
        buffer.append(bigEndian: localPort)
        buffer.append(bigEndian: remotePort)
        buffer += sentOpen
        buffer += receivedOpen
    }
}

/// Why a session has ended (RFC 7854, section 4.9): the reason in one octet, then what belongs to it.
public enum BMPPeerDown: Hashable, Sendable {
    /// 1: we sent this NOTIFICATION, from its marker on.
    case localNotification([UInt8])
    /// 2: we ended it without one. The number is that of the event in RFC 4271, section 8.1.
    case localEvent(UInt16)
    /// 3: the neighbour sent this NOTIFICATION, from its marker on.
    case remoteNotification([UInt8])
    /// 4: the connection ended without one.
    case remoteClosed

    fileprivate func encode(to buffer: inout [UInt8]) {
        switch self {
        case .localNotification(let message):
            buffer.append(1)
            buffer += message
        case .localEvent(let event):
            buffer.append(2)
            buffer.append(bigEndian: event)
        case .remoteNotification(let message):
            buffer.append(3)
            buffer += message
        case .remoteClosed: buffer.append(4)
        }
    }
}

/// One number of a statistics report (RFC 7854, section 4.8; RFC 8671, section 6.2).
public enum BMPStatistic: Hashable, Sendable {
    /// 7: routes in the Adj-RIB-In.
    case adjRIBIn(UInt64)
    /// 8: routes in the Loc-RIB.
    case locRIB(UInt64)
    /// 11: UPDATE messages whose routes counted as withdrawn (RFC 7606).
    case treatedAsWithdraw(UInt32)
    /// 15: routes in the Adj-RIB-Out after policy.
    case adjRIBOut(UInt64)

    fileprivate func encode(to buffer: inout [UInt8]) {
        func gauge(_ type: UInt16, _ value: UInt64) {
            buffer.append(bigEndian: type)
            buffer.append(bigEndian: UInt16(8))
            buffer.append(bigEndian: value)
        }
        switch self {
        case .adjRIBIn(let count): gauge(7, count)
        case .locRIB(let count): gauge(8, count)
        case .adjRIBOut(let count): gauge(15, count)
        case .treatedAsWithdraw(let count):
            buffer.append(bigEndian: UInt16(11))
            buffer.append(bigEndian: UInt16(4))
            buffer.append(bigEndian: count)
        }
    }
}

extension [UInt8] {
    /// Appends type, length and value, which is cut at 65,535 octets.
    fileprivate mutating func append(tlv type: UInt16, _ value: some Collection<UInt8>) {
        append(bigEndian: type)
        append(bigEndian: UInt16(clamping: value.count))
        append(contentsOf: value.prefix(Int(UInt16.max)))
    }
}
