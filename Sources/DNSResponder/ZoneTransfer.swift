import DNSWire
public import DNSZone

/// A whole zone on its way to another server (RFC 5936, section 2.2): the SOA, every other record, the SOA again, in as many
/// messages as it takes. It holds the version of the zone that it began with.
public struct ZoneTransfer: Sendable {
    /// Offsets beyond this cannot be pointed at, so longer messages would only compress worse.
    private static let byteCount = 16384

    private let zone: Zone
    private let id: UInt16
    private let flags: Header.Flags
    private let question: [UInt8]
    private let hasEDNS: Bool
    private var hasBegun = false
    private var hasEnded = false
    /// The next record: its node, its RRset, its place in the RRset's image.
    private var (node, set, offset) = (0, 0, 0)

    /// Begins a transfer of `zone` that `query` asks for; nil when that is no query.
    public init?(of zone: Zone, for query: RawSpan) {
        guard let parsed = Query(reading: query), let question = parsed.question,
            let octets = query.slice(at: Header.byteCount, count: question.byteCount)
        else { return nil }
        self.zone = zone
        id = parsed.header.id
        flags = parsed.header.flags.intersection(.recursionDesired).union([.response, .authoritative])
        self.question = octets.copied()
        hasEDNS = parsed.edns != nil
        set = zone.setIndices(at: 0).lowerBound
    }

    /// Writes the next message and returns its length; nil when all have been written, or when a record fits no message.
    public mutating func next(into buffer: inout MutableRawSpan) -> Int? {
        guard !hasEnded else { return nil }
        let isFirst = !hasBegun
        hasBegun = true
        var builder = MessageBuilder(into: &buffer, limit: Responder.maximumTCPByteCount)
        builder.put(question.span.bytes)
        builder.countRecord(in: .question)
        let optionByteCount = isFirst && hasEDNS ? 11 : 0
        if isFirst { putStart(into: &builder) }
        fill(&builder, reserving: optionByteCount)
        if optionByteCount > 0 {
            // | 00 | TYPE 41 | payload size 2 | zero 4 | RDLENGTH 0 |
            builder.put(0 as UInt8)
            builder.put(RecordType.opt.rawValue)
            builder.put(UInt16(Responder.maximumUDPByteCount))
            builder.put(0 as UInt32)
            builder.put(0 as UInt16)
            builder.countRecord(in: .additional)
        }
        if builder.recordCount(in: .answer) == 0 || builder.hasOverflowed {
            hasEnded = true
            return nil
        }
        return builder.finish(id: id, flags: flags)
    }

    private func putStart(into builder: inout MessageBuilder) {
        builder.put(zone.startOfAuthority, of: zone, ownedBy: zone.spelling(of: zone.originNode), in: .answer)
    }

    /// Puts records until the message is full or the zone has ended. A record that is too long for the usual size has a message of
    /// its own.
    private mutating func fill(_ builder: inout MessageBuilder, reserving reserved: Int) {
        while node < zone.nodeCount {
            let sets = zone.setIndices(at: node)
            while set < sets.upperBound {
                guard fill(&builder, zone.set(set), reserving: reserved) else { return }
                set &+= 1
                offset = 0
            }
            node &+= 1
            if node < zone.nodeCount { set = zone.setIndices(at: node).lowerBound }
        }
        let mark = builder.mark
        putStart(into: &builder)
        if builder.hasOverflowed { builder.rollBack(to: mark) } else { hasEnded = true }
    }

    /// Puts the rest of an RRset; false when the message is full.
    private mutating func fill(
        _ builder: inout MessageBuilder, _ records: Zone.RecordSet, reserving reserved: Int
    ) -> Bool {
        if records.type == .soa { return true }
        // The image is borrowed from it while the place in it moves on.
        let zone = zone
        let image = zone.image(of: records)
        while let length = image.uint16(at: offset &+ 8),
            let record = image.slice(at: offset, count: 10 &+ Int(length))
        {
            let isEmpty = builder.recordCount(in: .answer) == 0
            builder.setLimit((isEmpty ? Responder.maximumTCPByteCount : Self.byteCount) &- reserved)
            let mark = builder.mark
            builder.putRecord(record, of: records.type, ownedBy: zone.spelling(of: node), in: .answer)
            let isFull = builder.hasOverflowed
            if isFull { builder.rollBack(to: mark) }
            builder.setLimit(Responder.maximumTCPByteCount)
            if isFull { return false }
            offset &+= record.byteCount
        }
        return true
    }
}
