import BGPTable
import BGPWire
import Net
import Testing

/// One decision between two routes that are equal but for what one step compares.
struct DecisionCase: CustomTestStringConvertible, Sendable {
    /// A route and the neighbour that sends it.
    struct Side: Sendable {
        var relation = Relation.internal
        var asn: UInt32?
        var number: UInt8
        var identifier = "10.9.9.9"
        var attributes: PathAttributes
    }
    var step: DecisionStep
    var winner: Side
    var loser: Side
    /// Metrics of next hops other than 0.
    var metrics: [String: UInt32] = [:]
    var unreachable: [String] = []
    var testDescription: String { "\(step)" }
}

private let base: [UInt32] = [65100, 65200]

private let cases: [DecisionCase] = [
    // The loser is the better one at every later step.
    DecisionCase(
        step: .nextHopReachable,
        winner: .init(number: 9, attributes: attributes(path: base + [1], nextHop: "10.0.0.50", localPreference: 50)),
        loser: .init(number: 3, attributes: attributes(path: base, nextHop: "10.0.0.51", localPreference: 500)),
        unreachable: ["10.0.0.51"]),
    DecisionCase(
        step: .localPreference,
        winner: .init(
            number: 9, attributes: attributes(path: base + [1], nextHop: "10.0.0.50", localPreference: 101)),
        loser: .init(number: 3, attributes: attributes(path: base, localPreference: 100))),
    DecisionCase(
        step: .asPathLength,
        winner: .init(number: 9, attributes: attributes(path: base, localPreference: 100, origin: .incomplete)),
        loser: .init(number: 3, attributes: attributes(path: base + [1], localPreference: 100))),
    DecisionCase(
        step: .origin,
        winner: .init(number: 9, attributes: attributes(path: base, med: 9, localPreference: 100, origin: .igp)),
        loser: .init(number: 3, attributes: attributes(path: base, localPreference: 100, origin: .egp))),
    DecisionCase(
        step: .multiExitDiscriminator,
        winner: .init(number: 9, identifier: "10.9.9.9", attributes: attributes(path: base, localPreference: 100)),
        loser: .init(
            relation: .peer, asn: 65100, number: 3, identifier: "10.9.9.1", attributes: attributes(path: base, med: 1))),
    DecisionCase(
        step: .externalOverInternal,
        winner: .init(
            relation: .provider, asn: 65100, number: 9,
            attributes: attributes(path: base, nextHop: "10.0.0.50")),
        loser: .init(
            number: 3, identifier: "10.9.9.1", attributes: attributes(path: base, localPreference: 100)),
        metrics: ["10.0.0.50": 20]),
    DecisionCase(
        step: .interiorMetric,
        winner: .init(
            number: 9, attributes: attributes(path: base, nextHop: "10.0.0.50", localPreference: 100)),
        loser: .init(
            number: 3, identifier: "10.9.9.1",
            attributes: attributes(path: base, nextHop: "10.0.0.51", localPreference: 100)),
        metrics: ["10.0.0.50": 5, "10.0.0.51": 6]),
    DecisionCase(
        step: .identifier,
        winner: .init(
            number: 9, identifier: "10.9.9.1",
            attributes: attributes(path: base, localPreference: 100, clusters: ["1.1.1.1"])),
        loser: .init(number: 3, identifier: "10.9.9.2", attributes: attributes(path: base, localPreference: 100))),
    // ORIGINATOR_ID stands for the identifier.
    DecisionCase(
        step: .identifier,
        winner: .init(
            number: 9, identifier: "10.9.9.9",
            attributes: attributes(path: base, localPreference: 100, originator: "10.9.0.1", clusters: ["1.1.1.1"])),
        loser: .init(number: 3, identifier: "10.9.9.2", attributes: attributes(path: base, localPreference: 100))),
    DecisionCase(
        step: .clusterListLength,
        winner: .init(
            number: 9, identifier: "10.9.9.9",
            attributes: attributes(path: base, localPreference: 100, originator: "10.9.0.1", clusters: ["1.1.1.1"])),
        loser: .init(
            number: 3, identifier: "10.9.9.2",
            attributes: attributes(
                path: base, localPreference: 100, originator: "10.9.0.1", clusters: ["1.1.1.1", "2.2.2.2"]))),
    DecisionCase(
        step: .peerAddress,
        winner: .init(number: 3, attributes: attributes(path: base, localPreference: 100)),
        loser: .init(number: 9, attributes: attributes(path: base, localPreference: 100))),
]

