import CHTTPParser

/// Reads messages of one direction of a connection, one after the other. http_parser reads; this collects what it finds.
public final class MessageParser {
    /// What comes over the connection.
    public enum Kind: Sendable {
        /// Requests.
        case request
        /// Responses.
        case response
    }

    /// Why octets are no message, or none that is taken.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// They break the grammar; what the parser calls it.
        case malformed(String)
        /// The head is longer than ``longestHead``.
        case headTooLong
        /// The content is longer than is taken.
        case contentTooLong

        /// In words.
        public var description: String {
            switch self {
            case .malformed(let name): "not HTTP/1.1: \(name)"
            case .headTooLong: "the head has more than \(MessageParser.longestHead) octets"
            case .contentTooLong: "the content is too long"
            }
        }
    }

    /// How many octets a head may have.
    public static let longestHead = 16384

    /// Whether all of a message has been read.
    public private(set) var isComplete = false
    /// Whether anything of a message has been read.
    public private(set) var hasBegun = false

    private let kind: Kind
    private let mostContent: Int
    private let parser = UnsafeMutablePointer<http_parser>.allocate(capacity: 1)
    private var target: [UInt8] = []
    private var name: [UInt8] = []
    private var value: [UInt8] = []
    /// Whether the value of the field has begun: then more of a name is that of the next field.
    private var hasValue = false
    private var fields = HTTPFields()
    private var body: [UInt8] = []
    private var keepsAlive = false
    /// Whether the response that comes has no content whatever it says, as that to HEAD.
    public var isWithoutContent = false

    /// Makes a parser of messages with up to `mostContent` octets of content.
    public init(_ kind: Kind, mostContent: Int) {
        self.kind = kind
        self.mostContent = mostContent
        // One limit for all parsers of the process.
        http_parser_set_max_header_size(UInt32(Self.longestHead))
        reset()
    }

    deinit { parser.deallocate() }

    /// Begins the next message.
    public func reset() {
        http_parser_init(parser, kind == .request ? HTTP_REQUEST : HTTP_RESPONSE)
        parser.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        (target, name, value, body, fields) = ([], [], [], [], HTTPFields())
        (hasValue, keepsAlive, isComplete, hasBegun) = (false, false, false, false)
    }

    /// Reads up to the end of the message, and answers how many octets that took. Throws ``Failure``.
    public func parse(_ bytes: [UInt8]) throws(Failure) -> Int {
        guard !isComplete, !bytes.isEmpty else { return 0 }
        hasBegun = true
        var settings = Self.settings
        let count = bytes.withUnsafeBytes {
            http_parser_execute(parser, &settings, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        try check()
        return count
    }

    /// Says that the other side sends nothing more: the end of a response whose length nobody said. Throws ``Failure`` when it is in
    /// the middle of a message.
    public func parseEnd() throws(Failure) {
        guard !isComplete, hasBegun else { return }
        var settings = Self.settings
        _ = http_parser_execute(parser, &settings, nil, 0)
        try check()
        guard isComplete else { throw .malformed("the connection ended in the middle of a message") }
    }

    private func check() throws(Failure) {
        switch chp_errno(parser) {
        case HPE_OK, HPE_PAUSED: return
        case HPE_HEADER_OVERFLOW: throw .headTooLong
        case HPE_CB_body: throw .contentTooLong
        case let code: throw .malformed(String(cString: http_errno_description(code)))
        }
    }

    /// The request that was read.
    public var request: HTTPRequest {
        let method = http_method(rawValue: chp_method(parser)).rawValue
        var request = HTTPRequest(
            method: String(cString: http_method_str(http_method(rawValue: method))),
            target: String(decoding: target, as: UTF8.self), fields: fields)
        request.isVersion11 = parser.pointee.http_major == 1 && parser.pointee.http_minor >= 1
        request.keepsAlive = keepsAlive
        return request
    }

    /// The response that was read.
    public var response: HTTPResponse {
        var response = HTTPResponse(Int(chp_status(parser)), fields, body: body)
        response.keepsAlive = keepsAlive
        return response
    }

    // MARK: What http_parser finds

    private static var settings: http_parser_settings {
        var settings = http_parser_settings()
        http_parser_settings_init(&settings)
        settings.on_url = { MessageParser.found($0, $1, $2) { $0.target += $1 } }
        settings.on_header_field = { MessageParser.found($0, $1, $2) { $0.addToName($1) } }
        settings.on_header_value = { MessageParser.found($0, $1, $2) { $0.addToValue($1) } }
        settings.on_headers_complete = { MessageParser.with($0) { $0.endHead() } }
        settings.on_body = { parser, bytes, count in
            MessageParser.with(parser) { $0.addContent(UnsafeRawBufferPointer(start: bytes, count: count)) }
        }
        settings.on_message_complete = { MessageParser.with($0) { $0.endMessage() } }
        return settings
    }

    private static func with(_ parser: UnsafeMutablePointer<http_parser>?, _ body: (MessageParser) -> Int32) -> Int32 {
        guard let data = parser?.pointee.data else { return 1 }
        return body(Unmanaged<MessageParser>.fromOpaque(data).takeUnretainedValue())
    }

    private static func found(
        _ parser: UnsafeMutablePointer<http_parser>?, _ bytes: UnsafePointer<CChar>?, _ count: Int,
        _ body: (MessageParser, UnsafeRawBufferPointer) -> Void
    ) -> Int32 {
        with(parser) {
            body($0, UnsafeRawBufferPointer(start: bytes, count: count))
            return 0
        }
    }

    private func addToName(_ bytes: UnsafeRawBufferPointer) {
        if hasValue { endField() }
        name += bytes
    }

    private func addToValue(_ bytes: UnsafeRawBufferPointer) {
        hasValue = true
        value += bytes
    }

    private func endField() {
        fields.append(
            String(decoding: name, as: UTF8.self), String(String(decoding: value, as: UTF8.self).trimmed))
        (name, value, hasValue) = ([], [], false)
    }

    private func endHead() -> Int32 {
        if !name.isEmpty { endField() }
        keepsAlive = http_should_keep_alive(parser) != 0
        return isWithoutContent ? 1 : 0
    }

    private func addContent(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        guard body.count + bytes.count <= mostContent else { return 1 }
        body += bytes
        return 0
    }

    /// What follows is the next message: it waits until this one has been looked at.
    private func endMessage() -> Int32 {
        isComplete = true
        http_parser_pause(parser, 1)
        return 0
    }
}
