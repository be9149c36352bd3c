import BGPWire
import Foundation
import JSON
import Net
import Sys
import TestSupport
import Testing

@testable import BGPSpeaker

/// IPv4 by way of IPv6 (RFC 8950), and a route server with clients on one network (RFC 7947).
@Suite("Exchange points", .serialized)
struct ExchangePointTests {
    // MARK: RFC 8950

    /// Two speakers without IPv4 addresses, with one session over IPv6 for both families.
    private func ipv6Only() throws -> (FeaturePair, site: [JSON], provider: [JSON]) {
        let pair = try FeaturePair()
        try pair.provider.ip("addr", "del", "10.1.0.0/31", "dev", "to-site")
        try pair.site.ip("addr", "del", "10.1.0.1/31", "dev", "to-isp")
        return (pair, session(pair.toProvider), session(pair.toSite))
    }

    private func session(_ neighbour: NeighbourText) -> [JSON] {
        var members = neighbour.json([.init("extended_next_hop", true)])[1].members ?? []
        members.removeAll { $0.name == "families" }
        return [.object(members)]
    }

    @Test("IPv4 routes go over a session without IPv4 addresses, and packets by the IPv6 next hop")
    func extendedNextHop() throws {
        let (pair, toProvider, toSite) = try ipv6Only()
        let provider = try RunningSpeaker(
            pair.provider,
            configuration(
                "provider", asn: 65010, identifier: "10.0.0.2", originate: ["198.51.100.0/24", "2001:db8:99::/48"],
                toSite))
        let site = try RunningSpeaker(
            pair.site,
            configuration("site", asn: 64500, identifier: "10.0.0.1", originate: ["192.0.2.0/24"], toProvider))
        provider.start()
        site.start()
        #expect(site.waitForTables() && provider.waitForTables())
        #expect(
            try eventually {
                try pair.site.route("198.51.100.0/24").hasPrefix("198.51.100.0/24 via inet6 2001:db8:1:: dev to-isp")
            })
        #expect(
            try eventually {
                try pair.provider.route("192.0.2.0/24").hasPrefix("192.0.2.0/24 via inet6 2001:db8:1::1 dev to-site")
            })
        // Packets: an address of each end's own prefix, from one to the other.
        try pair.provider.ip("addr", "add", "198.51.100.1/32", "dev", "lo")
        try pair.site.ip("addr", "add", "192.0.2.1/32", "dev", "lo")
        try run(
            "ip",
            ["netns", "exec", pair.site.name, "ping", "-c", "1", "-W", "5", "-I", "192.0.2.1", "198.51.100.1"])
        // The kernel drops all IPv4 routes over a link that loses its last IPv4 address, without a word.
        try pair.site.ip("addr", "add", "203.0.113.1/32", "dev", "to-isp")
        try pair.site.ip("addr", "del", "203.0.113.1/32", "dev", "to-isp")
        #expect(try eventually { try !pair.site.route("198.51.100.0/24").isEmpty })
        provider.send(["do": "withdraw"])
        #expect(try eventually { try pair.site.route("198.51.100.0/24").isEmpty })
        site.stop()
        provider.stop()
    }

    @Test("A link-local next hop leads over the link of who named it")
    func linkLocalNextHop() throws {
        let (pair, _, toSite) = try ipv6Only()
        try pair.site.ip("addr", "add", "fe80::77/64", "dev", "to-isp", "nodad")
        var members = toSite[0].members ?? []
        members.append(.init("passive", true))
        let provider = try RunningSpeaker(
            pair.provider,
            configuration("provider", asn: 65010, identifier: "10.0.0.2", originate: [], [.object(members)]))
        provider.start()
        let peer = try FakePeer(pair.site, from: "2001:db8:1::1", to: "2001:db8:1::")
        try peer.open(FakePeer.capabilities + [.extendedNextHop([.ipv4ByIPv6])])
        _ = try #require(provider.waitForSession("2001:db8:1::1", "Established"))
        let network = try #require(IPPrefix("192.0.2.0/24"))
        let route = PathAttributes(
            origin: .igp, asPath: ASPath(sequence: [ASN(64500)]), nextHop: NextHop(try #require(IPAddress("fe80::77"))))
        peer.send { _ = try? UpdateEncoder(isFourOctetASN: true).announce([network].span, attributes: route, to: &$0) }
        #expect(
            try eventually {
                try pair.provider.route("192.0.2.0/24").hasPrefix("192.0.2.0/24 via inet6 fe80::77 dev to-site")
            })
        try pair.site.ip("link", "set", "to-isp", "down")
        #expect(try eventually { try pair.provider.route("192.0.2.0/24").isEmpty })
        provider.stop()
    }

    // MARK: RFC 7947

    /// A bridge with the route server, 65100 at .100, and clients 65001 at .1 and so on, on 10.2.0.0/24.
    private struct Exchange {
        let fabric: TestNode
        var clients: [TestNode] = []

        init(clients count: Int) throws {
            fabric = try TestNode()
            try fabric.ip("link", "add", "lan", "type", "bridge")
            try fabric.ip("addr", "add", "10.2.0.100/24", "dev", "lan")
            try fabric.ip("link", "set", "lan", "up")
            for number in 1...count {
                let client = try TestNode()
                try fabric.ip(
                    "link", "add", "port\(number)", "index", "\(300 + number)", "type", "veth", "peer", "name", "ix",
                    "netns", client.name, "index", "\(400 + number)")
                try fabric.ip("link", "set", "port\(number)", "master", "lan", "up")
                try client.ip("addr", "add", "10.2.0.\(number)/24", "dev", "ix")
                try client.ip("link", "set", "ix", "up")
                clients.append(client)
            }
        }

        func neighbour(_ number: Int, asn: Int, from local: Int, _ relation: String, _ more: [JSON.Member] = []) -> JSON
        {
            .object(
                [
                    .init("name", .string("n\(number)")), .init("address", .string("10.2.0.\(number)")),
                    .init("local_address", .string("10.2.0.\(local)")), .init("asn", .int(asn)),
                    .init("interface", .string(local == 100 ? "lan" : "ix")), .init("relation", .string(relation)),
                    .init("families", ["ipv4"]), .init("role_strict", true),
                ] + more)
        }

        func server(_ more: [JSON.Member] = []) throws -> RunningSpeaker {
            let speaker = try RunningSpeaker(
                fabric,
                configuration(
                    "server", asn: 65100, identifier: "10.0.0.100", originate: [],
                    clients.indices.map {
                        neighbour($0 + 1, asn: 65001 + $0, from: 100, "route_server_client", more)
                    }))
            speaker.start()
            return speaker
        }

        func client(_ number: Int, originate: [String], _ more: [JSON.Member] = []) throws -> RunningSpeaker {
            let speaker = try RunningSpeaker(
                clients[number - 1],
                configuration(
                    "client\(number)", asn: 65000 + number, identifier: "10.0.0.\(number)", originate: originate,
                    [neighbour(100, asn: 65100, from: number, "route_server", more)]))
            speaker.start()
            return speaker
        }
    }

    @Test("Clients reach each other directly, and see no AS of the server")
    func routeServer() throws {
        let exchange = try Exchange(clients: 3)
        let server = try exchange.server()
        let speakers = try (1...3).map { try exchange.client($0, originate: ["192.0.\($0).0/24"]) }
        for speaker in speakers { #expect(speaker.waitForTables()) }
        #expect(
            try eventually {
                try exchange.clients[0].route("192.0.3.0/24").hasPrefix("192.0.3.0/24 via 10.2.0.3 dev ix")
                    && exchange.clients[1].route("192.0.3.0/24").hasPrefix("192.0.3.0/24 via 10.2.0.3 dev ix")
            })
        let answer = try speakers[0].ask("show", [.init("view", "prefix"), .init("prefix", "192.0.3.0/24")])
        let route = try #require(answer["paths"]?.array?.first)
        #expect(route["as_path"] == [65003] && route["from"] == "n100")
        for speaker in speakers + [server] { speaker.stop() }
    }

    @Test("Who has the best route to a prefix is sent the second; with add-path a client has all of the others")
    func hiddenPath() throws {
        let exchange = try Exchange(clients: 3)
        let server = try exchange.server([.init("add_path", ["send": "all"])])
        let speakers = try (1...2).map { try exchange.client($0, originate: ["192.0.2.0/24"]) }
        let third = try exchange.client(3, originate: [], [.init("add_path", ["receive": true])])
        for speaker in speakers + [third] { #expect(speaker.waitForTables()) }
        func paths(_ speaker: RunningSpeaker) throws -> [JSON] {
            let answer = try speaker.ask("show", [.init("view", "accepted"), .init("peer", "10.2.0.100")])
            return try #require(answer["routes"]?.array).compactMap { $0["as_path"] }
        }
        #expect(try eventually { try paths(speakers[0]) == [[65002]] && paths(speakers[1]) == [[65001]] })
        #expect(try eventually { try Set(paths(third).map(\.description)) == ["[65001]", "[65002]"] })
        for speaker in speakers + [third, server] { speaker.stop() }
    }

    @Test(
        "A session of peers does not take the server's paths: the check of the first AS is off for route servers only")
    func firstASN() throws {
        let exchange = try Exchange(clients: 2)
        var neighbours = [exchange.neighbour(1, asn: 65001, from: 100, "route_server_client")]
        neighbours += [exchange.neighbour(2, asn: 65002, from: 100, "route_server_client")]
        let lenient = try neighbours.map { json in
            JSON.object(try #require(json.members).filter { $0.name != "role_strict" })
        }
        // The second client is a neighbour that knows nothing of roles.
        let server = try RunningSpeaker(
            exchange.fabric,
            configuration("server", asn: 65100, identifier: "10.0.0.100", originate: [], lenient))
        server.start()
        let client = try exchange.client(1, originate: ["192.0.2.0/24"])
        #expect(client.waitForTables())
        let peer = try FakePeer(exchange.clients[1], from: "10.2.0.2", to: "10.2.0.100")
        try peer.open(
            [.multiprotocol(FamilyIdentifier(.ipv4)), .fourOctetASN(ASN(65002))], asn: 65002,
            identifier: IPv4Address(10, 0, 0, 2))
        var update: UpdateMessage?
        while update?.announcements.first == nil, let (type, body) = try peer.next() {
            guard type == .update else { continue }
            let strict = UpdateContext(
                isInternal: false, isFourOctetASN: true, families: .ipv4, firstASN: ASN(65100))
            #expect(
                try UpdateMessage(decoding: body.span.bytes, context: strict).announcements.isEmpty)
            var lenient = strict
            lenient.firstASN = nil
            update = try UpdateMessage(decoding: body.span.bytes, context: lenient)
        }
        let route = try #require(update?.announcements.first)
        #expect(route.attributes.asPath == ASPath(sequence: [ASN(65001)]))
        #expect(route.attributes.nextHop == NextHop(.v4(IPv4Address(10, 2, 0, 1))))
        client.stop()
        server.stop()
    }

    // MARK: Configuration

    private func fault(_ relation: String?, asn: Int = 65001, _ more: [JSON.Member] = []) -> String? {
        let fixed: [JSON.Member] = [
            .init("name", "n"), .init("address", "2001:db8::1"), .init("local_address", "2001:db8::2"),
            .init("asn", .int(asn)),
        ]
        let json = JSON.object(fixed + (relation.map { [.init("relation", .string($0))] } ?? []) + more)
        do throws(ConfigurationError) {
            _ = try SpeakerConfiguration(
                configuration("n", asn: 65100, identifier: "10.0.0.2", originate: [], [json]))
            return nil
        } catch { return error.description }
    }

    @Test("Without a relation there is no session with another AS, so none without policy (RFC 8212)")
    func relationNeeded() {
        #expect(fault(nil)?.hasPrefix("neighbors[0].relation: missing") == true)
        #expect(
            fault("rs")?.hasPrefix("neighbors[0].relation: provider, customer, peer, sibling, route_server") == true)
        for relation in ["provider", "customer", "peer", "sibling", "route_server", "route_server_client"] {
            #expect(fault(relation) == nil)
            #expect(fault(relation, asn: 65100) != nil)
        }
    }

    @Test("What contradicts RFC 7947 is refused")
    func exchangeContradictions() {
        for (relation, more, place) in [
            ("route_server", JSON.Member("add_path", ["send": 2]), "add_path.send: a route server is sent"),
            ("route_server_client", .init("add_path", ["receive": true]), "add_path.receive: a client sends"),
            ("route_server_client", .init("export", ["prepend": 1]), "export.prepend: a route server leaves AS_PATH"),
            ("route_server_client", .init("export", ["med": 1]), "export.med: a route server leaves the MED"),
        ] { #expect(fault(relation, [more])?.hasPrefix("neighbors[0].\(place)") == true) }
        #expect(fault("route_server", [.init("add_path", ["receive": true])]) == nil)
        #expect(fault("route_server_client", [.init("add_path", ["send": "all"])]) == nil)
    }

    @Test("An extended next hop is for IPv4 over IPv6 sessions")
    func extendedNextHopContradictions() {
        let key = JSON.Member("extended_next_hop", true)
        let error = "neighbors[0].extended_next_hop: a session over IPv6 that carries ipv4 expected"
        #expect(fault("peer", [key]) == nil)
        #expect(fault("peer", [key, .init("families", ["ipv6"])]) == error)
        #expect(fault("peer", [.init("extended_next_hop", false), .init("families", ["ipv6"])]) == nil)
    }
}
