/// A request, as far as the server of a site looks at it.
public struct HTTPRequest: Equatable, Sendable {
    /// The method.
    public var method: String
    /// What is asked for, as it was written (RFC 9112, section 3.2).
    public var target: String
    /// The fields.
    public var fields: HTTPFields
    /// Whether the version is 1.1.
    public var isVersion11: Bool
    /// Whether the connection is to stay (RFC 9112, section 9.3).
    public var keepsAlive: Bool

    /// Makes a request of version 1.1.
    public init(method: String, target: String, fields: HTTPFields = [:]) {
        self.method = method
        self.target = target
        self.fields = fields
        (isVersion11, keepsAlive) = (true, true)
    }

    /// The path with its query: of an absolute target what stands behind the authority. Nil for a target that has none.
    public var path: String? {
        if target.hasPrefix("/") { return target }
        guard target.lowercased().hasPrefix("http://") else { return nil }
        let rest = target.dropFirst("http://".count)
        guard let slash = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
        return rest[slash] == "?" ? "/" + rest[slash...] : String(rest[slash...])
    }

    /// The octets of the request; it has no content.
    public var octets: [UInt8] {
        Array((["\(method) \(target) HTTP/1.1"] + fields.lines.map { "\($0.name): \($0.value)" }).joinedLines.utf8)
    }
}

/// A response with all of its content.
public struct HTTPResponse: Equatable, Sendable {
    /// The status code, 100 to 599.
    public var status: Int
    /// The fields.
    public var fields: HTTPFields
    /// The content.
    public var body: [UInt8]
    /// Whether the connection is to stay, of a response that was received.
    public var keepsAlive = true

    /// Makes a response.
    public init(_ status: Int, _ fields: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// Whether a response of that status never has content (RFC 9110, section 6.4.1).
    public var isWithoutContent: Bool { (100..<200).contains(status) || status == 204 || status == 304 }

    /// The octets before the content. Content-Length is that of ``body``, which a response to HEAD says too.
    public func head(keepingAlive: Bool) -> [UInt8] {
        var lines = ["HTTP/1.1 \(status) \(Self.reason(status))"]
        lines += fields.lines.map { "\($0.name): \($0.value)" }
        if !isWithoutContent { lines.append("Content-Length: \(body.count)") }
        lines.append("Connection: \(keepingAlive ? "keep-alive" : "close")")
        return Array(lines.joinedLines.utf8)
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 204: "No Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 431: "Request Header Fields Too Large"
        case 502: "Bad Gateway"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }
}

extension [String] {
    /// The lines of a head, with the empty one at its end.
    fileprivate var joinedLines: String { joined(separator: "\r\n") + "\r\n\r\n" }
}
