import LabModel
import TestSupport
import Testing

@testable import Picture

@Suite("The projection, and the part of the world that a map shows")
struct ProjectionTests {
    private static func place(_ latitude: Double, _ longitude: Double) -> Place {
        Place(code: nil, name: "there", country: nil, latitude: latitude, longitude: longitude)
    }

    /// The values of the projection's table (Patterson 2011): lengths of parallels and distances from the equator, in parts of
    /// the equator's length and of half of the height. The polynomial leaves them by at most 0.013, at the pole.
    @Test(arguments: [(0.0, 1.0, 0.0), (30.0, 0.9570, 0.3720), (60.0, 0.8196, 0.7346), (90.0, 0.5630, 1.0)])
    func table(latitude: Double, length: Double, distance: Double) {
        let projection = Projection(centre: 0)
        let equator = projection.point(east: 180, north: 0).x
        let pole = projection.point(east: 0, north: 90).y
        #expect(abs(projection.point(east: 180, north: latitude).x / equator - length) < 0.015)
        #expect(abs(projection.point(east: 0, north: latitude).y / pole - distance) < 0.005)
        // 0.8707 pi radii to the side, and 0.52 times as high as wide.
        #expect(abs(equator - 0.8707 * .pi) < 1e-9 && abs(-pole / equator - 0.52) < 0.005)
    }

    @Test("A map is cut where its places are farthest apart") func back() {
        // Tokyo and Los Angeles: over the Pacific.
        let pacific = Projection.around([139.8, -118.4])
        #expect(abs(pacific.east(139.8)) < 60 && abs(pacific.east(-118.4)) < 60)
        #expect(pacific.east(139.8) < 0 && pacific.east(-118.4) > 0)
        let atlantic = Projection.around([-73.8, 8.6])
        #expect(abs(atlantic.centre + 32.6) < 1e-9)
    }

    @Test(
        "All places are inside, even one alone and those at the poles",
        arguments: [
            [place(51.5, -0.5)], [place(50, 8.6), place(1.4, 104)], [place(89, 10), place(-89, -170), place(0, 90)],
            [place(35, 139), place(34, -118), place(-33, 151)],
        ])
    func inside(places: [Place]) {
        let frame = MapFrame(places, steps: [], origin: Point(10, 20), width: 500)
        #expect(frame.box.width == 500 && frame.box.x == 10 && frame.box.y == 20)
        for place in places {
            let point = frame.point(place)
            #expect(frame.box.contains(Box(around: point, radius: 1)), "\(place) at \(point)")
        }
        #expect(!frame.land().isEmpty)
    }

    @Test("A step over the back of the map leaves it at one edge and comes in at the other") func aroundTheBack() throws
    {
        let (losAngeles, tokyo, london) = (Self.place(34, -118), Self.place(35, 140), Self.place(51, 0))
        let places = [losAngeles, tokyo, london, Self.place(-10, -60), Self.place(28, 77)]
        let frame = MapFrame(places, steps: [(losAngeles, tokyo)], origin: Point(0, 0), width: 900)
        let lines = frame.lines(from: losAngeles, to: tokyo)
        try #require(lines.count == 2)
        #expect(lines[0].0 == frame.point(losAngeles) && lines[0].1.x < 0)
        #expect(lines[1].1 == frame.point(tokyo) && lines[1].0.x > 900)
        #expect(frame.lines(from: losAngeles, to: london).count == 1)
        // Without that step, the map needs not be so wide.
        let closer = MapFrame(places, steps: [], origin: Point(0, 0), width: 900)
        #expect(closer.point(tokyo).x - closer.point(losAngeles).x > frame.point(tokyo).x - frame.point(losAngeles).x)
    }

    @Test("The land is where it is") func land() {
        #expect(Land.rings.count > 100)
        for ring in Land.rings {
            #expect(ring.count >= 3 && ring.allSatisfy { abs($0.x) <= 180 && abs($0.y) <= 90 })
        }
        /// By the number of times that a ray to the east crosses a coast.
        func isLand(_ longitude: Double, _ latitude: Double) -> Bool {
            Land.rings.map { ring in
                zip(ring, ring.dropFirst() + ring.prefix(1)).count { a, b in
                    (a.y > latitude) != (b.y > latitude)
                        && longitude < a.x + (latitude - a.y) / (b.y - a.y) * (b.x - a.x)
                }
            }.reduce(0, +) % 2 == 1
        }
        for (longitude, latitude) in [(8.6, 50.0), (-100, 40), (134, -25), (-55, -10), (20, 0), (103, 60)] {
            #expect(isLand(longitude, latitude), "\(longitude) \(latitude)")
        }
        for (longitude, latitude) in [(-40.0, 30.0), (-150, 0), (80, -30), (-30, -40)] {
            #expect(!isLand(longitude, latitude), "\(longitude) \(latitude)")
        }
    }
}
