public import DNSWire

/// What a zone has for a name (RFC 1034, section 4.3.2, step 3, and RFC 4592).
public enum ZoneMatch: Equatable, Sendable {
    /// The name exists, perhaps without any record, and the zone is its authority.
    case node(Int)
    /// The name does not exist, but this wildcard stands for it.
    case wildcard(Int)
    /// The name is at or below the zone cut of this node. `isCut` says whether it is the name of the cut itself.
    case delegation(Int, isCut: Bool)
    /// The name does not exist, but the DNAME record of this node, above it, stands for it (RFC 6672).
    case redirection(Int)
    /// The name does not exist.
    case none
}

extension Zone {
    /// Whether `key` is the origin or lies below it.
    public func contains(_ key: borrowing NameKey) -> Bool {
        let originNode = nodes[originNode]
        let label = key.labelCount &- originLabelCount
        return label >= 0
            && key.isEqual(
                fromLabel: label, to: arena.span.bytes, at: Int(originNode.name), count: Int(originNode.nameLength))
    }

    /// Finds a name, which ``contains(_:)`` has said to be in the zone.
    ///
    /// One probe finds a name that exists. For one that does not, the probes go on label by label to the closest
    /// encloser; the zone cut above it, if any, has been worked out beforehand and so costs nothing.
    public func match(_ key: borrowing NameKey) -> ZoneMatch {
        if let index = node(key, fromLabel: 0) {
            let cut = nodes[index].cut
            return cut < 0 ? .node(index) : .delegation(Int(cut), isCut: Int(cut) == index)
        }
        var label = 1
        while label <= key.labelCount {
            if let index = node(key, fromLabel: label) {
                let encloser = nodes[index]
                if encloser.cut >= 0 { return .delegation(Int(encloser.cut), isCut: false) }
                if encloser.redirects { return .redirection(index) }
                return encloser.wildcard < 0 ? .none : .wildcard(Int(encloser.wildcard))
            }
            label &+= 1
        }
        return .none
    }

    /// The node of exactly this name, on whichever side of a zone cut; nil when it does not exist.
    public func node(_ key: borrowing NameKey) -> Int? { node(key, fromLabel: 0) }

    /// Whether a node is at or below the zone cut of the node `cut`.
    public func isAtOrBelow(cut: Int, _ node: Int) -> Bool { Int(nodes[node].cut) == cut }

    /// The records of a type at a node; nil when there are none.
    public func set(_ type: RecordType, at node: Int) -> RecordSet? {
        for index in setIndices(at: node) where sets[index].type == type { return sets[index] }
        return nil
    }

    /// The numbers of a node's RRsets, in the order of their types.
    public func setIndices(at node: Int) -> Range<Int> {
        let node = nodes[node]
        return Int(node.firstSet)..<Int(node.firstSet) &+ Int(node.setCount)
    }

    /// The RRset of a number from ``setIndices(at:)``.
    public func set(_ index: Int) -> RecordSet { sets[index] }

    /// The name of a node as the zone's text writes it, in wire form.
    @_lifetime(borrow self)
    public func spelling(of node: Int) -> RawSpan {
        let start = Int(nodes[node].spelling)
        return arena.span.bytes.extracting(start..<start &+ Int(nodes[node].nameLength))
    }

    /// Whether `key` is the origin, given that ``contains(_:)`` has said that it is in the zone.
    public func isOrigin(_ key: borrowing NameKey) -> Bool { key.labelCount == originLabelCount }

    /// Whether `key` is the origin with one more label, in lower case and of at most seven octets.
    public func isChild(_ label: StaticString, _ key: borrowing NameKey) -> Bool {
        guard key.labelCount == originLabelCount &+ 1, key.offset(ofLabel: 1) == label.utf8CodeUnitCount &+ 1 else {
            return false
        }
        let word = UInt64(littleEndian: key.word(at: 0))
        for index in 0..<label.utf8CodeUnitCount
        where UInt8(truncatingIfNeeded: word >> UInt64(8 &* (index &+ 1))) != label.utf8Start[index] { return false }
        return true
    }

    /// The number of labels of a node's name.
    public func labelCount(of node: Int) -> Int {
        let name = spelling(of: node)
        var (offset, count) = (0, 0)
        while let length = name.uint8(at: offset), length != 0 {
            offset &+= Int(length) &+ 1
            count &+= 1
        }
        return count
    }

    /// How many nodes there are: names, and empty non-terminals. They are numbered from 0.
    public var nodeCount: Int { nodes.count }

    private func node(_ key: borrowing NameKey, fromLabel label: Int) -> Int? {
        let mask = slots.count &- 1
        var slot = Int(truncatingIfNeeded: key.hash(fromLabel: label)) & mask
        while slots[slot] != 0 {
            let index = Int(slots[slot] &- 1)
            let node = nodes[index]
            if key.isEqual(
                fromLabel: label, to: arena.span.bytes, at: Int(node.name), count: Int(node.nameLength))
            {
                return index
            }
            slot = (slot &+ 1) & mask
        }
        return nil
    }
}

extension Zone {
    /// The image of an RRset, record after record: `| TYPE 2 | CLASS 2 | TTL 4 | RDLENGTH 2 | RDATA |`.
    @_lifetime(borrow self)
    public func image(of set: RecordSet) -> RawSpan {
        arena.span.bytes.extracting(set.start..<set.start &+ set.byteCount)
    }
}
