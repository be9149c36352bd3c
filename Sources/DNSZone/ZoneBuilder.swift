import DNSWire

/// Lays the checked records of a zone out in the flat arrays of ``Zone``.
struct ZoneBuilder {
    let origin: DomainName
    private(set) var arena: [UInt8] = []
    private(set) var nodes: [Zone.Node] = []
    private(set) var sets: [Zone.RecordSet] = []
    private(set) var slots: [UInt32] = []

    private var names: [DomainName] = []
    private var numbers: [DomainName: Int] = [:]
    private var records: [[ZoneRecord]] = []

    init(origin: DomainName, records: [ZoneRecord]) {
        self.origin = origin
        _ = number(of: origin)
        for record in records { self.records[number(of: record.owner)].append(record) }
        for number in names.indices { appendNode(number) }
        // A name or key may be read up to seven octets beyond its end.
        arena += [UInt8](repeating: 0, count: 8)
        fillSlots()
    }

    /// The number of a name's node. Every name between it and the origin gets one too (RFC 4592, section 2.2.2).
    private mutating func number(of name: DomainName) -> Int {
        if let known = numbers[name] { return known }
        let number = names.count
        names.append(name)
        records.append([])
        numbers[name] = number
        if name != origin, let parent = name.parent { _ = self.number(of: parent) }
        return number
    }

    private mutating func appendNode(_ number: Int) {
        let name = names[number].lowercased
        let nameOffset = arena.count
        arena += name.wire
        var spellingOffset = nameOffset
        if names[number].wire != name.wire {
            spellingOffset = arena.count
            arena += names[number].wire
        }
        let types = Set(records[number].map(\.type)).sorted { $0.rawValue < $1.rawValue }
        let firstSet = sets.count
        for type in types { appendSet(records[number].filter { $0.type == type }, type) }
        let wildcard = (try? name.prepending([UInt8(ascii: "*")])).flatMap { numbers[$0] }
        nodes.append(
            Zone.Node(
                name: UInt32(clamping: nameOffset), spelling: UInt32(clamping: spellingOffset),
                nameLength: UInt8(clamping: name.wire.count), redirects: types.contains(.dname),
                setCount: UInt16(clamping: types.count), firstSet: UInt32(clamping: firstSet),
                cut: Int32(clamping: topmostCut(name) ?? -1), wildcard: Int32(clamping: wildcard ?? -1)))
    }

    private func topmostCut(_ name: DomainName) -> Int? {
        var result: Int?
        var candidate = name
        while candidate != origin, let parent = candidate.parent {
            if let number = numbers[candidate], records[number].contains(where: { $0.type == .ns }) { result = number }
            candidate = parent
        }
        return result
    }

    private mutating func appendSet(_ records: [ZoneRecord], _ type: RecordType) {
        let ttl = records.map(\.ttl).min() ?? 0
        let start = arena.count
        for record in records {
            arena += bigEndian(type.rawValue) + bigEndian(RecordClass.internet.rawValue) + bigEndian(ttl)
            arena += bigEndian(UInt16(clamping: record.data.count)) + record.data
        }
        sets.append(
            Zone.RecordSet(
                type: type, count: records.count, ttl: ttl, start: start, byteCount: arena.count - start))
    }

    /// At most half of the slots are used: a probe that misses ends after one or two steps.
    private mutating func fillSlots() {
        var count = 8
        while count < 2 * names.count { count *= 2 }
        slots = [UInt32](repeating: 0, count: count)
        var key = NameKey()
        for (number, name) in names.enumerated() where key.assign(name.wire.span.bytes) {
            var slot = Int(truncatingIfNeeded: key.hash(fromLabel: 0)) & (count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (count - 1) }
            slots[slot] = UInt32(clamping: number + 1)
        }
    }
}
