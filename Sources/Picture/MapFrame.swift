import LabModel

/// The part of the world that a map shows, and where it is in the picture.
struct MapFrame {
    let projection: Projection
    /// The room in the picture.
    let box: Box
    /// The corner of the part that is shown, and how many units of the picture a radius of the globe is.
    private let corner: Point
    private let scale: Double

    /// No map shows less than about 1,000 km from side to side, so that there is land to know a place by.
    private static let leastWidth = 0.16
    /// The height of a map, as a part of its width.
    private static let shape = (0.4, 0.6)

    /// A frame of the width `width`, whose top left corner is `origin`, that holds the places with some space around. Steps lead
    /// from place to place; when one goes round the back of the map, all of the world's width is shown.
    init(_ places: [Place], steps: [(Place, Place)], origin: Point, width: Double) {
        let around = Projection.around(places.map(\.longitude))
        let goesRound = steps.contains { abs(around.east($0.longitude) - around.east($1.longitude)) > 180 }
        var points = places.map { around.point(east: around.east($0.longitude), north: $0.latitude) }
        if goesRound || points.isEmpty {
            points += [around.point(east: -180, north: 0), around.point(east: 180, north: 0)]
        }
        let (xs, ys) = (points.map(\.x), points.map(\.y))
        var (left, right) = (xs.min() ?? 0, xs.max() ?? 0)
        var (top, bottom) = (ys.min() ?? 0, ys.max() ?? 0)
        if !goesRound {
            let margin = max(0.1 * max(right - left, bottom - top), (Self.leastWidth - (right - left)) / 2)
            (left, right) = (left - margin, right + margin)
            (top, bottom) = (top - margin, bottom + margin)
        }
        let height = min(
            max(bottom - top, Self.shape.0 * (right - left)), max(Self.shape.1 * (right - left), bottom - top))
        let wide = max(right - left, height / Self.shape.1)
        corner = Point((left + right - wide) / 2, (top + bottom - height) / 2)
        scale = width / wide
        projection = around
        box = Box(x: origin.x, y: origin.y, width: width, height: height * scale)
    }

    /// Where a place is in the picture; `turns` times round the world to the east of where it is.
    func point(_ place: Place, turns: Double = 0) -> Point {
        point(east: projection.east(place.longitude) + 360 * turns, north: place.latitude)
    }

    private func point(east: Double, north: Double) -> Point {
        (projection.point(east: east, north: north) - corner) * scale + Point(box.x, box.y)
    }

    /// Lines for a step from one place to another: two, each to an edge of the map and beyond it, when it goes round the back.
    func lines(from a: Place, to b: Place) -> [(Point, Point)] {
        let way = projection.east(b.longitude) - projection.east(a.longitude)
        guard abs(way) > 180 else { return [(point(a), point(b))] }
        let turn: Double = way > 0 ? -1 : 1
        return [(point(a), point(b, turns: turn)), (point(a, turns: -turn), point(b))]
    }

    /// The outline of the land in the frame.
    func land() -> String {
        var data = ""
        for ring in Land.rings {
            // A ring may reach over the back of the map: what is beyond one edge is drawn again beyond the other.
            let start = projection.east(ring.first?.x ?? 0) - (ring.first?.x ?? 0)
            for turn in [-360.0, 0, 360] {
                let points = ring.map { at in
                    point(east: min(180, max(-180, at.x + start + turn)), north: at.y)
                }
                let (xs, ys) = (points.map(\.x), points.map(\.y))
                guard let left = xs.min(), let right = xs.max(), let top = ys.min(), let bottom = ys.max(),
                    right - left > 0.1,
                    box.intersects(Box(x: left, y: top, width: right - left, height: bottom - top))
                else { continue }
                data += SVG.line(Self.thinned(points), isClosed: true)
            }
        }
        return data
    }

    /// Points that are nearer to the last one than anybody sees are left out.
    private static func thinned(_ points: [Point]) -> [Point] {
        var kept: [Point] = []
        for point in points where kept.last.map({ (point - $0).length > 0.6 }) ?? true { kept.append(point) }
        return kept
    }
}