@Suite struct DecisionTests {
    @Test("each step alone separates two routes, in either order of arrival", arguments: cases, [false, true])
    func step(_ decision: DecisionCase, loserFirst: Bool) {
        var bench = Bench()
        for (address, metric) in decision.metrics { bench.metrics[.v4(v4(address))] = metric }
        bench.unreachable = Set(decision.unreachable.map { .v4(v4($0)) })
        var ids: [PeerID] = []
        let sides = loserFirst ? [decision.loser, decision.winner] : [decision.winner, decision.loser]
        for side in sides {
            // A peer's preference would decide before the step under test does.
            let id = bench.peer(
                side.relation, side.number, asn: side.asn, identifier: side.identifier,
                preference: side.relation == .internal ? nil : 100)
            bench.announce(side.attributes, from: id)
            ids.append(id)
        }
        let change = bench.settle()
        let winner = ids[loserFirst ? 1 : 0]
        #expect(change.map(\.route?.peer) == [winner])
        #expect(bench.table.best(for: prefix("192.0.2.0/24"))?.step == decision.step)
        let views = bench.table.routes(to: prefix("192.0.2.0/24"))
        #expect(views.map(\.peer) == [winner, ids[loserFirst ? 0 : 1]])
        #expect(views.map(\.isBest) == [true, false])
        #expect(views.map(\.lostAt) == [nil, decision.step])
    }

    @Test("every step has a case")
    func complete() {
        let tested = Set(cases.map(\.step)).union([.onlyRoute, .originatedHere, .oldestExternal, .pathIdentifier])
        #expect(tested == Set(DecisionStep.allCases))
    }

    @Test("a single route is best for being the only one; an unreachable one is not")
    func single() {
        var bench = Bench()
        let id = bench.peer(.provider, 2)
        bench.unreachable = [.v4(v4("10.0.0.66"))]
        bench.announce(attributes(path: base), from: id)
        #expect(bench.settle().first?.route?.step == .onlyRoute)
        bench.announce(attributes(path: base, nextHop: "10.0.0.66"), from: id)
        #expect(bench.settle().map(\.route) == [nil])
    }

    @Test("our own route wins over any preference, and gives way when it is withdrawn")
    func originated() {
        var bench = Bench()
        let id = bench.peer(.customer, 2, preference: .max)
        bench.announce(attributes(path: [65002]), from: id)
        bench.settle()
        bench.table.originate(prefix("192.0.2.0/24"))
        let route = bench.settle().first?.route
        #expect(route?.peer == .local)
        #expect(route?.step == .originatedHere)
        bench.table.withdrawOriginated(prefix("192.0.2.0/24"))
        #expect(bench.settle().first?.route?.peer == id)
    }

    @Test("a set counts as one AS, confederation segments as none")
    func pathLength() {
        func winner(_ first: [ASPath.Segment], _ second: [ASPath.Segment]) -> Bool {
            var bench = Bench()
            let ids = [bench.peer(.provider, 9), bench.peer(.provider, 3)]
            for (id, segments) in zip(ids, [first, second]) {
                var route = attributes(path: [])
                route.asPath = ASPath(segments)
                bench.announce(route, from: id)
            }
            let change = bench.settle().first?.route
            return change?.peer == ids[0] && change?.step == .asPathLength
        }
        let many = (1...9).map { ASN($0) }
        let two = ASPath.Segment(.sequence, [ASN(1), ASN(2)])
        let three = ASPath.Segment(.sequence, [ASN(1), ASN(2), ASN(3)])
        #expect(winner([.init(.sequence, [ASN(1)]), .init(.set, many)], [three]))
        #expect(winner([.init(.confederationSequence, many), .init(.confederationSet, many), two], [three]))
    }

