/// NOTIFICATION (RFC 4271, section 4.5): the last message of a session. It is also what a decoder throws, because an
/// error that ends a session is fully described by the message that has to be sent.
///
/// ```
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Error code   | Error subcode |   Data (variable)             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
public struct NotificationMessage: Error, Hashable, Sendable {
    /// The error code and subcode.
    public var reason: NotificationReason
    /// What the error was found in; its meaning depends on the reason.
    public var data: [UInt8]

    /// Makes a notification.
    public init(_ reason: NotificationReason, data: [UInt8] = []) {
        self.reason = reason
        self.data = data
    }

    /// Makes a Cease with a text for the neighbour's operator (RFC 9003): the reason is administrative shutdown or reset.
    /// Text beyond 255 octets is cut at a character.
    public init(_ reason: NotificationReason, communication text: String) {
        self.reason = reason
        var octets: [UInt8] = []
        for scalar in text.unicodeScalars {
            let encoded = Array(String(scalar).utf8)
            guard octets.count + encoded.count <= 255 else { break }
            octets += encoded
        }
        data = octets.isEmpty ? [] : [UInt8(octets.count)] + octets
    }

    /// Makes an Unsupported Capability that names the capabilities which the neighbour's OPEN lacks (RFC 5492, section 3).
    public init(missing capabilities: [Capability]) {
        reason = .unsupportedCapability
        data = []
        for capability in capabilities { capability.encode(to: &data) }
    }

    /// The shutdown communication (RFC 9003), if there is one and it is whole and valid UTF-8.
    public var shutdownCommunication: String? {
        guard reason == .administrativeShutdown || reason == .administrativeReset, let count = data.first,
            count > 0, data.count > Int(count)
        else { return nil }
        return String(validating: data[1...Int(count)], as: UTF8.self)
    }

    /// Decodes the body of a NOTIFICATION. A body that is too short, which the reader of messages lets nobody see,
    /// reads as 0/0: no NOTIFICATION is ever answered by one (RFC 4271, section 6.4).
    public init(decoding body: RawSpan) {
        var reader = ByteReader(body)
        let code = reader.uint8() ?? 0
        let subcode = reader.uint8() ?? 0
        reason = NotificationReason(code: code, subcode: subcode)
        data = reader.rest().copied
    }

    /// Appends the message. Data beyond what a message can hold is cut.
    public func encode(to buffer: inout [UInt8]) {
        let start = MessageHeader.begin(.notification, in: &buffer)
        buffer.append(reason.code)
        buffer.append(reason.subcode)
        buffer.append(contentsOf: data.prefix(MessageHeader.maximumLength - MessageHeader.length - 2))
        MessageHeader.end(start, in: &buffer)
    }
}

extension NotificationMessage: CustomStringConvertible {
    /// The reason, and the shutdown communication in quotation marks. Control characters of the text, which the neighbour
    /// chose, become spaces so that a log keeps its lines.
    public var description: String {
        guard let text = shutdownCommunication else { return reason.description }
        var clean = ""
        for scalar in text.unicodeScalars {
            clean.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return "\(reason) \"\(clean)\""
    }
}
