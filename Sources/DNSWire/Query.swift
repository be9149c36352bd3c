/// A query as a server reads it: no copy, no allocation, only offsets and numbers.
///
/// A name in a question is never compressed, as nothing stands before it to point at; it begins at octet 12.
/// ```
/// +--------+---------------------------+----------------------------+
/// | header | QNAME | QTYPE 2 | QCLASS 2 | records: at most OPT, TSIG |
/// +--------+---------------------------+----------------------------+
/// ```
public struct Query: Equatable, Sendable {
    /// The header as it came.
    public let header: Header
    /// The question; nil when there is none, or more than one, or it could not be read. A query for a cookie needs none.
    public private(set) var question: Question?
    /// What the OPT record said; nil when there was none, or none that could be read.
    public private(set) var edns: EDNS?
    /// Whether the message breaks a rule whose answer is FORMERR.
    public private(set) var isMalformed: Bool

    /// The question of a query.
    public struct Question: Equatable, Sendable {
        /// The length of QNAME in octets, 1 to 255. The name begins at octet 12 of the message.
        public let nameLength: Int
        /// QTYPE.
        public let type: RecordType
        /// QCLASS.
        public let recordClass: RecordClass

        /// The length of the whole question in octets.
        @inlinable public var byteCount: Int { nameLength &+ 4 }
    }

    /// The part of an OPT record that a server acts on (RFC 6891, section 6.1).
    public struct EDNS: Equatable, Sendable {
        /// The greatest UDP payload that the client takes, in octets.
        public let payloadSize: UInt16
        /// The version of EDNS; only 0 is known.
        public let version: UInt8
        /// DO: the client wants DNSSEC records (RFC 3225).
        public let isDNSSECOK: Bool
        /// What its options ask for.
        public let options: QueryOptions
        /// Whether an option is wrongly formed; then none counts.
        let hasBadOption: Bool
    }

    /// Reads a query. Nil for what must not be answered at all: fewer octets than a header, or a response, as answers to
    /// responses could go back and forth between two servers for ever.
    public init?(reading message: RawSpan) {
        guard let header = Header(reading: message), !header.flags.contains(.response) else { return nil }
        self.header = header
        isMalformed = true
        var offset = Header.byteCount
        switch header.questionCount {
        case 0: break
        case 1:
            guard let question = Question(reading: message) else { return }
            self.question = question
            offset &+= question.byteCount
        default: return
        }
        let plainRecords = Int(header.answerCount) + Int(header.authorityCount)
        for _ in 0..<plainRecords {
            guard let end = Self.skipRecord(in: message, at: offset) else { return }
            offset = end
        }
        for _ in 0..<header.additionalCount {
            if message.uint8(at: offset) == 0, message.uint16(at: offset &+ 1) == RecordType.opt.rawValue {
                guard edns == nil, let found = EDNS(reading: message, at: &offset) else { return }
                edns = found
            } else {
                guard let end = Self.skipRecord(in: message, at: offset) else { return }
                offset = end
            }
        }
        // No question is right only where it asks for a cookie (RFC 7873, section 5.4).
        let hasQuestion = question != nil || (header.flags.opcode == .query && edns?.options.cookie != nil)
        isMalformed = offset != message.byteCount || !hasQuestion || edns?.hasBadOption == true
    }

    /// The offset after the record at `offset`; nil when it is cut off, or is an OPT where none may be.
    private static func skipRecord(in message: RawSpan, at offset: Int) -> Int? {
        guard let fixed = message.offsetAfterName(at: offset), message.uint16(at: fixed) != RecordType.opt.rawValue,
            let length = message.uint16(at: fixed &+ 8)
        else { return nil }
        let end = fixed &+ 10 &+ Int(length)
        return end <= message.byteCount ? end : nil
    }
}

extension Query.Question {
    /// Reads the question after the header; nil when it is cut off, compressed or longer than a name can be.
    init?(reading message: RawSpan) {
        var position = Header.byteCount
        while let length = message.uint8(at: position), length != 0 {
            guard length <= 63 else { return nil }
            position &+= Int(length) &+ 1
        }
        let nameLength = position &+ 1 &- Header.byteCount
        guard nameLength <= DomainName.maximumByteCount, let type = message.uint16(at: position &+ 1),
            let recordClass = message.uint16(at: position &+ 3)
        else { return nil }
        self.init(
            nameLength: nameLength, type: RecordType(rawValue: type), recordClass: RecordClass(rawValue: recordClass))
    }
}

extension Query.EDNS {
    /// Reads the OPT record at `offset` and moves `offset` behind it; nil when it is cut off.
    /// ```
    /// | 00 | TYPE 41 | payload size 2 | extended RCODE 1 | version 1 | DO + zero 2 | RDLENGTH 2 | options |
    ///                                                      an option: | code 2 | length 2 | data |
    /// ```
    init?(reading message: RawSpan, at offset: inout Int) {
        guard let payloadSize = message.uint16(at: offset &+ 3), let version = message.uint8(at: offset &+ 6),
            let flags = message.uint16(at: offset &+ 7), let length = message.uint16(at: offset &+ 9),
            message.slice(at: offset &+ 11, count: Int(length)) != nil
        else { return nil }
        // What the options of another version would mean is not known.
        let options =
            version == 0 ? QueryOptions(reading: message, at: offset &+ 11, count: Int(length)) : QueryOptions()
        offset &+= 11 &+ Int(length)
        self.init(
            payloadSize: payloadSize, version: version, isDNSSECOK: flags & 0x8000 != 0,
            options: options ?? QueryOptions(), hasBadOption: options == nil)
    }
}
