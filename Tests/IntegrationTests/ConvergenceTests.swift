import Foundation
import Testing

/// Labs of real speakers converge as the papers have it: `Tests/Convergence/run` measures and checks how each ends.
@Suite(.serialized)
struct ConvergenceTests {
    private static let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Convergence/run").path

    private func run(_ words: String...) throws -> Outcome {
        try Command.run([Self.program] + words, limit: 300)
    }

    @Test func cliquesAnnounceAtOnceAndHuntWhenTheyWithdraw() throws {
        let outcome = try run("clique", "3", "6")
        #expect(outcome.status == 0, "\(outcome)")
        let rows = outcome.lines.dropFirst(2).map { line in
            line.split(separator: "|").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
        }
        #expect(rows.map(\.first) == [3, 4, 5, 6, 3, 4, 5, 6] && rows.allSatisfy { $0.count == 7 }, "\(outcome)")
        // Paths are explored that nobody has used before, in the larger cliques longer ones.
        for row in rows where row.count == 7 && row[0] > 3 { #expect(row[6] > 2 && row[5] > row[0], "\(outcome)") }
    }

    @Test func theWedgieSticksUntilTheSessionThatCarriesTheTrafficIsReset() throws {
        let outcome = try run("wedgie")
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.lines.count == 9, "\(outcome)")
    }

    @Test func wrongUsageIsSaid() throws {
        for words in [[], ["clique", "x"], ["hexagon"]] {
            #expect(try Command.run([Self.program] + words).status == 2)
        }
    }
}
