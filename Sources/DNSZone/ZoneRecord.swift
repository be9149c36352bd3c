public import DNSWire

/// One record of a zone, class IN, and where its text stands.
public struct ZoneRecord: Equatable, Sendable {
    /// The name that the record belongs to.
    public var owner: DomainName
    /// TYPE.
    public var type: RecordType
    /// TTL in seconds, at most 2,147,483,647 (RFC 2181, section 8).
    public var ttl: UInt32
    /// RDATA in wire form, names uncompressed.
    public var data: [UInt8]
    /// The included file that has the text, as ``ZoneFile`` names it; empty for the zone's own.
    public var file: String
    /// The line of the text, from 1; 0 for a record that was added and has no text.
    public var line: Int
    /// The column of the text, from 1; 0 for a record that was added and has no text.
    public var column: Int

    /// Makes a record.
    public init(
        owner: DomainName, type: RecordType, ttl: UInt32, data: [UInt8], file: String = "", line: Int = 0,
        column: Int = 0
    ) {
        self.owner = owner
        self.type = type
        self.ttl = ttl
        self.data = data
        self.file = file
        self.line = line
        self.column = column
    }

    func error(_ reason: String) -> ZoneError { ZoneError(file: file, line: line, column: column, reason: reason) }
}
