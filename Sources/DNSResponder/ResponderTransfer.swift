import DNSWire
import DNSZone
import Net

extension Responder {
    /// NOTIFY (RFC 1996): the zone's primary has a newer version of it. Anybody else is refused, which ends the matter as silence
    /// (section 3.10) would after some repetitions.
    func notified(_ question: Query.Question, _ name: RawSpan, _ arrival: Arrival) -> Outcome {
        guard question.type == .soa, question.recordClass == .internet, let zone = zone(of: name) else {
            return Outcome(code: .notAuthoritative, reason: .notAuthoritative)
        }
        guard arrival.isUnicast, primaries[zones[zone].origin]?.contains(arrival.client) == true else {
            return Outcome(code: .refused, reason: .prohibited)
        }
        return Outcome(code: .noError, flags: .authoritative, task: .refresh(zone: zone, from: arrival.client))
    }

    /// AXFR and IXFR. No history of a zone is kept, so IXFR has the whole zone, or nothing where the client is up to date. What
    /// does not fit UDP is answered with our SOA, and the client comes again over TCP (RFC 1995, sections 2 and 4). AXFR over
    /// UDP is not defined (RFC 5936, section 4.2).
    func transfer(
        _ question: Query.Question, _ name: RawSpan, of message: RawSpan, _ arrival: Arrival,
        into builder: inout MessageBuilder
    ) -> Outcome {
        guard let zone = zone(of: name) else {
            return Outcome(code: .notAuthoritative, reason: .notAuthoritative)
        }
        guard arrival.isUnicast else { return Outcome(code: .refused, reason: .prohibited) }
        guard !isExpired[zone] else { return Outcome(code: .serverFailure, zone: zone, reason: .invalidData) }
        if question.type == .axfr {
            guard arrival.transport == .tcp else { return Outcome(code: .refused, reason: .notSupported) }
            return Outcome(code: .noError, flags: .authoritative, zone: zone, task: .transfer(zone: zone))
        }
        guard let serial = Self.knownSerial(in: message, after: question) else { return Outcome(code: .formatError) }
        if arrival.transport == .tcp, zones[zone].serial.isNewer(than: serial) {
            return Outcome(code: .noError, flags: .authoritative, zone: zone, task: .transfer(zone: zone))
        }
        let mark = builder.mark
        builder.put(zones[zone].startOfAuthority, of: zones[zone], ownedBy: Header.byteCount, in: .answer)
        guard builder.hasOverflowed else { return Outcome(code: .noError, flags: .authoritative, zone: zone) }
        builder.rollBack(to: mark)
        return Outcome(code: .noError, flags: [.authoritative, .truncated], zone: zone)
    }

    /// The number of the zone with that origin.
    private func zone(of name: RawSpan) -> Int? {
        var key = NameKey()
        guard key.assign(name) else { return nil }
        return zones.indices.first { zones[$0].contains(key) && zones[$0].isOrigin(key) }
    }

    /// The serial that an IXFR query says the client has: in the SOA of its authority section (RFC 1995, section 3).
    private static func knownSerial(in message: RawSpan, after question: Query.Question) -> UInt32? {
        guard let header = Header(reading: message), header.answerCount == 0, header.authorityCount == 1,
            let fixed = message.offsetAfterName(at: Header.byteCount &+ question.byteCount),
            message.uint16(at: fixed) == RecordType.soa.rawValue,
            let server = message.offsetAfterName(at: fixed &+ 10),
            let mailbox = message.offsetAfterName(at: server)
        else { return nil }
        return message.uint32(at: mailbox)
    }
}
