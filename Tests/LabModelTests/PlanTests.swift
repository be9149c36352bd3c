import Net
import Testing

@testable import LabModel

/// The address plan at its limits, names of interfaces, and the shape of a backbone.
struct PlanTests {
    /// Every block lies inside what services may not use, and no two touch.
    @Test(arguments: [
        (1, 1, 1, 1), (127, 10, 8, 20), (128, 3, 4, 5), (500, 100, 30, 60), (4000, 2000, 1, 100), (3, 3, 1, 3000),
    ])
    func blocksDoNotOverlap(_ networks: Int, _ sites: Int, _ routers: Int, _ links: Int) throws {
        let plan = try Addressing(networks: networks, sites: sites, mostRouters: routers, mostLinks: links)
        var all: [IPPrefix] = []
        for network in [0, 1, networks / 2, networks - 1] where network < networks {
            all += plan.prefixes(ofNetwork: network)
        }
        for site in [0, 1, sites / 2, sites - 1] where site < sites { all += plan.prefixes(ofSite: site) }
        let unique = Set(all)
        for one in unique {
            #expect(Addressing.reserved.contains { $0.contains(one) }, "\(one)")
            #expect(!unique.contains { $0 != one && $0.overlaps(one) }, "\(one)")
        }
        for network in [0, networks - 1] {
            for router in Set([0, routers - 1]) {
                let blocks = plan.prefixes(ofRouter: router, inNetwork: network)
                #expect(zip(plan.prefixes(ofNetwork: network), blocks).allSatisfy { $0.contains($1) })
                let loopback = plan.loopback(ofRouter: router, inNetwork: network)
                let last = plan.link(links - 1, ofRouter: router, inNetwork: network)
                #expect(blocks[0].contains(.v4(loopback.0)) && blocks[1].contains(.v6(loopback.1)))
                #expect(blocks[0].contains(.v4(IPv4Address(rawValue: last.0.rawValue + 1))))
                #expect(blocks[1].contains(.v6(last.1)) && loopback.0 < last.0)
            }
            #expect(
                routers == 1
                    || !plan.prefixes(ofRouter: 0, inNetwork: network)[0].overlaps(
                        plan.prefixes(ofRouter: 1, inNetwork: network)[0])
            )
        }
    }

    @Test func theTextOfThePlanIsTrue() throws {
        let plan = try Addressing(networks: 2, sites: 2, mostRouters: 2, mostLinks: 3)
        #expect(plan.prefixes(ofNetwork: 0).map(\.description) == ["10.1.0.0/16", "2001:db8:1001::/48"])
        #expect(plan.prefixes(ofRouter: 1, inNetwork: 0).map(\.description) == ["10.1.1.0/24", "2001:db8:1001:1::/64"])
        #expect(plan.prefixes(ofSite: 0).map(\.description) == ["10.128.1.0/24", "2001:db8:8001::/48"])
        #expect(plan.link(0, ofRouter: 1, inNetwork: 0).0.description == "10.1.1.2")
        #expect(plan.link(2, ofRouter: 1, inNetwork: 0).1.description == "2001:db8:1001:1::6")
        #expect(plan.loopback(ofSite: 1).1.description == "2001:db8:8002::1")
    }

    @Test(arguments: [
        (1 << 15, 1, 1, 1), (200, 1, 1000, 100), (1, 32767, 1, 1), (1, 1, 1, 1 << 22), (1 << 40, 1, 1, 1),
    ])
    func whatDoesNotFitIsRefused(_ networks: Int, _ sites: Int, _ routers: Int, _ links: Int) {
        #expect(throws: TopologyError.self) {
            try Addressing(networks: networks, sites: sites, mostRouters: routers, mostLinks: links)
        }
    }

    @Test func theLargestThatFits() throws {
        _ = try Addressing(networks: 0x6FFF, sites: 32766, mostRouters: 1, mostLinks: 1)
        _ = try Addressing(networks: 1, sites: 0, mostRouters: 64, mostLinks: 1000)
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
        var random = Generator(seed: UInt64(count))
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
        var random = Generator(seed: 3)
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
