/// A point of a picture, in its units: x to the right, y down.
struct Point: Hashable, Sendable {
    var x: Double
    var y: Double

    init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }

    static func + (left: Point, right: Point) -> Point { Point(left.x + right.x, left.y + right.y) }
    static func - (left: Point, right: Point) -> Point { Point(left.x - right.x, left.y - right.y) }
    static func * (left: Point, factor: Double) -> Point { Point(left.x * factor, left.y * factor) }

    /// The distance from the origin.
    var length: Double { (x * x + y * y).squareRoot() }
}

/// A rectangle of a picture.
struct Box: Hashable, Sendable {
    var x: Double
    var y: Double
    var width: Double
    var height: Double

    /// A square around a point.
    init(around centre: Point, radius: Double) {
        self.init(x: centre.x - radius, y: centre.y - radius, width: 2 * radius, height: 2 * radius)
    }

    init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    var centre: Point { Point(x + width / 2, y + height / 2) }

    func intersects(_ other: Box) -> Bool {
        x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
    }

    func contains(_ other: Box) -> Bool {
        x <= other.x && y <= other.y && x + width >= other.x + other.width && y + height >= other.y + other.height
    }
}
