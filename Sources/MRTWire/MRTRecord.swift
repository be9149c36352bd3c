import BGPWire

/// One record of an MRT file (RFC 6396, section 2): a message of BGP, a change of a session's state, or a part of a dump of
/// a table.
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                           Timestamp                           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |             Type              |            Subtype            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                             Length                            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                      Message... (variable)
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
public struct MRTRecord: Hashable, Sendable {
    /// What a record says.
    public enum Content: Hashable, Sendable {
        /// Whose routes a dump has.
        case peers(MRTPeerIndexTable)
        /// The routes to one prefix in a dump.
        case routes(MRTRoutes)
        /// A message on a session.
        case message(MRTMessage)
        /// A change of a session's state.
        case stateChange(MRTStateChange)
        /// A type or subtype that is of no use here, kept as it came.
        case other(type: UInt16, subtype: UInt16, [UInt8])
    }

    /// When it happened.
    public var time: MRTTime
    /// What it says.
    public var content: Content

    /// Makes a record.
    public init(_ content: Content, at time: MRTTime) {
        self.time = time
        self.content = content
    }
}

/// A time since 1970.
public struct MRTTime: Hashable, Sendable {
    /// Whole seconds.
    public var seconds: UInt32
    /// What is beyond them: 0 to 999,999, in records of the extended types (RFC 6396, section 3); nil in others.
    public var microseconds: UInt32?

    /// Makes a time.
    public init(seconds: UInt32, microseconds: UInt32? = nil) {
        self.seconds = seconds
        self.microseconds = microseconds
    }
}

/// The numbers of types and subtypes.
enum MRTType {
    static let tableDumpV2: UInt16 = 13
    static let bgp4mp: UInt16 = 16
    static let bgp4mpExtendedTime: UInt16 = 17
    static let peerIndexTable: UInt16 = 1
}

extension MRTRecord {
    /// Appends the record.
    public func encode(to buffer: inout [UInt8]) {
        switch content {
        case .peers(let table):
            encode(MRTType.tableDumpV2, MRTType.peerIndexTable, to: &buffer) { table.encode(to: &$0) }
        case .routes(let routes):
            encode(MRTType.tableDumpV2, routes.subtype, to: &buffer) { routes.encode(to: &$0) }
        case .message(let message): encodeSession(message.subtype, to: &buffer) { message.encode(to: &$0) }
        case .stateChange(let change): encodeSession(change.subtype, to: &buffer) { change.encode(to: &$0) }
        case .other(let type, let subtype, let body): encode(type, subtype, to: &buffer) { $0 += body }
        }
    }

    private func encodeSession(_ subtype: UInt16, to buffer: inout [UInt8], _ body: (inout [UInt8]) -> Void) {
        let type = time.microseconds == nil ? MRTType.bgp4mp : MRTType.bgp4mpExtendedTime
        encode(type, subtype, to: &buffer) { buffer in
            if let microseconds = time.microseconds { buffer.append(bigEndian: microseconds) }
            body(&buffer)
        }
    }

    private func encode(
        _ type: UInt16, _ subtype: UInt16, to buffer: inout [UInt8], _ body: (inout [UInt8]) -> Void
    ) {
        buffer.append(bigEndian: time.seconds)
        buffer.append(bigEndian: type)
        buffer.append(bigEndian: subtype)
        let lengthOffset = buffer.count
        buffer.append(bigEndian: UInt32(0))
        body(&buffer)
        buffer.patch32(buffer.count - lengthOffset - 4, at: lengthOffset)
    }
}
