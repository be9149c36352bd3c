@testable import BGPTable
import BGPWire
import Net
import Testing

private let one = prefix("192.0.2.0/24")

extension Bench {
    fileprivate init(_ decision: DecisionOptions) {
        self.init()
        table = Table(local: LocalSpeaker(asn: ourASN, identifier: v4("10.0.0.1")), decision: decision)
    }
}

@Suite struct OldestExternalTests {
    /// RFC 5004, section 3.
    @Test("an external best route stays against one with a lower identifier, and only in this order")
    func stays() {
        for order in DecisionOptions.Order.allCases {
            var bench = Bench(DecisionOptions(order: order))
            let high = bench.peer(.provider, 3, identifier: "10.9.9.9")
            let low = bench.peer(.provider, 2, identifier: "10.9.9.1")
            bench.announce(attributes(path: [65003]), from: high)
            bench.settle()
            bench.announce(attributes(path: [65002]), from: low)
            let isOldest = order == .oldestExternal
            #expect(bench.settle().map(\.route?.peer) == (isOldest ? [] : [low]))
            let step: DecisionStep = isOldest ? .oldestExternal : .identifier
            #expect(bench.table.best(for: one)?.peer == (isOldest ? high : low))
            #expect(bench.table.best(for: one)?.step == step)
            let views = bench.table.routes(to: one)
            #expect(views.map(\.peer) == (isOldest ? [high, low] : [low, high]))
            #expect(views.map(\.lostAt) == [nil, step])
            // It stays through changes of its own that decide nothing, and gives way when it goes.
            bench.announce(attributes(path: [65003], communities: [9]), from: high)
            #expect(bench.settle().map(\.route?.peer) == (isOldest ? [high] : []))
            bench.table.withdraw([one], from: high)
            bench.settle()
            bench.announce(attributes(path: [65003]), from: high)
            bench.settle()
            #expect(bench.table.best(for: one)?.peer == low)
            #expect(bench.table.best(for: one)?.step == .identifier)
        }
    }

    @Test("steps up to the interior metric go before age")
    func earlierSteps() {
        var bench = Bench(DecisionOptions(order: .oldestExternal))
        let first = bench.peer(.provider, 3, identifier: "10.9.9.9")
        let second = bench.peer(.provider, 2, identifier: "10.9.9.1")
        bench.metrics = [.v4(v4("10.0.0.9")): 5, .v4(v4("10.0.0.8")): 4]
        bench.announce(attributes(path: [65003, 1]), from: first)
        bench.settle()
        bench.announce(attributes(path: [65002]), from: second)
        #expect(bench.settle().map(\.route?.step) == [.asPathLength])
        bench.announce(attributes(path: [65003], nextHop: "10.0.0.8"), from: first)
        #expect(bench.settle().map(\.route?.step) == [.interiorMetric])
    }

    @Test("iBGP routes are not kept for their age, nor one session with a speaker before another with it")
    func exceptions() {
        var bench = Bench(DecisionOptions(order: .oldestExternal))
        let high = bench.peer(.internal, 3, identifier: "10.9.9.9")
        let low = bench.peer(.internal, 2, identifier: "10.9.9.1")
        bench.announce(attributes(path: [7], localPreference: 100), from: high)
        bench.settle()
        bench.announce(attributes(path: [7], localPreference: 100), from: low)
        #expect(bench.settle().map(\.route?.step) == [.identifier])

        var parallel = Bench(DecisionOptions(order: .oldestExternal))
        let second = parallel.peer(.provider, 3, asn: 65100, identifier: "10.9.9.9")
        let first = parallel.peer(.provider, 2, asn: 65100, identifier: "10.9.9.9")
        parallel.announce(attributes(path: [65100]), from: second)
        parallel.settle()
        parallel.announce(attributes(path: [65100]), from: first)
        #expect(parallel.settle().map(\.route?.peer) == [first])
        #expect(parallel.table.best(for: one)?.step == .peerAddress)
    }
}

@Suite struct AlwaysCompareMEDTests {
    @Test("MULTI_EXIT_DISC decides between neighbouring ASes only when asked for")
    func alwaysCompare() {
        for always in [false, true] {
            var bench = Bench(DecisionOptions(alwaysCompareMED: always))
            let high = bench.peer(.provider, 2)
            let low = bench.peer(.provider, 3)
            bench.announce(attributes(path: [65002], med: 900), from: high)
            bench.announce(attributes(path: [65003], med: 1), from: low)
            #expect(bench.settle().map(\.route?.peer) == [always ? low : high])
            #expect(bench.table.routes(to: one).last?.lostAt == (always ? .multiExitDiscriminator : .identifier))
            // Those that lost are ranked the same way.
            let best = bench.peer(.provider, 4, preference: 500)
            bench.announce(attributes(path: [65004]), from: best)
            bench.settle()
            #expect(bench.table.routes(to: one).map(\.peer) == [best] + (always ? [low, high] : [high, low]))
        }
    }
}

@Suite struct MultipathTests {
    /// Three sessions with one AS, by their next hops, and one with another AS.
    private func bench(limit: Int, _ order: DecisionOptions.Order = .standard) -> (Bench, [PeerID]) {
        var bench = Bench(DecisionOptions(order: order, multipathLimit: limit))
        let ids = [4, 2, 3].map { bench.peer(.provider, $0, asn: 65100) } + [bench.peer(.provider, 5, asn: 65200)]
        for (index, id) in ids.enumerated() {
            let path: [UInt32] = index == 3 ? [65200, 1] : [65100, 1]
            bench.announce(attributes(path: path, nextHop: "10.0.1.\(index)"), from: id)
        }
        return (bench, ids)
    }

