import LabModel
import TestSupport
import Testing

@testable import LabRuntime

/// What `lab link` makes of what is there.
struct LinkQualitiesTests {
    private func link() throws -> Link { try #require(try Topology(smallLab()).links.first) }

    @Test func aChangeIsMergedWithWhatIsThere() throws {
        let link = try link()
        var qualities = LinkQualities()
        var change = LinkQualities.Change()
        change.change.delay = 40_000_000
        change.change.loss = 0.01
        qualities.set(link, try qualities.after(change, link, fromA: true))
        change = LinkQualities.Change()
        change.change.loss = 0
        change.change.rate = 10_000_000
        change.oneWay = true
        qualities.set(link, try qualities.after(change, link, fromA: false))
        let now = qualities.current(link)
        #expect(now.aToB.delay == 40_000_000 && now.aToB.loss == 0.01 && now.aToB.rate == 0)
        #expect(now.bToA.delay == 40_000_000 && now.bToA.loss == 0 && now.bToA.rate == 10_000_000)
        #expect(now.quality(from: link.a, of: link) == now.aToB && now.quality(from: link.b, of: link) == now.bToA)
    }

    @Test func theFileIsTheWayBack() throws {
        let link = try link()
        var qualities = LinkQualities()
        var change = LinkQualities.Change()
        change.change.delay = 0
        qualities.set(link, try qualities.after(change, link, fromA: true))
        #expect(qualities.current(link).aToB.isNone)
        change = LinkQualities.Change()
        change.fromFile = true
        qualities.set(link, try qualities.after(change, link, fromA: true))
        #expect(qualities.current(link).aToB == link.quality)
    }

    /// netem refuses it, so the wire does too; and nothing is half done.
    @Test func nothingIsReorderedWithoutDelay() throws {
        let link = try link()
        var change = LinkQualities.Change()
        change.change.delay = 0
        change.change.reorder = 0.1
        #expect(throws: RequestError.self) { try LinkQualities().after(change, link, fromA: true) }
    }
}
