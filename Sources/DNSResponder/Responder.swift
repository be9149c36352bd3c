public import DNSWire
public import DNSZone
public import Net

/// The one function at the heart of the server: the octets of a query in, the octets of the response out.
///
/// It does no I/O and allocates nothing, so that everything a server says can be tested without a socket, and an answer
/// costs little more than copying it. What it follows:
///
/// - RFC 1034, 1035: questions, answers, referrals; RFC 2181: whole RRsets or none, TC
/// - RFC 2308: SOA in negative answers; RFC 4592: wildcards; RFC 6604: the code of a CNAME chain is that of its end
/// - RFC 6672: DNAME; RFC 8482: one RRset for ANY over UDP; RFC 9619: one question; RFC 1996, 5936: NOTIFY and AXFR
/// - RFC 6891: one OPT, BADVERS; RFC 5001: NSID on request only; RFC 9471: glue of a referral is not optional
/// - RFC 7871: client subnet; RFC 7873, 9018: cookies; RFC 8914: extended errors; RFC 9660: ZONEVERSION
/// - RFC 1035, section 3.3.13: SERVFAIL from a zone that has expired
/// - RFC 4892: CHAOS `id.server`
public struct Responder: Sendable {
    /// Those with more labels first: the first zone that contains a name is the closest one.
    public private(set) var zones: [Zone]
    /// Which of them have expired: no answer comes from those.
    private(set) var isExpired: [Bool]
    /// What the server calls itself, at most 255 octets.
    let identity: [UInt8]
    /// What proves that a client is where it says.
    let cookies: ServerCookies
    /// From which addresses a zone may be said to have changed.
    let primaries: [DomainName: [IPAddress]]
    /// How long a TCP connection may be idle, in tenths of a second, for clients that ask (RFC 7828).
    let keepalive: UInt16

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

    /// Where a query came from, and when.
    public struct Arrival: Sendable {
        /// Who asks.
        public var client: IPAddress
        /// How the query came.
        public var transport: Transport
        /// Whether it came to the site's own address: transfers and NOTIFY are taken there only, as a service's address
        /// would take them to whichever site is near.
        public var isUnicast: Bool
        /// The time in seconds since 1970, modulo 2^32.
        public var time: UInt32

        /// Says where a query came from.
        public init(from client: IPAddress, over transport: Transport, isUnicast: Bool = false, time: UInt32 = 0) {
            self.client = client
            self.transport = transport
            self.isUnicast = isUnicast
            self.time = time
        }
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
        /// Whether the query carried a cookie of ours: its sender is where it says.
        public let hasValidCookie: Bool
        /// What is to be done beside sending the response.
        public let task: Task?
    }

    /// What a query asks for that one response does not do. The number is that of a zone in ``Responder/zones``.
    public enum Task: Equatable, Sendable {
        /// In place of the response, all of the zone is to be sent (``ZoneTransfer``).
        case transfer(zone: Int)
        /// A primary of the zone says that there is a newer one.
        case refresh(zone: Int, from: IPAddress)
    }

    /// Makes a responder for zones, under the name that `id.server` and NSID give (of which 255 octets count). `primaries` are
    /// the addresses from which NOTIFY is taken, by the zones' origins; `keepalive` is in tenths of a second.
    public init(
        zones: [Zone], identity: String, cookies: ServerCookies, primaries: [DomainName: [IPAddress]] = [:],
        keepalive: UInt16 = 100
    ) {
        self.zones = zones.sorted { $0.origin.labelCount > $1.origin.labelCount }
        isExpired = zones.map { _ in false }
        self.identity = Array(identity.utf8.prefix(255))
        self.cookies = cookies
        self.primaries = primaries
        self.keepalive = keepalive
    }

    /// Answers from another version of one of its zones from now on.
    public mutating func replace(_ number: Int, with zone: Zone) {
        zones[number] = zone
        isExpired[number] = false
    }

