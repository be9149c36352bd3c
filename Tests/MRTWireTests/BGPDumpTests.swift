import BGPWire
import Foundation
import Net
import TestSupport
import Testing

@testable import MRTWire

/// What bgpdump (RIPE NCC) reads in our files, and what becomes of routes that are replayed.
struct BGPDumpTests {
    private static let attributes4 = PathAttributes(
        origin: .egp,
        asPath: ASPath([.init(.sequence, [ASN(65001), ASN(4_200_000_001)]), .init(.set, [ASN(7), ASN(8)])]),
        nextHop: NextHop(address("10.0.0.2")), multiExitDiscriminator: 50, localPreference: 300, atomicAggregate: true,
        aggregator: Aggregator(asn: ASN(4_200_000_001), identifier: identifier("10.9.9.9")),
        communities: [Community(rawValue: 65001 << 16 | 7), .noExport],
        largeCommunities: [LargeCommunity(4_200_000_001, 2, 3)])
    private static let attributes6 = PathAttributes(
        origin: .igp, asPath: ASPath(sequence: [ASN(65002)]), nextHop: NextHop(address("2001:db8::2")),
        localPreference: 100)

    private func dump(_ records: [MRTRecord]) throws -> [String] {
        let file = NSTemporaryDirectory() + "/mrt-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Data(records.flatMap(\.octets)).write(to: URL(fileURLWithPath: file))
        return try run("bgpdump", "-m", file).split(separator: "\n").map(String.init)
    }

    private var table: [MRTRecord] {
        let peers = MRTPeerIndexTable(
            collector: identifier("10.0.0.1"),
            peers: [
                .init(identifier: identifier("10.0.0.2"), address: address("10.0.0.2"), asn: ASN(65001)),
                .init(identifier: identifier("10.0.0.3"), address: address("2001:db8::2"), asn: ASN(4_200_000_002)),
            ])
        let routes = [
            MRTRoutes(
                sequence: 0, prefix: prefix("192.0.2.0/24"),
                entries: [.init(peer: 0, time: 1_600_000_000, Self.attributes4)]),
            MRTRoutes(
                sequence: 1, prefix: prefix("2001:db8:53::/48"),
                entries: [.init(peer: 1, time: 1_600_000_001, Self.attributes6)]),
        ]
        let time = MRTTime(seconds: 1_700_000_000)
        return [MRTRecord(.peers(peers), at: time)] + routes.map { MRTRecord(.routes($0), at: time) }
    }

    /// bgpdump's lines leave large communities out; ``aRouteOfADumpIsAnUpdateAgain()`` has them.
    @Test func aTableIsReadWithAllAttributes() throws {
        #expect(
            try dump(table) == [
                "TABLE_DUMP2|1700000000|B|10.0.0.2|65001|192.0.2.0/24|65001 4200000001 {7,8}|EGP|10.0.0.2|300|50|"
                    + "65001:7 no-export|AG|4200000001 10.9.9.9|",
                "TABLE_DUMP2|1700000000|B|2001:db8::2|4200000002|2001:db8:53::/48|65002|IGP|2001:db8::2|100|0||NAG||",
            ])
    }

    @Test func messagesAndStatesAreRead() throws {
        let session = MRTSession(
            peerASN: ASN(4_200_000_001), localASN: ASN(65000), peerAddress: address("2001:db8::2"),
            localAddress: address("2001:db8::1"))
        var update: [UInt8] = []
        try UpdateEncoder(isFourOctetASN: true).announce(
            [prefix("2001:db8:53::/48")].span, attributes: Self.attributes6, to: &update)
        var withdrawal: [UInt8] = []
        UpdateEncoder(isFourOctetASN: true).withdraw([prefix("2001:db8:53::/48")].span, to: &withdrawal)
        let time = MRTTime(seconds: 1_700_000_000, microseconds: 250_000)
        let lines = try dump([
            MRTRecord(.stateChange(MRTStateChange(session, from: 5, to: 6)), at: time),
            MRTRecord(.message(MRTMessage(session, isFourOctetASN: true, message: update)), at: time),
            MRTRecord(.message(MRTMessage(session, isFourOctetASN: true, message: withdrawal)), at: time),
        ])
        try #require(lines.count == 3, "\(lines)")
        #expect(lines[0].hasSuffix("|STATE|2001:db8::2|4200000001|5|6") || lines[0].contains("|STATE|"))
        #expect(lines[1].contains("|A|2001:db8::2|4200000001|2001:db8:53::/48|65002|IGP|2001:db8::2|"))
        #expect(lines[2].hasSuffix("|W|2001:db8::2|4200000001|2001:db8:53::/48"))
    }

    @Test func aRouteOfADumpIsAnUpdateAgain() throws {
        let context = UpdateContext(isInternal: true, isFourOctetASN: true, families: [.ipv4, .ipv6])
        var replayed: [UpdateMessage.Announcement] = []
        for record in table {
            guard case .routes(let routes) = record.content else { continue }
            for entry in routes.entries {
                let message = try #require(routes.update(entry))
                let body = Array(message.dropFirst(MessageHeader.length))
                let update = try UpdateMessage(decoding: body.span.bytes, context: context)
                #expect(update.treatedAsWithdraw == nil && update.discarded.isEmpty)
                replayed += update.announcements
            }
        }
        #expect(replayed.map(\.attributes) == [Self.attributes4, Self.attributes6])
        #expect(replayed.map(\.prefixes) == [[prefix("192.0.2.0/24")], [prefix("2001:db8:53::/48")]])
    }

    /// RFC 6396 shortens MP_REACH_NLRI; some collectors write all of it.
    @Test func theWholeNextHopAttributeIsReadToo() throws {
        let whole = hex("80 0e 1c 00 02 01 10 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 00 30 20 01 0d b8 00 53")
        let plain = hex("40 01 01 00 40 02 06 02 01 00 00 fd e9")
        let routes = MRTRoutes(
            sequence: 0, prefix: prefix("2001:db8:53::/48"),
            entries: [.init(peer: 0, time: 0, attributes: whole + plain)])
        let message = try #require(routes.update(routes.entries[0]))
        let context = UpdateContext(isInternal: false, isFourOctetASN: true, families: .ipv6)
        let update = try UpdateMessage(
            decoding: Array(message.dropFirst(MessageHeader.length)).span.bytes, context: context)
        #expect(update.announcements.first?.prefixes == [prefix("2001:db8:53::/48")])
        #expect(update.announcements.first?.attributes.nextHop.address == address("2001:db8::1"))
    }
}
