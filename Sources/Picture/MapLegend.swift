import LabModel

/// What the marks of a map mean, and how the clients divide among the sites.
struct MapLegend {
    private let map: CatchmentMap
    private let entries: [Entry]

    private struct Entry {
        let site: String?
        let clients: Int
    }

    private static let columnWidth = 232.0
    private static let lineHeight = 21.0

    init(_ map: CatchmentMap) {
        self.map = map
        let counts = Dictionary(grouping: map.ways, by: { $0.site?.name }).mapValues(\.count)
        entries = counts.map { Entry(site: $0, clients: $1) }.sorted {
            ($1.clients, $0.site ?? "~") < ($0.clients, $1.site ?? "~")
        }
    }

    private var lines: Int { (entries.count + columns - 1) / columns }
    private var columns: Int { max(1, Int((CatchmentMap.width - 2 * CatchmentMap.margin) / Self.columnWidth)) }
    /// From the top to the lower edge of the picture.
    var height: Double { Double(lines) * Self.lineHeight + 46 }

    /// The shares in words.
    var text: String { entries.map { "\($0.site ?? "no site"): \(share($0))" }.joined(separator: ", ") }

    func draw(at corner: Point, hidden: Int, _ svg: inout SVG) {
        for (number, entry) in entries.enumerated() {
            let x = corner.x + Double(number / lines) * Self.columnWidth
            let point = Point(x + 9, corner.y + Double(number % lines) * Self.lineHeight)
            if let mark = entry.site.flatMap({ map.marks[$0] }) {
                svg.path(mark.outline(point, radius: 6), class: "site " + mark.fill)
            } else {
                svg.path(Mark.cross(point, radius: 5), class: "lost")
            }
            svg.text(entry.site ?? "no site", point + Point(14, 4.5), class: "strong")
            svg.text(share(entry), Point(x + Self.columnWidth - 16, point.y + 4.5), .end)
        }
        let bottom = corner.y + Double(lines) * Self.lineHeight
        let idle = map.sites.count - map.serving.count
        svg.text(
            "Large: a site. Small, of the same shape: a client that it serves. Dot: a router. Lines: the way of the packets, wider for more clients."
                + (idle > 0 ? " \(idle) of \(map.sites.count) sites serve no client." : ""),
            Point(corner.x, bottom + 4), class: "small faint")
        svg.text(
            (hidden > 0 ? "\(hidden) names found no room. " : "") + "Land: Natural Earth.",
            Point(corner.x, bottom + 20), class: "small faint")
    }

    private func share(_ entry: Entry) -> String {
        let percent = SVG.number(100 * Double(entry.clients) / Double(max(1, map.ways.count)))
        return "\(entry.clients) of \(map.ways.count), \(percent) %"
    }
}
