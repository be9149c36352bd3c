import DNSWire
public import Net

/// What a packet is, in a line: who to whom, and what the protocols of a lab say in it. Nothing in a packet is an error:
/// what cannot be read is said as far as it can.
public struct PacketSummary: Hashable, Sendable {
    /// The sender; nil when the packet has no IP address.
    public var source: IPAddress?
    /// The receiver.
    public var destination: IPAddress?
    /// The sender's port, of TCP and UDP.
    public var sourcePort: UInt16?
    /// The receiver's port.
    public var destinationPort: UInt16?
    /// How many routers the packet may still pass: TTL or hop limit.
    public var timeToLive: UInt8?
    /// The innermost protocol that was recognised: `BGP`, `DNS`, `BFD`, `ICMP`, `ICMPv6`, `TCP`, `UDP`, `ARP`.
    public var protocolName = "Ethernet"
    /// What is said: `UPDATE, KEEPALIVE`, `query CH TXT id.server`, `echo request`.
    public var text = ""

    /// Reads an Ethernet frame.
    public init(frame: RawSpan) {
        guard let type = frame.uint16(at: 12), let payload = frame.slice(at: 14, count: frame.byteCount - 14) else {
            text = "cut short"
            return
        }
        switch type {
        case 0x0800: readIPv4(payload)
        case 0x86DD: readIPv6(payload)
        case 0x0806: readARP(payload)
        default: text = "type 0x" + String(type, radix: 16)
        }
    }

    /// `10.1.0.2:179 > 10.1.0.3:41000 BGP UPDATE`.
    public var line: String {
        guard let source, let destination else { return protocolName + " " + text }
        return "\(Self.place(source, sourcePort)) > \(Self.place(destination, destinationPort)) \(protocolName) \(text)"
    }

    private static func place(_ address: IPAddress, _ port: UInt16?) -> String {
        guard let port else { return address.description }
        return address.family == .ipv4 ? "\(address):\(port)" : "[\(address)]:\(port)"
    }
}

extension PacketSummary {
    private mutating func readARP(_ packet: RawSpan) {
        protocolName = "ARP"
        guard let operation = packet.uint16(at: 6), let sender = packet.uint32(at: 14),
            let target = packet.uint32(at: 24)
        else {
            text = "cut short"
            return
        }
        let from = IPv4Address(rawValue: sender)
        text = operation == 1 ? "who has \(IPv4Address(rawValue: target)), asks \(from)" : "\(from) is here"
    }

    /// RFC 791, section 3.1.
    private mutating func readIPv4(_ packet: RawSpan) {
        protocolName = "IPv4"
        guard let first = packet.uint8(at: 0), let total = packet.uint16(at: 2), let fragment = packet.uint16(at: 6),
            let limit = packet.uint8(at: 8), let kind = packet.uint8(at: 9), let from = packet.uint32(at: 12),
            let to = packet.uint32(at: 16)
        else {
            text = "cut short"
            return
        }
        (source, destination) = (.v4(IPv4Address(rawValue: from)), .v4(IPv4Address(rawValue: to)))
        timeToLive = limit
        let header = Int(first & 15) * 4
        // Ethernet pads short frames; a frame still to be segmented may say 0.
        let end = total == 0 ? packet.byteCount : min(packet.byteCount, Int(total))
        guard header >= 20, let payload = packet.slice(at: header, count: end - header) else {
            text = "cut short"
            return
        }
        if fragment & 0x1FFF != 0 {
            text = "fragment at \(Int(fragment & 0x1FFF) * 8)"
        } else {
            readTransport(kind, payload)
        }
    }

    /// RFC 8200, sections 3 and 4.
    private mutating func readIPv6(_ packet: RawSpan) {
        protocolName = "IPv6"
        guard let next = packet.uint8(at: 6), let limit = packet.uint8(at: 7), let from = packet.address6(at: 8),
            let to = packet.address6(at: 24)
        else {
            text = "cut short"
            return
        }
        (source, destination, timeToLive) = (.v6(from), .v6(to), limit)
        var (kind, offset) = (next, 40)
        // Hop-by-hop options, routing header and destination options have the same form.
        while kind == 0 || kind == 43 || kind == 60 {
            guard let following = packet.uint8(at: offset), let length = packet.uint8(at: offset + 1) else {
                text = "cut short"
                return
            }
            (kind, offset) = (following, offset + 8 + Int(length) * 8)
        }
        if kind == 44 {
            text = "fragment"
        } else if let payload = packet.slice(at: offset, count: packet.byteCount - offset) {
            readTransport(kind, payload)
        } else {
            text = "cut short"
        }
    }

    private mutating func readTransport(_ kind: UInt8, _ payload: RawSpan) {
        switch kind {
        case 1: readICMP(payload)
        case 58: readICMPv6(payload)
        case 6: readTCP(payload)
        case 17: readUDP(payload)
        default: text = "protocol \(kind)"
        }
    }

    /// RFC 9293, section 3.1.
    private mutating func readTCP(_ segment: RawSpan) {
        protocolName = "TCP"
        guard let from = segment.uint16(at: 0), let to = segment.uint16(at: 2), let offset = segment.uint8(at: 12),
            let flags = segment.uint8(at: 13)
        else {
            text = "cut short"
            return
        }
        (sourcePort, destinationPort) = (from, to)
        let header = Int(offset >> 4) * 4
        let count = max(0, segment.byteCount - header)
        text = Self.flags(flags) + (count > 0 ? ", \(count) octets" : "")
        guard count > 0, header >= 20, let data = segment.slice(at: header, count: count) else { return }
        if from == 179 || to == 179 {
            (protocolName, text) = ("BGP", Self.bgp(data))
        } else if from == 53 || to == 53, let message = data.slice(at: 2, count: data.byteCount - 2) {
            (protocolName, text) = ("DNS", Self.dns(message))
        }
    }

    private static func flags(_ flags: UInt8) -> String {
        let names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"]
        return names.indices.filter { flags & 1 << UInt8($0) != 0 }.map { names[$0] }.joined(separator: " ")
    }

    /// RFC 768.
    private mutating func readUDP(_ datagram: RawSpan) {
        protocolName = "UDP"
        guard let from = datagram.uint16(at: 0), let to = datagram.uint16(at: 2), let length = datagram.uint16(at: 4)
        else {
            text = "cut short"
            return
        }
        (sourcePort, destinationPort) = (from, to)
        text = "\(max(0, Int(length) - 8)) octets"
        guard let data = datagram.slice(at: 8, count: datagram.byteCount - 8) else { return }
        if from == 53 || to == 53 {
            (protocolName, text) = ("DNS", Self.dns(data))
        } else if to == 3784 || to == 4784 {
            (protocolName, text) = ("BFD", Self.bfd(data))
        }
    }
}

extension RawSpan {
    fileprivate func address6(at offset: Int) -> IPv6Address? {
        guard let a = uint32(at: offset), let b = uint32(at: offset + 4), let c = uint32(at: offset + 8),
            let d = uint32(at: offset + 12)
        else { return nil }
        return IPv6Address(high: UInt64(a) << 32 | UInt64(b), low: UInt64(c) << 32 | UInt64(d))
    }
}
