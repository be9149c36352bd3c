import LabModel
import Testing

/// Steps as people read them, and how often they are done.
struct ScenarioWordsTests {
    @Test(arguments: [
        (Int64(0), "0s"), (5, "5ns"), (1500, "1.5us"), (30_000_000, "30ms"), (138_600_000, "138.6ms"),
        (1_000_000_000, "1s"), (1_050_000_000, "1.05s"), (90_000_000_000, "90s"),
    ])
    func durationsAreWrittenShort(nanoseconds: Int64, text: String) {
        #expect(nanoseconds.asDuration == text)
    }

    @Test(arguments: [(0.0, "0%"), (0.4, "40%"), (1.0 / 3, "33.3%"), (1, "100%")])
    func sharesAreWrittenShort(share: Double, text: String) {
        #expect(share.asPercent == text)
    }

    @Test(arguments: [
        (Bound<Int64>.Relation.less, [true, false, false]), (.lessOrEqual, [true, true, false]),
        (.greater, [false, false, true]), (.greaterOrEqual, [false, true, true]), (.equal, [false, true, false]),
    ])
    func boundsHold(relation: Bound<Int64>.Relation, expected: [Bool]) {
        #expect([4, 5, 6].map { Bound<Int64>(relation, 5).holds($0) } == expected)
    }

    @Test func claimsOfAKindShareItsName() {
        let expectation = Expectation(
            claims: [
                .catchment(client: "a", site: "x"), .catchment(client: "b", site: nil),
                .roundTrip(client: "a", Bound(.less, 30_000_000)),
            ], within: 1_000_000_000)
        #expect("\(expectation)" == "catchment a: x, b: nobody, rtt a < 30ms, within 1s")
    }

    @Test func repetitionsAreUnrolledUpToALimit() {
        func step(_ action: Scenario.Action) -> Scenario.Step { .init(line: 1, action: action) }
        let inner = step(.repeat(times: 2, steps: [step(.wait(1)), step(.wait(2))]))
        let scenario = Scenario(steps: [step(.wait(0)), step(.repeat(times: 2, steps: [inner]))])
        #expect(scenario.count == 9)
        #expect(scenario.unrolled.map(\.action) == [.wait(0)] + [1, 2, 1, 2, 1, 2, 1, 2].map { .wait($0) })
        var large = step(.wait(1))
        for _ in 0..<40 { large = step(.repeat(times: 10_000, steps: [large])) }
        #expect(Scenario(steps: [large]).count == Int.max)
        #expect(Scenario(steps: [large]).unrolled.isEmpty)
    }
}
