import DNSWire
import DNSZone

/// A name that no record has, put together from labels.
private struct SynthesizedName {
    private var octets = InlineArray<255, UInt8>(repeating: 0)
    private(set) var count = 0

    /// False when the name would have more than 255 octets.
    mutating func append(_ part: RawSpan) -> Bool {
        guard part.byteCount <= DomainName.maximumByteCount &- count else { return false }
        for index in 0..<part.byteCount {
            octets[count] = part.uint8(at: index) ?? 0
            count &+= 1
        }
        return true
    }

    var bytes: RawSpan {
        @_lifetime(borrow self) get { octets.span.bytes.extracting(first: count) }
    }
}

extension Responder {
    /// Follows a DNAME record above the name (RFC 6672, section 3.2): the record itself, and a CNAME from the name to what it becomes.
    /// The case of the client's letters is kept. Nil when the chain goes on.
    func redirect(
        at node: Int, _ key: inout NameKey, _ chain: inout Chain, in zone: borrowing Zone,
        into builder: inout MessageBuilder
    ) -> Outcome? {
        guard let records = zone.set(.dname, at: node), let target = zone.firstTarget(of: records) else {
            return Outcome(code: .serverFailure)
        }
        let mark = builder.mark
        // The same DNAME again says nothing new.
        if chain.visited.insert(node) {
            builder.put(records, of: zone, ownedBy: zone.spelling(of: node), in: .answer)
        }
        var name = SynthesizedName()
        var offset = chain.owner
        var fits = true
        for _ in 0..<max(0, key.labelCount &- zone.labelCount(of: node)) where fits {
            guard let label = builder.label(at: &offset) else { return Outcome(code: .serverFailure) }
            fits = name.append(label)
        }
        if fits { fits = name.append(target) }
        if fits { putAlias(name.bytes, ttl: records.ttl, &chain, into: &builder) }
        if builder.hasOverflowed {
            builder.rollBack(to: mark)
            return Outcome(code: .noError, flags: [.authoritative, .truncated])
        }
        guard fits, key.assign(name.bytes) else { return Outcome(code: .nameExists, flags: .authoritative) }
        chain.count &+= 1
        return nil
    }

    /// The CNAME that is not in the zone; its TTL is that of the DNAME.
    private func putAlias(_ target: RawSpan, ttl: UInt32, _ chain: inout Chain, into builder: inout MessageBuilder) {
        builder.putPointer(to: chain.owner)
        builder.put(RecordType.cname.rawValue)
        builder.put(RecordClass.internet.rawValue)
        builder.put(ttl)
        builder.put(0 as UInt16)
        let start = builder.count
        chain.owner = builder.putName(target)
        if !builder.hasOverflowed {
            builder.overwrite(UInt16(truncatingIfNeeded: builder.count &- start), at: start &- 2)
        }
        builder.countRecord(in: .answer)
    }
}
