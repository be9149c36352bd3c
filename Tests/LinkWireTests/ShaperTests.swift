import Testing

@testable import LinkWire

/// A shaper and its chances behind a reference: `#expect` cannot change a value.
private final class Line {
    var shaper: Shaper
    private var random = SplitMix64(seed: 7)
    init(_ impairment: Impairment) { shaper = Shaper(impairment) }

    func admit(now: Int64, bytes: Int, waiting: Int = 0) -> Shaper.Verdict {
        shaper.admit(now: now, bytes: bytes, waiting: waiting, &random)
    }

    func duplicates() -> Bool { shaper.duplicates(&random) }
}

/// The verdicts on `count` frames of 1,000 bytes that all come at `now`, none waiting.
private func verdicts(_ impairment: Impairment, count: Int, now: Int64 = 1_000_000_000) -> [Shaper.Verdict] {
    let line = Line(impairment)
    return (0..<count).map { _ in line.admit(now: now, bytes: 1000) }
}

private func arrivals(_ verdicts: [Shaper.Verdict]) -> [Int64] {
    verdicts.compactMap { if case .arrives(let time) = $0 { time } else { nil } }
}

@Suite struct ShaperTests {
    @Test func withoutImpairmentFramesArriveAtOnce() {
        #expect(verdicts(Impairment(), count: 3) == Array(repeating: .arrives(1_000_000_000), count: 3))
    }

    @Test func delayIsExact() {
        #expect(verdicts(Impairment(delay: 10_000_000), count: 1) == [.arrives(1_010_000_000)])
    }

    @Test func jitterStaysInItsBoundsAndFillsThem() {
        let offsets = arrivals(verdicts(Impairment(delay: 10_000, jitter: 4_000), count: 20_000)).map {
            $0 - 1_000_000_000
        }
        #expect(offsets.count == 20_000)
        #expect(offsets.allSatisfy { (6_000...14_000).contains($0) })
        // Evenly: each eighth of the range has its eighth of the frames, 2,500 +- 6 standard deviations.
        for slot in 0..<8 {
            let share = offsets.count { $0 >= 6_000 + slot * 1_000 && $0 < 7_000 + slot * 1_000 }
            #expect((2_220...2_780).contains(share))
        }
    }

    @Test func jitterAboveTheDelayNeverArrivesBeforeItCame() {
        let times = arrivals(verdicts(Impairment(delay: 1_000, jitter: 50_000), count: 5_000))
        #expect(times.allSatisfy { $0 >= 1_000_000_000 && $0 <= 1_000_051_000 })
        #expect(times.contains(1_000_000_000))
    }

    @Test func jitterWithARateKeepsTheOrder() {
        let times = arrivals(verdicts(Impairment(delay: 1_000_000, jitter: 900_000, rate: 1_000_000_000), count: 1_000))
        #expect(times.count == 1_000)
        #expect(times == times.sorted())
    }

    @Test func rateSerialisesFrameByFrame() {
        // 1,000 bytes at 8 Mbit/s are 1 ms.
        let times = arrivals(verdicts(Impairment(delay: 5_000_000, rate: 8_000_000), count: 4))
        #expect(times == [1_006_000_000, 1_007_000_000, 1_008_000_000, 1_009_000_000])
    }

    @Test func anIdleLineDoesNotSaveUpRate() {
        let line = Line(Impairment(rate: 8_000_000))
        #expect(line.admit(now: 0, bytes: 1000) == .arrives(1_000_000))
        #expect(line.admit(now: 9_000_000, bytes: 1000) == .arrives(10_000_000))
    }

    @Test func serialisationIsNeverRoundedDown() {
        let line = Line(Impairment(rate: 3_000_000_000))
        #expect(line.admit(now: 0, bytes: 1) == .arrives(3))
    }

    @Test func aRateBoundsTheQueueByTime() {
        // At 100 Mbit/s patience is 50 ms: 625 frames of 80 us, and the one that finds the line busy just so long.
        let all = verdicts(Impairment(rate: 100_000_000), count: 2_000)
        #expect(arrivals(all).count == 626)
        #expect(all.last == .overLimit)
    }

    @Test func aSlowLineTakesTwoOfTheLargestFrames() {
        let line = Line(Impairment(rate: 1_000_000))
        for _ in 0..<2 { #expect(line.admit(now: 0, bytes: 65_549) != .overLimit) }
    }

    @Test func theSlowestRateAndLargestFrameDoNotOverflow() {
        let line = Line(Impairment(delay: 3_600_000_000_000, jitter: 3_600_000_000_000, rate: 1))
        for _ in 0..<100 { _ = line.admit(now: 1 << 60, bytes: 1 << 24) }
    }

    @Test func theLimitCountsFramesUnderWay() {
        let line = Line(Impairment(delay: 1_000, limit: 2))
        #expect(line.admit(now: 0, bytes: 100, waiting: 1) == .arrives(1_000))
        #expect(line.admit(now: 0, bytes: 100, waiting: 2) == .overLimit)
    }

    @Test(arguments: [0.0, 0.001, 0.3, 1.0])
    func lossIsTheDeclaredShare(share: Double) {
        let lost = verdicts(Impairment(loss: share), count: 100_000).count { $0 == .lost }
        let deviation = (100_000 * share * (1 - share)).squareRoot()
        #expect(abs(Double(lost) - 100_000 * share) <= 6 * deviation)
    }

    @Test func reorderedFramesGoAtOnceAndTheRestWait() {
        let times = arrivals(verdicts(Impairment(delay: 500, reorder: 0.25), count: 10_000))
        let early = times.count { $0 == 1_000_000_000 }
        #expect((2_240...2_760).contains(early))
        #expect(times.count { $0 == 1_000_000_500 } == 10_000 - early)
    }

    @Test(arguments: [0.0, 0.5, 1.0])
    func duplicationIsTheDeclaredShare(share: Double) {
        let line = Line(Impairment(duplicate: share))
        let twice = (0..<10_000).count { _ in line.duplicates() }
        #expect(abs(Double(twice) - 10_000 * share) <= 300 * (share == 0.5 ? 1 : 0))
    }

    @Test func aChangeOfRateDoesNotForgetTheBusyLine() {
        let line = Line(Impairment(rate: 8_000_000))
        _ = line.admit(now: 0, bytes: 10_000)
        line.shaper = Shaper(Impairment(rate: 80_000_000), after: line.shaper)
        #expect(line.admit(now: 0, bytes: 1_000, waiting: 1) == .arrives(10_100_000))
    }
}
