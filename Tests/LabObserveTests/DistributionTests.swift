import Sys
import TestSupport
import Testing

@testable import LabObserve

struct DistributionTests {
    @Test func percentilesAreValues() {
        var generator = SeededGenerator(8)
        let distribution = Distribution((1...100).map { Nanoseconds($0) }.shuffled(using: &generator))
        #expect(distribution.percentile(0) == 1)
        #expect(distribution.percentile(0.5) == 50)
        #expect(distribution.percentile(0.99) == 99)
        #expect(distribution.percentile(1) == 100)
        #expect(Distribution([]).percentile(0.5) == nil)
    }

    /// The ranks of table A.25 of Hollander and Wolfe, Nonparametric Statistical Methods: for 10 values the 2nd and the 9th, for
    /// 20 the 6th and the 15th, for 100 the 40th and the 61st.
    @Test(arguments: [(6, 1, 6), (10, 2, 9), (20, 6, 15), (100, 40, 61)])
    func theIntervalOfTheMedianHasTheRanksOfTheTables(count: Int, low: Nanoseconds, high: Nanoseconds) {
        #expect(Distribution((1...count).map { Nanoseconds($0) }).medianInterval == low...high)
    }

    @Test func fiveValuesAreTooFewForAnInterval() {
        #expect(Distribution([1, 2, 3, 4, 5]).medianInterval == nil)
    }

    /// In at least 95 of 100 samples the interval has the true median; with 4,000 of them, 93% would be a surprise of more than
    /// five standard deviations.
    @Test(arguments: [7, 25, 600])
    func theIntervalCoversTheMedianAsOftenAsItSays(count: Int) {
        var covered = 0
        var generator = SeededGenerator(UInt64(count))
        for _ in 0..<4000 {
            let sample = Distribution((0..<count).map { _ in Nanoseconds(generator.next() % 1_000_001) })
            if sample.medianInterval?.contains(500_000) == true { covered += 1 }
        }
        #expect(covered > 3720)
    }

    @Test func theHistogramCountsEveryValue() {
        let distribution = Distribution([0, 900_000, 1_000_000, 1_000_001, 7_000_000, 9_000_000_000])
        let histogram = distribution.histogram
        #expect(histogram.reduce(0) { $0 + $1.count } == 6)
        #expect(histogram.first.map { $0.upTo == 1_000_000 && $0.count == 3 } == true)
        #expect(histogram.last.map { $0.upTo == 16_384_000_000 && $0.count == 1 } == true)
        #expect(Distribution([]).histogram.isEmpty)
    }
}
