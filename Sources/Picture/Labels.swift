/// Finds room for names beside what they name, so that no two lie over each other.
struct Labels {
    /// Where a name stands.
    struct Placement: Hashable {
        /// The room that it takes.
        let box: Box
        /// The point of its base line that it is aligned to, and how.
        let point: Point
        let anchor: SVG.Anchor
        /// Whether it is so far away that a thin line must lead to it.
        let needsLeader: Bool
    }

    private let bounds: Box
    private var taken: [Box] = []

    /// Directions in which a name may stand: beside comes first, for it reads best.
    private static let directions = [
        Point(1, 0), Point(-1, 0), Point(0, -1), Point(0, 1), Point(1, -1), Point(1, 1), Point(-1, -1), Point(-1, 1),
    ]

    init(bounds: Box) { self.bounds = bounds }

    /// Keeps names away from a box.
    mutating func keepFree(_ box: Box) { taken.append(box) }

    /// Whether nothing has a claim on a box.
    func isFree(_ box: Box) -> Bool { bounds.contains(box) && !taken.contains { $0.intersects(box) } }

    /// Takes room for a text near the rim of a mark, at most `reach` away from it; nil when there is none.
    mutating func place(
        _ text: String, at centre: Point, radius: Double, size: Double, isStrong: Bool = false, reach: Double
    ) -> Placement? {
        let (width, height) = (Style.width(of: text, size: size, isStrong: isStrong), size * 1.15)
        for distance in stride(from: 2, through: max(2, reach), by: 6) {
            for direction in Self.directions {
                let x = centre.x + direction.x * (radius + distance) + (direction.x - 1) / 2 * width
                let y = centre.y + direction.y * (radius + distance) + (direction.y - 1) / 2 * height
                let box = Box(x: x, y: y, width: width, height: height)
                guard isFree(box) else { continue }
                taken.append(box)
                return Placement(
                    box: box, point: Point(x + width * (1 - direction.x) / 2, y + size * 0.9),
                    anchor: direction.x > 0 ? .start : direction.x < 0 ? .end : .middle, needsLeader: distance > 8)
            }
        }
        return nil
    }

    /// The free place for a mark that is nearest to where it belongs, on rings around it; there itself when all are taken.
    mutating func moveAside(_ centre: Point, radius: Double) -> Point {
        for ring in 0..<12 {
            for direction in ring == 0 ? [Point(0, 0)] : Self.directions {
                let step = direction * (Double(ring) * (radius + 2))
                let point = centre + step
                let box = Box(around: point, radius: radius)
                if isFree(box) {
                    taken.append(box)
                    return point
                }
            }
        }
        return centre
    }
}
