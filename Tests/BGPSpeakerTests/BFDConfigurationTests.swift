import BFD
import JSON
import Testing

@testable import BGPSpeaker

@Suite("Ages of BFD packets")
struct ArrivalClockTests {
    private let millisecond: Int64 = 1_000_000

    @Test("A packet is as old as the clock says, but not older than the last look, nor of the future")
    func age() {
        var clock = ArrivalClock()
        clock.set(wall: 1000 * millisecond, monotonic: 5 * millisecond)
        clock.set(wall: 1030 * millisecond, monotonic: 35 * millisecond)
        #expect(clock.age(1020 * millisecond) == 10_000_000)
        #expect(clock.age(900 * millisecond) == 30_000_000)
        #expect(clock.age(1040 * millisecond) == 0)
    }

    @Test(
        "Before the second look, and when the clock has been set meanwhile, a packet counts as new",
        arguments: [-40, 40])
    func unknown(_ step: Int64) {
        var clock = ArrivalClock()
        clock.set(wall: 1000 * millisecond, monotonic: 5 * millisecond)
        #expect(clock.age(990 * millisecond) == 0)
        clock.set(wall: (1030 + step) * millisecond, monotonic: 35 * millisecond)
        #expect(clock.age((1010 + step) * millisecond) == 0)
        clock.set(wall: (1060 + step) * millisecond, monotonic: 65 * millisecond)
        #expect(clock.age((1050 + step) * millisecond) == 10_000_000)
    }
}

@Suite("BFD configuration")
struct BFDConfigurationTests {
    private func parse(_ bfd: String) throws -> BFDConfiguration? {
        let text = """
            {"node":"n","asn":1,"router_id":"1.1.1.1","neighbors":[{"name":"m","address":"10.0.0.1",
            "local_address":"10.0.0.2","asn":1,"relation":"internal","bfd":\(bfd)}]}
            """
        return try SpeakerConfiguration(try JSON(parsing: text)).neighbours.first?.bfd
    }

    @Test("What may be said is read, and a single hop asks for TTL 255")
    func good() throws {
        #expect(try parse("null") == nil)
        let single = try #require(try parse("{\"interval_ms\":10,\"multiplier\":3}"))
        #expect(single.timing == BFDTiming(interval: 10_000, multiplier: 3))
        #expect(!single.isMultihop && single.minimumTimeToLive == 255)
        let several = try #require(
            try parse("{\"interval_ms\":60000,\"multiplier\":255,\"multihop\":true,\"minimum_ttl\":250}"))
        #expect(several.isMultihop && several.minimumTimeToLive == 250)
        #expect(several.timing == BFDTiming(interval: 60_000_000, multiplier: 255))
        #expect(try parse("{\"interval_ms\":50,\"multiplier\":3,\"multihop\":true}")?.minimumTimeToLive == 1)
    }

    @Test(
        "What cannot be used is named with its place",
        arguments: [
            ("{\"multiplier\":3}", ".interval_ms: missing: a number of 10 to 60000 expected"),
            ("{\"interval_ms\":50}", ".multiplier: missing: a number of 1 to 255 expected"),
            ("{\"interval_ms\":9,\"multiplier\":3}", ".interval_ms: a number of 10 to 60000 expected"),
            ("{\"interval_ms\":50,\"multiplier\":0}", ".multiplier: a number of 1 to 255 expected"),
            ("{\"interval_ms\":50,\"multiplier\":256}", ".multiplier: a number of 1 to 255 expected"),
            ("{\"interval_ms\":50,\"multiplier\":3,\"multihop\":1}", ".multihop: true or false expected"),
            ("{\"interval_ms\":50,\"multiplier\":3,\"minimum_ttl\":255}", ".minimum_ttl: only with multihop"),
            (
                "{\"interval_ms\":50,\"multiplier\":3,\"echo\":true}",
                ".echo: unknown key; there are interval_ms, multiplier, multihop, minimum_ttl"
            ),
            ("true", ": an object expected"),
        ])
    func bad(_ text: String, _ error: String) {
        #expect(throws: ConfigurationError(description: "neighbors[0].bfd\(error)")) { try parse(text) }
    }
}
