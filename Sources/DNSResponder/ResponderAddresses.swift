import DNSWire
import DNSZone

/// Nodes that have been dealt with, so that a loop ends and nothing is said twice.
struct NodeList {
    private var nodes = InlineArray<16, Int>(repeating: 0)
    private(set) var count = 0

    /// Adds a node; false when it is there already. A full list remembers no more, and finds only what it has.
    mutating func insert(_ node: Int) -> Bool {
        for index in 0..<count where nodes[index] == node { return false }
        if count < 16 {
            nodes[count] = node
            count &+= 1
        }
        return true
    }
}

extension Responder {
    /// Adds the addresses that the zone has for the names in NS, MX, SRV, SVCB and HTTPS records (RFC 1034, section 4.3.2, step 6;
    /// RFC 9460, section 4.1). The set is that of `node`, and its owner's name was written at `owner`.
    ///
    /// They save the client a question, so they are left out where they do not fit, without a word. Only those of servers
    /// at or below `requiredBelow`, the zone cut of a referral, cannot be found in any other way: false when one of
    /// them did not fit, and TC has to say so (RFC 9471, section 2.1).
    @discardableResult
    func putAddresses(
        ofTargetsOf set: Zone.RecordSet, at node: Int, _ owner: Int, requiredBelow cut: Int?, _ key: inout NameKey,
        in zone: borrowing Zone, into builder: inout MessageBuilder
    ) -> Bool {
        switch set.type {
        case .ns, .mx, .srv, .svcb, .https: break
        default: return true
        }
        let hasFitted = putAddresses(of: set, cut, isRequired: true, &key, in: zone, into: &builder)
        guard hasFitted else { return false }
        putAddresses(of: set, cut, isRequired: false, &key, in: zone, into: &builder)
        if set.type == .svcb || set.type == .https {
            putOwnAddresses(of: set, at: node, owner, in: zone, into: &builder)
        }
        return true
    }

    /// One pass over the targets: those whose addresses are required, or the others. False when one did not fit.
    @discardableResult
    private func putAddresses(
        of set: Zone.RecordSet, _ cut: Int?, isRequired: Bool, _ key: inout NameKey, in zone: borrowing Zone,
        into builder: inout MessageBuilder
    ) -> Bool {
        // No cut, nothing required: the first pass would find nothing.
        if isRequired, cut == nil { return true }
        let image = zone.image(of: set)
        let layout = RecordDataLayout(set.type)
        var done = NodeList()
        var offset = 0
        while let length = image.uint16(at: offset &+ 8) {
            let recordOffset = offset
            offset &+= 10 &+ Int(length)
            guard let target = zone.target(in: image, at: recordOffset, layout), key.assign(target),
                zone.contains(key), let node = zone.node(key)
            else { continue }
            let isBelow = cut.map { zone.isAtOrBelow(cut: $0, node) } ?? false
            guard isBelow == isRequired, done.insert(node) else { continue }
            let mark = builder.mark
            if let addresses = zone.set(.a, at: node) {
                builder.put(addresses, of: zone, ownedBy: target, in: .additional)
            }
            if let addresses = zone.set(.aaaa, at: node) {
                builder.put(addresses, of: zone, ownedBy: target, in: .additional)
            }
            if builder.hasOverflowed {
                builder.rollBack(to: mark)
                return false
            }
        }
        return true
    }

    /// The owner's own addresses, where a record's target is `.`: with a priority that means the owner, and without one (0) that
    /// there is no service (RFC 9460, sections 2.5.1 and 2.5.2).
    private func putOwnAddresses(
        of set: Zone.RecordSet, at node: Int, _ owner: Int, in zone: borrowing Zone, into builder: inout MessageBuilder
    ) {
        let image = zone.image(of: set)
        var offset = 0
        var isMeant = false
        while let length = image.uint16(at: offset &+ 8), let priority = image.uint16(at: offset &+ 10) {
            if priority != 0, image.uint8(at: offset &+ 12) == 0 { isMeant = true }
            offset &+= 10 &+ Int(length)
        }
        guard isMeant else { return }
        let mark = builder.mark
        if let addresses = zone.set(.a, at: node) {
            builder.put(addresses, of: zone, ownedBy: owner, in: .additional)
        }
        if let addresses = zone.set(.aaaa, at: node) {
            builder.put(addresses, of: zone, ownedBy: owner, in: .additional)
        }
        if builder.hasOverflowed { builder.rollBack(to: mark) }
    }
}
