public import DNSWire
public import DNSZone

/// The one function at the heart of the server: the octets of a query in, the octets of the response out.
///
/// It does no I/O and allocates nothing, so that everything a server says can be tested without a socket, and an answer
/// costs little more than copying it. What it follows:
///
/// - RFC 1034, 1035: questions, answers, referrals; RFC 2181: whole RRsets or none, TC
/// - RFC 2308: SOA in negative answers; RFC 4592: wildcards; RFC 6604: the code of a CNAME chain is that of its end
/// - RFC 6891: one OPT, BADVERS; RFC 5001: NSID on request only; RFC 9471: glue of a referral is not optional
/// - RFC 4892: CHAOS `id.server`; RFC 8482: one RRset for ANY over UDP; RFC 9619: one question
public struct Responder: Sendable {
    /// Those with more labels first: the first zone that contains a name is the closest one.
    let zones: [Zone]
    /// What the server calls itself, at most 255 octets.
    let identity: [UInt8]

    /// The greatest UDP response in octets, whatever the client allows: it passes every IPv6 path without fragments.
    public static var maximumUDPByteCount: Int { 1232 }
    /// The greatest UDP response to a client without EDNS (RFC 1035, section 4.2.1).
    public static var plainUDPByteCount: Int { 512 }
    /// The greatest response over TCP, without the two octets of its length.
    public static var maximumTCPByteCount: Int { 65535 }

    /// How a query came and its response goes.
    public enum Transport: Sendable {
        /// UDP: the response has at most ``Responder/maximumUDPByteCount`` octets, fewer if the client says so.
        case udp
        /// TCP: the response has at most ``Responder/maximumTCPByteCount`` octets.
        case tcp
    }

    /// A response that has been written.
    public struct Reply: Equatable, Sendable {
        /// Its length in octets.
        public let byteCount: Int
        /// The response code with the bits of EDNS.
        public let code: ResponseCode
        /// QTYPE; nil when the query had no readable question.
        public let type: RecordType?
        /// Whether TC is set.
        public let isTruncated: Bool
    }

    /// Makes a responder for zones, under the name that `id.server` and NSID give (of which 255 octets count).
    public init(zones: [Zone], identity: String) {
        self.zones = zones.sorted { $0.origin.labelCount > $1.origin.labelCount }
        self.identity = Array(identity.utf8.prefix(255))
    }

    /// Writes the response to `query` into `response`, which should have ``maximumUDPByteCount`` or
    /// ``maximumTCPByteCount`` octets; with fewer, responses are truncated earlier. Nil when no response must be sent:
    /// the query is shorter than a header, or is a response itself.
    public func respond(
        to query: RawSpan, over transport: Transport, into response: inout MutableRawSpan
    ) -> Reply? {
        guard let parsed = Query(reading: query) else { return nil }
        let limit = min(byteLimit(parsed.edns, transport), response.byteCount)
        var builder = MessageBuilder(into: &response, limit: limit)
        if let question = parsed.question { putQuestion(question, of: query, into: &builder) }
        if builder.hasOverflowed { return nil }
        let optionBytes = reservedBytes(parsed.edns, limit: limit, used: builder.count)
        builder.setLimit(limit &- optionBytes)

        let outcome = outcome(of: parsed, in: query, over: transport, into: &builder)
        builder.setLimit(limit)
        if let edns = parsed.edns {
            putOptions(edns, code: outcome.code, withNSID: optionBytes > Self.plainOptionBytes, into: &builder)
        }
        var flags = parsed.header.flags.intersection([.recursionDesired, .checkingDisabled])
        flags.formUnion(outcome.flags)
        flags.insert(.response)
        flags.opcode = parsed.header.flags.opcode
        flags.lowResponseCode = outcome.code.rawValue
        guard !builder.hasOverflowed, let count = builder.finish(id: parsed.header.id, flags: flags) else { return nil }
        return Reply(
            byteCount: count, code: outcome.code, type: parsed.question?.type,
            isTruncated: outcome.flags.contains(.truncated))
    }

    /// What the sections say, for the header.
    struct Outcome {
        var code: ResponseCode
        var flags: Header.Flags = []
    }

    private func outcome(
        of query: Query, in message: RawSpan, over transport: Transport, into builder: inout MessageBuilder
    ) -> Outcome {
        guard query.header.flags.opcode == .query else { return Outcome(code: .notImplemented) }
        guard !query.isMalformed, let question = query.question,
            let name = message.slice(at: Header.byteCount, count: question.nameLength)
        else { return Outcome(code: .formatError) }
        if let edns = query.edns, edns.version != 0 { return Outcome(code: .badVersion) }
        switch question.recordClass {
        case .internet: return answer(question.type, name, over: transport, into: &builder)
        case .chaos: return answerAboutServer(question.type, name, into: &builder)
        default: return Outcome(code: .refused)
        }
    }

    private func byteLimit(_ edns: Query.EDNS?, _ transport: Transport) -> Int {
        guard transport == .udp else { return Self.maximumTCPByteCount }
        guard let edns else { return Self.plainUDPByteCount }
        return min(max(Int(edns.payloadSize), Self.plainUDPByteCount), Self.maximumUDPByteCount)
    }

    private func putQuestion(_ question: Query.Question, of query: RawSpan, into builder: inout MessageBuilder) {
        guard let name = query.slice(at: Header.byteCount, count: question.nameLength) else { return }
        builder.putUncompressedName(name)
        builder.put(question.type.rawValue)
        builder.put(question.recordClass.rawValue)
        builder.countRecord(in: .question)
    }
}
