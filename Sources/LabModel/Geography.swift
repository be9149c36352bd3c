import RealModule

/// Distance and the delay that follows from it.
public enum Geography {
    /// Kilometres along the great circle, on a sphere of the Earth's mean radius (within 0.6 % of the ellipsoid).
    public static func kilometres(from a: Place, to b: Place) -> Double {
        let (p, q) = (unitVector(a), unitVector(b))
        let chord = ((p.0 - q.0) * (p.0 - q.0) + (p.1 - q.1) * (p.1 - q.1) + (p.2 - q.2) * (p.2 - q.2)).squareRoot()
        // Half the chord is the sine of half the angle: exact for near points, where an arc cosine is not.
        return 6371.0088 * 2 * Double.asin(min(1, chord / 2))
    }

    /// One-way delay in nanoseconds: 0.010 ms a kilometre, the median of measured pairs of cities (twice the time of
    /// light in fibre along the great circle: cables take detours), and at least 0.2 ms inside a city.
    public static func delay(from a: Place, to b: Place) -> Int64 {
        max(200_000, Int64((10_000 * kilometres(from: a, to: b)).rounded()))
    }

    private static func unitVector(_ place: Place) -> (Double, Double, Double) {
        let latitude = place.latitude * .pi / 180
        let longitude = place.longitude * .pi / 180
        return (
            .cos(latitude) * .cos(longitude), .cos(latitude) * .sin(longitude), .sin(latitude)
        )
    }
}
