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

    /// The changes, each behind its second, for checks of a second each: `.` has passed, any letter is what was wrong.
    private static func news(_ judge: inout HealthJudge, _ checks: String) -> [String] {
        checks.enumerated().compactMap { second, check in
            judge.record(check == "." ? nil : String(check), now: Int64(second) * Self.second).map {
                "\(second) \($0)" + (judge.reason.map { " \($0)" } ?? "")
            }
        }
    }

    /// The second of each change from up to down or back.
    private static func changes(_ judge: inout HealthJudge, _ checks: String) -> [Int] {
        news(&judge, checks).compactMap { $0.split(separator: " ").first.flatMap { Int($0) } }
    }

    @Test(
        "Another reason is news when it has lasted as long as it takes to go down, and only once",
        arguments: [
            ("xxxyyyyyy", ["2 down x", "5 reason y"]), ("xxxyyxyyxyy", ["2 down x"]),
            ("xxxyyyxxx..........", ["2 down x", "5 reason y", "8 reason x", "18 up"]),
            // What takes it down is what was wrong last, and need not have lasted.
            ("xxyyy", ["2 down y"]), ("xxx.yy.yy", ["2 down x"]),
            ("xxx............yyy", ["2 down x", "12 up", "17 down y"]),
        ] as [(String, [String])])
    func otherReasons(checks: String, expected: [String]) {
        var judge = Self.judge()
        #expect(Self.news(&judge, checks) == expected)
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
        let changes = checks.map { judge.record($0 ? nil : "x", now: $1) }
        #expect(changes == [.down, nil, .up])
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
                let problem = hasPassed ? nil : "xy".randomElement(using: &generator).map(String.init)
                guard let change = judge.record(problem, now: now), change != .reason else { continue }
                if judge.isUp { #expect(now - lastFailure >= 5 * Self.second) } else { #expect(row >= 2) }
            }
        }
    }
}
