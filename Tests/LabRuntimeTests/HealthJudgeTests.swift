import LabModel
import TestSupport
import Testing

@testable import LabRuntime

/// When a site goes down and comes back, under a clock of the test's own.
struct HealthJudgeTests {
    private static let second: Int64 = 1_000_000_000

    private static func judge(fall: UInt8 = 3, rise: UInt8 = 2, holdDown: UInt32 = 10_000) -> HealthJudge {
        var check = HealthCheck()
        (check.fall, check.rise, check.holdDown) = (fall, rise, holdDown)
        return HealthJudge(check)
    }

    /// The second of each change, for checks of a second each: `.` has passed, `x` has failed.
    private static func changes(_ judge: inout HealthJudge, _ checks: String) -> [Int] {
        checks.enumerated().compactMap { second, check in
            judge.record(hasPassed: check == ".", now: Int64(second) * Self.second) ? second : nil
        }
    }

    @Test(
        arguments: [
            ("......", []),
            ("xx.xx.xx.", []),  // never three in a row
            (".xxx", [3]), ("xxxxxx", [2]),
            // Down at 2; the last failure is at 2, and ten seconds later it may be back.
            ("xxx..........", [2, 12]), ("xxx.........", [2]),
            // One more failure at 6 begins the hold-down anew.
            ("xxx...x..........", [2, 16]),
            // Comes and goes every two seconds: down once, and then no more changes.
            ("xxx..xx..xx..xx..xx..xx..xx..xx..xx..xx..xx", [2]),
        ] as [(String, [Int])])
    func fallRiseAndHoldDown(checks: String, expected: [Int]) {
        var judge = Self.judge()
        #expect(Self.changes(&judge, checks) == expected)
        #expect(judge.isUp == expected.count.isMultiple(of: 2))
    }

    @Test func withoutAHoldDownOnlyTheRiseCounts() {
        var judge = Self.judge(fall: 1, rise: 3, holdDown: 0)
        #expect(Self.changes(&judge, "x..x...x") == [0, 6, 7])
    }

    @Test func theHoldDownIsOfTimeAndNotOfChecks() {
        var judge = Self.judge(fall: 1, rise: 1, holdDown: 1000)
        let checks: [(Bool, Int64)] = [(false, 0), (true, Self.second - 1), (true, Self.second)]
        let changes = checks.map { judge.record(hasPassed: $0, now: $1) }
        #expect(changes == [true, false, true])
    }

    /// Whatever comes, a site is back no sooner than the hold-down after the last failure, and never goes down by fewer than
    /// `fall` failures in a row.
    @Test func theRulesHoldForAnyChecks() {
        var generator = SeededGenerator(57)
        for _ in 0..<200 {
            var judge = Self.judge(fall: 2, rise: 2, holdDown: 5000)
            var (now, lastFailure, row): (Int64, Int64, Int) = (0, .min, 0)
            for _ in 0..<500 {
                now += Int64.random(in: 1...Self.second, using: &generator)
                let hasPassed = Bool.random(using: &generator) || Bool.random(using: &generator)
                if hasPassed { row = 0 } else { (row, lastFailure) = (row + 1, now) }
                guard judge.record(hasPassed: hasPassed, now: now) else { continue }
                if judge.isUp { #expect(now - lastFailure >= 5 * Self.second) } else { #expect(row >= 2) }
            }
        }
    }
}
