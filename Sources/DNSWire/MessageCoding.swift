/// Why octets are not a DNS message.
public enum MessageError: Error, Equatable, Sendable {
    /// The octets end before the counts in the header are fulfilled.
    case truncated
    /// A name cannot be read.
    case name(DomainNameError)
    /// RDATA that does not hold the names that its type has.
    case badRecordData(RecordType)
    /// Octets follow the last record.
    case trailingOctets
}

extension Message {
    /// The message in wire form, without compression. Lists of more than 65,535 entries and data of more than 65,535
    /// octets do not fit the format and are cut.
    public func encoded() -> [UInt8] {
        func count(_ number: Int) -> UInt16 { UInt16(clamping: number) }
        var bytes = bigEndian(id) + bigEndian(flags.rawValue) + bigEndian(count(questions.count))
        for section in [answers, authorities, additionals] { bytes += bigEndian(count(section.count)) }
        for question in questions.prefix(0xFFFF) {
            bytes += question.name.wire + bigEndian(question.type.rawValue) + bigEndian(question.recordClass.rawValue)
        }
        for section in [answers, authorities, additionals] {
            for record in section.prefix(0xFFFF) {
                bytes += record.name.wire + bigEndian(record.type.rawValue) + bigEndian(record.recordClass.rawValue)
                bytes += bigEndian(record.ttl) + bigEndian(count(record.data.count)) + record.data.prefix(0xFFFF)
            }
        }
        return bytes
    }

    /// Reads a message that is all of `bytes`. Throws ``MessageError``.
    public init(parsing bytes: [UInt8]) throws(MessageError) {
        try self.init(parsing: bytes.span.bytes)
    }

    /// Reads a message that is all of `bytes`. Throws ``MessageError``.
    public init(parsing bytes: RawSpan) throws(MessageError) {
        guard let header = Header(reading: bytes) else { throw .truncated }
        self.init(id: header.id, flags: header.flags)
        var offset = Header.byteCount
        for _ in 0..<header.questionCount {
            let name = try Self.name(in: bytes, at: &offset)
            guard let type = bytes.uint16(at: offset), let recordClass = bytes.uint16(at: offset + 2) else {
                throw .truncated
            }
            offset += 4
            questions.append(
                Question(
                    name: name, type: RecordType(rawValue: type), recordClass: RecordClass(rawValue: recordClass)))
        }
        answers = try Self.section(of: header.answerCount, in: bytes, at: &offset)
        authorities = try Self.section(of: header.authorityCount, in: bytes, at: &offset)
        additionals = try Self.section(of: header.additionalCount, in: bytes, at: &offset)
        guard offset == bytes.byteCount else { throw .trailingOctets }
    }

    private static func section(
        of count: UInt16, in bytes: RawSpan, at offset: inout Int
    ) throws(MessageError) -> [ResourceRecord] {
        var records: [ResourceRecord] = []
        for _ in 0..<count { records.append(try record(in: bytes, at: &offset)) }
        return records
    }

    private static func record(in bytes: RawSpan, at offset: inout Int) throws(MessageError) -> ResourceRecord {
        let name = try name(in: bytes, at: &offset)
        guard let typeNumber = bytes.uint16(at: offset), let recordClass = bytes.uint16(at: offset + 2),
            let ttl = bytes.uint32(at: offset + 4), let length = bytes.uint16(at: offset + 8),
            bytes.slice(at: offset + 10, count: Int(length)) != nil
        else { throw .truncated }
        let type = RecordType(rawValue: typeNumber)
        let dataStart = offset + 10
        offset = dataStart + Int(length)
        let data = try uncompressedData(of: type, in: bytes, range: dataStart..<offset)
        return ResourceRecord(
            name: name, type: type, recordClass: RecordClass(rawValue: recordClass), ttl: ttl, data: data)
    }

    /// RDATA with the names in it written out (RFC 3597, section 4).
    private static func uncompressedData(
        of type: RecordType, in bytes: RawSpan, range: Range<Int>
    ) throws(MessageError) -> [UInt8] {
        let layout = RecordDataLayout(type)
        guard let prefix = bytes.slice(at: range.lowerBound, count: layout.prefix),
            layout.prefix <= range.count
        else { throw .badRecordData(type) }
        var data = prefix.copied()
        var offset = range.lowerBound + layout.prefix
        for _ in 0..<layout.nameCount { data += try name(in: bytes, at: &offset).wire }
        guard offset <= range.upperBound, let rest = bytes.slice(at: offset, count: range.upperBound - offset) else {
            throw .badRecordData(type)
        }
        return data + rest.copied()
    }

    private static func name(in bytes: RawSpan, at offset: inout Int) throws(MessageError) -> DomainName {
        do {
            return try DomainName(reading: bytes, at: &offset)
        } catch {
            throw .name(error)
        }
    }
}
