import LabModel
import Testing

/// Distances and the delays that follow from them.
struct GeographyTests {
    private func place(_ latitude: Double, _ longitude: Double) -> Place {
        Place(code: nil, name: "", country: nil, latitude: latitude, longitude: longitude)
    }

    /// Great-circle distances between airports on the WGS 84 ellipsoid, rounded, as gcmap.com and others give them. A
    /// sphere is within 0.6 %.
    @Test(arguments: [
        ("eurocore-fra", "amcore-jfk", 6206.0), ("eurocore-fra", "isp-uk-lhr", 654.0),
        ("asiacore-sin", "asiacore-nrt", 5356.0), ("amcore-jfk", "amcore-lax", 3983.0),
        ("asiacore-nrt", "amcore-lax", 8773.0), ("eurocore-fra", "asiacore-nrt", 9370.0),
        ("asiacore-sin", "isp-au-syd", 6297.0), ("amcore-jfk", "southcore-gru", 7655.0),
        ("eurocore-fra", "isp-ng-los", 4850.0),
    ])
    func delaysFollowFromKnownDistances(_ a: String, _ b: String, _ kilometres: Double) throws {
        let topology = try helloTopology()
        let link = try #require(topology.link(a, b))
        let expected = kilometres * 10_000
        #expect(abs(Double(link.quality.delay) - expected) < 0.006 * expected)
    }

    @Test func exactCases() {
        let quarter = 6371.0088 * Double.pi / 2
        #expect(abs(Geography.kilometres(from: place(0, 0), to: place(0, 90)) - quarter) < 1e-6)
        #expect(abs(Geography.kilometres(from: place(0, 0), to: place(90, 45)) - quarter) < 1e-6)
        #expect(abs(Geography.kilometres(from: place(0, 0), to: place(0, 180)) - 2 * quarter) < 1e-3)
        #expect(
            abs(
                Geography.kilometres(from: place(10, 179), to: place(10, -179))
                    - Geography.kilometres(from: place(10, 0), to: place(10, 2))) < 1e-6)
        #expect(Geography.kilometres(from: place(50, 8), to: place(50, 8)) == 0)
        // A metre is not lost to rounding.
        #expect(abs(Geography.kilometres(from: place(50, 8), to: place(50 + 1 / 111_194.93, 8)) - 0.001) < 1e-6)
    }

    @Test func aCityHasAFloor() {
        #expect(Geography.delay(from: place(50, 8), to: place(50, 8)) == 200_000)
        #expect(Geography.delay(from: place(0, 0), to: place(0, 0.1)) == 200_000)
        #expect(Geography.delay(from: place(0, 0), to: place(0, 1)) == 1_111_951)
    }
}
