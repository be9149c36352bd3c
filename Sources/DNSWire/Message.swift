/// A question of a message (RFC 1035, section 4.1.2).
public struct Question: Equatable, Sendable {
    /// QNAME.
    public var name: DomainName
    /// QTYPE.
    public var type: RecordType
    /// QCLASS.
    public var recordClass: RecordClass

    /// Makes a question.
    public init(name: DomainName, type: RecordType, recordClass: RecordClass = .internet) {
        self.name = name
        self.type = type
        self.recordClass = recordClass
    }
}

/// A resource record (RFC 1035, section 4.1.3):
/// ```
/// | NAME | TYPE 2 | CLASS 2 | TTL 4 | RDLENGTH 2 | RDATA |
/// ```
public struct ResourceRecord: Equatable, Sendable {
    /// The name that the record belongs to.
    public var name: DomainName
    /// TYPE.
    public var type: RecordType
    /// CLASS.
    public var recordClass: RecordClass
    /// How long the record may be kept, in seconds.
    public var ttl: UInt32
    /// RDATA with its names uncompressed.
    public var data: [UInt8]

    /// Makes a record.
    public init(name: DomainName, type: RecordType, recordClass: RecordClass = .internet, ttl: UInt32, data: [UInt8]) {
        self.name = name
        self.type = type
        self.recordClass = recordClass
        self.ttl = ttl
        self.data = data
    }

    /// The character-strings of a TXT record; nil for other types and for data that is cut off.
    public var strings: [[UInt8]]? {
        guard type == .txt else { return nil }
        var result: [[UInt8]] = []
        var rest = data[...]
        while let length = rest.popFirst() {
            guard rest.count >= Int(length) else { return nil }
            result.append(Array(rest.prefix(Int(length))))
            rest = rest.dropFirst(Int(length))
        }
        return result
    }
}

/// A whole message, decoded: what probes and tests work with. The server's hot path reads ``Query`` and writes with
/// ``MessageBuilder`` instead.
public struct Message: Equatable, Sendable {
    /// The number by which a client knows its answer.
    public var id: UInt16
    /// The second word of the header.
    public var flags: Header.Flags
    /// The question section.
    public var questions: [Question]
    /// The answer section.
    public var answers: [ResourceRecord]
    /// The authority section.
    public var authorities: [ResourceRecord]
    /// The additional section, with the OPT record if there is one.
    public var additionals: [ResourceRecord]

    /// Makes a message.
    public init(
        id: UInt16, flags: Header.Flags = [], questions: [Question] = [], answers: [ResourceRecord] = [],
        authorities: [ResourceRecord] = [], additionals: [ResourceRecord] = []
    ) {
        self.id = id
        self.flags = flags
        self.questions = questions
        self.answers = answers
        self.authorities = authorities
        self.additionals = additionals
    }

    /// A query as a probe sends it: one question and EDNS(0), on request with the empty NSID option (RFC 5001).
    public static func query(
        id: UInt16, name: DomainName, type: RecordType, recordClass: RecordClass = .internet, wantsNSID: Bool = false
    ) -> Message {
        let edns = EDNS(options: wantsNSID ? [EDNSOption(code: EDNSOption.nsid, data: [])] : [])
        let question = Question(name: name, type: type, recordClass: recordClass)
        return Message(id: id, questions: [question], additionals: [edns.record])
    }

    /// The fields of the first OPT record; nil when there is none, or an option in it is cut off.
    public var edns: EDNS? { additionals.first { $0.type == .opt }.flatMap(EDNS.init) }

    /// The payload of the NSID option (RFC 5001); nil when there is none.
    public var nsid: [UInt8]? { edns?.options.first { $0.code == EDNSOption.nsid }?.data }

    /// The response code, with the bits that EDNS adds.
    public var responseCode: ResponseCode {
        ResponseCode(rawValue: flags.lowResponseCode | UInt16(edns?.extendedResponseCode ?? 0) << 4)
    }

    /// AA: the answer comes from an authority for the name.
    public var isAuthoritative: Bool { flags.contains(.authoritative) }

    /// TC: the answer was longer than the transport allows; ask again over TCP.
    public var isTruncated: Bool { flags.contains(.truncated) }
}
