/// The Natural Earth projection of Tom Patterson, as the polynomial that Bojan Šavrič fitted to it (2011): a world that looks
/// right at a glance. Neither areas nor angles are kept.
struct Projection: Sendable {
    /// The meridian in the middle, in degrees east.
    let centre: Double

    /// A place by degrees east of the central meridian and degrees north, in radii of the globe; y grows to the south. Beyond 180
    /// degrees the world goes on from its other side.
    func point(east: Double, north: Double) -> Point {
        let latitude = min(90, max(-90, north)) * .pi / 180
        let s = latitude * latitude
        let s2 = s * s
        let s5 = s2 * s2 * s
        let width = 0.870700 + s * (-0.131979 - s * 0.013791) + s5 * (0.003971 - s * 0.001529)
        let y = latitude * (1.007226 + s * 0.015085 + s2 * s * (-0.044475 + s * 0.028874 - s2 * 0.005916))
        return Point(east * .pi / 180 * width, -y)
    }

    /// Degrees east of the central meridian, from -180 up to 180.
    func east(_ longitude: Double) -> Double {
        let turned = (longitude - centre).truncatingRemainder(dividingBy: 360)
        return turned >= 180 ? turned - 360 : turned < -180 ? turned + 360 : turned
    }

    /// The projection around whose back the widest empty space between the longitudes is.
    static func around(_ longitudes: [Double]) -> Projection {
        let sorted = longitudes.sorted()
        guard let first = sorted.first, let last = sorted.last else { return Projection(centre: 0) }
        var (gap, middle) = (first + 360 - last, (last + first + 360) / 2)
        for (west, east) in zip(sorted, sorted.dropFirst()) where east - west > gap {
            (gap, middle) = (east - west, (west + east) / 2)
        }
        return Projection(centre: Projection(centre: 0).east(middle + 180))
    }
}
