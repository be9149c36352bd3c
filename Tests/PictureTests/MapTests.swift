import LabModel
import TestSupport
import Testing

@testable import Picture

@Suite("Maps of catchments")
struct MapTests {
    let topology: Topology

    init() throws { topology = try smallTopology() }

    private func node(_ name: String) throws -> Node { try #require(topology.node(named: name)) }

    @Test("A map names the sites, the client, the shares, and says all in words") func words() throws {
        let ways = [
            CatchmentMap.Way(
                client: try node("home"), site: try node("london"), nodes: [try node("edge-lhr"), try node("london")])
        ]
        let map = CatchmentMap(
            title: "a < b & \"c\"\u{1}", subtitle: "Predicted", sites: [try node("london"), try node("singapore")],
            ways: ways)
        let svg = map.svg
        #expect(whatIsWrong(withXML: svg) == nil)
        #expect(svg.contains("a &lt; b &amp; &quot;c&quot;\u{FFFD}"))
        for text in [
            ">london</text>", ">singapore</text>", ">home</text>", "1 of 1, 100 %", "1 of 2 sites serve no client",
        ] {
            #expect(svg.contains(text), "\(text)")
        }
        #expect(svg.contains("<title>client home, London: london</title>"))
        #expect(svg.contains("@media screen and (prefers-color-scheme:dark)"))
        // Pictures stand together in one page, where an id would have to be the only one.
        #expect(!svg.contains(" id=\""))
    }

    @Test("A client without a site has a cross, and a line in the legend") func lost() throws {
        let ways = [CatchmentMap.Way(client: try node("home"), site: nil, nodes: [try node("edge-lhr")])]
        let svg = CatchmentMap(title: "t", subtitle: "s", sites: [try node("london")], ways: ways).svg
        #expect(whatIsWrong(withXML: svg) == nil)
        #expect(svg.contains(">no site</text>") && svg.contains("class=\"lost\"") && !svg.contains("class=\"way"))
    }

    @Test("Marks are told apart by colour and shape together, and each also without colour from its neighbours")
    func marks() {
        let all = (0..<64).map { Mark($0).fill + Mark($0).outline(Point(0, 0), radius: 5) }
        #expect(Set(all).count == 64)
        let shapes = (0..<8).map { Mark($0).outline(Point(0, 0), radius: 5) }
        #expect(Set(shapes).count == 8)
        #expect(Mark(-1) == Mark(0))
    }

    @Test("No two names lie over each other, or over a mark, however many there are in one place") func names() {
        var random = SeededGenerator(6)
        for crowd in [Box(x: 100, y: 100, width: 600, height: 300), Box(x: 300, y: 200, width: 30, height: 30)] {
            let bounds = Box(x: 0, y: 0, width: 800, height: 500)
            var labels = Labels(bounds: bounds)
            let marks = (0..<60).map { _ in
                labels.moveAside(
                    Point(
                        Double.random(in: crowd.x...(crowd.x + crowd.width), using: &random),
                        Double.random(in: crowd.y...(crowd.y + crowd.height), using: &random)), radius: 5)
            }
            let boxes = marks.enumerated().compactMap { number, mark in
                labels.place("site-\(number)", at: mark, radius: 5, size: 12, reach: 60)?.box
            }
            #expect(boxes.count > 10)
            for (index, box) in boxes.enumerated() {
                #expect(bounds.contains(box))
                #expect(!boxes.dropFirst(index + 1).contains { $0.intersects(box) })
                #expect(!marks.contains { Box(around: $0, radius: 4.9).intersects(box) })
            }
        }
    }

    @Test(
        "Numbers are short, and never nonsense",
        arguments: [
            (0.0, "0"), (-0.04, "0"), (1.25, "1.3"), (-0.5, "-0.5"), (12.0, "12"), (.nan, "0"), (.infinity, "0"),
        ])
    func numbers(value: Double, text: String) { #expect(SVG.number(value) == text) }
}
