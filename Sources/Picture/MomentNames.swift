/// The moments of a timeline: a line down from the name of each.
enum MomentNames {
    private static let labelHeight = 15.0

    /// Where rows may begin below the names.
    static func top(of moments: [FailoverTimeline.Moment], _ axis: Axis) -> Double {
        58 + Double(names(of: moments, axis).map(\.row).max() ?? 0) * labelHeight
    }

    static func draw(
        _ moments: [FailoverTimeline.Moment], _ axis: Axis, top: Double, bottom: Double, _ svg: inout SVG
    ) {
        for name in names(of: moments, axis) {
            let y = top - 6 - Double(name.row) * labelHeight
            svg.path(SVG.line([Point(name.x, y - 10), Point(name.x, bottom)]), class: "mark")
            svg.text(name.text, Point(name.x + 4, y), class: "small halo")
        }
    }

    /// The name of a moment, to the right of its line, so many rows above the bars.
    struct Name {
        let text: String
        let x: Double
        let row: Int

        var right: Double { x + 10 + Style.width(of: text, size: Style.smallTextSize) }
    }

    /// The later a moment, the lower its name: no line that comes later reaches up to the names that it would cross.
    static func names(of moments: [FailoverTimeline.Moment], _ axis: Axis) -> [Name] {
        var names: [Name] = []
        for moment in moments.sorted(by: { $0.time > $1.time }) {
            let lowest = Name(text: moment.name, x: axis.x(moment.time), row: 0)
            let above = names.filter { $0.x < lowest.right }.map(\.row).max()
            names.append(Name(text: lowest.text, x: lowest.x, row: above.map { $0 + 1 } ?? 0))
        }
        return names
    }
}
