import DNSResponder
import DNSWire
import JSON

/// What the server has done since it started.
struct Counters {
    /// Queries by transport, the dropped ones among them.
    var udpQueries = 0
    var tcpQueries = 0
    /// Queries that must not be answered, and responses that the kernel did not take.
    var dropped = 0
    var truncated = 0
    var receivedBytes = 0
    var sentBytes = 0
    private var codes = InlineArray<17, Int>(repeating: 0)

    mutating func count(_ reply: Responder.Reply?, queryByteCount: Int) {
        receivedBytes &+= queryByteCount
        guard let reply else {
            dropped &+= 1
            return
        }
        sentBytes &+= reply.byteCount
        if reply.isTruncated { truncated &+= 1 }
        let code = Int(reply.code.rawValue)
        if code < 17 { codes[code] &+= 1 }
    }

    /// The counters as members of an answer on the control channel.
    func members(acceptedConnections: Int, openConnections: Int) -> [JSON.Member] {
        var responses: [JSON.Member] = []
        for code in 0..<17 where codes[code] > 0 {
            let name = ResponseCode(rawValue: UInt16(code)).description
            responses.append(JSON.Member(name, .int(codes[code])))
        }
        return [
            JSON.Member("queries", ["udp": .int(udpQueries), "tcp": .int(tcpQueries)]),
            JSON.Member("responses", .object(responses)),
            JSON.Member("dropped", .int(dropped)),
            JSON.Member("truncated", .int(truncated)),
            JSON.Member("bytes", ["received": .int(receivedBytes), "sent": .int(sentBytes)]),
            JSON.Member("connections", ["accepted": .int(acceptedConnections), "open": .int(openConnections)]),
        ]
    }
}
