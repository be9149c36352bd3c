import LabModel
import Sys
import TestSupport
import Testing

@testable import LabObserve

/// Every probe gets one fate, and they add up to what was sent.
struct FlowBookTests {
    private let topology: Topology
    private let home: Node
    private let london: Node
    private let core: Node

    init() throws {
        topology = try SmallLab.topology()
        home = try topology.require("home")
        london = try topology.require("london")
        core = try topology.require("core-fra")
    }

    private let millisecond: Nanoseconds = 1_000_000

    /// A book with so many probes, 5 ms apart, the first at 0.
    private func book(_ count: Int) -> FlowBook {
        var book = FlowBook()
        for number in 0..<count { book.enter(sentAt: Nanoseconds(number) * 5 * millisecond) }
        return book
    }

    private func report(_ book: FlowBook, _ walks: WalkHistory = WalkHistory()) -> FlowReport {
        FlowReport(home, service: "resolver", address: SmallLab.service4, book: book, walks: walks)
    }

    @Test func everyFateIsCountedOnce() {
        var book = book(8)
        book.settle(0, .answered(by: "london"), at: 30 * millisecond)
        book.settle(1, .answered(by: "london"), at: 35 * millisecond)
        book.settle(1, .answered(by: "london"), at: 36 * millisecond)
        book.settle(1, .answered(by: "paris"), at: 37 * millisecond)
        book.settle(2, .answered(by: "paris"), at: 1200 * millisecond)
        // A late answer that comes twice served nobody all the same.
        book.settle(2, .answered(by: "paris"), at: 1201 * millisecond)
        book.settle(3, .looped(at: "core-fra"), at: 100 * millisecond)
        book.settle(4, .refused(at: "isp-lhr", why: "no route"), at: 100 * millisecond)
        book.settle(5, .answered(by: "paris"), at: 60 * millisecond)
        // What comes after an answer says nothing more about the probe.
        book.settle(5, .refused(at: "isp-lhr", why: "no route"), at: 100 * millisecond)
        book.settle(9, .answered(by: "paris"), at: 60 * millisecond)
        var walks = WalkHistory()
        walks.record(.delivered(london), at: 0)
        walks.record(.blackhole(core), at: 100 * millisecond)
        let report = report(book, walks)
        #expect(report.sent == 8)
        #expect(report.answered == ["london": 1, "paris": 1])
        #expect(report.duplicated == 1)
        #expect(report.late == 1)
        #expect(report.looped == ["core-fra": 1])
        #expect(
            report.lost == [
                .init(place: "isp-lhr", why: "no route"): 1, .init(place: "core-fra", why: "a route that drops"): 2,
            ])
        #expect(report.unserved == 5)
        #expect(report.accounted == report.sent)
        #expect(report.roundTrips.sorted == [30 * millisecond, 35 * millisecond])
        #expect(report.sites.map(\.site) == ["london", "paris"])
        #expect(
            report.spans.map(\.outcome) == [
                .answered(site: "london"), .lost, .looped, .lost, .answered(site: "paris"), .lost,
            ])
        #expect(report.spans.map { $0.from / millisecond } == [0, 10, 15, 20, 25, 30])
        #expect(report.spans.map { $0.to / millisecond } == [10, 15, 20, 25, 30, 35])
    }

    /// Whatever comes in, in whatever order, for whatever probes.
    @Test func sentIsAlwaysTheSumOfFates() {
        var generator = SeededGenerator(68)
        for _ in 0..<200 {
            var book = book(Int.random(in: 0...300, using: &generator))
            for _ in 0..<Int.random(in: 0...900, using: &generator) {
                let fates: [FlowBook.Fate] = [
                    .answered(by: "london"), .answered(by: "paris"), .looped(at: "x"), .refused(at: "y", why: "z"),
                ]
                book.settle(
                    UInt16.random(in: 0...400, using: &generator), fates.randomElement(using: &generator) ?? .open,
                    at: Nanoseconds.random(in: 0...3_000_000_000, using: &generator))
            }
            let report = report(book)
            #expect(report.accounted == report.sent)
        }
    }

    /// DNS IDs come round: an answer belongs to the latest probe that had the number.
    @Test func numbersComeRound() {
        var book = book(65_540)
        book.settle(2, .answered(by: "london"), at: 65_540 * 5 * millisecond)
        #expect(book.entries[2].fate == .open)
        #expect(book.entries[65_538].fate == .answered(by: "london"))
        book.settle(5, .answered(by: "paris"), at: 65_540 * 5 * millisecond)
        #expect(book.entries[5].fate == .late(by: "paris"))
    }

    @Test func theGapIsTheLongestRunWithoutService() {
        var book = book(10)
        for id in [0, 1, 3, 7, 8, 9] { book.settle(UInt16(id), .answered(by: "london"), at: 60 * millisecond) }
        #expect(book.gap == Gap(start: 20 * millisecond, length: 15 * millisecond, probes: 3, isOpen: false))
        // Too late is no service.
        book.settle(5, .answered(by: "london"), at: 2000 * millisecond)
        #expect(book.gap?.length == 15 * millisecond)
    }

    @Test func aGapThatLastsToTheEndIsOpen() {
        var book = book(6)
        for id in [0, 1, 2] { book.settle(UInt16(id), .answered(by: "london"), at: 60 * millisecond) }
        #expect(book.gap == Gap(start: 15 * millisecond, length: 10 * millisecond, probes: 3, isOpen: true))
        #expect(self.book(0).gap == nil)
    }

    /// One probe of two hundred is lost on the way whatever happens, the last one as well.
    @Test func aLastProbeThatIsLostIsNoGapThatLasts() {
        var book = book(10)
        for id in [0, 1, 5, 6, 7, 8] { book.settle(UInt16(id), .answered(by: "london"), at: 60 * millisecond) }
        #expect(book.gap == Gap(start: 10 * millisecond, length: 15 * millisecond, probes: 3, isOpen: false))
        var whole = self.book(3)
        for id in [0, 1] { whole.settle(UInt16(id), .answered(by: "london"), at: 60 * millisecond) }
        #expect(whole.gap == Gap(start: 10 * millisecond, length: 0, probes: 1, isOpen: false))
    }

    /// The walk that loses a probe may come a little after it was sent.
    @Test func whereAProbeWasLostIsWhatTheTablesSaidWhileItWasUnderWay() {
        var walks = WalkHistory()
        walks.record(.delivered(london), at: 0)
        walks.record(.noRoute(core), at: 1000 * millisecond)
        walks.record(.delivered(london), at: 2000 * millisecond)
        #expect(walks.end(of: 500 * millisecond) == .delivered(london))
        #expect(walks.end(of: 800 * millisecond) == .noRoute(core))
        #expect(walks.end(of: 1500 * millisecond) == .noRoute(core))
        #expect(walks.end(of: 2100 * millisecond) == .delivered(london))
        #expect(WalkHistory().end(of: 0) == nil)
    }

    @Test func steadyServiceIsNineOfTenAndTheLatest() {
        var book = book(200)
        for id in 0..<200 where id % 20 != 0 {
            book.settle(UInt16(id), .answered(by: "a"), at: Nanoseconds(id) * 5 * millisecond + 1)
        }
        #expect(book.isSteady(now: 1049 * millisecond, window: 500 * millisecond))
        #expect(!book.isSteady(now: 5000 * millisecond, window: 500 * millisecond), "nothing was sent lately")
        var poor = self.book(200)
        for id in 0..<200 where id % 5 != 0 {
            poor.settle(UInt16(id), .answered(by: "a"), at: Nanoseconds(id) * 5 * millisecond + 1)
        }
        #expect(!poor.isSteady(now: 1049 * millisecond, window: 500 * millisecond))
    }
}
