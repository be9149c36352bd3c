import DNSWire
import Net
import TestSupport
import Testing

@testable import Capture

/// What packets are called.
struct SummaryTests {
    private static let ethernet = [UInt8](repeating: 2, count: 12)

    private static func ipv4(_ kind: UInt8, _ payload: [UInt8], fragment: UInt8 = 0) -> [UInt8] {
        let total = 20 + payload.count
        return ethernet + [8, 0, 0x45, 0, UInt8(total >> 8), UInt8(total & 255), 0, 0, 0, fragment, 63, kind, 0, 0]
            + [10, 1, 0, 2, 192, 0, 2, 53] + payload
    }

    private static func ipv6(_ kind: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let address: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11)
        return ethernet + [0x86, 0xDD, 0x60, 0, 0, 0, UInt8(payload.count >> 8), UInt8(payload.count & 255), kind, 64]
            + address + [1] + address + [2] + payload
    }

    private static func tcp(_ from: UInt8, _ to: UInt8, _ flags: UInt8, _ data: [UInt8] = []) -> [UInt8] {
        [0, from, 0, to] + [UInt8](repeating: 0, count: 8) + [0x50, flags, 0, 0, 0, 0, 0, 0] + data
    }

    private static func udp(_ from: [UInt8], _ to: [UInt8], _ data: [UInt8]) -> [UInt8] {
        from + to + [UInt8((data.count + 8) >> 8), UInt8((data.count + 8) & 255), 0, 0] + data
    }

    private static func bgp(_ type: UInt8, _ body: [UInt8] = []) -> [UInt8] {
        [UInt8](repeating: 0xFF, count: 16) + [0, UInt8(19 + body.count), type] + body
    }

    private static func query(_ name: String, _ flags: [UInt8], answers: UInt8 = 0) -> [UInt8] {
        let labels = name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        return [0, 7] + flags + [0, 1, 0, answers, 0, 0, 0, 0] + labels + [0, 0, 16, 0, 3]
    }

    static let packets: [([UInt8], String)] = [
        (ipv4(1, [8, 0, 0, 0, 0, 5, 0, 1]), "10.1.0.2 > 192.0.2.53 ICMP echo request, id 5, sequence 1"),
        (ipv4(1, [11, 0, 0, 0, 0, 0, 0, 0]), "10.1.0.2 > 192.0.2.53 ICMP time exceeded"),
        (ipv4(1, [3, 3, 0, 0]), "10.1.0.2 > 192.0.2.53 ICMP unreachable: port"),
        (ipv4(1, []), "10.1.0.2 > 192.0.2.53 ICMP cut short"),
        (ipv6(58, [129, 0, 0, 0, 0, 1, 1, 0]), "2001:db8::1 > 2001:db8::2 ICMPv6 echo reply, id 1, sequence 256"),
        (ipv6(58, [135, 0, 0, 0]), "2001:db8::1 > 2001:db8::2 ICMPv6 neighbour solicitation"),
        // Behind a hop-by-hop header.
        (ipv6(0, [58, 0, 5, 2, 0, 0, 1, 0, 143, 0, 0, 0]), "2001:db8::1 > 2001:db8::2 ICMPv6 multicast listener"),
        (ipv4(6, tcp(179, 50, 2)), "10.1.0.2:179 > 192.0.2.53:50 TCP SYN"),
        (ipv4(6, tcp(80, 50, 0x18, [1, 2, 3])), "10.1.0.2:80 > 192.0.2.53:50 TCP PSH ACK, 3 octets"),
        (ipv4(6, tcp(179, 50, 0x18, bgp(4))), "10.1.0.2:179 > 192.0.2.53:50 BGP KEEPALIVE"),
        (
            ipv6(6, tcp(50, 179, 0x18, bgp(2, [0, 0, 0, 0]) + bgp(2, [0, 0, 0, 0]) + bgp(4))),
            "[2001:db8::1]:50 > [2001:db8::2]:179 BGP 2 UPDATE, KEEPALIVE"
        ),
        (
            ipv4(6, tcp(179, 50, 0x18, bgp(3, [6, 2]) + [0xFF, 0xFF])),
            "10.1.0.2:179 > 192.0.2.53:50 BGP NOTIFICATION (Cease, Administrative Shutdown), ..."
        ),
        (ipv4(6, tcp(179, 50, 0x10, [1, 2, 3])), "10.1.0.2:179 > 192.0.2.53:50 BGP goes on, 3 octets"),
        // A length that ends nowhere, and one that would never end.
        (
            ipv4(6, tcp(179, 50, 0x10, [UInt8](repeating: 0xFF, count: 18) + [2])),
            "10.1.0.2:179 > 192.0.2.53:50 BGP UPDATE"
        ),
        (
            ipv4(6, tcp(179, 50, 0x10, [UInt8](repeating: 0xFF, count: 16) + [0, 0, 2])),
            "10.1.0.2:179 > 192.0.2.53:50 BGP goes on, 19 octets"
        ),
        (
            ipv4(17, udp([0x80, 0], [0, 53], query("id.server", [1, 0]))),
            "10.1.0.2:32768 > 192.0.2.53:53 DNS query CH TXT id.server."
        ),
        (
            ipv6(17, udp([0, 53], [0x80, 0], query("id.server", [0x84, 0], answers: 1))),
            "[2001:db8::1]:53 > [2001:db8::2]:32768 DNS response CH TXT id.server.: NOERROR, 1 answer"
        ),
        (
            ipv4(17, udp([0, 53], [0x80, 0], query("no.where", [0x82, 3]))),
            "10.1.0.2:53 > 192.0.2.53:32768 DNS response CH TXT no.where.: NXDOMAIN, 0 answers, truncated"
        ),
        (ipv4(17, udp([0x80, 0], [0, 53], [1, 2])), "10.1.0.2:32768 > 192.0.2.53:53 DNS cut short"),
        (ipv4(17, udp([0xC0, 0], [0x0E, 0xC8], [0x20, 0xE0])), "10.1.0.2:49152 > 192.0.2.53:3784 BFD Up, poll"),
        (ipv4(17, udp([0x80, 0], [0x82, 0x9A], [1, 2, 3])), "10.1.0.2:32768 > 192.0.2.53:33434 UDP 3 octets"),
        (ipv4(17, [1, 2, 3], fragment: 8), "10.1.0.2 > 192.0.2.53 IPv4 fragment at 64"),
        (ipv4(89, []), "10.1.0.2 > 192.0.2.53 IPv4 protocol 89"),
        (ethernet + [0x88, 0xCC, 1], "Ethernet type 0x88cc"),
        (ethernet, "Ethernet cut short"),
        (
            ethernet + [8, 6, 0, 1, 8, 0, 6, 4, 0, 1] + [2, 2, 2, 2, 2, 2, 10, 0, 0, 1] + [
                0, 0, 0, 0, 0, 0, 10, 0, 0, 2,
            ],
            "ARP who has 10.0.0.2, asks 10.0.0.1"
        ),
    ]

    private static func summary(_ frame: [UInt8]) -> PacketSummary { PacketSummary(frame: frame.span.bytes) }

    @Test(arguments: 0..<packets.count)
    func packetsAreNamed(_ index: Int) {
        let (frame, line) = Self.packets[index]
        #expect(Self.summary(frame).line == line)
    }

    /// A short frame's padding is no part of the packet.
    @Test func paddingIsNotRead() {
        let frame = Self.ipv4(6, Self.tcp(80, 81, 0x10)) + [0, 0, 0, 0, 0, 0]
        #expect(Self.summary(frame).text == "ACK")
    }

    @Test func whatIsCutIsSaidAsFarAsItGoes() {
        for (frame, _) in Self.packets {
            for length in 0..<frame.count { #expect(!Self.summary(Array(frame[..<length])).line.isEmpty) }
        }
    }

    /// Whatever a network carries, it is a line.
    @Test func randomFramesAreLines() {
        var random = SeededGenerator(4)
        for _ in 0..<20_000 {
            var (frame, _) = Self.packets[Int.random(in: 0..<Self.packets.count, using: &random)]
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                frame[Int.random(in: 0..<frame.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            #expect(!Self.summary(frame).line.isEmpty)
        }
    }
}
