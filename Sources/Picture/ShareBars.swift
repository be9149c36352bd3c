/// How the clients of a service divide among its sites, a bar each.
public enum ShareBars {
    /// The part of one site.
    public struct Share: Hashable, Sendable {
        /// The site; nil for clients that none serves.
        public let site: String?
        /// How many clients it serves.
        public let clients: Int

        /// Makes a part.
        public init(site: String?, clients: Int) {
            self.site = site
            self.clients = clients
        }
    }

    private static let width = 640.0
    private static let rowHeight = 24.0

    /// The bars as an SVG document, in the order of `shares`.
    public static func svg(title: String, _ shares: [Share], marks: SiteMarks) -> String {
        let total = max(1, shares.map(\.clients).reduce(0, +))
        let most = Double(max(1, shares.map(\.clients).max() ?? 1))
        let names = shares.map { $0.site ?? "no site" }
        let left = 40 + (names.map { Style.width(of: $0, size: Style.textSize) }.max() ?? 0)
        let room = width - left - 130
        var svg = SVG()
        svg.text(title, Point(16, 26), class: "heading")
        for (number, share) in shares.enumerated() {
            let y = 44 + Double(number) * rowHeight
            let centre = Point(24, y + 9)
            let bar = Box(x: left, y: y, width: max(1, room * Double(share.clients) / most), height: 18)
            if let mark = share.site.flatMap({ marks[$0] }) {
                svg.path(mark.outline(centre, radius: 6), class: "site " + mark.fill)
                svg.rectangle(bar, class: mark.fill)
            } else {
                svg.path(Mark.cross(centre, radius: 5), class: "lost")
                svg.rectangle(bar, class: share.site == nil ? "mark" : "dot")
            }
            svg.text(names[number], Point(38, y + 13.5))
            let percent = SVG.number(100 * Double(share.clients) / Double(total))
            svg.text("\(share.clients), \(percent) %", Point(bar.x + bar.width + 8, y + 13.5))
        }
        let words = zip(names, shares).map { "\($0): \($1.clients)" }.joined(separator: ", ")
        return svg.document(
            width: width, height: 54 + Double(shares.count) * rowHeight, title: title, description: words)
    }
}
