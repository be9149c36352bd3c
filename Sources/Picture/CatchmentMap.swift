public import LabModel

/// A map of the world with the sites of a service, its clients by the site that serves them, and the ways of their packets.
public struct CatchmentMap: Sendable {
    /// The way of one client.
    public struct Way: Sendable {
        /// The client.
        public let client: Node
        /// The site that serves it; nil when none does.
        public let site: Node?
        /// The nodes on the way to the site, after the client.
        public let nodes: [Node]

        /// Makes a way.
        public init(client: Node, site: Node?, nodes: [Node]) {
            self.client = client
            self.site = site
            self.nodes = nodes
        }
    }

    let title: String
    let subtitle: String
    /// All sites of the service, in the order of the lab file.
    let sites: [Node]
    let ways: [Way]
    let serving: Set<Int>
    let marks: SiteMarks

    static let width = 960.0
    static let margin = 16.0
    static let siteRadius = 7.0
    static let clientRadius = 4.5
    /// Of more sites than this, only those that serve a client have a mark of their own.
    private static let mostMarks = 64

    /// A map with a heading, and below it how the catchments were found.
    public init(title: String, subtitle: String, sites: [Node], ways: [Way]) {
        self.title = title
        self.subtitle = subtitle
        self.sites = sites
        self.ways = ways
        let serving = Set(ways.compactMap { $0.site?.index })
        self.serving = serving
        marks = SiteMarks(
            sites.filter { sites.count <= Self.mostMarks || serving.contains($0.index) }.map(\.name))
    }

    /// The map as an SVG document.
    public var svg: String {
        let places = sites.map(\.place) + ways.flatMap { [$0.client.place] + $0.nodes.map(\.place) }
        let steps = ways.flatMap { way in
            zip([way.client] + way.nodes, way.nodes).map { ($0.place, $1.place) }
        }
        let frame = MapFrame(
            places, steps: steps, origin: Point(Self.margin, 62), width: Self.width - 2 * Self.margin)
        var svg = SVG()
        svg.text(title, Point(Self.margin, 28), class: "heading")
        svg.text(subtitle, Point(Self.margin, 48), class: "faint")
        drawLand(frame, &svg)
        var drawing = MapDrawing(self, frame)
        drawing.draw(&svg)
        let legend = MapLegend(self)
        let top = frame.box.y + frame.box.height + 26
        legend.draw(at: Point(Self.margin, top), hidden: drawing.namesLeftOut, &svg)
        return svg.document(
            width: Self.width, height: top + legend.height, title: title, description: subtitle + ". " + legend.text)
    }

    private func drawLand(_ frame: MapFrame, _ svg: inout SVG) {
        let box = frame.box
        svg.rectangle(box, class: "sea")
        let numbers = [box.x, box.y, box.width, box.height].map(SVG.number)
        svg.group(
            [
                "x": numbers[0], "y": numbers[1], "width": numbers[2], "height": numbers[3],
                "viewBox": numbers.joined(separator: " "),
            ], name: "svg"
        ) { inner in
            inner.path(frame.land(), class: "land")
            drawWays(frame, &inner)
        }
    }

    /// A step that several ways share is drawn once for each site, side by side, and wider the more there are.
    private func drawWays(_ frame: MapFrame, _ svg: inout SVG) {
        var counts: [Step: [String: Int]] = [:]
        var order: [Step] = []
        var nodes: [Int: Node] = [:]
        for way in ways {
            guard let site = way.site, marks[site.name] != nil else { continue }
            for (a, b) in zip([way.client] + way.nodes, way.nodes) where a.place != b.place {
                (nodes[a.index], nodes[b.index]) = (a, b)
                let step = Step(low: min(a.index, b.index), high: max(a.index, b.index))
                if counts[step] == nil { order.append(step) }
                counts[step, default: [:]][site.name, default: 0] += 1
            }
        }
        for step in order {
            guard let a = nodes[step.low]?.place, let b = nodes[step.high]?.place, let sites = counts[step] else {
                continue
            }
            for (number, (site, count)) in sites.sorted(by: { $0.key < $1.key }).enumerated() {
                guard let mark = marks[site] else { continue }
                let aside = (Double(number) - Double(sites.count - 1) / 2) * 3
                let data = frame.lines(from: a, to: b).map { SVG.line(Self.shifted($0, $1, by: aside)) }.joined()
                svg.path(data, class: "way " + mark.stroke, width: min(4, 1.2 + 0.3 * Double(count)))
            }
        }
    }

    private struct Step: Hashable {
        let low: Int
        let high: Int
    }

    private static func shifted(_ a: Point, _ b: Point, by distance: Double) -> [Point] {
        let way = b - a
        guard way.length > 0 else { return [a, b] }
        let aside = Point(-way.y, way.x) * (distance / way.length)
        return [a + aside, b + aside]
    }
}
