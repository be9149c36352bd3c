import DNSWire
import DNSZone

/// One record in the image of an RRset: `| TYPE 2 | CLASS 2 | TTL 4 | RDLENGTH 2 | RDATA |`.
private let fixedByteCount = 10

extension MessageBuilder {
    /// Appends an RRset whose owner's name was written at `owner`. Returns where the last name in the data can be found:
    /// for a CNAME, the owner of what comes next.
    @discardableResult
    mutating func put(
        _ set: Zone.RecordSet, of zone: borrowing Zone, ownedBy owner: Int, in section: Section
    ) -> Int {
        let image = zone.image(of: set)
        let layout = RecordDataLayout(set.type)
        var target = owner
        var offset = 0
        while let length = image.uint16(at: offset &+ 8),
            let record = image.slice(at: offset, count: fixedByteCount &+ Int(length))
        {
            putPointer(to: owner)
            if layout.mayCompress { target = putCompressing(record, layout) } else { put(record) }
            countRecord(in: section)
            offset &+= record.byteCount
        }
        return target
    }

    /// Appends an RRset with its owner's name, compressed. A TTL that is given replaces the records' own.
    mutating func put(
        _ set: Zone.RecordSet, of zone: borrowing Zone, ownedBy owner: RawSpan, in section: Section,
        ttl: UInt32? = nil
    ) {
        let image = zone.image(of: set)
        var offset = 0
        while let length = image.uint16(at: offset &+ 8),
            let record = image.slice(at: offset, count: fixedByteCount &+ Int(length))
        {
            putRecord(record, of: set.type, ownedBy: owner, in: section, ttl: ttl)
            offset &+= record.byteCount
        }
    }

    /// Appends a record, whose octets begin with its TYPE, with its owner's name, compressed. A TTL that is given replaces its own.
    mutating func putRecord(
        _ record: RawSpan, of type: RecordType, ownedBy owner: RawSpan, in section: Section, ttl: UInt32? = nil
    ) {
        let layout = RecordDataLayout(type)
        putName(owner)
        let start = count
        if layout.mayCompress { putCompressing(record, layout) } else { put(record) }
        if let ttl, !hasOverflowed { overwrite(ttl, at: start &+ 4) }
        countRecord(in: section)
    }

    /// Appends a record without its owner, the names in its data compressed, and returns where the last of them can
    /// be found.
    @discardableResult
    private mutating func putCompressing(_ record: RawSpan, _ layout: RecordDataLayout) -> Int {
        let start = count
        var target = start
        var offset = fixedByteCount &+ layout.prefix
        put(record.extracting(first: offset))
        for _ in 0..<layout.nameCount {
            guard let end = record.offsetAfterName(at: offset),
                let name = record.slice(at: offset, count: end &- offset)
            else { break }
            target = putName(name)
            offset = end
        }
        if let rest = record.slice(at: offset, count: record.byteCount &- offset) { put(rest) }
        if !hasOverflowed {
            overwrite(UInt16(truncatingIfNeeded: count &- start &- fixedByteCount), at: start &+ 8)
        }
        return target
    }
}

extension Zone {
    /// The first name in the data of the first record of a set; nil for types without.
    @_lifetime(borrow self)
    func firstTarget(of set: RecordSet) -> RawSpan? {
        target(in: image(of: set), at: 0, RecordDataLayout(set.type))
    }

    /// The first name in the data of the record at `offset` of an image.
    @_lifetime(copy image)
    func target(in image: RawSpan, at offset: Int, _ layout: RecordDataLayout) -> RawSpan? {
        guard layout.nameCount > 0 else { return nil }
        let start = offset &+ fixedByteCount &+ layout.prefix
        guard let end = image.offsetAfterName(at: start) else { return nil }
        return image.slice(at: start, count: end &- start)
    }
}
