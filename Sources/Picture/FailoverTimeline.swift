/// What became of each client's probes around a fault: a row of time for each client.
public enum FailoverTimeline {
    /// What happened to probes.
    public enum Outcome: Hashable, Sendable {
        /// A site answered.
        case answered(site: String)
        /// Nothing came back.
        case lost
        /// They went round in a circle until their TTL ended.
        case looped
    }

    /// A time in which all probes of a client fared the same.
    public struct Span: Hashable, Sendable {
        /// When it begins, in milliseconds on the clock of the picture.
        public let from: Double
        /// When it ends.
        public let to: Double
        /// What happened.
        public let outcome: Outcome

        /// Makes a span.
        public init(from: Double, to: Double, outcome: Outcome) {
            self.from = from
            self.to = to
            self.outcome = outcome
        }
    }

    /// One client.
    public struct Row: Hashable, Sendable {
        /// The client's name.
        public let client: String
        /// Its spans, in order.
        public let spans: [Span]

        /// Makes a row.
        public init(client: String, spans: [Span]) {
            self.client = client
            self.spans = spans
        }

        /// The milliseconds without an answer.
        var gap: Double {
            spans.map { span in
                if case .answered = span.outcome { 0 } else { max(0, span.to - span.from) }
            }.reduce(0, +)
        }
    }

    /// A moment to be marked, such as that of the fault.
    public struct Moment: Hashable, Sendable {
        /// When, in milliseconds.
        public let time: Double
        /// What happened then.
        public let name: String

        /// Makes a moment.
        public init(time: Double, name: String) {
            self.time = time
            self.name = name
        }
    }

    private static let width = 960.0
    private static let rowHeight = 24.0

    /// The rows as an SVG document. Names of sites stand in their spans where they fit.
    public static func svg(title: String, _ rows: [Row], moments: [Moment], marks: SiteMarks) -> String {
        let times = rows.flatMap(\.spans).flatMap { [$0.from, $0.to] } + moments.map(\.time)
        let left = 26 + (rows.map { Style.width(of: $0.client, size: Style.textSize) }.max() ?? 0)
        let axis = Axis(from: times.min() ?? 0, to: times.max() ?? 1, left: left, right: width - 110)
        let top = MomentNames.top(of: moments, axis)
        let bottom = top + Double(rows.count) * rowHeight
        var svg = SVG()
        svg.text(title, Point(16, 26), class: "heading")
        axis.draw(top: top, bottom: bottom, unit: " ms", &svg)
        svg.text("no answer", Point(width - 16, top - 8), .end, class: "small faint")
        for (number, row) in rows.enumerated() {
            let y = top + Double(number) * rowHeight + 3
            svg.text(row.client, Point(16, y + 13.5))
            for span in row.spans { draw(span, axis, y, marks, &svg) }
            svg.text(SVG.number(row.gap) + " ms", Point(width - 16, y + 13.5), .end)
        }
        MomentNames.draw(moments, axis, top: top, bottom: bottom, &svg)
        let sites = legend(rows, marks, at: Point(16, bottom + 42), &svg)
        svg.text(
            "By when the probe was sent. Full bars: a site answered. Solid thin bars: lost. Dashed: in a loop.",
            Point(16, bottom + 42 + sites), class: "small faint")
        let words = rows.map { "\($0.client): \(SVG.number($0.gap)) ms without an answer" }.joined(separator: ", ")
        return svg.document(width: width, height: bottom + 56 + sites, title: title, description: words)
    }

    /// The sites that answered, each with its sign; answers how high that is.
    private static func legend(_ rows: [Row], _ marks: SiteMarks, at corner: Point, _ svg: inout SVG) -> Double {
        var seen: Set<String> = []
        let sites = rows.flatMap(\.spans).compactMap { span -> String? in
            guard case .answered(let site) = span.outcome, seen.insert(site).inserted else { return nil }
            return site
        }
        guard !sites.isEmpty else { return 0 }
        var point = corner
        for site in sites {
            let room = 40 + Style.width(of: site, size: Style.textSize)
            if point.x + room > width - 16, point.x > corner.x { point = Point(corner.x, point.y + 20) }
            if let mark = marks[site] {
                svg.path(mark.outline(point + Point(7, -4), radius: 6), class: "site " + mark.fill)
            }
            svg.text(site, point + Point(20, 0))
            point.x += room
        }
        return point.y - corner.y + 22
    }

    private static func draw(_ span: Span, _ axis: Axis, _ y: Double, _ marks: SiteMarks, _ svg: inout SVG) {
        let (start, end) = (axis.x(span.from), axis.x(span.to))
        let width = max(1, end - start)
        switch span.outcome {
        case .answered(let site):
            svg.group([:], title: "\(site), \(SVG.number(span.from)) to \(SVG.number(span.to)) ms") { inner in
                inner.rectangle(
                    Box(x: start, y: y, width: width, height: 18), class: marks[site]?.fill ?? "dot")
                if let mark = marks[site], width > 22 {
                    inner.path(mark.outline(Point(start + 10, y + 9), radius: 4.5), class: "site paper")
                }
                if width > Style.width(of: site, size: Style.smallTextSize) + 26 {
                    inner.text(site, Point(start + 20, y + 13), class: "small strong onbar")
                }
            }
        case .lost:
            svg.rectangle(Box(x: start, y: y + 7, width: width, height: 4), class: "gap")
        case .looped:
            svg.path(SVG.line([Point(start, y + 9), Point(end, y + 9)]), class: "mark peer")
        }
    }
}
