import DNSResponder
import DNSWire
import DNSZone
import Net

/// A query (RFC 1035): the response is a message with its ID, no longer than the client and the transport allow, and has a
/// whole question. What can be read as a message is written and read as the same. A transfer that is asked for is read as the zone again,
/// and the query itself is also taken for what a primary might send.
/// Input: the transport in its lowest bit and the site's own address in the next, then the query.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzQuery(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    var script = Script(start, count)
    let how = script.octet()
    let query = script.rest()
    if let message = try? Message(parsing: query) {
        promise((try? Message(parsing: message.encoded())) == message, "\(message) is read as another")
    }
    takeAsTransfer(query, isWhole: how & 4 != 0)
    let transport: Responder.Transport = how & 1 == 0 ? .udp : .tcp
    let arrival = Responder.Arrival(
        from: .v4(IPv4Address(198, 51, 100, 1)), over: transport, isUnicast: how & 2 != 0, time: 1_000_000)
    var memory = [UInt8](repeating: 0, count: 65535)
    var span = memory.mutableSpan
    var bytes = span.mutableBytes
    guard let reply = responder.respond(to: query.span.bytes, arrival, into: &bytes) else {
        promise(query.count < 12 || query[2] & 0x80 != 0, "no response")
        return 0
    }
    let response = Array(memory.prefix(reply.byteCount))
    let size = Query(reading: query.span.bytes)?.edns.map { Int($0.payloadSize) } ?? 512
    promise(transport == .tcp || response.count <= min(max(size, 512), 1232), "\(response.count) octets")
    guard let message = try? Message(parsing: response) else { fatalError("the response is no message") }
    promise(message.id == UInt16(query[0]) << 8 | UInt16(query[1]), "another ID")
    if case .transfer(let zone) = reply.task { transfer(responder.zones[zone], query, response) }
    return 0
}

private func transfer(_ zone: Zone, _ query: [UInt8], _ response: [UInt8]) {
    guard var transfer = ZoneTransfer(of: zone, in: response.span.bytes) else { fatalError("no transfer") }
    var memory = [UInt8](repeating: 0, count: 65535)
    var incoming = IncomingZone(zone.origin, id: UInt16(query[0]) << 8 | UInt16(query[1]), isWhole: true)
    var received: Zone?
    // That of an IXFR has its question, which is not what this side asks.
    let isWhole = Query(reading: query.span.bytes)?.question?.type == .axfr
    var count = 0
    while true {
        var span = memory.mutableSpan
        var bytes = span.mutableBytes
        guard let length = transfer.next(into: &bytes) else { break }
        let message = Array(memory.prefix(length))
        promise((try? Message(parsing: message)) != nil, "no message of a transfer")
        count += 1
        if isWhole, case .zone(let zone) = try? incoming.take(message) { received = zone }
    }
    promise(count > 0 && !transfer.hasFailed, "an empty transfer")
    promise(!isWhole || received?.nodeCount == zone.nodeCount, "the zone is not read again")
}

/// What a primary sends is as much a stranger's as a query. The octets are made an answer, so that more of them are read.
private func takeAsTransfer(_ octets: [UInt8], isWhole: Bool) {
    guard octets.count >= 12 else { return }
    var answer = octets
    answer[2] |= 0x84
    answer[3] &= 0xF0
    let id = UInt16(octets[0]) << 8 | UInt16(octets[1])
    var incoming = IncomingZone(responder.zones[0].origin, id: id, isWhole: isWhole)
    for _ in 0..<2 {
        guard case .zone(let zone)? = try? incoming.take(answer) else { continue }
        promise(zone.origin == responder.zones[0].origin, "another zone")
    }
}

private let responder: Responder = {
    let text = """
        @ SOA ns1 h 7 1 1 1 1
        @ NS ns1
        ns1 A 192.0.2.1
        www A 192.0.2.2
        alias CNAME www
        old DNAME new
        x.new CNAME y.old
        *.w TXT "any"
        sub NS ns.sub
        ns.sub AAAA 2001:db8::1
        s SVCB 1 ns1 alpn=h2
        """
    guard let origin = try? DomainName("a.test"), let zone = try? Zone(origin: origin, text: text) else {
        fatalError("the zone of the fuzz target")
    }
    return Responder(zones: [zone], identity: "london", cookies: ServerCookies(1, 2))
}()
