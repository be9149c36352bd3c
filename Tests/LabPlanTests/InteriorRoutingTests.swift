import LabModel
@testable import LabPlan
import Net
import TestSupport
import Testing

@Suite struct InteriorRoutingTests {
    @Test("Routes are those that trying every way finds, whatever fails", arguments: 1...40)
    func againstBruteForce(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let topology = try randomTopology(&random)
        for failing in [0.0, 0.1, 0.3, 0.6] {
            let down = Set(topology.links.indices.filter { _ in Double.random(in: 0..<1, using: &random) < failing })
            let routes = InteriorRouting.routes(topology) { !down.contains($0.index) }
            #expect(Set(routes) == everyWay(topology, down: down))
            #expect(Set(routes).count == routes.count)
            #expect(routes == InteriorRouting.routes(topology) { !down.contains($0.index) })
            #expect(follow(routes, topology))
        }
    }

    @Test("Only links of the interior count") func kinds() throws {
        let topology = try smallTopology()
        let routes = InteriorRouting.routes(topology) { _ in true }
        #expect(routes.map(\.node) == [0, 1] && routes.map(\.destination) == [1, 0] && routes.map(\.link) == [1, 1])
        #expect(routes.allSatisfy { Int64($0.metric) == topology.links[1].quality.delay / 1000 })
        #expect(InteriorRouting.routes(topology) { $0.index != 1 }.isEmpty)
        #expect(InteriorRouting.routes(topology) { $0.index == 1 } == routes)
    }

    @Test("A link without delay still costs something, so that no way is without end") func freeLinks() throws {
        var random = SeededGenerator(99)
        var lab = try randomTopology(&random).lab
        for index in lab.links.indices { lab.links[index].delay = 0 }
        let topology = try Topology(lab)
        let routes = InteriorRouting.routes(topology) { _ in true }
        #expect(routes.allSatisfy { $0.metric > 0 } && follow(routes, topology))
    }

    /// One or two networks of up to ten routers; delays are small whole milliseconds, so that equal ways abound.
    private func randomTopology(_ random: inout SeededGenerator) throws -> Topology {
        func place() -> Place {
            Place(
                code: nil, name: "p", country: nil, latitude: .random(in: -80...80, using: &random),
                longitude: .random(in: -180...180, using: &random))
        }
        let networks = (0..<Int.random(in: 1...2, using: &random)).map { number in
            Network(
                name: "n\(number)", asn: ASN(UInt32(65001 + number)),
                cities: (0..<Int.random(in: 1...10, using: &random)).map { _ in place() },
                relations: number == 0 ? [] : [Relation(network: "n0", kind: .peer)], timers: TimerOverrides())
        }
        var rules: [LinkRule] = []
        for network in networks {
            let names = network.cities.indices.map { "\(network.name)-\($0 + 1)" }
            for (position, first) in names.enumerated() {
                for second in names[(position + 1)...] {
                    var rule = LinkRule(between: first, and: second)
                    rule.delay = Int64.random(in: 1...4, using: &random) * 1_000_000
                    rules.append(rule)
                }
            }
        }
        return try Topology(
            Lab(
                name: "random", description: nil, timers: .fast, networks: networks, services: [], sites: [],
                clients: [],
                links: rules))
    }

    /// Floyd and Warshall for the distances; a route's link is the lowest that is on a way of that distance.
    private func everyWay(_ topology: Topology, down: Set<Int>) -> Set<InteriorRoute> {
        let count = topology.nodes.count
        let links = topology.links.filter { $0.kind == .interior && !down.contains($0.index) }
        var distance = [[Int64?]](repeating: [Int64?](repeating: nil, count: count), count: count)
        func cost(_ link: Link) -> Int64 { link.quality.delay / 1000 }
        for node in 0..<count { distance[node][node] = 0 }
        for link in links {
            for (from, to) in [(link.a.node, link.b.node), (link.b.node, link.a.node)] {
                distance[from][to] = min(distance[from][to] ?? .max, cost(link))
            }
        }
        for middle in 0..<count {
            for from in 0..<count {
                for to in 0..<count {
                    guard let first = distance[from][middle], let second = distance[middle][to] else { continue }
                    distance[from][to] = min(distance[from][to] ?? .max, first + second)
                }
            }
        }
        var routes: Set<InteriorRoute> = []
        for from in 0..<count {
            for to in 0..<count where from != to {
                guard let whole = distance[from][to] else { continue }
                let first = links.first { link in
                    guard link.end(at: from) != nil else { return false }
                    return distance[link.end(oppositeTo: from).node][to].map { cost(link) + $0 == whole } ?? false
                }
                guard let first else { continue }
                routes.insert(InteriorRoute(node: from, destination: to, link: first.index, metric: UInt32(whole)))
            }
        }
        return routes
    }

    /// Whether going from router to router by the routes always arrives.
    private func follow(_ routes: [InteriorRoute], _ topology: Topology) -> Bool {
        var table: [[Int]: Int] = [:]
        for route in routes { table[[route.node, route.destination]] = route.link }
        return routes.allSatisfy { route in
            var node = route.node
            for _ in topology.nodes.indices where node != route.destination {
                guard let link = table[[node, route.destination]] else { return false }
                node = topology.links[link].end(oppositeTo: node).node
            }
            return node == route.destination
        }
    }
}
