import BGPTable
import BGPWire
import Net
import Testing

/// The route server of an exchange point, and its clients (RFC 7947, RFC 9234).
@Suite("Route server")
struct RouteServerTests {
    private static let network = prefix("192.0.2.0/24")

    private func clients(_ bench: inout Bench, _ count: UInt8) -> [PeerID] {
        (0..<count).map { bench.peer(.routeServerClient, 2 + $0) }
    }

    // MARK: What the server does

    @Test("What clients say to each other passes as it is, but for OTC (RFC 9234, section 5)")
    func transparent() {
        var bench = Bench()
        let clients = clients(&bench, 2)
        var route = attributes(
            path: [65002, 64601], nextHop: "10.0.0.2", med: 30,
            communities: [0xFDE8_0007, 0xFFFF_0000, 0xFFFF_FF01, 0xFFFF_FF02, 0xFFFF_FF04])
        route.atomicAggregate = true
        route.unknown = [
            UnknownAttribute(flags: 0x80, type: 99, value: [1]), UnknownAttribute(flags: 0xC0, type: 100, value: [2]),
        ]
        bench.announce(route, from: clients[0])
        var expected = route
        expected.onlyToCustomer = ourASN
        #expect(bench.sent(to: clients[1]) == expected)
        #expect(bench.table.advertisement(of: Self.network, to: clients[0]) == nil)
    }

    @Test("GRACEFUL_SHUTDOWN of a client is for the other clients: the server prefers nothing by it")
    func gracefulShutdown() {
        var bench = Bench()
        let clients = clients(&bench, 2)
        bench.announce(attributes(path: [65002], communities: [0xFFFF_0000]), from: clients[0])
        bench.announce(attributes(path: [65003, 64601]), from: clients[1])
        bench.settle()
        #expect(bench.table.best(for: Self.network)?.peer == clients[0])
        #expect(bench.table.best(for: Self.network)?.step == .asPathLength)
    }

    @Test("The third-party link-local next hop is kept: all clients share one link")
    func linkLocal() {
        var bench = Bench()
        let clients = clients(&bench, 2)
        let network = prefix("2001:db8:53::/48")
        var route = attributes(path: [65002])
        route.nextHop = NextHop(
            .v6(IPv6Address("2001:db8::2") ?? .any), linkLocal: IPv6Address("fe80::2"))
        bench.table.announce([network], with: route, from: clients[0])
        #expect(bench.sent("2001:db8:53::/48", to: clients[1])?.nextHop == route.nextHop)
    }

    @Test("A route of a client with OTC is a leak (RFC 9234, section 5)")
    func leak() {
        var bench = Bench()
        let clients = clients(&bench, 2)
        bench.announce(attributes(path: [65002], otc: 65002), from: clients[0])
        #expect(bench.sent(to: clients[1]) == nil)
        #expect(bench.table.routes(to: Self.network).first?.exclusion == .routeLeak)
    }

    @Test("What the server originates itself has its AS number and its address")
    func own() {
        var bench = Bench()
        let clients = clients(&bench, 1)
        bench.table.originate(Self.network)
        let sent = bench.sent(to: clients[0])
        #expect(sent?.asPath == ASPath(sequence: [ourASN]) && sent?.nextHop == NextHop(.v4(v4("10.0.0.1"))))
    }

    @Test("What the server has not from a client it does not pass on to clients")
    func clientsOnly() {
        var bench = Bench()
        let client = bench.peer(.routeServerClient, 2)
        bench.announce(attributes(path: [65003]), from: bench.peer(.customer, 3))
        #expect(bench.sent(to: client) == nil)
    }

    // MARK: Path hiding (RFC 7947, section 2.3)

    @Test("The client with the best route has the second, and who may not have the best has the next that it may")
    func hiding() {
        var bench = Bench()
        let clients = clients(&bench, 4)
        // The operator keeps what the first client announces from the last.
        bench.table.setExportOptions(
            ExportOptions(policy: [PolicyRule(PolicyCondition(neighbours: [clients[0]]), [], .reject)]), of: clients[3])
        bench.announce(attributes(path: [65002]), from: clients[0])
        bench.announce(attributes(path: [65003, 64601]), from: clients[1])
        bench.announce(attributes(path: [65004, 64601, 64602]), from: clients[2])
        bench.settle()
        func neighbourASN(_ client: PeerID) -> UInt32? {
            _ = bench.table.takeUpdates(for: client)
            return bench.table.advertisement(of: Self.network, to: client)?.asPath.segments[0].numbers[0].rawValue
        }
        #expect(clients.map(neighbourASN) == [65003, 65002, 65002, 65003])
        // The second goes: without a change of the best route the first and the last are sent another one.
        bench.table.withdraw([Self.network], from: clients[1])
        #expect(bench.settle().isEmpty)
        #expect(clients.map(neighbourASN) == [65004, 65002, 65002, 65004])
        bench.table.withdraw([Self.network], from: clients[2])
        bench.settle()
        #expect(clients.map(neighbourASN) == [nil, 65002, 65002, nil])
    }

    @Test(
        "Another route takes the place of the one before in one message without identifiers, and nothing is sent twice")
    func replacement() {
        var bench = Bench()
        let clients = clients(&bench, 3)
        bench.announce(attributes(path: [65002]), from: clients[0])
        bench.announce(attributes(path: [65003, 64601]), from: clients[1])
        bench.settle()
        _ = bench.table.takeUpdates(for: clients[2])
        bench.table.withdraw([Self.network], from: clients[0])
        bench.settle()
        let updates = bench.table.takeUpdates(for: clients[2])
        #expect(updates.withdrawn.isEmpty && updates.announced.map(\.prefixes) == [[Self.network]])
        bench.announce(attributes(path: [65003, 64601]), from: clients[1])
        bench.settle()
        #expect(bench.table.takeUpdates(for: clients[2]).isEmpty)
    }

    @Test("A client that takes several routes has them all (RFC 7947, section 2.3.2.2.2)")
    func addPath() {
        var bench = Bench()
        let clients = clients(&bench, 3)
        bench.table.peerUp(
            clients[2], identifier: v4("10.0.0.4"), families: [.ipv4, .ipv6], pathFamilies: [.ipv4, .ipv6])
        for client in clients[...1] {
            bench.announce(attributes(path: [65000 + client.rawValue + 1]), from: client)
        }
        bench.settle()
        _ = bench.table.takeUpdates(for: clients[2])
        #expect(bench.table.advertisedPaths(of: Self.network, to: clients[2]).count == 2)
    }

    // MARK: What a client does

    @Test("A client treats what comes by way of the server as a peer's routes, and marks it with the server's AS")
    func client() {
        var bench = Bench()
        let server = bench.peer(.routeServer, 2)
        let customer = bench.peer(.customer, 3)
        let provider = bench.peer(.provider, 4)
        bench.announce(attributes(path: [64601]), from: server)
        #expect(bench.sent(to: customer)?.onlyToCustomer == ASN(65002))
        #expect(bench.sent(to: provider) == nil)
        let route = bench.table.routes(to: Self.network).first
        #expect(route?.attributes.localPreference == PreferenceByRelation.peer && route?.exclusion == nil)
        // OTC of another client, as it should have been set by the server, is no leak.
        bench.announce(attributes(path: [64601], otc: 64999), from: server)
        #expect(bench.sent(to: customer)?.onlyToCustomer == ASN(64999))
    }
}
