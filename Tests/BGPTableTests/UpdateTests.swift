@testable import BGPTable
import BGPWire
import Net
import Testing

@Suite struct UpdateTests {
    private let one = prefix("192.0.2.0/24")

    @Test("the same route again, or a route that is sent in the same form, is no update")
    func duplicates() {
        var bench = Bench()
        let first = bench.peer(.customer, 2)
        let second = bench.peer(.customer, 3)
        let to = bench.peer(.provider, 4)
        bench.announce(attributes(path: [7], med: 5), from: second)
        #expect(bench.sent(to: to) != nil)
        bench.announce(attributes(path: [7], med: 5), from: second)
        #expect(bench.settle().isEmpty)
        #expect(!bench.table.hasUpdates(for: to))
        // Another best route, but next hop, LOCAL_PREF and MULTI_EXIT_DISC are not what a provider sees.
        bench.announce(attributes(path: [7]), from: first)
        #expect(bench.settle().map(\.route?.peer) == [first])
        let isQueued = bench.table.hasUpdates(for: to)
        #expect(isQueued)
        #expect(bench.table.takeUpdates(for: to).isEmpty)
        // It still counts as sent.
        #expect(bench.table.advertisedCount(to: to) == 1)
        bench.table.withdraw([one], from: first)
        bench.table.withdraw([one], from: second)
        bench.settle()
        #expect(bench.table.takeUpdates(for: to).withdrawn == [one])
    }

    @Test("changes that cancel out before they are sent are not sent")
    func cancelled() {
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let to = bench.peer(.provider, 3)
        // Up and down again before anything was sent.
        bench.announce(attributes(path: [65002]), from: from)
        bench.settle()
        bench.table.withdraw([one], from: from)
        bench.settle()
        #expect(bench.table.takeUpdates(for: to).isEmpty)
        #expect(bench.table.prefixCount == 0)
        // Down and up again after it was.
        bench.announce(attributes(path: [65002]), from: from)
        #expect(bench.sent(to: to) != nil)
        bench.table.withdraw([one], from: from)
        bench.settle()
        bench.announce(attributes(path: [65002]), from: from)
        #expect(bench.sent(to: to) == nil)
        #expect(!bench.table.hasUpdates(for: to))
        #expect(bench.table.advertisement(of: one, to: to) != nil)
        // Within one decision even the Loc-RIB stays as it is.
        bench.table.withdraw([one], from: from)
        bench.announce(attributes(path: [65002]), from: from)
        #expect(bench.settle().isEmpty)
        #expect(!bench.table.hasUpdates(for: to))
    }

    @Test("a route that may no longer be sent is withdrawn; one that was never sent is not")
    func noLongerPermitted() {
        var bench = Bench()
        let customer = bench.peer(.customer, 2)
        let provider = bench.peer(.provider, 3)
        let to = bench.peer(.peer, 4)
        bench.announce(attributes(path: [65003]), from: provider)
        bench.settle()
        #expect(bench.table.takeUpdates(for: to).isEmpty)
        bench.announce(attributes(path: [65002]), from: customer)
        #expect(bench.sent(to: to) != nil)
        bench.table.withdraw([one], from: customer)
        bench.settle()
        #expect(bench.table.takeUpdates(for: to) == OutgoingUpdates(withdrawn: [one]))
        bench.table.withdraw([one], from: provider)
        bench.settle()
        #expect(bench.table.takeUpdates(for: to).isEmpty)
    }

    @Test("a neighbour that becomes the best route's source has what it was sent withdrawn")
    func sourceMoves() {
        var bench = Bench()
        let first = bench.peer(.customer, 2)
        let second = bench.peer(.customer, 3)
        bench.announce(attributes(path: [65002, 9]), from: first)
        #expect(bench.sent(to: second) != nil)
        bench.announce(attributes(path: [65003]), from: second)
        bench.settle()
        #expect(bench.table.takeUpdates(for: second).withdrawn == [one])
        #expect(bench.table.takeUpdates(for: first).announced.count == 1)
    }

    @Test("prefixes with equal attributes go together, families apart")
    func grouping() {
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let other = bench.peer(.customer, 3)
        let to = bench.peer(.internal, 4)
        bench.table.peerUp(to, identifier: v4("10.0.0.4"), families: [.ipv4, .ipv6], isExtendedNextHop: true)
        let many = (0..<100).map { IPPrefix(.v4(IPv4Address(198, 51, UInt8($0), 0)), length: 24) }
        bench.table.announce(many, with: attributes(path: [7]), from: from)
        bench.table.announce([one], with: attributes(path: [7]), from: other)
        // RFC 8950 lets an IPv4 prefix have an IPv6 next hop: the same attributes, but not the same UPDATE.
        var six = attributes(path: [8])
        six.nextHop = NextHop(.v6(IPv6Address(high: 1, low: 1)))
        bench.table.announce([prefix("203.0.113.0/24"), prefix("2001:db8::/32")], with: six, from: from)
        bench.settle()
        let updates = bench.table.takeUpdates(for: to)
        #expect(updates.announced.map(\.prefixes.count) == [101, 1, 1])
        #expect(updates.announced.allSatisfy { Set($0.prefixes.map(\.family)).count == 1 })
        #expect(bench.table.attributeSetCount == 4)
    }

