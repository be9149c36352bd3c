import HTTPWire

/// What an origin serves at a path: its path again and again. It is made when it is asked for, so that large objects cost nothing.
struct WebObject {
    private let object: HTTPConfiguration.Object
    private let tag: String

    init(_ object: HTTPConfiguration.Object) {
        self.object = object
        // FNV-1a over what makes the octets.
        let hash = "\(object.path) \(object.size)".utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        tag = "\"\(String(hash, radix: 16))\""
    }

    func response(to request: HTTPRequest) -> HTTPResponse {
        let fields: HTTPFields = [
            "Content-Type": "text/plain; charset=utf-8", "ETag": tag,
            "Cache-Control": object.maxAge.map { "max-age=\($0)" } ?? "no-store",
        ]
        if EntityTag.matches(request.fields, tag) { return HTTPResponse(304, fields) }
        return HTTPResponse(200, fields, body: octets)
    }

    private var octets: [UInt8] {
        let line = Array((object.path + "\n").utf8)
        return [UInt8](unsafeUninitializedCapacity: object.size) { buffer, count in
            for index in 0..<object.size { buffer.initializeElement(at: index, to: line[index % line.count]) }
            count = object.size
        }
    }
}