    /// RFC 4451, section 2: with MULTI_EXIT_DISC compared pair by pair, the best of these would hang on their order.
    @Test("MULTI_EXIT_DISC gives one winner for every order of arrival")
    func deterministicMED() {
        struct Route {
            var number: UInt8
            var identifier: String
            var attributes: PathAttributes
        }
        let routes = [
            Route(
                number: 2, identifier: "10.9.9.2",
                attributes: attributes(path: [65100, 1], nextHop: "10.0.1.1", med: 100, localPreference: 100)),
            Route(
                number: 3, identifier: "10.9.9.1",
                attributes: attributes(path: [65200, 1], nextHop: "10.0.1.2", med: 5, localPreference: 100)),
            Route(
                number: 4, identifier: "10.9.9.4",
                attributes: attributes(path: [65100, 2], nextHop: "10.0.1.3", med: 10, localPreference: 100)),
            Route(
                number: 5, identifier: "10.9.9.3",
                attributes: attributes(path: [65200, 2], nextHop: "10.0.1.4", med: 50, localPreference: 100)),
        ]
        var orders = 0
        for order in permutations(Array(routes.indices)) {
            for churn in [false, true] {
                var bench = Bench()
                // The metric prefers the route that loses by MED inside its own AS.
                bench.metrics = [
                    .v4(v4("10.0.1.1")): 1, .v4(v4("10.0.1.2")): 3, .v4(v4("10.0.1.3")): 2, .v4(v4("10.0.1.4")): 1,
                ]
                let ids = routes.map { bench.peer(.internal, $0.number, identifier: $0.identifier) }
                for index in order {
                    bench.announce(routes[index].attributes, from: ids[index])
                    if churn { bench.settle() }
                }
                bench.settle()
                let best = bench.table.best(for: prefix("192.0.2.0/24"))
                #expect(best?.peer == ids[2])
                #expect(best?.step == .interiorMetric)
                #expect(
                    bench.table.routes(to: prefix("192.0.2.0/24")).map(\.peer) == [ids[2], ids[1], ids[0], ids[3]])
                orders += 1
            }
        }
        #expect(orders == 48)
    }

    @Test("a route that has lost by its length takes no other out by MULTI_EXIT_DISC")
    func lostRouteHasNoMED() {
        var bench = Bench()
        let long = bench.peer(.internal, 2)
        let first = bench.peer(.internal, 3)
        let second = bench.peer(.internal, 4)
        bench.announce(attributes(path: [65100, 1, 2], med: 0, localPreference: 100), from: long)
        bench.announce(attributes(path: [65100, 1], med: 10, localPreference: 100), from: first)
        bench.announce(attributes(path: [65200, 1], med: 20, localPreference: 100), from: second)
        #expect(bench.settle().map(\.route?.peer) == [first])
        #expect(bench.table.routes(to: prefix("192.0.2.0/24")).map(\.lostAt) == [nil, .identifier, .asPathLength])
    }

    @Test("MULTI_EXIT_DISC of different neighbouring ASes is not compared; none counts as 0")
    func separateMED() {
        var bench = Bench()
        let high = bench.peer(.provider, 2)
        let low = bench.peer(.provider, 3)
        bench.announce(attributes(path: [65002, 1], med: 900), from: high)
        bench.announce(attributes(path: [65003, 1], med: 1), from: low)
        bench.settle()
        #expect(bench.table.best(for: prefix("192.0.2.0/24"))?.peer == high)
        #expect(bench.table.best(for: prefix("192.0.2.0/24"))?.step == .identifier)
        bench.announce(attributes(path: [65002, 1], med: 0), from: high)
        bench.announce(attributes(path: [65002, 1]), from: low)
        bench.settle()
        #expect(bench.table.best(for: prefix("192.0.2.0/24"))?.step == .identifier)
    }
}

/// All orders of the elements.
func permutations<Element>(_ elements: [Element]) -> [[Element]] {
    guard elements.count > 1 else { return [elements] }
    return elements.indices.flatMap { index in
        var rest = elements
        let first = rest.remove(at: index)
        return permutations(rest).map { [first] + $0 }
    }
}