    @Test("taking a few at a time, and withdrawals first, loses and repeats nothing")
    func limited() {
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let to = bench.peer(.provider, 3)
        let all = (0..<250).map { IPPrefix(.v4(IPv4Address(198, 51, UInt8($0), 0)), length: 24) }
        bench.table.announce(all, with: attributes(path: [7]), from: from)
        bench.settle()
        var taken: [IPPrefix] = []
        while bench.table.hasUpdates(for: to) {
            let part = bench.table.takeUpdates(for: to, atMost: 7).announced.flatMap(\.prefixes)
            #expect(part.count <= 7)
            taken += part
        }
        #expect(taken == all)
        bench.table.announce(Array(all[..<200]), with: attributes(path: [8]), from: from)
        bench.table.withdraw(Array(all[200...]), from: from)
        bench.settle()
        let urgent = bench.table.takeUpdates(for: to, withdrawalsOnly: true)
        #expect(urgent == OutgoingUpdates(withdrawn: Array(all[200...])))
        #expect(bench.table.takeUpdates(for: to, withdrawalsOnly: true).isEmpty)
        #expect(bench.table.takeUpdates(for: to).announced.flatMap(\.prefixes) == Array(all[..<200]))
        #expect(!bench.table.hasUpdates(for: to))
        #expect(bench.table.takeUpdates(for: to, atMost: -1).isEmpty)
    }

    @Test("a session that goes takes its routes along; one that comes gets the whole Loc-RIB")
    func downAndUp() {
        var bench = Bench()
        let first = bench.peer(.customer, 2)
        let second = bench.peer(.customer, 3)
        let to = bench.peer(.provider, 4)
        bench.announce(attributes(path: [65002]), from: first)
        bench.announce(attributes(path: [65003, 1]), from: second)
        bench.announce(attributes(path: [65002]), to: "198.51.100.0/24", from: first)
        bench.settle()
        _ = bench.table.takeUpdates(for: to)
        bench.table.peerDown(first)
        let changes = bench.settle()
        #expect(changes.map(\.route?.peer) == [second, nil])
        #expect(bench.table.receivedCount(from: first) == 0)
        let updates = bench.table.takeUpdates(for: to)
        #expect(updates.withdrawn == [prefix("198.51.100.0/24")])
        #expect(updates.announced.map(\.prefixes) == [[one]])
        // What comes from a session that is down is nothing.
        bench.announce(attributes(path: [65002]), from: first)
        #expect(bench.settle().isEmpty)

        bench.table.peerDown(to)
        #expect(bench.table.advertisedCount(to: to) == 0)
        #expect(!bench.table.hasUpdates(for: to))
        bench.up(to, identifier: v4("10.0.0.4"))
        #expect(bench.table.takeUpdates(for: to).announced.map(\.prefixes) == [[one]])
        // Established again without having been down in between: the other end knows nothing any more.
        bench.up(to, identifier: v4("10.0.0.4"))
        #expect(bench.table.takeUpdates(for: to).announced.map(\.prefixes) == [[one]])
    }

    @Test("only negotiated families are taken and sent")
    func families() {
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let to = bench.peer(.customer, 3)
        bench.table.originate(prefix("2001:db8::/32"))
        bench.settle()
        bench.table.peerUp(to, identifier: .any, families: [.ipv4])
        bench.table.peerUp(from, identifier: .any, families: [.ipv4])
        bench.table.announce(
            [one, prefix("2001:db8:1::/48")], with: attributes(path: [65002]), from: from)
        bench.settle()
        #expect(bench.table.knownPrefixes == [one, prefix("2001:db8::/32")])
        #expect(bench.table.takeUpdates(for: to).announced.flatMap(\.prefixes) == [one])
    }

    @Test("unknown neighbours, prefixes and withdrawals of nothing are harmless")
    func nonsense() {
        var bench = Bench()
        let id = bench.peer(.peer, 2)
        let nobody = PeerID(rawValue: 99)
        for wrong in [nobody, .local, PeerID(rawValue: .max)] {
            bench.table.peerUp(wrong, identifier: .any, families: [.ipv4])
            bench.announce(attributes(path: [1]), from: wrong)
            bench.table.withdraw([one], from: wrong)
            bench.table.peerDown(wrong)
            #expect(bench.table.takeUpdates(for: wrong).isEmpty)
            #expect(bench.table.advertisement(of: one, to: wrong) == nil)
            #expect(bench.table.configuration(of: wrong) == nil)
        }
        bench.table.withdraw([one, one], from: id)
        bench.table.withdrawOriginated(one)
        bench.table.announce([], with: attributes(path: [1]), from: id)
        #expect(bench.settle().isEmpty)
        #expect(bench.table.routes(to: one).isEmpty)
        #expect(bench.table.best(for: one) == nil)
        #expect(bench.table.prefixCount == 0)
        #expect(bench.table.attributeSetCount == 0)
    }

