import BFD

/// Datagrams of BFD, each with the time that passes before it: what decodes is written and read as the same, and a session lives
/// through any of them, sends only what it would take itself, and does not go round and round.
/// Input: for each datagram an octet of time, an octet of length, the payload.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBFD(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    var script = Script(start, count)
    var session = BFDSession(localDiscriminator: 1, timing: BFDTiming(interval: 50_000, multiplier: 3), seed: 7)
    var now: UInt64 = 0
    look(at: session.handle(.start, now: now))
    while !script.isAtEnd {
        now &+= UInt64(script.octet()) * 1_000_000
        let length = Int(script.octet())
        switch length {
        case 250: look(at: session.handle(.disable(.administrativelyDown), now: now))
        case 251: look(at: session.handle(.enable, now: now))
        case 252:
            let timing = BFDTiming(interval: UInt32(script.octet()) * 1000 + 1, multiplier: max(1, script.octet()))
            look(at: session.handle(.retime(timing), now: now))
        default:
            let payload = script.octets(length)
            guard let packet = try? ControlPacket(decoding: payload.span.bytes) else { continue }
            promise(read(written(packet)) == packet, "\(packet)")
            look(at: session.handle(.received(packet), now: now))
        }
        // A shorter interval counts from the last packet, and its time may be over: then the timer comes once more.
        for _ in 0..<3 where session.deadline.map({ $0 <= now }) == true {
            look(at: session.handle(.timer, now: now))
        }
        if let deadline = session.deadline { promise(deadline > now, "\(deadline) is over at \(now)") }
    }
    return 0
}

private func look(at actions: [BFDAction]) {
    for case .send(let packet) in actions { promise(read(written(packet)) == packet, "sent: \(packet)") }
}

private func written(_ packet: ControlPacket) -> [UInt8] {
    var octets = [UInt8](repeating: 0xAA, count: ControlPacket.byteCount)
    var span = octets.mutableSpan
    var bytes = span.mutableBytes
    packet.encode(into: &bytes)
    return octets
}

private func read(_ octets: [UInt8]) -> ControlPacket? { try? ControlPacket(decoding: octets.span.bytes) }
