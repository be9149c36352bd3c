import DNSWire
import DNSZone
import Net

extension Responder {
    /// Tells a client what the service sees of it: `whoami` below each origin, unless the zone itself has that name.
    /// ```
    /// whoami.hello.test. 0 TXT "site london" "client 10.1.0.3" "subnet 198.51.100.0/24" "serial 2026010101"
    /// ```
    /// The subnet is there only if the client has sent one. Not the hot path: it makes text, and so allocates.
    func answerWhoami(
        _ type: RecordType, _ zone: borrowing Zone, of query: RawSpan, _ edns: Query.EDNS?, _ arrival: Arrival,
        at owner: Int, into builder: inout MessageBuilder
    ) -> Outcome {
        guard type == .txt || type == .any else { return negative(.noError, in: zone, into: &builder) }
        var strings = [
            Array("site ".utf8) + identity.prefix(250), Array("client \(arrival.client)".utf8),
        ]
        if let place = edns?.options.clientSubnet, let subnet = Self.subnet(query, place) {
            strings.append(Array("subnet \(subnet)".utf8))
        }
        strings.append(Array("serial \(zone.serial)".utf8))
        let data = strings.flatMap { [UInt8(clamping: $0.count)] + $0 }
        let mark = builder.mark
        builder.putPointer(to: owner)
        builder.put(RecordType.txt.rawValue)
        builder.put(RecordClass.internet.rawValue)
        // It is another one's answer a moment later.
        builder.put(0 as UInt32)
        builder.put(UInt16(clamping: data.count))
        builder.put(data.span.bytes)
        builder.countRecord(in: .answer)
        guard builder.hasOverflowed else { return Outcome(code: .noError, flags: .authoritative) }
        builder.rollBack(to: mark)
        return Outcome(code: .noError, flags: [.authoritative, .truncated])
    }

    private static func subnet(_ query: RawSpan, _ place: QueryOptions.Place) -> IPPrefix? {
        guard let octets = query.slice(at: place.offset, count: place.count)?.copied(), octets.count >= 4 else {
            return nil
        }
        let size = octets[1] == 1 ? 4 : 16
        let address = octets.dropFirst(4) + [UInt8](repeating: 0, count: max(0, size - (octets.count - 4)))
        return IPAddress(bytes: address).flatMap { IPPrefix($0, length: octets[2]) }
    }
}
