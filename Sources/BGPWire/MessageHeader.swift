/// The type of a message (RFC 4271, section 4.1; ROUTE-REFRESH: RFC 2918).
public enum MessageType: UInt8, Hashable, Sendable {
    /// OPEN.
    case open = 1
    /// UPDATE.
    case update = 2
    /// NOTIFICATION.
    case notification = 3
    /// KEEPALIVE.
    case keepalive = 4
    /// ROUTE-REFRESH.
    case routeRefresh = 5
}

/// The fixed header of every message (RFC 4271, section 4.1).
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                                                               |
/// +                                                               +
/// |                  Marker: 16 octets, all ones                  |
/// +                                                               +
/// |                                                               |
/// +                                                               +
/// |                                                               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |        Length (19...4096)     |     Type      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
public enum MessageHeader {
    /// The length of the header in octets.
    public static var length: Int { 19 }
    /// The greatest length of a message in octets.
    public static var maximumLength: Int { 4096 }
    /// The greatest length of an UPDATE, NOTIFICATION or ROUTE-REFRESH between speakers of RFC 8654.
    public static var extendedMaximumLength: Int { 65535 }

    /// Appends a KEEPALIVE, which is a header and nothing else.
    public static func encodeKeepalive(to buffer: inout [UInt8]) {
        let start = begin(.keepalive, in: &buffer)
        end(start, in: &buffer)
    }

    /// Appends a header whose length is not known yet; returns where the message begins.
    package static func begin(_ type: MessageType, in buffer: inout [UInt8]) -> Int {
        let start = buffer.count
        buffer.append(bigEndian: UInt64.max)
        buffer.append(bigEndian: UInt64.max)
        buffer.append(bigEndian: UInt16(0))
        buffer.append(type.rawValue)
        return start
    }

    /// Fills in the length of the message that began at `start` and ends here.
    package static func end(_ start: Int, in buffer: inout [UInt8]) {
        buffer.patch(buffer.count - start, at: start + 16)
    }
}

/// One whole message inside the buffer of a ``MessageReader``.
public struct MessageFrame: Hashable, Sendable {
    /// What kind of message it is.
    public let type: MessageType
    /// Where its body, which is what follows the header, lies in the reader's buffer.
    let body: Range<Int>
}

/// Cuts a byte stream, which may arrive in any pieces, into messages.
///
/// A neighbour that is quiet holds no memory here: the buffer is given back whenever it has been read to its end.
public struct MessageReader: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0

    /// The greatest length that is accepted: ``MessageHeader/maximumLength``, or more once RFC 8654 was offered.
    public var maximumLength: Int

    /// Whether ROUTE-REFRESH of every length passes, so that ``RouteRefreshMessage`` can say what is wrong with it as
    /// RFC 7313, section 5 wants, once that was negotiated.
    public var isEnhancedRouteRefresh = false

    /// Makes a reader at the beginning of a stream.
    public init(maximumLength: Int = MessageHeader.maximumLength) {
        self.maximumLength = maximumLength
    }

    /// Adds bytes that came from the stream. Frames that were returned earlier are no longer valid.
    public mutating func append(_ bytes: RawSpan) {
        if start > 0 {
            buffer.removeSubrange(..<start)
            start = 0
        }
        bytes.withUnsafeBytes { buffer.append(contentsOf: $0) }
    }

    /// The number of bytes that wait for the rest of their message.
    public var pending: Int { buffer.count - start }

    /// The next whole message, or nil when more bytes are needed. Throws the NOTIFICATION that RFC 4271, section 6.1 asks
    /// for when the header is wrong; the stream cannot be read any further then, and every call throws the same again.
    public mutating func next() throws(NotificationMessage) -> MessageFrame? {
        guard pending >= MessageHeader.length else {
            if pending == 0 {
                buffer = []
                start = 0
            }
            return nil
        }
        let length = Int(buffer[start + 16]) << 8 | Int(buffer[start + 17])
        let type = try check(buffer[start..<start + MessageHeader.length], length: length)
        guard pending >= length else { return nil }
        let frame = MessageFrame(type: type, body: start + MessageHeader.length..<start + length)
        start += length
        return frame
    }

    /// The body of a frame that ``next()`` returned since the last ``append(_:)``.
    @_lifetime(borrow self)
    public func body(of frame: MessageFrame) -> RawSpan {
        buffer.span.bytes.extracting(frame.body.clamped(to: 0..<buffer.count))
    }

    /// Lends the body of a frame, as ``body(of:)`` does, where the reader is a property of an object.
    public func withBody<Result, Failure: Error>(
        of frame: MessageFrame, _ decode: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try decode(body(of: frame))
    }

    private func check(_ header: ArraySlice<UInt8>, length: Int) throws(NotificationMessage) -> MessageType {
        guard header.prefix(16).allSatisfy({ $0 == 0xFF }) else {
            throw NotificationMessage(.connectionNotSynchronized)
        }
        let code = header[header.startIndex + 18]
        let badLength = NotificationMessage(
            .badMessageLength, data: Array(header[header.startIndex + 16..<header.startIndex + 18]))
        guard length >= MessageHeader.length, length <= maximumLength else { throw badLength }
        guard let type = MessageType(rawValue: code) else {
            throw NotificationMessage(.badMessageType, data: [code])
        }
        let isRightLength =
            switch type {
            // RFC 8654, section 4: OPEN and KEEPALIVE keep the old limit.
            case .open: length >= 29 && length <= MessageHeader.maximumLength
            case .update: length >= 23
            case .notification: length >= 21
            case .keepalive: length == MessageHeader.length
            case .routeRefresh: length == 23 || isEnhancedRouteRefresh
            }
        guard isRightLength else { throw badLength }
        return type
    }
}