    /// Says whether one of its zones has expired. Then the server has no data that it may answer with: SERVFAIL, with the extended
    /// error 24, until there is a newer version or somebody confirms this one.
    public mutating func setExpired(_ number: Int, _ isExpired: Bool) { self.isExpired[number] = isExpired }

    /// Writes the response to `query` into `response`, which should have ``maximumUDPByteCount`` or
    /// ``maximumTCPByteCount`` octets; with fewer, responses are truncated earlier. Nil when no response must be sent:
    /// the query is shorter than a header, or is a response itself.
    public func respond(to query: RawSpan, _ arrival: Arrival, into response: inout MutableRawSpan) -> Reply? {
        guard let parsed = Query(reading: query) else { return nil }
        let limit = min(byteLimit(parsed.edns, arrival.transport), response.byteCount)
        var builder = MessageBuilder(into: &response, limit: limit)
        if let question = parsed.question { putQuestion(question, of: query, into: &builder) }
        if builder.hasOverflowed { return nil }
        let options = parsed.edns.map { ResponseOptions($0, of: query, arrival, self, room: limit &- builder.count) }
        builder.setLimit(limit &- (options?.byteCount ?? 0))

        let outcome = outcome(of: parsed, options, in: query, arrival, into: &builder)
        builder.setLimit(limit)
        if let options { putOptions(options, outcome, of: query, into: &builder) }
        // CD is cleared (RFC 4035, section 3.1.6).
        var flags = parsed.header.flags.intersection(.recursionDesired)
        flags.formUnion(outcome.flags)
        flags.insert(.response)
        flags.opcode = parsed.header.flags.opcode
        flags.lowResponseCode = outcome.code.rawValue
        guard !builder.hasOverflowed, let count = builder.finish(id: parsed.header.id, flags: flags) else { return nil }
        return Reply(
            byteCount: count, code: outcome.code, type: parsed.question?.type,
            isTruncated: outcome.flags.contains(.truncated), hasValidCookie: options?.cookie == .valid,
            task: outcome.task)
    }

    /// What the sections say, for the header and the OPT record.
    struct Outcome {
        var code: ResponseCode
        var flags: Header.Flags = []
        /// The zone that contains the name that was asked for.
        var zone: Int?
        /// What the code means (RFC 8914).
        var reason: ExtendedError?
        var task: Task?
    }

    private func outcome(
        of query: Query, _ options: ResponseOptions?, in message: RawSpan, _ arrival: Arrival,
        into builder: inout MessageBuilder
    ) -> Outcome {
        let opcode = query.header.flags.opcode
        guard opcode == .query || opcode == .notify else {
            return Outcome(code: .notImplemented, reason: .notSupported)
        }
        // A version that is not known may say differently what malformed is.
        if let edns = query.edns, edns.version != 0 { return Outcome(code: .badVersion) }
        guard !query.isMalformed else { return Outcome(code: .formatError) }
        guard let question = query.question else {
            return Outcome(code: options?.cookie == .invalid ? .badCookie : .noError)
        }
        guard let name = message.slice(at: Header.byteCount, count: question.nameLength) else {
            return Outcome(code: .formatError)
        }
        if opcode == .notify { return notified(question, name, arrival) }
        let isTransfer = question.type == .axfr || question.type == .ixfr
        switch question.recordClass {
        case .internet:
            if isTransfer { return transfer(question, name, of: message, arrival, into: &builder) }
            return answer(question.type, name, of: message, query.edns, arrival, into: &builder)
        case .any:
            // A zone has one class, and a transfer is of a zone (RFC 5936, section 2.1).
            guard !isTransfer else { return Outcome(code: .refused, reason: .notSupported) }
            // It "should never be authoritative": nobody knows what other classes have (RFC 1035, section 6.2).
            var outcome = answer(question.type, name, of: message, query.edns, arrival, into: &builder)
            outcome.flags.remove(.authoritative)
            return outcome
        case .chaos: return answerAboutServer(question.type, name, into: &builder)
        default: return Outcome(code: .refused, reason: .notSupported)
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
