/// What kind of query a message is (RFC 1035, section 4.1.1): four bits.
public struct Opcode: RawRepresentable, Hashable, Sendable {
    /// The number, 0 to 15.
    public var rawValue: UInt8

    /// Makes an opcode of its number; only the low four bits count.
    @inlinable
    public init(rawValue: UInt8) { self.rawValue = rawValue & 15 }

    /// A standard query.
    @inlinable public static var query: Opcode { Opcode(rawValue: 0) }
    /// A notice that a zone has changed (RFC 1996).
    @inlinable public static var notify: Opcode { Opcode(rawValue: 4) }
    /// A dynamic update (RFC 2136).
    @inlinable public static var update: Opcode { Opcode(rawValue: 5) }
}

/// How a query went: RCODE (RFC 1035, section 4.1.1), with the eight upper bits that EDNS adds (RFC 6891, section 6.1.3).
public struct ResponseCode: RawRepresentable, Hashable, Sendable {
    /// The number, 0 to 4095.
    public var rawValue: UInt16

    /// Makes a code of its number; only the low twelve bits count.
    @inlinable
    public init(rawValue: UInt16) { self.rawValue = rawValue & 0xFFF }

    /// No error.
    @inlinable public static var noError: ResponseCode { ResponseCode(rawValue: 0) }
    /// FORMERR: the server could not read the query.
    @inlinable public static var formatError: ResponseCode { ResponseCode(rawValue: 1) }
    /// SERVFAIL: the server has a problem of its own.
    @inlinable public static var serverFailure: ResponseCode { ResponseCode(rawValue: 2) }
    /// NXDOMAIN: the name does not exist.
    @inlinable public static var nameError: ResponseCode { ResponseCode(rawValue: 3) }
    /// NOTIMP: the server does not know this kind of query.
    @inlinable public static var notImplemented: ResponseCode { ResponseCode(rawValue: 4) }
    /// REFUSED: the server does not answer this query, as for a name outside its zones.
    @inlinable public static var refused: ResponseCode { ResponseCode(rawValue: 5) }
    /// YXDOMAIN: a name exists that should not, or would be too long (RFC 2136; RFC 6672, section 2.2).
    @inlinable public static var nameExists: ResponseCode { ResponseCode(rawValue: 6) }
    /// NOTAUTH: the server is no authority for the zone (RFC 2136, section 2.2).
    @inlinable public static var notAuthoritative: ResponseCode { ResponseCode(rawValue: 9) }
    /// BADVERS: the server does not know this version of EDNS (RFC 6891, section 9).
    @inlinable public static var badVersion: ResponseCode { ResponseCode(rawValue: 16) }
    /// BADCOOKIE: the server cookie is not ours, or too old (RFC 7873, section 8).
    @inlinable public static var badCookie: ResponseCode { ResponseCode(rawValue: 23) }
}

extension ResponseCode: CustomStringConvertible {
    /// The name that `dig` prints, or `RCODE` and the number.
    public var description: String {
        switch self {
        case .noError: "NOERROR"
        case .formatError: "FORMERR"
        case .serverFailure: "SERVFAIL"
        case .nameError: "NXDOMAIN"
        case .notImplemented: "NOTIMP"
        case .refused: "REFUSED"
        case .nameExists: "YXDOMAIN"
        case .notAuthoritative: "NOTAUTH"
        case .badVersion: "BADVERS"
        case .badCookie: "BADCOOKIE"
        default: "RCODE\(rawValue)"
        }
    }
}

/// The head of every message (RFC 1035, section 4.1.1; AD and CD: RFC 4035, section 3):
/// ```
///   0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15
/// +-----------------------------------------------+
/// |                      ID                       |
/// |QR|  Opcode   |AA|TC|RD|RA| Z|AD|CD|   RCODE   |
/// |                    QDCOUNT                    |
/// |                    ANCOUNT                    |
/// |                    NSCOUNT                    |
/// |                    ARCOUNT                    |
/// +-----------------------------------------------+
/// ```
public struct Header: Equatable, Sendable {
    /// The length of a header in octets: 12.
    @inlinable public static var byteCount: Int { 12 }

    /// The number by which a client knows its answer.
    public var id: UInt16
    /// The second word of the header.
    public var flags: Flags
    /// QDCOUNT, the number of questions.
    public var questionCount: UInt16
    /// ANCOUNT, the number of records in the answer section.
    public var answerCount: UInt16
    /// NSCOUNT, the number of records in the authority section.
    public var authorityCount: UInt16
    /// ARCOUNT, the number of records in the additional section.
    public var additionalCount: UInt16

    /// Makes a header; the counts are 0 unless given.
    @inlinable
    public init(
        id: UInt16, flags: Flags, questionCount: UInt16 = 0, answerCount: UInt16 = 0, authorityCount: UInt16 = 0,
        additionalCount: UInt16 = 0
    ) {
        self.id = id
        self.flags = flags
        self.questionCount = questionCount
        self.answerCount = answerCount
        self.authorityCount = authorityCount
        self.additionalCount = additionalCount
    }

    /// Reads the first 12 octets of a message; nil when there are fewer.
    @inlinable
    public init?(reading message: RawSpan) {
        guard message.byteCount >= Header.byteCount, let id = message.uint16(at: 0),
            let flags = message.uint16(at: 2), let questions = message.uint16(at: 4),
            let answers = message.uint16(at: 6), let authorities = message.uint16(at: 8),
            let additionals = message.uint16(at: 10)
        else { return nil }
        self.init(
            id: id, flags: Flags(rawValue: flags), questionCount: questions, answerCount: answers,
            authorityCount: authorities, additionalCount: additionals)
    }

    /// The second word of a header: QR, the opcode, the flag bits and RCODE.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The word in host byte order.
        public var rawValue: UInt16

        /// Makes flags of the word.
        @inlinable
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        /// QR: the message is a response.
        @inlinable public static var response: Flags { Flags(rawValue: 0x8000) }
        /// AA: the server is an authority for the name in the question.
        @inlinable public static var authoritative: Flags { Flags(rawValue: 0x0400) }
        /// TC: the response was longer than the transport allows.
        @inlinable public static var truncated: Flags { Flags(rawValue: 0x0200) }
        /// RD: the client wants recursion.
        @inlinable public static var recursionDesired: Flags { Flags(rawValue: 0x0100) }
        /// RA: the server offers recursion.
        @inlinable public static var recursionAvailable: Flags { Flags(rawValue: 0x0080) }
        /// AD: the data is authentic (RFC 4035, section 3.2.3).
        @inlinable public static var authenticData: Flags { Flags(rawValue: 0x0020) }
        /// CD: the client checks signatures itself (RFC 4035, section 3.2.2).
        @inlinable public static var checkingDisabled: Flags { Flags(rawValue: 0x0010) }

        /// The four bits of the opcode.
        @inlinable
        public var opcode: Opcode {
            get { Opcode(rawValue: UInt8(truncatingIfNeeded: rawValue >> 11)) }
            set { rawValue = rawValue & 0x87FF | UInt16(newValue.rawValue) << 11 }
        }

        /// The low four bits of the response code.
        @inlinable
        public var lowResponseCode: UInt16 {
            get { rawValue & 15 }
            set { rawValue = rawValue & 0xFFF0 | newValue & 15 }
        }
    }
}
