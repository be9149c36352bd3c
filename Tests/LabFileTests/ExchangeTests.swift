import LabModel
import Net
import Testing

@testable import LabFile

/// `exchanges:` of a lab file, and what else sessions and networks can say since.
struct ExchangeTests {
    /// The good lab with an exchange behind it, on line 13.
    private func with(_ exchange: String) -> String { good + "exchanges:\n  ix: { \(exchange) }\n" }

    @Test func isReadAsWritten() throws {
        let file = parse(with("city: LHR, members: [core, edge, london], route-server: { asn: 64496 }"))
        #expect(file.diagnostics == [])
        let exchange = try #require(file.lab?.exchanges.first)
        #expect(exchange.name == "ix" && exchange.city.code == "LHR" && exchange.members == ["core", "edge", "london"])
        #expect(exchange.routeServer == ASN(64496) && !exchange.isASNDrawn)
        let mesh = try #require(parse(with("city: LHR, members: [core, edge]")).lab?.exchanges.first)
        #expect(mesh.routeServer == nil && !mesh.isASNDrawn)
        let drawn = try #require(parse(with("city: LHR, members: [core, edge], route-server: {}")).lab?.exchanges.first)
        #expect(drawn.routeServer == ASN(4_200_000_001) && drawn.isASNDrawn)
    }

    @Test(arguments: [
        ("city: LHR", "14:7 an exchange needs the key 'members'"),
        (
            "city: LHR, members: [core]",
            "14:3 exchange 'ix' needs at least two members | a link between two networks is one of their 'peers'"
        ),
        ("city: LHR, members: [core, core, edge]", "14:36 'core' is there twice: first on line 14"),
        ("city: LHR, members: [core, edeg]", "14:36 there is no network or site 'edeg' | did you mean 'edge'?"),
        ("city: LHR, members: [core, home]", "14:36 there is no network or site 'home' | 'home' is a client"),
        (
            "city: LHR, members: [core, edge], route-server: { asn: 65001 }",
            "14:64 AS 65001 is already that of network 'core' (line 3) | leave 'asn' out to be given one"
        ),
        (
            "city: LHR, members: [core, edge], rs: {}",
            "14:43 an exchange has no key 'rs' | did you mean 'route-server'?"
        ),
    ])
    func mistakesAreShownAtTheirPlace(exchange: String, expected: String) {
        #expect(problems(with(exchange)) == [expected])
    }

    @Test func itsNamesAreThoseOfNodes() {
        let shared = " | networks, their routers, sites, their servers, clients and exchanges share one set of names"
        let text = with("city: LHR, members: [core, edge], route-server: {}")
        #expect(
            problems(text.with("  ix: {", "  core: {"))
                == ["14:3 an exchange and a network (line 3) have the same name 'core'" + shared])
        #expect(
            problems(text.with("  home: {", "  ix-rs: {"))
                == ["14:3 the route server of exchange 'ix' and a client (line 10) have the same name 'ix-rs'" + shared]
        )
        #expect(
            problems(text.with("providers: [core] }\nserv", "providers: [ix] }\nserv"))
                == ["4:50 there is no network 'ix' | 'ix' is an exchange: networks are its 'members'"])
    }

    @Test func aPortIsALink() throws {
        let text = with("city: LHR, members: [core, edge], route-server: {}")
        let lab = try #require(parse(text.with("[london, core], delay", "[ix, edge], delay")).lab)
        let topology = try Topology(lab)
        let port = try #require(
            topology.links.first { topology.nodes[$0.b.node].name == "edge-lhr" && $0.kind == .port })
        #expect(port.quality.delay == 5_000_000)
        #expect(
            problems(text.with("[london, core], delay", "[ix, london], delay"))
                == ["12:16 there is no link between 'ix' and 'london' | 'ix' is joined to: ix-rs, core, edge"])
    }

    /// Peers tell only their customers: what meets at an exchange hears of each other, and of no one else.
    @Test func whoCanBeReachedOverAnExchange() {
        let text = with("city: LHR, members: [edge, london]").with(
            "london: { city: LHR, providers: [core] }", "london: { city: LHR }"
        )
        .with("[london, core]", "[ix, london]")
        #expect(problems(text) == [])
        #expect(
            problems(text.with("provider: edge", "provider: core"))
                == [
                    "8:3 no client can reach site 'london' | peers tell only their customers; a provider tells everyone",
                    "10:3 client 'home' cannot reach service 'dns': no route to its sites gets to network 'core' | a network hears of everything from its providers: give it one",
                ])
    }

    @Test func theMembersOfARouteServerRunOurOwnDaemon() {
        let text = with("city: LHR, members: [core, edge], route-server: {}").with(
            "asn: 65002", "asn: 65002, daemon: frr")
        #expect(
            problems(text)
                == [
                    "14:36 the members of an exchange with a route server run our own daemon, and 'edge' runs FRR | leave out 'route-server' or 'daemon'"
                ])
        #expect(problems(text.with(", route-server: {}", "")) == [])
    }

    // MARK: Sessions and networks

    @Test func whatSpeakersCanDoBesides() throws {
        let text = good.with(
            "providers: [core] }\nserv",
            "providers: [{ network: core, add-path: { receive: true, send: 4 }, extended-next-hop: true }], add-path: 2, graceful-restart: { restart: 90s }, bmp: { station: home } }\nserv"
        )
        #expect(problems(text) == [])
        let network = try #require(parse(text).lab?.networks.last)
        let relation = try #require(network.relations.first)
        #expect(relation.paths?.receive == true && relation.paths?.send == .best(4) && relation.hasExtendedNextHop)
        #expect(network.restart == GracefulRestartTimers(restart: 90_000, deferral: 60_000))
        #expect(network.monitoringStation == "home")
        #expect(network.internalPaths == .best(2))
    }

    @Test(arguments: [
        ("bmp: { station: nobody }", "4:73 'nobody' is no client of network 'edge' | its clients are: home"),
        ("bmp: { station: hone }", "4:73 'hone' is no client of network 'edge' | did you mean 'home'?"),
        (
            "graceful-restart: { restart: 1.5s }",
            "4:86 '1.5s' is out of range for 'restart' | it goes: 1s to 4095s, whole seconds (RFC 4724, section 3)"
        ),
        ("graceful-restart: { deferral: 0s }", "4:87 '0s' is out of range for 'deferral' | it goes: 1ms to 4095s"),
    ])
    func theirMistakes(words: String, expected: String) {
        #expect(problems(good.with("[LHR], providers: [core]", "[LHR], providers: [core], " + words)) == [expected])
    }

    @Test func otherDaemonsHaveNoneOfThem() {
        let relation = "[{ network: core, add-path: { send: all }, extended-next-hop: true }]"
        let text = good.with(
            "asn: 65002, cities: [LHR], providers: [core]",
            "asn: 65002, daemon: bird, cities: [LHR], add-path: all, graceful-restart: {}, bmp: { station: home }, providers: \(relation)"
        )
        let found = problems(text)
        for key in ["graceful-restart", "bmp", "add-path", "extended-next-hop"] {
            #expect(found.contains { $0.contains("'\(key)' is for") && $0.contains("runs BIRD") }, "\(found)")
        }
        // 'add-path' of the network, and of the relation.
        #expect(found.count == 5)
    }
}
