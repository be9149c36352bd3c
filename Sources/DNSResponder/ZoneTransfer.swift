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
    /// The OPT record of the first message; empty when there is none.
    private let options: [UInt8]
    private var hasBegun = false
    private var hasEnded = false
    /// Whether a record fitted no message: the rest cannot be sent, and the client has to be told by the end of the connection.
    public private(set) var hasFailed = false
    /// The next record: its node, its RRset, its place in the RRset's image.
    private var (node, set, offset) = (0, 0, 0)

    /// Begins a transfer of `zone` with the response that a ``Responder`` has written beside the task of it: a header, the question,
    /// and the OPT record if there is one, with the cookie and whatever else the client has asked for. Nil when that is not so.
    public init?(of zone: Zone, in response: RawSpan) {
        guard let header = Header(reading: response), header.questionCount == 1,
            let end = response.offsetAfterName(at: Header.byteCount),
            let question = response.slice(at: Header.byteCount, count: end &+ 4 &- Header.byteCount),
            let options = response.slice(at: end &+ 4, count: response.byteCount &- end &- 4)
        else { return nil }
        self.zone = zone
        (id, flags) = (header.id, header.flags)
        self.question = question.copied()
        self.options = options.copied()
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
        let hasOptions = isFirst && !options.isEmpty
        if isFirst { putStart(into: &builder) }
        fill(&builder, reserving: hasOptions ? options.count : 0)
        if hasOptions {
            builder.put(options.span.bytes)
            builder.countRecord(in: .additional)
        }
        if builder.recordCount(in: .answer) == 0 || builder.hasOverflowed {
            (hasEnded, hasFailed) = (true, true)
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
            // Before the message goes back: a record of its own has made it longer than the usual size.
            builder.setLimit(Responder.maximumTCPByteCount)
            if isFull {
                builder.rollBack(to: mark)
                return false
            }
            offset &+= record.byteCount
        }
        return true
    }
}