    @Test("equal routes of the same neighbouring AS go together, sorted, up to the limit")
    func limit() {
        for (limit, expected) in [(-1, []), (0, []), (1, []), (2, [2]), (3, [2, 0]), (9, [2, 0])] {
            for order in DecisionOptions.Order.allCases {
                var (bench, ids) = bench(limit: limit, order)
                let changes = bench.settle()
                #expect(changes.map(\.route?.peer) == [ids[1]])
                #expect(changes.first?.route?.equalPaths.map(\.peer) == expected.map { ids[$0] }, "limit \(limit)")
                #expect(changes.first?.route == bench.table.best(for: one))
                let hops = changes.first?.route?.equalPaths.map(\.nextHop)
                #expect(hops == expected.map { NextHop(.v4(IPv4Address(10, 0, 1, UInt8($0)))) })
                #expect(changes.first?.route?.equalPaths.allSatisfy { $0.resolution.interfaceIndex == 1 } == true)
            }
        }
    }

    @Test("with a limit of 1 nothing is reported when a route that is not best comes or goes")
    func noMultipath() {
        var (bench, ids) = bench(limit: 1)
        bench.settle()
        bench.table.withdraw([one], from: ids[2])
        #expect(bench.settle().isEmpty)
    }

    @Test("a route that joins or leaves, or another way to its next hop, is a change; neighbours are not told")
    func changes() {
        var (bench, ids) = bench(limit: 8)
        let to = bench.peer(.customer, 9)
        bench.settle()
        _ = bench.table.takeUpdates(for: to)
        func equal() -> [[PeerID]?] { bench.settle().map { $0.route?.equalPaths.map(\.peer) } }
        bench.table.withdraw([one], from: ids[2])
        #expect(equal() == [[ids[0]]])
        // Not equal: a longer path, a worse MED, another AS, a greater metric.
        bench.announce(attributes(path: [65100, 1, 1], nextHop: "10.0.1.2"), from: ids[2])
        #expect(equal() == [])
        bench.announce(attributes(path: [65100, 1], nextHop: "10.0.1.2", med: 1), from: ids[2])
        #expect(equal() == [])
        bench.metrics[.v4(v4("10.0.1.7"))] = 1
        bench.announce(attributes(path: [65100, 1], nextHop: "10.0.1.7"), from: ids[2])
        #expect(equal() == [])
        bench.announce(attributes(path: [65100, 1], nextHop: "10.0.1.2"), from: ids[2])
        #expect(equal() == [[ids[2], ids[0]]])
        // What is not seen in forwarding is no change.
        bench.announce(attributes(path: [65100, 1], nextHop: "10.0.1.2", communities: [5]), from: ids[2])
        #expect(equal() == [])
        bench.table.nextHopChanged(
            .v4(v4("10.0.1.2")), to: NextHopResolution(metric: 0, gateway: .v4(v4("10.3.3.3")), interfaceIndex: 1))
        let moved = bench.settle()
        #expect(moved.map(\.route?.peer) == [ids[1]])
        #expect(moved.first?.route?.equalPaths.first?.resolution.gateway == .v4(v4("10.3.3.3")))
        bench.table.nextHopChanged(.v4(v4("10.0.1.2")), to: nil)
        #expect(equal() == [[ids[0]]])
        #expect(bench.table.takeUpdates(for: to).isEmpty)
        // Only one is left, then none.
        bench.table.peerDown(ids[0])
        #expect(equal() == [[]])
        for id in [ids[1], ids[2], ids[3]] { bench.table.peerDown(id) }
        #expect(equal() == [nil])
        #expect(bench.table.equalPaths.isEmpty)
    }

    @Test("two routes that leave the same way are one path; a blackhole is shared with none")
    func sameWay() {
        var (bench, ids) = bench(limit: 8)
        bench.settle()
        for number in 0...2 {
            bench.table.nextHopChanged(
                .v4(IPv4Address(10, 0, 1, UInt8(number))),
                to: NextHopResolution(
                    metric: 0, gateway: .v4(v4("10.3.3.3")), interfaceIndex: number == 0 ? 2 : 1))
        }
        #expect(bench.settle().map { $0.route?.equalPaths.map(\.peer) } == [[ids[0]]])
        // The same next hop on the link, from another neighbour.
        bench.table.nextHopChanged(.v4(v4("10.0.1.0")), to: NextHopResolution(metric: 0, interfaceIndex: 1))
        bench.announce(attributes(path: [65100, 1], nextHop: "10.0.1.0"), from: ids[1])
        bench.announce(attributes(path: [65100, 1], nextHop: "10.0.1.0"), from: ids[2])
        #expect(bench.settle().map { $0.route?.equalPaths.map(\.peer) } == [[]])

        for blackhole in [1, 0] {
            var (bench, ids) = self.bench(limit: 8)
            bench.table.setImportOptions(ImportOptions(blackholes: [one]), of: ids[blackhole])
            bench.announce(
                attributes(path: [65100, 1], nextHop: "10.0.1.6", communities: [Community.blackhole.rawValue]),
                from: ids[blackhole])
            let route = bench.settle().first?.route
            #expect(route?.peer == ids[1])
            #expect(route?.isBlackhole == (blackhole == 1))
            #expect(route?.equalPaths.map(\.peer) == (blackhole == 1 ? [] : [ids[2]]))
        }
    }
}
