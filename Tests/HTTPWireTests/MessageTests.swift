import Testing

@testable import HTTPWire

/// Messages as they come over a connection.
struct MessageTests {
    private func parse(_ text: String) throws -> MessageParser {
        let parser = MessageParser(.request, mostContent: 100)
        _ = try parser.parse(Array(text.utf8))
        return parser
    }

    @Test func readsARequest() throws {
        let parser = try parse("GET /a?b=c HTTP/1.1\r\nHost: x.test\r\nX-A:  1 \r\nx-a: 2\r\n\r\n")
        #expect(parser.isComplete)
        let request = parser.request
        #expect(request.method == "GET" && request.target == "/a?b=c" && request.keepsAlive && request.isVersion11)
        #expect(request.fields["x-A"] == "1, 2" && request.fields["Host"] == "x.test")
    }

    /// However the octets are cut, the same comes out, and what is behind the message stays for the next.
    @Test func readsPiecesAndStopsAtTheEnd() throws {
        let text = Array("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /b HTTP/1.0\r\n\r\n".utf8)
        for cut in 1..<text.count {
            let parser = MessageParser(.request, mostContent: 100)
            var rest = text
            var pieces = [Array(text[..<cut]), Array(text[cut...])]
            var targets: [String] = []
            while !pieces.isEmpty {
                rest = pieces.removeFirst()
                while !rest.isEmpty {
                    rest.removeFirst(try parser.parse(rest))
                    guard parser.isComplete else { continue }
                    targets.append(parser.request.target + (parser.request.keepsAlive ? "+" : "-"))
                    parser.reset()
                }
            }
            #expect(targets == ["/+", "/b-"], "cut at \(cut)")
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\nno colon\r\n\r\n", "\u{16}\u{3}\u{1}", "GET  HTTP/1.1\r\n\r\n", "GET / HTTP/1.x\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ])
    func refusesWhatIsNoRequest(_ text: String) {
        #expect(throws: MessageParser.Failure.self) { try parse(text) }
    }

    @Test func hasLimits() {
        let long = "GET / HTTP/1.1\r\nX: \(String(repeating: "a", count: MessageParser.longestHead))\r\n\r\n"
        #expect(throws: MessageParser.Failure.headTooLong) { try parse(long) }
        let large = "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n" + String(repeating: "a", count: 101)
        #expect(throws: MessageParser.Failure.contentTooLong) { try parse(large) }
    }

    @Test func readsResponses() throws {
        let parser = MessageParser(.response, mostContent: 100)
        _ = try parser.parse(Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n".utf8))
        #expect(parser.isComplete && parser.response.body == Array("hi".utf8) && parser.response.keepsAlive)
        parser.reset()
        _ = try parser.parse(Array("HTTP/1.0 404 No\r\n\r\nuntil the end".utf8))
        #expect(!parser.isComplete)
        try parser.parseEnd()
        #expect(parser.isComplete && parser.response.status == 404 && !parser.response.keepsAlive)
        parser.reset()
        _ = try parser.parse(Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi".utf8))
        #expect(throws: MessageParser.Failure.self) { try parser.parseEnd() }
    }

    @Test(arguments: [
        ("/a", "/a"), ("http://x.test/a?b", "/a?b"), ("HTTP://x.test", "/"), ("http://x.test?b", "/?b"), ("*", nil),
        ("x.test:80", nil),
    ])
    func findsThePath(_ target: String, _ path: String?) {
        #expect(HTTPRequest(method: "GET", target: target).path == path)
    }

    @Test func leavesFieldsOfTheConnection() {
        let fields: HTTPFields = [
            "Connection": "X-Hop, close", "X-Hop": "1", "Keep-Alive": "5", "ETag": "a", "Transfer-Encoding": "chunked",
        ]
        #expect(fields.endToEnd == ["ETag": "a"])
    }

    @Test func writesHeads() {
        let response = HTTPResponse(200, ["A": "b"], body: [1, 2])
        #expect(
            String(decoding: response.head(keepingAlive: true), as: UTF8.self)
                == "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n")
        let without = String(decoding: HTTPResponse(304).head(keepingAlive: false), as: UTF8.self)
        #expect(without == "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")
    }

    /// The second is the example of RFC 9110; the others are where a calendar goes wrong.
    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ])
    func writesDates(_ seconds: Int64, _ text: String) {
        #expect(HTTPDate.text(seconds) == text)
    }
}
