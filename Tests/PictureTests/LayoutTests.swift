import LabModel
import TestSupport
import Testing

@testable import Picture

@Suite("Pictures of topologies")
struct LayoutTests {
    /// A random graph in layers.
    private static func layout(_ random: inout SeededGenerator) -> (LayeredLayout, [LayeredLayout.Item], [(Int, Int)]) {
        let items = (0..<40).map { _ in
            LayeredLayout.Item(
                layer: Int.random(in: 0..<5, using: &random), width: Double.random(in: 20...150, using: &random),
                height: Double.random(in: 20...80, using: &random))
        }
        let pairs = (0..<60).map { _ in
            (Int.random(in: 0..<40, using: &random), Int.random(in: 0..<40, using: &random))
        }.filter { $0.0 != $0.1 }
        return (LayeredLayout(items, joined: pairs), items, pairs)
    }

    @Test("No two boxes lie over each other, layers are below each other, and all is inside the picture") func boxes() {
        var random = SeededGenerator(7)
        for _ in 0..<20 {
            let (layout, items, _) = Self.layout(&random)
            for (a, one) in layout.boxes.enumerated() {
                #expect(one.width == items[a].width && one.height == items[a].height)
                #expect(one.x >= -1e-6 && one.x + one.width <= layout.width + 1e-6 && one.y >= 0)
                for (b, other) in layout.boxes.enumerated().dropFirst(a + 1) {
                    #expect(!one.intersects(other), "\(a) \(b)")
                    if items[a].layer < items[b].layer { #expect(one.y + one.height < other.y) }
                }
            }
        }
    }

    @Test("A line leads from the one box to the other, upright through each layer between") func lines() {
        var random = SeededGenerator(8)
        let (layout, items, pairs) = Self.layout(&random)
        #expect(layout.lines.count == pairs.count)
        for (line, pair) in zip(layout.lines, pairs) {
            #expect(line.first == layout.boxes[pair.0].centre && line.last == layout.boxes[pair.1].centre)
            let layers = abs(items[pair.0].layer - items[pair.1].layer)
            #expect(line.count == max(2, 2 * layers))
        }
    }

    @Test("A line over a layer does not go through the boxes of that layer") func bends() {
        // Two above, two below, and three in the middle that a line from above to below must pass.
        let items = [0, 0, 1, 1, 1, 2, 2].map { LayeredLayout.Item(layer: $0, width: 60, height: 40) }
        let layout = LayeredLayout(items, joined: [(0, 2), (0, 3), (1, 4), (0, 6), (2, 5), (1, 5)])
        for line in [layout.lines[3], layout.lines[5]] {
            let (top, bottom) = (line[1], line[2])
            #expect(top.x == bottom.x && top.y < bottom.y)
            let passage = Box(x: top.x - 1, y: top.y, width: 2, height: bottom.y - top.y)
            for box in layout.boxes[2...4] { #expect(!box.intersects(passage), "\(line)") }
        }
    }

    @Test("Nothing gives an empty picture") func empty() {
        let layout = LayeredLayout([], joined: [])
        #expect(layout.width == 0 && layout.height == 0 && layout.boxes.isEmpty)
    }

    @Test("The servers of a site are counted in its box") func servers() throws {
        var lab = smallLab()
        lab.sites[0].servers = 3
        let topology = try Topology(lab)
        let cards = TopologyCard.all(of: topology)
        #expect(cards.first { $0.lines.contains("london") }?.lines == ["london", "site of dns, LHR, 3 servers"])
        #expect(cards.flatMap(\.nodes).sorted() == topology.nodes.map(\.index))
        #expect(!TopologyPicture.svg(topology).contains("london-1"))
    }

    @Test(
        "Providers are above their customers, sites and clients below, and what hangs on the same networks shares a box"
    )
    func cards() throws {
        var lab = smallLab()
        lab.clients.append(Client(name: "work", city: Places.london, provider: "edge"))
        let topology = try Topology(lab)
        let cards = TopologyCard.all(of: topology)
        func layer(_ name: String) throws -> Int { try #require(cards.first { $0.lines.contains(name) }).layer }
        #expect(try layer("core") == 0 && layer("edge") == 1)
        #expect(try layer("london") == 2 && layer("singapore") == 2 && layer("home") == 3)
        #expect(cards.first { $0.lines.contains("home") }?.lines == ["home", "work", "clients, LHR"])
        // Every node is in one box.
        #expect(cards.flatMap(\.nodes).sorted() == topology.nodes.map(\.index))
        let svg = TopologyPicture.svg(topology)
        #expect(whatIsWrong(withXML: svg) == nil)
        for node in topology.nodes where node.kind != .router { #expect(svg.contains(">\(node.name)</text>")) }
        // The legend of a small topology is wider than its boxes, and fits.
        let width = svg.split(separator: " width=\"").dropFirst().first.flatMap { Double($0.prefix { $0 != "\"" }) }
        #expect(try #require(width) > 700)
        for network in lab.networks { #expect(svg.contains(">\(network.name)</text>")) }
    }
}
