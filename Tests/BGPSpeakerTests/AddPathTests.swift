import BGPWire
import Foundation
import JSON
import Net
import Sys
import Testing

@testable import BGPSpeaker

/// Several routes to a prefix over a real session (RFC 7911).
@Suite("ADD-PATH of the speaker", .serialized)
struct AddPathTests {
    static let capabilities =
        FakePeer.capabilities + [.addPath([AddPath(FamilyIdentifier(.ipv4), directions: 3)])]
    static let both = JSON.Member("add_path", ["receive": true, "send": "all"])
    private static let context = UpdateContext(
        isInternal: false, isFourOctetASN: true, families: .ipv4, pathFamilies: .ipv4)

    static func announce(_ peer: FakePeer, _ prefix: String, paths: [UInt32], med: UInt32) throws {
        let parsed = try #require(IPPrefix(prefix))
        let attributes = PathAttributes(
            origin: .igp, asPath: ASPath(sequence: [ASN(64500)]),
            nextHop: NextHop(.v4(try #require(IPv4Address("10.1.0.1")))), multiExitDiscriminator: med)
        peer.send { buffer in
            _ = try? UpdateEncoder(isFourOctetASN: true, pathFamilies: .ipv4).announce(
                [IPPrefix](repeating: parsed, count: paths.count).span, paths: PathIdentifiers(paths),
                attributes: attributes, to: &buffer)
        }
    }

    /// The identifiers of the routes to a prefix in the RIB, in order.
    private func paths(_ speaker: RunningSpeaker, _ prefix: String) throws -> [Int] {
        try routes(speaker, prefix).map { $0["path_id"]?.int ?? 0 }.sorted()
    }

    private func routes(_ speaker: RunningSpeaker, _ prefix: String) throws -> [JSON] {
        let answer = try speaker.ask("show", [.init("view", "prefix"), .init("prefix", .string(prefix))])
        return try #require(answer["paths"]?.array)
    }

    @Test("Routes with identifiers come in, are withdrawn and refreshed one by one, and go out with identifiers")
    func session() throws {
        let (peer, speaker) = try FeaturePair().fakeSite([Self.both], Self.capabilities)
        try Self.announce(peer, "192.0.2.0/24", paths: [7, 9], med: 10)
        try Self.announce(peer, "192.0.2.0/24", paths: [8], med: 5)
        peer.endOfRIB()
        #expect(try eventually { try paths(speaker, "192.0.2.0/24") == [7, 8, 9] })
        let best = try #require(try routes(speaker, "192.0.2.0/24").first)
        #expect(best["path_id"] == 8 && best["reason"] == "MED" && best["best"] == true && best["med"] == 5)
        let received = try speaker.ask("show", [.init("view", "received"), .init("peer", "10.1.0.1")])["routes"]
        #expect(received?.array?.map { $0["path_id"]?.int } == [7, 8, 9])
        let network = try #require(IPPrefix("192.0.2.0/24"))
        peer.send { buffer in
            UpdateEncoder(isFourOctetASN: true, pathFamilies: .ipv4).withdraw(
                [network].span, paths: PathIdentifiers([8]), to: &buffer)
        }
        #expect(try eventually { try paths(speaker, "192.0.2.0/24") == [7, 9] })
        peer.refresh(RouteRefreshMessage.beginning)
        try Self.announce(peer, "192.0.2.0/24", paths: [9], med: 10)
        peer.refresh(RouteRefreshMessage.end)
        #expect(try eventually { try paths(speaker, "192.0.2.0/24") == [9] })
        var sent: [UpdateMessage.Announcement] = []
        while sent.isEmpty, let (type, body) = try peer.next() {
            if type == .update {
                sent = try UpdateMessage(decoding: body.span.bytes, context: Self.context).announcements
            }
        }
        #expect(sent.first?.prefixes == [try #require(IPPrefix("198.51.100.0/24"))])
        #expect(sent.first?.paths == PathIdentifiers([1]))
        let advertised = try speaker.ask("show", [.init("view", "advertised"), .init("peer", "10.1.0.1")])["routes"]
        #expect(advertised?.array?.map { $0["path_id"]?.int } == [1])
        #expect(try speaker.states().first == "Established")
        speaker.stop()
    }

    @Test("A neighbour that offers nothing is spoken to as ever, and one that is offered nothing, too")
    func notNegotiated() throws {
        for (more, capabilities) in [([Self.both], FakePeer.capabilities), ([], Self.capabilities)] {
            let (peer, speaker) = try FeaturePair().fakeSite(more, capabilities)
            try peer.announce(["192.0.2.0/24"])
            #expect(try eventually { try paths(speaker, "192.0.2.0/24") == [0] })
            var isAnnounced = false
            while !isAnnounced, let (type, body) = try peer.next() {
                isAnnounced = type == .update && body.suffix(4).elementsEqual([24, 198, 51, 100])
            }
            #expect(isAnnounced)
            speaker.stop()
        }
    }

    @Test("Prefixes without identifiers where they must be end the session with 3/10")
    func missingIdentifiers() throws {
        let (peer, speaker) = try FeaturePair().fakeSite([Self.both], Self.capabilities)
        try peer.announce(["192.0.2.0/24"])
        #expect(try peer.notification() == NotificationMessage(.invalidNetworkField))
        speaker.stop()
    }

    @Test("The limit of prefixes counts every route")
    func prefixLimit() throws {
        let (peer, speaker) = try FeaturePair().fakeSite(
            [Self.both, .init("max_prefixes", ["ipv4": 2])], Self.capabilities)
        try Self.announce(peer, "192.0.2.0/24", paths: [1, 2, 2], med: 1)
        #expect(try eventually { try paths(speaker, "192.0.2.0/24") == [1, 2] })
        try Self.announce(peer, "192.0.2.0/24", paths: [3], med: 1)
        #expect(try peer.notification()?.reason == .maximumNumberOfPrefixesReached)
        speaker.stop()
    }

    // MARK: Configuration

    private func parsed(_ value: JSON) throws -> PathConfiguration {
        let toSite = NeighbourText(
            name: "site", asn: 64500, interface: "to-site", relation: "customer", link: 0, isEven: true)
        var neighbour = toSite.json([.init("add_path", value)])[0].members ?? []
        neighbour.removeAll { $0.name == "families" }
        let json = configuration("n", asn: 65010, identifier: "10.0.0.2", originate: [], [.object(neighbour)])
        return try #require(try SpeakerConfiguration(json).neighbours.first).paths
    }

    @Test("What the configuration can say")
    func configurationValues() throws {
        let all: AddressFamilies = [.ipv4, .ipv6]
        #expect(try parsed(["receive": true]) == PathConfiguration(reception: all))
        #expect(try parsed(["send": 4]) == PathConfiguration(sending: all, limit: 4))
        #expect(try parsed(["send": "all", "receive": false]) == PathConfiguration(sending: all))
        #expect(
            try parsed(["receive": true, "send": 1, "families": ["ipv6"]])
                == PathConfiguration(reception: .ipv6, sending: .ipv6, limit: 1))
    }

    private static let errors: [(JSON, String)] = [
        (["send": 0], ".send: a number of 1 to 255, or \"all\" expected"),
        (["send": 256], ".send: a number of 1 to 255, or \"all\" expected"),
        (["send": "many"], ".send: a number of 1 to 255, or \"all\" expected"),
        (["receive": 1], ".receive: true or false expected"),
        (["recieve": true], ".recieve: unknown key; there are receive, send, families"),
        (true, ": an object expected"),
    ]

    @Test("What it cannot say is refused with its place", arguments: errors)
    func configurationErrors(value: JSON, error: String) {
        #expect(throws: ConfigurationError(description: "neighbors[0].add_path" + error)) { try parsed(value) }
    }
}