    @Test("decisions can be taken a few at a time")
    func decideInParts() {
        var bench = Bench()
        let from = bench.peer(.customer, 2)
        let all = (0..<100).map { IPPrefix(.v4(IPv4Address(198, 51, UInt8($0), 0)), length: 24) }
        bench.table.announce(all, with: attributes(path: [7]), from: from)
        for case .track(let address) in bench.table.takeNextHopRequests() {
            bench.table.nextHopChanged(address, to: NextHopResolution(metric: 0))
        }
        var decided: [IPPrefix] = []
        while bench.table.needsDecision { decided += bench.table.decide(atMost: 33).map(\.prefix) }
        #expect(decided == all)
    }
}

@Suite struct NextHopTests {
    private let one = prefix("192.0.2.0/24")
    private let hop = IPAddress.v4(v4("10.0.0.9"))

    @Test("a next hop is asked for once and forgotten when its last route goes")
    func requests() {
        var bench = Bench()
        let first = bench.peer(.customer, 2)
        let second = bench.peer(.provider, 3)
        bench.announce(attributes(path: [65002]), from: first)
        bench.announce(attributes(path: [65003]), from: second)
        #expect(bench.table.takeNextHopRequests() == [.track(hop)])
        bench.table.nextHopChanged(hop, to: NextHopResolution(metric: 0))
        _ = bench.table.decide()
        bench.table.withdraw([one], from: first)
        bench.table.withdraw([one], from: second)
        #expect(bench.table.takeNextHopRequests().isEmpty)
        _ = bench.table.decide()
        #expect(bench.table.takeNextHopRequests() == [.forget(hop)])
        // A resolution that nobody asked for is nothing.
        bench.table.nextHopChanged(hop, to: NextHopResolution(metric: 1))
        bench.announce(attributes(path: [65002]), from: first)
        #expect(bench.table.takeNextHopRequests() == [.track(hop)])
        #expect(bench.table.decide().isEmpty)
        bench.table.originate(one)
        #expect(bench.table.takeNextHopRequests().isEmpty)
    }

    @Test("a change of the way to a next hop reaches the kernel, a change of its metric only the decision")
    func resolutionChanges() {
        var bench = Bench()
        let first = bench.peer(.internal, 2)
        let second = bench.peer(.internal, 3)
        let to = bench.peer(.customer, 4)
        bench.announce(attributes(path: [7], localPreference: 100), from: first)
        bench.announce(attributes(path: [7], nextHop: "10.0.0.8", localPreference: 100), from: second)
        bench.settle()
        _ = bench.table.takeUpdates(for: to)
        #expect(bench.table.best(for: one)?.peer == first)

        bench.table.nextHopChanged(
            hop, to: NextHopResolution(metric: 0, gateway: .v4(v4("10.1.1.1")), interfaceIndex: 2))
        let moved = bench.table.decide()
        #expect(moved.map(\.route?.resolution.interfaceIndex) == [2])
        #expect(!bench.table.hasUpdates(for: to))

        var resolution = NextHopResolution(metric: 5, gateway: .v4(v4("10.1.1.1")), interfaceIndex: 2)
        bench.table.nextHopChanged(hop, to: resolution)
        #expect(bench.table.decide().map(\.route?.peer) == [second])
        #expect(bench.table.best(for: one)?.step == .interiorMetric)
        resolution.metric = 4
        bench.table.nextHopChanged(hop, to: resolution)
        #expect(bench.table.needsDecision)
        #expect(bench.table.decide().isEmpty)
        bench.table.nextHopChanged(hop, to: resolution)
        #expect(!bench.table.needsDecision)

        bench.table.nextHopChanged(.v4(v4("10.0.0.8")), to: nil)
        #expect(bench.table.decide().map(\.route?.peer) == [first])
        bench.table.nextHopChanged(hop, to: nil)
        #expect(bench.table.decide() == [RouteChange(prefix: one, route: nil)])
        #expect(bench.table.takeUpdates(for: to).withdrawn == [one])
        #expect(bench.table.routes(to: one).map(\.lostAt) == [.nextHopReachable, .nextHopReachable])
        bench.table.nextHopChanged(hop, to: resolution)
        #expect(bench.table.decide().map(\.route?.peer) == [first])
    }
}
