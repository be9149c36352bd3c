/// How routing hunts for a way: which best path each router had when, a row of time for each.
public enum PathTimeline {
    /// A time in which a router had the same best path.
    public struct Span: Hashable, Sendable {
        /// When it begins, in milliseconds on the clock of the picture.
        public let from: Double
        /// When it ends.
        public let to: Double
        /// The numbers of the ASes on the path, the nearest first; nil where there is none.
        public let path: [String]?

        /// Makes a span.
        public init(from: Double, to: Double, path: [String]?) {
            self.from = from
            self.to = to
            self.path = path
        }
    }

    /// One router.
    public struct Row: Hashable, Sendable {
        /// What it is called in the picture.
        public let router: String
        /// Its spans, in order.
        public let spans: [Span]

        /// Makes a row.
        public init(router: String, spans: [Span]) {
            self.router = router
            self.spans = spans
        }

        /// The paths one after the other, in words.
        fileprivate var words: String {
            "\(router): " + spans.map { $0.path.map(PathTimeline.text) ?? "no path" }.joined(separator: ", then ")
        }
    }

    private static let width = 960.0
    private static let rowHeight = 24.0

    /// The rows as an SVG document. Paths are written out where they fit.
    public static func svg(title: String, _ rows: [Row], moments: [FailoverTimeline.Moment]) -> String {
        let times = rows.flatMap(\.spans).flatMap { [$0.from, $0.to] } + moments.map(\.time)
        let left = 26 + (rows.map { Style.width(of: $0.router, size: Style.textSize) }.max() ?? 0)
        let axis = Axis(from: times.min() ?? 0, to: times.max() ?? 1, left: left, right: width - 40)
        let top = MomentNames.top(of: moments, axis)
        let bottom = top + Double(rows.count) * rowHeight
        var svg = SVG()
        svg.text(title, Point(16, 26), class: "heading")
        axis.draw(top: top, bottom: bottom, unit: " ms", &svg)
        for (number, row) in rows.enumerated() {
            let y = top + Double(number) * rowHeight + 3
            svg.text(row.router, Point(16, y + 13.5))
            for span in row.spans { draw(span, axis, y, &svg) }
        }
        MomentNames.draw(moments, axis, top: top, bottom: bottom, &svg)
        svg.text(
            "Boxes: the best path, by the numbers of its ASes, or how many they are where there is no room. Thin bars: no path.",
            Point(16, bottom + 38), class: "small faint")
        return svg.document(
            width: width, height: bottom + 52, title: title, description: rows.map(\.words).joined(separator: ". "))
    }

    private static func draw(_ span: Span, _ axis: Axis, _ y: Double, _ svg: inout SVG) {
        let (start, end) = (axis.x(span.from), axis.x(span.to))
        let box = Box(x: start, y: y, width: max(1, end - start), height: 18)
        guard let path = span.path else {
            return svg.rectangle(Box(x: start, y: y + 7, width: box.width, height: 4), class: "gap")
        }
        svg.group([:], title: "\(text(path)), \(SVG.number(span.from)) to \(SVG.number(span.to)) ms") { inner in
            inner.rectangle(box, class: "card")
            let texts = [text(path), path.isEmpty ? "" : "\(path.count)"]
            if let fitting = texts.first(where: { Style.width(of: $0, size: Style.smallTextSize) + 6 < box.width }) {
                inner.text(fitting, Point(start + 4, y + 13), class: "small")
            }
        }
    }

    private static func text(_ path: [String]) -> String { path.isEmpty ? "its own" : path.joined(separator: " ") }
}
