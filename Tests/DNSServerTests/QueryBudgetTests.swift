import Sys
import Testing

@testable import DNSServer

/// Capacity: what comes at once, what comes for long, and what nobody used.
@Suite struct QueryBudgetTests {
    private let second: Nanoseconds = 1_000_000_000

    @Test func aTenthOfASecondMayComeAtOnce() {
        var budget = QueryBudget(capacity: 2000)
        #expect(budget.take(32, now: 5 * second) == 32)
        #expect(budget.take(1000, now: 5 * second) == 168)
        #expect(budget.take(1, now: 5 * second) == 0)
        #expect(budget.take(5, now: 5 * second + 1_000_000) == 2)
    }

    /// Ten times too much for ten seconds: what is taken is the capacity, and once what may come at once.
    @Test(arguments: [1, 50, 1000, 20_000, 1_000_000])
    func theRateIsKept(capacity: Int) {
        var budget = QueryBudget(capacity: capacity)
        var taken = 0
        let step = second / 1000
        for turn in 0..<10_000 {
            let offered = (turn + 1) * capacity / 100 - turn * capacity / 100
            taken += budget.take(offered, now: Nanoseconds(turn) * step)
        }
        let most = capacity * 10 + max(1, capacity / 10)
        #expect(taken <= most && taken >= most * 99 / 100 - 1, "\(taken) of \(most)")
    }

    @Test func whatNobodyUsedIsNotSavedUp() {
        var budget = QueryBudget(capacity: 100)
        #expect(budget.take(100, now: 0) == 10)
        #expect(budget.take(100, now: 3600 * second) == 10)
        #expect(budget.take(100, now: .max / 2) == 10)
    }
}
