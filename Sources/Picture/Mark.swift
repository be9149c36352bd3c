/// The sign of one thing among several, such as a site: a colour and a shape, 64 of them before they come round again.
struct Mark: Hashable, Sendable {
    private let number: Int

    /// The sign of number `number`, from 0.
    init(_ number: Int) { self.number = max(0, number) }

    private var colour: Int { number % Style.colours }
    private var shape: Int { (number + number / Style.colours) % (Self.shapes.count + 1) }

    /// The class that fills with the colour.
    var fill: String { "c\(colour)" }
    /// The class that draws lines of the colour, every second one dashed in a way of its own.
    var stroke: String { "l\(colour) d\(number % 4)" }

    /// Outlines of about the same area, around the origin; the circle stands before them.
    private static let shapes: [[(Double, Double)]] = [
        [(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
        [(0, -1.15), (1.1, 0.8), (-1.1, 0.8)],
        [(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)],
        [(0, 1.15), (1.1, -0.8), (-1.1, -0.8)],
        [
            (-0.4, -1.1), (0.4, -1.1), (0.4, -0.4), (1.1, -0.4), (1.1, 0.4), (0.4, 0.4), (0.4, 1.1), (-0.4, 1.1),
            (-0.4, 0.4), (-1.1, 0.4), (-1.1, -0.4), (-0.4, -0.4),
        ],
        [(0, -1.1), (1.05, -0.34), (0.65, 0.9), (-0.65, 0.9), (-1.05, -0.34)],
        [(0, -1.3), (0.4, -0.4), (1.3, 0), (0.4, 0.4), (0, 1.3), (-0.4, 0.4), (-1.3, 0), (-0.4, -0.4)],
    ]

    /// The outline around a point.
    func outline(_ centre: Point, radius: Double) -> String {
        guard shape > 0 else {
            let r = SVG.number(radius)
            let start = SVG.pair(centre - Point(radius, 0))
            return "M\(start)a\(r) \(r) 0 1 0 \(SVG.number(2 * radius)) 0a\(r) \(r) 0 1 0 \(SVG.number(-2 * radius)) 0Z"
        }
        return SVG.line(Self.shapes[shape - 1].map { centre + Point($0.0, $0.1) * radius }, isClosed: true)
    }

    /// The sign of what belongs to nothing: a cross of two lines.
    static func cross(_ centre: Point, radius: Double) -> String {
        SVG.line([centre - Point(radius, radius), centre + Point(radius, radius)])
            + SVG.line([centre + Point(-radius, radius), centre + Point(radius, -radius)])
    }
}

/// The signs of the sites of a lab: the same site has the same one in all pictures of it.
public struct SiteMarks: Sendable {
    private let marks: [String: Mark]

    /// Signs for the sites that pictures tell apart, in the order of the lab file.
    public init(_ sites: [String]) {
        marks = Dictionary(
            sites.enumerated().map { ($1, Mark($0)) }, uniquingKeysWith: { first, _ in first })
    }

    subscript(site: String) -> Mark? { marks[site] }
}
