import DNSWire
import DNSZone

extension Responder {
    /// The most CNAME records in one answer. A longer chain, and a loop, ends there; the client may ask on.
    private static var maximumChain: Int { 16 }

    /// A CNAME chain: where it has come to.
    struct Chain {
        /// Where the name that is looked for now was written.
        var owner = Header.byteCount
        /// How many aliases have been followed.
        var count = 0
        /// The nodes of this zone whose records are in the answer already.
        var visited = NodeList()
    }

    /// Answers from the closest zone (RFC 1034, section 4.3.2), and from others of this server if a chain of aliases leads there.
    func answer(
        _ type: RecordType, _ name: RawSpan, of message: RawSpan, _ edns: Query.EDNS?, _ arrival: Arrival,
        into builder: inout MessageBuilder
    ) -> Outcome {
        var key = NameKey()
        guard key.assign(name) else { return Outcome(code: .formatError) }
        guard let first = zoneNumber(for: key, type) else {
            return Outcome(code: .refused, reason: .notAuthoritative)
        }
        guard !isExpired[first] else { return Outcome(code: .serverFailure, zone: first, reason: .invalidData) }
        var chain = Chain()
        var number = first
        while true {
            let step = follow(type, &key, &chain, in: zones[number], over: arrival.transport, into: &builder)
            switch step {
            case .end(var outcome):
                outcome.zone = first
                return outcome
            case .whoami:
                var outcome = answerWhoami(
                    type, zones[number], of: message, edns, arrival, at: chain.owner, into: &builder)
                outcome.zone = first
                return outcome
            case .elsewhere:
                guard let next = zoneNumber(for: key, type), !isExpired[next] else {
                    return Outcome(code: .noError, flags: .authoritative, zone: first)
                }
                number = next
                chain.visited = NodeList()
            }
        }
    }

    /// Where following a name in one zone ends.
    enum Step {
        case end(Outcome)
        /// At the name that tells the client about itself.
        case whoami
        /// At a name outside the zone.
        case elsewhere
    }

    /// The number of the zone that answers. A DS record belongs to the parent's side of a zone cut (RFC 4035, section
    /// 3.1.4.1), so for the name of a zone the parent is asked if it is here too.
    private func zoneNumber(for key: borrowing NameKey, _ type: RecordType) -> Int? {
        var child: Int?
        for number in zones.indices where zones[number].contains(key) {
            guard type == .ds, child == nil, zones[number].isOrigin(key) else { return number }
            child = number
        }
        return child
    }

    /// Follows the name, and the chain of aliases from it as long as it stays in the zone.
    private func follow(
        _ type: RecordType, _ key: inout NameKey, _ chain: inout Chain, in zone: borrowing Zone,
        over transport: Transport, into builder: inout MessageBuilder
    ) -> Step {
        while true {
            let node: Int
            switch zone.match(key) {
            case .node(let match):
                node = match
            case .wildcard(let match):
                if zone.isChild("whoami", key) { return .whoami }
                node = match
            case .delegation(let cut, let isCut):
                if type == .ds, isCut {
                    node = cut
                } else {
                    // What a chain has brought so far is authoritative, the referral at its end is not.
                    return .end(refer(to: cut, &key, in: zone, isAuthoritative: chain.count > 0, into: &builder))
                }
            case .redirection(let node):
                guard chain.count < Self.maximumChain else {
                    return .end(Outcome(code: .noError, flags: .authoritative))
                }
                if let outcome = redirect(at: node, &key, &chain, in: zone, into: &builder) { return .end(outcome) }
                if type == .cname || type == .any { return .end(Outcome(code: .noError, flags: .authoritative)) }
                if zone.contains(key) { continue } else { return .elsewhere }
            case .none:
                if zone.isChild("whoami", key) { return .whoami }
                return .end(negative(.nameError, in: zone, into: &builder))
            }
            guard type != .cname, type != .any, let alias = zone.set(.cname, at: node) else {
                return .end(answer(type, at: node, chain.owner, &key, in: zone, over: transport, into: &builder))
            }
            guard chain.count < Self.maximumChain, chain.visited.insert(node) else {
                return .end(Outcome(code: .noError, flags: .authoritative))
            }
            chain.count &+= 1
            let mark = builder.mark
            chain.owner = builder.put(alias, of: zone, ownedBy: chain.owner, in: .answer)
            if builder.hasOverflowed {
                builder.rollBack(to: mark)
                return .end(Outcome(code: .noError, flags: [.authoritative, .truncated]))
            }
            guard let target = zone.firstTarget(of: alias), key.assign(target) else {
                return .end(Outcome(code: .noError, flags: .authoritative))
            }
            if !zone.contains(key) { return .elsewhere }
        }
    }

    /// Answers from a node that exists, or a wildcard that stands for it: the RRset asked for, or NODATA.
    private func answer(
        _ type: RecordType, at node: Int, _ owner: Int, _ key: inout NameKey, in zone: borrowing Zone,
        over transport: Transport, into builder: inout MessageBuilder
    ) -> Outcome {
        var isEmpty = true
        for index in zone.setIndices(at: node) {
            let set = zone.set(index)
            guard type == .any || set.type == type else { continue }
            isEmpty = false
            let mark = builder.mark
            builder.put(set, of: zone, ownedBy: owner, in: .answer)
            if builder.hasOverflowed {
                builder.rollBack(to: mark)
                return Outcome(code: .noError, flags: [.authoritative, .truncated])
            }
            // Over UDP, where the client's address can be forged, one RRset is the answer to ANY (RFC 8482, section 4.1).
            if type != .any || transport == .udp { break }
        }
        if isEmpty { return negative(.noError, in: zone, into: &builder) }
        if type != .any, let set = zone.set(type, at: node) {
            putAddresses(ofTargetsOf: set, at: node, owner, requiredBelow: nil, &key, in: zone, into: &builder)
        }
        return Outcome(code: .noError, flags: .authoritative)
    }

    /// NXDOMAIN or NODATA: the SOA with the TTL for negative caching (RFC 2308, sections 2 and 5).
    func negative(
        _ code: ResponseCode, in zone: borrowing Zone, into builder: inout MessageBuilder
    ) -> Outcome {
        let mark = builder.mark
        builder.put(
            zone.startOfAuthority, of: zone, ownedBy: zone.origin.wire.span.bytes, in: .authority,
            ttl: zone.negativeTTL)
        guard builder.hasOverflowed else { return Outcome(code: code, flags: .authoritative) }
        builder.rollBack(to: mark)
        return Outcome(code: code, flags: [.authoritative, .truncated])
    }

    /// A referral: the NS records of the zone cut, and the addresses of those servers (RFC 1034, section 4.2.1).
    private func refer(
        to cut: Int, _ key: inout NameKey, in zone: borrowing Zone, isAuthoritative: Bool,
        into builder: inout MessageBuilder
    ) -> Outcome {
        var outcome = Outcome(code: .noError, flags: isAuthoritative ? .authoritative : [])
        guard let servers = zone.set(.ns, at: cut) else { return outcome }
        let mark = builder.mark
        builder.put(servers, of: zone, ownedBy: zone.spelling(of: cut), in: .authority)
        if builder.hasOverflowed {
            builder.rollBack(to: mark)
            outcome.flags.insert(.truncated)
        } else if !putAddresses(
            ofTargetsOf: servers, at: cut, Header.byteCount, requiredBelow: cut, &key, in: zone, into: &builder)
        {
            outcome.flags.insert(.truncated)
        }
        return outcome
    }
}
