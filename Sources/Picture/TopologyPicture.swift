public import LabModel

/// The networks, sites and clients of a lab: providers above their customers, peers beside each other.
public enum TopologyPicture {
    private static let margin = 20.0
    private static let heading = 62.0
    private static let legend =
        "Solid: a provider above its customer. Dashed: peers, siblings, and who is at an exchange point. "
        + "Thick box: sites; round box: clients."

    /// A line of the picture: all links between two boxes that mean the same.
    private struct Relation: Hashable {
        let a: Int
        let b: Int
        let isPeering: Bool
    }

    /// The topology as an SVG document.
    public static func svg(_ topology: Topology) -> String {
        let cards = TopologyCard.all(of: topology)
        let relations = relations(of: topology, cards)
        let layout = LayeredLayout(
            cards.map { LayeredLayout.Item(layer: $0.layer, width: $0.width, height: $0.height) },
            joined: relations.map { ($0.key.a, $0.key.b) })
        // Arcs between peers of the top layer need room above it.
        let topArc =
            zip(relations, layout.lines).map { relation, line in
                cards[relation.key.a].layer == 0 && cards[relation.key.b].layer == 0 ? arcHeight(line) : 0
            }.max() ?? 0
        let origin = Point(margin, heading + topArc)
        var svg = SVG()
        let title = "\(topology.lab.name): networks, sites and clients"
        svg.text(title, Point(margin, 28), class: "heading")
        svg.text(topology.lab.description ?? "", Point(margin, 48), class: "faint")
        let boxes = layout.boxes.map {
            Box(x: $0.x + origin.x, y: $0.y + origin.y, width: $0.width, height: $0.height)
        }
        var labels = Labels(bounds: Box(x: 0, y: 0, width: layout.width + 2 * margin, height: 1e6))
        for box in boxes { labels.keepFree(box) }
        var names: [(String, Point)] = []
        for (relation, line) in zip(relations, layout.lines) {
            let points = line.map { $0 + origin }
            let isLevel = cards[relation.key.a].layer == cards[relation.key.b].layer
            let style = "edge" + (relation.key.isPeering ? " peer" : "")
            svg.path(isLevel ? arc(points, boxes[relation.key.a]) : SVG.line(points), class: style)
            names.append((relation.delays, isLevel ? arcTop(points, boxes[relation.key.a]) : middle(points)))
        }
        for (card, box) in zip(cards, boxes) { card.draw(box, &svg) }
        for (text, point) in names {
            guard let room = labels.place(text, at: point, radius: 0, size: Style.smallTextSize, reach: 14) else {
                continue
            }
            svg.text(text, room, class: "small faint halo")
        }
        let bottom = origin.y + layout.height + 26
        svg.text(legend, Point(margin, bottom), class: "small faint")
        let widths = [
            Style.width(of: legend, size: Style.smallTextSize), Style.width(of: title, size: 17, isStrong: true),
            Style.width(of: topology.lab.description ?? "", size: Style.textSize), layout.width,
        ]
        return svg.document(
            width: (widths.max() ?? 0) + 2 * margin, height: bottom + 14, title: title,
            description: topology.lab.description ?? title)
    }

    private static func relations(
        of topology: Topology, _ cards: [TopologyCard]
    ) -> [(key: Relation, delays: String)] {
        var cardOf: [Int: Int] = [:]
        for (number, card) in cards.enumerated() { for node in card.nodes { cardOf[node] = number } }
        var delays: [Relation: [Int64]] = [:]
        var order: [Relation] = []
        for link in topology.links where link.kind != .interior {
            guard let a = cardOf[link.a.node], let b = cardOf[link.b.node], a != b else { continue }
            let isPeering = [.exterior(.peer), .exterior(.sibling), .port].contains(link.kind)
            let relation = Relation(a: min(a, b), b: max(a, b), isPeering: isPeering)
            if delays[relation] == nil { order.append(relation) }
            delays[relation, default: []].append(link.quality.delay)
        }
        return order.map { ($0, range(delays[$0] ?? [])) }
    }

    /// `5 ms`, or `0.2 to 31.4 ms` for several links.
    private static func range(_ delays: [Int64]) -> String {
        func milliseconds(_ delay: Int64) -> String { SVG.number(Double(delay) / 1e6) }
        let (least, most) = (milliseconds(delays.min() ?? 0), milliseconds(delays.max() ?? 0))
        return (least == most ? least : least + " to " + most) + " ms"
    }

    private static func middle(_ points: [Point]) -> Point {
        let place = (points.count - 1) / 2
        guard place + 1 < points.count else { return points.first ?? Point(0, 0) }
        return (points[place] + points[place + 1]) * 0.5
    }

    // MARK: Peers beside each other

    /// How far an arc rises over the upper edges of the boxes that it joins: the farther apart they are, the higher.
    private static func arcHeight(_ line: [Point]) -> Double {
        min(60, 14 + abs((line.last?.x ?? 0) - (line.first?.x ?? 0)) / 18)
    }

    private static func arcTop(_ points: [Point], _ box: Box) -> Point {
        let (a, b) = (points.first ?? Point(0, 0), points.last ?? Point(0, 0))
        return Point((a.x + b.x) / 2, box.y - arcHeight(points) * 0.75)
    }

    private static func arc(_ points: [Point], _ box: Box) -> String {
        let (a, b) = (points.first ?? Point(0, 0), points.last ?? Point(0, 0))
        let rise = box.y - arcHeight(points)
        let inwards = (b.x - a.x) / 6
        return "M\(SVG.pair(Point(a.x, box.y)))C\(SVG.pair(Point(a.x + inwards, rise))) "
            + "\(SVG.pair(Point(b.x - inwards, rise))) \(SVG.pair(Point(b.x, box.y)))"
    }
}
