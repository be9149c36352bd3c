/// Which part of the clients is answered within which time: a line that climbs from none to all, for each of several cases.
public enum RTTDistribution {
    /// One case, such as a service or an address family.
    public struct Series: Hashable, Sendable {
        /// What it is called.
        public let name: String
        /// Round trips in milliseconds; nil for what was not answered, so that the line does not reach the top.
        public let milliseconds: [Double?]

        /// Makes a case.
        public init(name: String, milliseconds: [Double?]) {
            self.name = name
            self.milliseconds = milliseconds
        }

        /// The time within which a part, from 0 to 1, of all is answered; nil when it never is.
        func quantile(_ part: Double) -> Double? {
            let known = sorted
            let rank = max(0, Int((part * Double(milliseconds.count)).rounded(.up)) - 1)
            return rank < known.count ? known[rank] : nil
        }

        var sorted: [Double] { milliseconds.compactMap { $0 }.filter { $0 >= 0 && $0.isFinite }.sorted() }
    }

    private static let width = 640.0
    private static let plot = Box(x: 56, y: 46, width: 560, height: 220)

    /// The lines as an SVG document, with median and 95th percentile of each in the legend.
    public static func svg(title: String, _ series: [Series]) -> String {
        let most = series.flatMap(\.sorted).max() ?? 1
        let axis = Axis(from: 0, to: max(most, 0.1), left: plot.x, right: plot.x + plot.width)
        var svg = SVG()
        svg.text(title, Point(16, 26), class: "heading")
        axis.draw(top: plot.y, bottom: plot.y + plot.height, unit: " ms", &svg)
        for percent in [0, 25, 50, 75, 100] {
            let y = plot.y + plot.height * (1 - Double(percent) / 100)
            svg.path(SVG.line([Point(plot.x, y), Point(plot.x + plot.width, y)]), class: "axis")
            svg.text("\(percent) %", Point(plot.x - 6, y + 4), .end, class: "small faint")
        }
        var words: [String] = []
        for (number, one) in series.enumerated() {
            let mark = Mark(number)
            svg.path(SVG.line(steps(one, axis)), class: "way " + mark.stroke, width: 2)
            let y = plot.y + plot.height + 42 + Double(number) * 20
            svg.path(SVG.line([Point(16, y - 4), Point(50, y - 4)]), class: "way " + mark.stroke, width: 2)
            words.append(summary(one))
            svg.text(summary(one), Point(58, y))
        }
        return svg.document(
            width: width, height: plot.y + plot.height + 46 + Double(series.count) * 20, title: title,
            description: words.joined(separator: ". "))
    }

    private static func summary(_ series: Series) -> String {
        let median = series.quantile(0.5).map { "median \(SVG.number($0)) ms" } ?? "less than half answered"
        let most = series.quantile(0.95).map { ", 95 % within \(SVG.number($0)) ms" } ?? ""
        let missing = series.milliseconds.count - series.sorted.count
        return "\(series.name): \(median)\(most)"
            + (missing > 0 ? ", \(missing) of \(series.milliseconds.count) not answered" : "")
    }

    /// Up by one client's part at each client's time.
    private static func steps(_ series: Series, _ axis: Axis) -> [Point] {
        let count = Double(max(1, series.milliseconds.count))
        var points = [Point(axis.left, plot.y + plot.height)]
        for (number, value) in series.sorted.enumerated() {
            let x = axis.x(value)
            points.append(Point(x, points.last?.y ?? 0))
            points.append(Point(x, plot.y + plot.height * (1 - Double(number + 1) / count)))
        }
        points.append(Point(axis.right, points.last?.y ?? 0))
        return points
    }
}
