import Net
import TestSupport
import Testing

@testable import LabModel

/// The address plan at its limits, names of interfaces, and the shape of a backbone.
struct PlanTests {
    /// Networks of one size, and some that differ from the others.
    private static let layouts: [[Addressing.Demand]] = [
        demands(1, 1, 1), demands(127, 8, 20), demands(128, 4, 5), demands(500, 30, 60), demands(4000, 1, 100),
        demands(3, 1, 3000), demands(40, 8, 400),
        // One giant among many: at the end, in the middle, and two of them.
        demands(300, 2, 20) + demands(1, 200, 500), demands(100, 1, 5) + demands(1, 600, 100) + demands(100, 1, 5),
        demands(1, 500, 1000) + demands(20, 3, 30) + demands(1, 60, 2000),
    ]

    private static func demands(_ count: Int, _ routers: Int, _ links: Int) -> [Addressing.Demand] {
        Array(repeating: .init(routers: routers, links: links), count: count)
    }

    /// Every block lies inside what services may not use, is large enough, and no two touch.
    @Test(arguments: layouts.indices)
    func blocksDoNotOverlap(_ layout: Int) throws {
        let demands = Self.layouts[layout]
        let plan = try Addressing(networks: demands, sites: 2000)
        var all = demands.indices.flatMap { plan.prefixes(ofNetwork: $0) }
        for site in [0, 1, 1999] { all += plan.prefixes(ofSite: site) }
        for one in all { #expect(Addressing.reserved.contains { $0.contains(one) }, "\(one)") }
        // Sorted, prefixes that overlap are neighbours.
        let sorted = all.sorted()
        for (one, next) in zip(sorted, sorted.dropFirst()) { #expect(!one.overlaps(next), "\(one) \(next)") }
        for (network, demand) in demands.enumerated() {
            var routers: [IPPrefix] = []
            for router in Set([0, 1, demand.routers - 1]) where router < demand.routers {
                let blocks = plan.prefixes(ofRouter: router, inNetwork: network)
                #expect(zip(plan.prefixes(ofNetwork: network), blocks).allSatisfy { $0.contains($1) })
                let loopback = plan.loopback(ofRouter: router, inNetwork: network)
                let last = plan.link(demand.links - 1, ofRouter: router, inNetwork: network)
                #expect(blocks[0].contains(.v4(loopback.0)) && blocks[1].contains(.v6(loopback.1)))
                #expect(blocks[0].contains(.v4(IPv4Address(rawValue: last.0.rawValue + 1))))
                #expect(blocks[1].contains(.v6(last.1)) && loopback.0 < last.0)
                routers += blocks
            }
            for one in routers { #expect(routers.count { $0.overlaps(one) } == 1, "\(one)") }
        }
    }

    @Test func theTextOfThePlanIsTrue() throws {
        let plan = try Addressing(networks: Self.demands(2, 2, 3), sites: 2)
        #expect(plan.prefixes(ofNetwork: 0).map(\.description) == ["10.1.0.0/16", "2001:db8:1001::/48"])
        #expect(plan.prefixes(ofRouter: 1, inNetwork: 0).map(\.description) == ["10.1.1.0/24", "2001:db8:1001:1::/64"])
        #expect(plan.prefixes(ofSite: 0).map(\.description) == ["10.128.1.0/24", "2001:db8:8001::/48"])
        #expect(plan.link(0, ofRouter: 1, inNetwork: 0).0.description == "10.1.1.2")
        #expect(plan.link(2, ofRouter: 1, inNetwork: 0).1.description == "2001:db8:1001:1::6")
        #expect(plan.loopback(ofSite: 1).1.description == "2001:db8:8002::1")
    }

    /// One very large network changes nothing for those beside it.
    @Test func aGiantLeavesTheOthersWhereTheyWere() throws {
        let giant = Addressing.Demand(routers: 300, links: 1000)
        let plan = try Addressing(networks: Self.demands(1, 2, 3) + [giant] + Self.demands(1, 2, 3), sites: 0)
        #expect(plan.prefixes(ofNetwork: 0)[0].description == "10.1.0.0/16")
        #expect(plan.prefixes(ofNetwork: 1)[0].description == "10.112.0.0/12")
        #expect(plan.prefixes(ofNetwork: 2)[0].description == "10.3.0.0/16")
        #expect(plan.prefixes(ofRouter: 1, inNetwork: 1)[0].description == "10.112.8.0/21")
        #expect(plan.prefixes(ofRouter: 1, inNetwork: 2)[0].description == "10.3.1.0/24")
        #expect(plan.prefixes(ofNetwork: 1)[1].description == "2001:db8:1002::/48")
    }

    @Test func whatDoesNotFitIsRefused() {
        let large: [([Addressing.Demand], Int)] = [
            (Self.demands(1 << 15, 1, 1), 1), (Self.demands(200, 1000, 100), 1), (Self.demands(1, 1, 1), 32767),
            (Self.demands(1, 1, 1 << 22), 1), (Self.demands(1, 1, 1 << 60), 1), (Self.demands(1, 1 << 60, 1), 1),
        ]
        for (networks, sites) in large {
            #expect(throws: TopologyError.self) { try Addressing(networks: networks, sites: sites) }
        }
    }

    @Test func theLargestThatFits() throws {
        _ = try Addressing(networks: Self.demands(0x6FFF, 1, 1), sites: 32766)
        _ = try Addressing(networks: Self.demands(1, 64, 1000), sites: 0)
    }

    @Test func shortNamesOfInterfacesAreWhole() {
        #expect(InterfaceName.make(towards: "london", taken: []) == "london")
        #expect(InterfaceName.make(towards: "fifteen-letters", taken: []) == "fifteen-letters")
        for name in ["lo", "all", "default"] { #expect(InterfaceName.make(towards: name, taken: []) != name) }
    }

    /// Long names are cut to what the kernel takes, differ although they begin alike, and do not hang on each other.
    @Test func longNamesOfInterfacesDoNotCollide() {
        var taken: Set<String> = []
        for number in 0..<2000 {
            let name = InterfaceName.make(towards: "a-network-with-a-long-name-\(number)", taken: taken)
            #expect(name.utf8.count <= 15 && name.hasPrefix("a-network-w"))
            #expect(taken.insert(name).inserted)
        }
        let one = InterfaceName.make(towards: "sixteen-letters-", taken: [])
        #expect(one == InterfaceName.make(towards: "sixteen-letters-", taken: ["london"]))
        #expect(one != InterfaceName.make(towards: "sixteen-letters-", taken: [one]))
    }

    @Test func interfacesOfANodeAreNamedOnce() throws {
        let topology = try helloTopology()
        for node in topology.nodes {
            let names = topology.links(of: node.index).map(\.end.interface)
            #expect(Set(names).count == names.count && names.allSatisfy { (1...15).contains($0.utf8.count) })
            for (_, end, other) in topology.links(of: node.index) {
                #expect(end.alias == topology.nodes[other.node].name)
            }
        }
    }

    /// A backbone holds together wherever its routers stand, and is neither a tree nor a full mesh.
    @Test(arguments: [2, 3, 4, 7, 20, 60])
    func aBackboneIsConnected(_ count: Int) throws {
        var random = SeededGenerator(UInt64(count))
        for _ in 0..<5 {
            let topology = try Topology(network(at: (0..<count).map { _ in somewhere(&random) }))
            var reached: Set<Int> = [0]
            var open = [0]
            while let node = open.popLast() {
                for (_, _, other) in topology.links(of: node) where reached.insert(other.node).inserted {
                    open.append(other.node)
                }
            }
            #expect(reached.count == count)
            if count <= 3 { #expect(topology.links.count == count * (count - 1) / 2) }
            if count >= 20 { #expect((count...(4 * count)).contains(topology.links.count)) }
        }
    }

    /// Two routers in one place are joined, and the rest hangs on one of them.
    @Test func routersInOnePlaceAreJoined() throws {
        var random = SeededGenerator(3)
        let place = somewhere(&random)
        let topology = try Topology(network(at: [place, place, place, place, somewhere(&random)]))
        var reached: Set<Int> = [0]
        for _ in topology.nodes {
            for link in topology.links where reached.contains(link.a.node) || reached.contains(link.b.node) {
                reached.formUnion([link.a.node, link.b.node])
            }
        }
        #expect(reached.count == 5)
    }

    @Test func labsTravelAsJSONWithoutLoss() throws {
        let lab = try helloTopology().lab
        #expect(try decoded(encoded(lab)) == lab)
    }
}
