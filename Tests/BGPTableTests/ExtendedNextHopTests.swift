import BGPTable
import BGPWire
import Net
import Testing

/// IPv4 routes with IPv6 next hops (RFC 8950), and next hops that mean something on one link only.
@Suite("Extended next hops in the table")
struct ExtendedNextHopTests {
    private static let network = prefix("192.0.2.0/24")
    private static let ourIPv6 = IPv6Address("2001:db8::1") ?? .any
    private static let linkLocal = IPv6Address("fe80::1") ?? .any
    private static let theirs = IPAddress.v6(IPv6Address("2001:db8::9") ?? .any)

    /// A neighbour over IPv6, without an IPv4 address of ours unless it says so.
    private func peer(
        _ bench: inout Bench, _ relation: Relation, _ number: UInt8, extended: Bool, ipv4: IPv4Address? = nil,
        nextHopSelf: Bool = false
    ) -> PeerID {
        let id = bench.table.addPeer(
            PeerConfiguration(
                relation: relation, asn: relation == .internal ? ourASN : ASN(65000 + UInt32(number)),
                address: .v6(IPv6Address(high: 0x2001_0DB8_0000_0000, low: UInt64(number))), nextHopSelf: nextHopSelf,
                localIPv4: ipv4, localIPv6: Self.ourIPv6, localLinkLocal: Self.linkLocal))
        bench.table.peerUp(
            id, identifier: IPv4Address(10, 0, 0, number), families: [.ipv4, .ipv6], isExtendedNextHop: extended)
        return id
    }

    private func byIPv6(_ path: [UInt32]) -> PathAttributes {
        var route = attributes(path: path)
        route.nextHop = NextHop(Self.theirs)
        return route
    }

    @Test("Where it was agreed on, our next hop of IPv4 is our IPv6 address, with the link-local one behind it")
    func ownNextHop() {
        for ipv4 in [nil, v4("10.0.0.1")] {
            var bench = Bench()
            let extended = peer(&bench, .customer, 7, extended: true, ipv4: ipv4)
            bench.table.originate(Self.network)
            #expect(bench.sent(to: extended)?.nextHop == NextHop(.v6(Self.ourIPv6), linkLocal: Self.linkLocal))
        }
    }

    @Test("Where it was not, it is our IPv4 address, and without one nothing is sent")
    func notAgreed() {
        var bench = Bench()
        let with = peer(&bench, .customer, 7, extended: false, ipv4: v4("10.0.0.1"))
        let without = peer(&bench, .customer, 8, extended: false)
        bench.table.originate(Self.network)
        #expect(bench.sent(to: with)?.nextHop == NextHop(.v4(v4("10.0.0.1"))))
        #expect(bench.sent(to: without) == nil)
    }

    @Test("A route by way of IPv6 is the best one if it is, and its next hop is resolved as IPv6")
    func received() {
        var bench = Bench()
        let sender = peer(&bench, .provider, 9, extended: true)
        bench.metrics[Self.theirs] = 17
        bench.announce(byIPv6([65009]), from: sender)
        bench.settle()
        #expect(bench.table.best(for: Self.network)?.nextHop == NextHop(Self.theirs))
        #expect(bench.table.best(for: Self.network)?.resolution.metric == 17)
    }

    @Test("Such a next hop is passed on inside the AS only to those who take it; others need our own")
    func passedOn() {
        var bench = Bench()
        let sender = peer(&bench, .provider, 9, extended: true)
        let taker = peer(&bench, .internal, 2, extended: true)
        let other = peer(&bench, .internal, 3, extended: false, ipv4: v4("10.0.0.1"))
        let helped = peer(&bench, .internal, 4, extended: false, ipv4: v4("10.0.0.1"), nextHopSelf: true)
        bench.announce(byIPv6([65009]), from: sender)
        #expect(bench.sent(to: taker)?.nextHop == NextHop(Self.theirs))
        #expect(bench.sent(to: other) == nil)
        #expect(bench.sent(to: helped)?.nextHop == NextHop(.v4(v4("10.0.0.1"))))
    }

    @Test("A rule that sets an IPv4 next hop on import makes it a route like others")
    func rewritten() {
        var bench = Bench()
        let sender = peer(&bench, .provider, 9, extended: true)
        let other = peer(&bench, .internal, 3, extended: false, ipv4: v4("10.0.0.1"))
        bench.table.setImportOptions(
            ImportOptions(policy: [
                PolicyRule(PolicyCondition(), [.setNextHop(.v4(v4("10.9.9.9")))], .accept)
            ]), of: sender)
        bench.announce(byIPv6([65009]), from: sender)
        #expect(bench.sent(to: other)?.nextHop == NextHop(.v4(v4("10.9.9.9"))))
    }

    @Test("One link-local address of two neighbours is two next hops, each on its own link")
    func linkLocalNextHops() {
        var bench = Bench()
        let first = peer(&bench, .provider, 8, extended: true)
        let second = peer(&bench, .provider, 9, extended: true)
        var route = attributes(path: [65008])
        route.nextHop = NextHop(.v6(Self.linkLocal))
        bench.announce(route, from: first)
        bench.announce(route, from: second)
        let address = IPAddress.v6(Self.linkLocal)
        #expect(
            bench.table.takeNextHopRequests() == [
                .trackOnLink(address, of: first), .trackOnLink(address, of: second),
            ])
        bench.table.nextHopChanged(address, to: NextHopResolution(metric: 1, interfaceIndex: 1))
        _ = bench.table.decide()
        #expect(bench.table.best(for: Self.network) == nil)
        let way = NextHopResolution(metric: 1, interfaceIndex: 42)
        bench.table.nextHopChanged(address, onLinkOf: second, to: way)
        #expect(bench.table.decide().count == 1)
        #expect(bench.table.best(for: Self.network)?.peer == second)
        #expect(bench.table.best(for: Self.network)?.resolution == way)
        bench.table.withdraw([Self.network], from: second)
        _ = bench.table.decide()
        #expect(bench.table.takeNextHopRequests() == [.forgetOnLink(address, of: second)])
    }
}
