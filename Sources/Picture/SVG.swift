/// The text of a picture in SVG 1.1, built from top to bottom: what comes later lies above.
///
/// Everything is coloured by classes of ``Style``, and nothing has an `id`, so that several pictures may stand in one page.
struct SVG {
    private(set) var body = ""

    /// Where a text stands beside its point.
    enum Anchor: String {
        case start
        case middle
        case end
    }

    /// An element without content.
    mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String>) {
        body += "<\(name)\(Self.text(attributes))/>\n"
    }

    /// An element around others. A title is what a pointer that rests on it shows.
    mutating func group(
        _ attributes: KeyValuePairs<String, String>, title: String? = nil, name: String = "g",
        _ content: (inout SVG) -> Void
    ) {
        body += "<\(name)\(Self.text(attributes))>"
        if let title { body += "<title>\(Markup.escaped(title))</title>" }
        body += "\n"
        content(&self)
        body += "</\(name)>\n"
    }

    mutating func text(_ text: String, _ point: Point, _ anchor: Anchor = .start, class name: String = "") {
        let attributes = Self.text(["x": Self.number(point.x), "y": Self.number(point.y)])
        let start = anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\""
        body += "<text\(attributes)\(start)\(Self.text(["class": name]))>\(Markup.escaped(text))</text>\n"
    }

    mutating func text(_ text: String, _ room: Labels.Placement, class name: String) {
        self.text(text, room.point, room.anchor, class: name)
    }

    mutating func rectangle(_ box: Box, radius: Double = 0, class name: String) {
        element(
            "rect",
            [
                "x": Self.number(box.x), "y": Self.number(box.y), "width": Self.number(box.width),
                "height": Self.number(box.height), "rx": radius == 0 ? "" : Self.number(radius), "class": name,
            ])
    }

    mutating func path(_ data: String, class name: String, width: Double? = nil) {
        element("path", ["d": data, "class": name, "stroke-width": width.map(Self.number) ?? ""])
    }

    /// The whole document. The title and the description are what a screen reader says of it.
    func document(width: Double, height: Double, title: String, description: String) -> String {
        let (width, height) = (Self.number(width), Self.number(height))
        return """
            <svg xmlns="http://www.w3.org/2000/svg" class="lab" role="img" width="\(width)" height="\(height)" \
            viewBox="0 0 \(width) \(height)">
            <title>\(Markup.escaped(title))</title>
            <desc>\(Markup.escaped(description))</desc>
            <style>\(Style.sheet)</style>
            <rect class="paper" width="\(width)" height="\(height)"/>
            \(body)</svg>

            """
    }

    /// A line through points.
    static func line(_ points: [Point], isClosed: Bool = false) -> String {
        points.enumerated().map { ($0 == 0 ? "M" : "L") + pair($1) }.joined() + (isClosed ? "Z" : "")
    }

    static func pair(_ point: Point) -> String { number(point.x) + " " + number(point.y) }

    /// A number with at most one decimal.
    static func number(_ value: Double) -> String {
        guard value.isFinite, value.magnitude < 1e9 else { return "0" }
        let tenths = Int((value * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        let (whole, rest) = tenths.magnitude.quotientAndRemainder(dividingBy: 10)
        return rest == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(rest)"
    }

    /// Attributes; those without a value are left out.
    private static func text(_ attributes: KeyValuePairs<String, String>) -> String {
        attributes.filter { !$0.value.isEmpty }.map { " \($0.key)=\"\(Markup.escaped($0.value, isAttribute: true))\"" }
            .joined()
    }
}
