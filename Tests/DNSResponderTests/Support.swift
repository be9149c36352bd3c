import DNSResponder
import DNSWire
import DNSZone
import Net
import Testing

/// The zone that most tests ask.
let helloZone = #"""
    $TTL 300
    @ 300 SOA ns1 hostmaster 2026010101 3600 600 604800 60
    @ 300 NS ns1
    @ 300 NS ns2
    @ 300 MX 10 mail
    @ 300 TXT "hello"
    ns1 300 A 192.0.2.53
    ns1 300 AAAA 2001:db8:53::53
    ns2 300 A 192.0.2.54
    mail 300 A 192.0.2.25
    www 300 A 198.51.100.10
    www 300 A 198.51.100.11
    www 300 AAAA 2001:db8::10
    alias 60 CNAME www
    chain 60 CNAME alias
    away 60 CNAME www.example.com.
    dangling 60 CNAME nothing
    loop 60 CNAME pool
    pool 60 CNAME loop
    intosub 60 CNAME host.sub
    *.wild 120 TXT "any of them"
    *.wildalias 120 CNAME www
    _dns._udp SRV 0 0 53 ns1
    a.b.c TXT "deep"
    sub NS ns1.sub
    sub NS ns2
    sub NS ns.example.com.
    ns1.sub A 192.0.2.101
    ns1.sub AAAA 2001:db8:101::1
    Mixed A 192.0.2.77
    big TXT "\#(String(repeating: "b", count: 250))" "\#(String(repeating: "c", count: 250))" "\#(String(repeating: "d", count: 250))"
    huge TXT "\#(String(repeating: "b", count: 250))" "\#(String(repeating: "c", count: 250))" "\#(String(repeating: "d", count: 250))" "\#(String(repeating: "e", count: 250))" "\#(String(repeating: "f", count: 250))" "\#(String(repeating: "g", count: 250))"
    """#

func makeResponder(_ zones: [(origin: String, text: String)] = [("hello.test", helloZone)]) throws -> Responder {
    Responder(
        zones: try zones.map { try Zone(origin: DomainName($0.origin), text: $0.text) }, identity: "london",
        cookies: ServerCookies(1, 2))
}

/// A query over a transport from a client of the tests.
func arrival(
    _ transport: Responder.Transport = .udp, from client: String = "198.51.100.100", isUnicast: Bool = false,
    time: UInt32 = 0
) throws -> Responder.Arrival {
    let address = try #require(IPAddress(client))
    return Responder.Arrival(from: address, over: transport, isUnicast: isUnicast, time: time)
}

extension Responder {
    /// The octets of the response; nil when the query is dropped. Checks that nothing is written beyond the response's
    /// memory, and that the reply says what the octets say.
    func octets(
        _ query: [UInt8], _ transport: Transport = .udp, memory size: Int = 65535
    ) -> (octets: [UInt8], reply: Reply)? {
        octets(query, Arrival(from: .v4(IPv4Address(198, 51, 100, 100)), over: transport), memory: size)
    }

    /// The same from somebody in particular.
    func octets(_ query: [UInt8], _ arrival: Arrival, memory size: Int = 65535) -> (octets: [UInt8], reply: Reply)? {
        var memory = [UInt8](repeating: 0, count: size)
        var span = memory.mutableSpan
        var bytes = span.mutableBytes
        guard let reply = respond(to: query.span.bytes, arrival, into: &bytes) else { return nil }
        return (Array(memory.prefix(reply.byteCount)), reply)
    }

    /// The parsed response to a question.
    func ask(
        _ name: String, _ type: RecordType, recordClass: RecordClass = .internet, _ transport: Transport = .udp,
        edns: EDNS? = EDNS(), flags: Header.Flags = []
    ) throws -> Message {
        let question = Question(name: try DomainName(name), type: type, recordClass: recordClass)
        let query = Message(
            id: 0x1234, flags: flags, questions: [question], additionals: edns.map { [$0.record] } ?? [])
        return try ask(query, transport)
    }

    /// The parsed response to a message.
    func ask(_ query: Message, _ transport: Transport = .udp) throws -> Message {
        try ask(query, arrival(transport))
    }

    /// The parsed response to a message from somebody in particular.
    func ask(_ query: Message, _ arrival: Arrival) throws -> Message {
        guard let answer = octets(query.encoded(), arrival) else { throw NoAnswer() }
        let message = try Message(parsing: answer.octets)
        guard message.responseCode == answer.reply.code, message.isTruncated == answer.reply.isTruncated else {
            throw ReplyDiffers()
        }
        return message
    }
}

struct NoAnswer: Error {}
struct ReplyDiffers: Error {}

extension [ResourceRecord] {
    /// Owner, TTL, type and data, the data of addresses, text and names as people write it.
    var lines: [String] {
        filter { $0.type != .opt }.map { "\($0.name) \($0.ttl) \($0.type) \($0.text)" }
    }
}

extension ResourceRecord {
    fileprivate var text: String {
        if let address = IPAddress(bytes: data), type == .a || type == .aaaa { return address.description }
        if let strings { return strings.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ") }
        var offset = RecordDataLayout(type).prefix
        return (try? DomainName(reading: data.span.bytes, at: &offset))?.description ?? "?"
    }
}
