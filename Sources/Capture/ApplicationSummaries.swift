import BFD
import BGPWire
import DNSWire

/// What the protocols above IP say.
extension PacketSummary {
    // MARK: ICMP

    /// RFC 792.
    mutating func readICMP(_ message: RawSpan) {
        protocolName = "ICMP"
        let codes: [UInt8: String] = [
            0: "network", 1: "host", 2: "protocol", 3: "port", 4: "fragmentation needed", 13: "prohibited",
        ]
        switch (message.uint8(at: 0), message.uint8(at: 1)) {
        case (0?, _): text = "echo reply" + Self.echo(message)
        case (3?, let code?): text = "unreachable: " + (codes[code] ?? "code \(code)")
        case (5?, _): text = "redirect"
        case (8?, _): text = "echo request" + Self.echo(message)
        case (11?, let code?): text = code == 0 ? "time exceeded" : "time exceeded in reassembly"
        case (12?, _): text = "parameter problem"
        case (let type?, _): text = "type \(type)"
        case (nil, _): text = "cut short"
        }
    }

    /// RFC 4443; neighbour discovery: RFC 4861.
    mutating func readICMPv6(_ message: RawSpan) {
        protocolName = "ICMPv6"
        let codes: [UInt8: String] = [0: "no route", 1: "prohibited", 3: "address", 4: "port", 6: "rejected"]
        switch (message.uint8(at: 0), message.uint8(at: 1)) {
        case (1?, let code?): text = "unreachable: " + (codes[code] ?? "code \(code)")
        case (2?, _): text = "packet too big"
        case (3?, let code?): text = code == 0 ? "time exceeded" : "time exceeded in reassembly"
        case (4?, _): text = "parameter problem"
        case (128?, _): text = "echo request" + Self.echo(message)
        case (129?, _): text = "echo reply" + Self.echo(message)
        case (130?, _), (131?, _), (132?, _), (143?, _): text = "multicast listener"
        case (133?, _): text = "router solicitation"
        case (134?, _): text = "router advertisement"
        case (135?, _): text = "neighbour solicitation"
        case (136?, _): text = "neighbour advertisement"
        case (let type?, _): text = "type \(type)"
        case (nil, _): text = "cut short"
        }
    }

    private static func echo(_ message: RawSpan) -> String {
        guard let id = message.uint16(at: 4), let sequence = message.uint16(at: 6) else { return "" }
        return ", id \(id), sequence \(sequence)"
    }

    // MARK: BGP

    /// The messages that begin in a segment. One that began in an earlier segment is seen by the marker that is missing.
    static func bgp(_ segment: RawSpan) -> String {
        var names: [String] = []
        var offset = 0
        while offset < segment.byteCount {
            guard let length = bgpLength(segment, offset), let type = segment.uint8(at: offset + 18) else {
                names.append(offset == 0 ? "goes on, \(segment.byteCount) octets" : "...")
                break
            }
            names.append(bgpName(type, segment, offset))
            offset += length
        }
        return counted(names)
    }

    /// The length of the message whose header is at `offset`; nil when there is none.
    private static func bgpLength(_ segment: RawSpan, _ offset: Int) -> Int? {
        for word in 0..<4 where segment.uint32(at: offset + 4 * word) != .max { return nil }
        guard let length = segment.uint16(at: offset + 16), length >= MessageHeader.length else { return nil }
        return Int(length)
    }

    private static func bgpName(_ type: UInt8, _ segment: RawSpan, _ offset: Int) -> String {
        switch MessageType(rawValue: type) {
        case .open: return "OPEN"
        case .update: return "UPDATE"
        case .keepalive: return "KEEPALIVE"
        case .routeRefresh: return "ROUTE-REFRESH"
        case .notification:
            guard let code = segment.uint8(at: offset + 19), let subcode = segment.uint8(at: offset + 20) else {
                return "NOTIFICATION"
            }
            return "NOTIFICATION (\(NotificationReason(code: code, subcode: subcode)))"
        case nil: return "type \(type)"
        }
    }

    /// Names in their order, with a number where one comes several times in a row.
    private static func counted(_ names: [String]) -> String {
        var runs: [(name: String, count: Int)] = []
        for name in names {
            if let last = runs.last, last.name == name {
                runs[runs.count - 1].count += 1
            } else {
                runs.append((name, 1))
            }
        }
        return runs.map { $0.count == 1 ? $0.name : "\($0.count) \($0.name)" }.joined(separator: ", ")
    }

    // MARK: DNS

    /// A query or response: its first question, and what became of it.
    static func dns(_ message: RawSpan) -> String {
        guard let header = Header(reading: message) else { return "cut short" }
        let isResponse = header.flags.contains(.response)
        var text = isResponse ? "response" : "query"
        if header.questionCount > 0 {
            var offset = Header.byteCount
            guard let name = try? DomainName(reading: message, at: &offset), let type = message.uint16(at: offset),
                let recordClass = message.uint16(at: offset + 2)
            else { return text + " that cannot be read" }
            let named = RecordClass(rawValue: recordClass)
            text += (named == .internet ? " " : " \(named) ") + "\(RecordType(rawValue: type)) \(name)"
        }
        guard isResponse else { return text }
        let answers = header.answerCount
        text += ": \(ResponseCode(rawValue: header.flags.lowResponseCode))"
        return text + (answers == 1 ? ", 1 answer" : ", \(answers) answers")
            + (header.flags.contains(.truncated) ? ", truncated" : "")
    }

    // MARK: BFD

    /// RFC 5880, section 4.1.
    static func bfd(_ packet: RawSpan) -> String {
        guard let flags = packet.uint8(at: 1), let state = BFDState(rawValue: flags >> 6) else { return "cut short" }
        return state.description + (flags & 0x20 != 0 ? ", poll" : "") + (flags & 0x10 != 0 ? ", final" : "")
    }
}
