import DNSResponder
import DNSWire
import JSON

/// What the server has done since it started. Counting is one addition each, and every place has its memory from the start.
struct Counters {
    /// Queries by transport, the dropped ones among them.
    private var queries = InlineArray<2, Int>(repeating: 0)
    /// Queries that must not be answered, and responses that the kernel did not take.
    var dropped = 0
    private var truncated = 0
    /// Responses over the limit of their client's prefix, by what became of them.
    private var limitedDropped = 0
    private var limitedTruncated = 0
    /// Queries beyond the capacity.
    private var overCapacity = 0
    private var receivedBytes = 0
    private var sentBytes = 0
    /// Responses by code; the last place is for all codes that have none of their own.
    private var codes = InlineArray<25, Int>(repeating: 0)
    /// Queries by type; the last place is for all types that have none of their own.
    private var types = InlineArray<259, Int>(repeating: 0)

    /// Counts a query, what was to be said to it, and what became of that. `sent` is what goes out, in octets.
    mutating func count(
        _ reply: Responder.Reply?, over transport: Responder.Transport, _ verdict: RateLimiter.Verdict = .send,
        received: Int, sent: Int
    ) {
        queries[transport == .udp ? 0 : 1] &+= 1
        receivedBytes &+= received
        guard let reply else {
            dropped &+= 1
            return
        }
        if let type = reply.type { types[min(Int(type.rawValue), 258)] &+= 1 }
        switch verdict {
        case .drop:
            limitedDropped &+= 1
            return
        case .truncate: limitedTruncated &+= 1
        case .send: if reply.isTruncated { truncated &+= 1 }
        }
        sentBytes &+= sent
        codes[min(Int(reply.code.rawValue), 24)] &+= 1
    }

    /// Counts a query that came over UDP beyond the capacity.
    mutating func countOverCapacity(received: Int) {
        queries[0] &+= 1
        receivedBytes &+= received
        overCapacity &+= 1
    }

    /// The counters as members of an answer on the control channel.
    /// `overflowed` are the datagrams that found the sockets full, which are no queries yet.
    func members(acceptedConnections: Int, openConnections: Int, overflowed: Int) -> [JSON.Member] {
        var responses: [JSON.Member] = []
        for code in codes.indices where codes[code] > 0 {
            let name = code == 24 ? "other" : ResponseCode(rawValue: UInt16(code)).description
            responses.append(JSON.Member(name, .int(codes[code])))
        }
        var byType: [JSON.Member] = []
        for type in types.indices where types[type] > 0 {
            let name = type == 258 ? "other" : RecordType(rawValue: UInt16(type)).description
            byType.append(JSON.Member(name, .int(types[type])))
        }
        return [
            JSON.Member("queries", ["udp": .int(queries[0]), "tcp": .int(queries[1])]),
            JSON.Member("types", .object(byType)), JSON.Member("responses", .object(responses)),
            JSON.Member("dropped", .int(dropped)), JSON.Member("truncated", .int(truncated)),
            JSON.Member("over_capacity", .int(overCapacity)), JSON.Member("overflowed", .int(overflowed)),
            JSON.Member("rate_limited", ["dropped": .int(limitedDropped), "truncated": .int(limitedTruncated)]),
            JSON.Member("bytes", ["received": .int(receivedBytes), "sent": .int(sentBytes)]),
            JSON.Member("connections", ["accepted": .int(acceptedConnections), "open": .int(openConnections)]),
        ]
    }
}
