import Foundation
import Testing

/// labs/root.yaml: the thirteen root letters at 200 real places.
@Suite(.serialized)
struct RootTests {
    private static let generator = LabUnderTest.root + "/scripts/make-root"

    @Test func theFileIsWhatTheScriptMakes() throws {
        let made = try Command.run([Self.generator])
        #expect(made.status == 0, "\(made)")
        let kept = try String(contentsOfFile: LabUnderTest.root + "/labs/root.yaml", encoding: .utf8)
        #expect(made.output == kept, "scripts/make-root > labs/root.yaml")
        let large = try Command.run([Self.generator, "--sites", "1584"])
        try LabUnderTest.with(yaml: large.output) { lab in
            let check = try LabUnderTest.lab("check", lab.file)
            #expect(check.status == 0, "\(check)")
        }
        for sites in ["25", "1585"] { #expect(try Command.run([Self.generator, "--sites", sites]).status == 2) }
    }

    private struct Document: Decodable {
        let passed: Int
        let failed: Int
    }

    /// What the file expects of itself.
    @Test func theScenarioHolds() throws {
        try LabUnderTest.with("root.yaml") { lab in
            let outcome = try LabUnderTest.lab("test", lab.file, "--timeout", "300", "--json", limit: 400)
            #expect(outcome.status == 0, "\(outcome)")
            let document = try JSONDecoder().decode(Document.self, from: Data(outcome.output.utf8))
            #expect(document.passed == 6 && document.failed == 0)
        }
    }

    private struct Prediction: Decodable {
        struct Row: Decodable {
            let client: String
            let service: String
            let site: String?
            let rtt_ms: Double?
            let as_path: [Int]
        }
        let rows: [Row]
    }

    /// The more sites a letter has, the nearer it is to most. A local site serves its own network, and nobody else has heard of it.
    @Test func lettersOfManySitesAreNear() throws {
        let file = LabUnderTest.root + "/labs/root.yaml"
        let outcome = try LabUnderTest.lab("predict", file, "--json")
        let rows = try JSONDecoder().decode(Prediction.self, from: Data(outcome.output.utf8)).rows
        #expect(rows.count == 19 * 26)
        func median(_ letters: String) -> Double {
            let times = rows.filter { letters.contains($0.service.prefix(1)) }.map { $0.rtt_ms ?? .infinity }.sorted()
            return times[times.count / 2]
        }
        let (few, some, many) = (median("bcgh"), median("jkl"), median("ef"))
        #expect(few > 100 && some < 90 && many < 50 && few > some && some > many, "\(few) \(some) \(many)")
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        var locals = 0
        for row in rows {
            let line = try #require(lines.first { $0.hasPrefix("  \(row.site ?? "nobody"):") }, "\(row)")
            guard line.hasSuffix(", local") else { continue }
            locals += 1
            #expect(row.as_path.count == 2 && row.as_path[0] / 100 == 652, "\(row)")
        }
        #expect(locals > 20)
    }
}
