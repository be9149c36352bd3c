public import DNSWire

/// The records of a master file (RFC 1035, section 5; $TTL: RFC 2308, section 4):
/// ```
/// [owner] [TTL] [class] type data      TTL and class in either order; @ is the origin; relative names end in no dot
/// $ORIGIN name                         what relative names are relative to, from here on
/// $TTL seconds                         the TTL of records that give none, from here on
/// $INCLUDE file [origin]               another file's records; owner and origin are then as before (RFC 1035, section 5.1)
/// ```
/// A record without a TTL takes that of $TTL, else that of the record before, else ``defaultTTL``. A TTL may be written
/// with units, as in `1h30m`.
public struct ZoneFile: Equatable, Sendable {
    /// The records in the order of the text.
    public let records: [ZoneRecord]

    /// The TTL of a record when the text gives none at all: 300 seconds.
    public static var defaultTTL: UInt32 { 300 }

    /// How deep files may include others: a file that includes itself ends there.
    public static var deepestInclusion: Int { 10 }

    /// How many inclusions there may be in all: two in a file that includes itself would be a thousand at the greatest depth.
    public static var mostInclusions: Int { 100 }

    /// Gives the text of an included file, or says why not. The name is relative to the folder of the zone's own text.
    public typealias Include = (_ name: String) -> Result<String, Unreadable>

    /// Why a file cannot be included, in words.
    public struct Unreadable: Error {
        /// The reason, as `no such file`.
        public let reason: String

        /// Gives a reason.
        public init(_ reason: String) { self.reason = reason }
    }

    /// Reads the text of a zone whose origin is `origin`. Throws ``ZoneErrors`` with everything that is wrong.
    public init(
        parsing text: String, origin: DomainName,
        include: @escaping Include = { _ in .failure(Unreadable("nothing can be included here")) }
    ) throws(ZoneErrors) {
        var reader = ZoneFileReader(text, origin: origin, include)
        reader.readAll()
        guard reader.errors.isEmpty else { throw ZoneErrors(reader.errors) }
        records = reader.records
    }
}

private struct ZoneFileReader {
    private var tokenizer: ZoneTokenizer
    /// The name of the file that is being read, and of those that included it.
    private var files = [""]
    private var inclusionCount = 0
    private let include: ZoneFile.Include
    private var origin: DomainName
    private var owner: DomainName?
    private var directiveTTL: UInt32?
    private var lastTTL: UInt32?
    private(set) var records: [ZoneRecord] = []
    private(set) var errors: [ZoneError] = []

    init(_ text: String, origin: DomainName, _ include: @escaping ZoneFile.Include) {
        tokenizer = ZoneTokenizer(text.utf8)
        self.origin = origin
        self.include = include
    }

    mutating func readAll() {
        while true {
            do throws(ZoneError) {
                guard let entry = try tokenizer.next() else { return }
                try read(entry)
            } catch {
                errors.append(error)
            }
        }
    }

    private mutating func read(_ entry: ZoneEntry) throws(ZoneError) {
        guard let first = entry.tokens.first else { return }
        var fields = RecordFields(tokens: entry.tokens, origin: origin)
        if !entry.beginsWithBlank, !first.isQuoted, first.octets.first == UInt8(ascii: "$") {
            try readDirective(&fields)
        } else {
            try readRecord(&fields, inheritsOwner: entry.beginsWithBlank)
        }
    }

    private mutating func readDirective(_ fields: inout RecordFields) throws(ZoneError) {
        let directive = try fields.next("directive")
        switch directive.text.uppercased() {
        case "$ORIGIN": origin = try fields.name("origin")
        case "$TTL": directiveTTL = try fields.ttl("TTL")
        case "$INCLUDE": return try readInclusion(&fields)
        default: throw directive.error("the directive \(directive.text) is not known here")
        }
        try fields.end()
    }

    private mutating func readInclusion(_ fields: inout RecordFields) throws(ZoneError) {
        let token = try fields.next("file")
        let name = path(of: String(decoding: try fields.unescaped(token), as: UTF8.self))
        let origin = fields.isAtEnd ? self.origin : try fields.name("origin")
        try fields.end()
        guard files.count <= ZoneFile.deepestInclusion else {
            throw token.error("files include each other more than \(ZoneFile.deepestInclusion) deep")
        }
        inclusionCount += 1
        guard inclusionCount <= ZoneFile.mostInclusions else {
            throw token.error("more than \(ZoneFile.mostInclusions) files are included")
        }
        let text: String
        switch include(name) {
        case .success(let found): text = found
        case .failure(let error): throw token.error("'\(name)' cannot be included: \(error.reason)")
        }
        let before = (tokenizer, self.origin, owner)
        (tokenizer, self.origin) = (ZoneTokenizer(text.utf8, file: name), origin)
        files.append(name)
        readAll()
        files.removeLast()
        (tokenizer, self.origin, owner) = before
    }

    /// What a file is called that the one being read calls `name`: it is relative to that one's folder.
    private func path(of name: String) -> String {
        guard !name.hasPrefix("/"), let current = files.last, let slash = current.utf8.lastIndex(of: UInt8(ascii: "/"))
        else { return name }
        return String(current[...slash]) + name
    }

    private mutating func readRecord(_ fields: inout RecordFields, inheritsOwner: Bool) throws(ZoneError) {
        let start = try fields.peek("owner name")
        if !inheritsOwner { owner = try fields.name("owner name") }
        guard let owner else { throw start.error("the first record must name its owner") }
        let explicitTTL = try readTTLAndClass(&fields)
        let typeToken = try fields.next("record type")
        guard !typeToken.isQuoted, let type = RecordType(typeToken.text) else {
            throw typeToken.error("'\(typeToken.text)' is no record type")
        }
        guard type.isData else { throw typeToken.error("records of type \(type) cannot be in a zone") }
        let data = try fields.data(of: type, typeToken)
        if let explicitTTL { lastTTL = explicitTTL }
        let ttl = explicitTTL ?? directiveTTL ?? lastTTL ?? ZoneFile.defaultTTL
        records.append(
            ZoneRecord(
                owner: owner, type: type, ttl: ttl, data: data, file: start.file, line: start.line, column: start.column
            ))
    }

    /// Reads the TTL and the class, each once at most, in either order.
    private func readTTLAndClass(_ fields: inout RecordFields) throws(ZoneError) -> UInt32? {
        var ttl: UInt32?
        var hasClass = false
        while true {
            let token = try fields.peek("record type")
            if ttl == nil, token.octets.first.flatMap(decimalDigit) != nil, !token.isQuoted {
                ttl = try fields.ttl("TTL")
            } else if !hasClass, !token.isQuoted, let recordClass = RecordClass(token.text), recordClass != .any {
                guard recordClass == .internet else { throw token.error("only class IN can be served") }
                hasClass = true
                _ = try fields.next("class")
            } else {
                return ttl
            }
        }
    }
}
