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

    /// It comes up, every letter answers every client, and dig sees the same zone in all of them. The more sites a letter has, the nearer it
    /// is to most.
    @Test func lettersOfManySitesAreNear() throws {
        try LabUnderTest.with("root.yaml") { lab in
            try lab.up("--timeout", "300")
            let rows = try lab.json(CatchmentDocument.self, "catchment", "--lab", lab.name).rows
            #expect(rows.count == 19 * 26)
            for row in rows { #expect(row.site != nil && row.agrees, "\(row.client) \(row.address)") }
            func median(_ letters: String) -> Double {
                let times = rows.filter { letters.contains($0.service.prefix(1)) }.map { $0.rtt_ms ?? .infinity }
                    .sorted()
                return times[times.count / 2]
            }
            let (few, some, many) = (median("bcgh"), median("jkl"), median("ef"))
            #expect(few > 100 && some < 90 && many < 50 && few > some && some > many, "\(few) \(some) \(many)")

            // A local site serves its own network, and nobody else has heard of it.
            let file = try String(contentsOfFile: lab.file, encoding: .utf8).split(separator: "\n")
            for row in rows {
                let line = try #require(file.first { $0.hasPrefix("  \(row.site ?? ""):") })
                guard line.hasSuffix("local") else { continue }
                #expect(row.as_path.count == 2 && row.as_path[0] / 100 == 652, "\(row)")
            }
            let serials = try (0..<13).map { letter in
                try lab.inside("user-us", "dig", "+short", "@192.0.2.\(16 * letter + 4)", ".", "NS").lines.sorted()
            }
            #expect(serials[0].count == 13 && Set(serials).count == 1, "\(serials)")
            #expect(try LabUnderTest.lab("down", lab.name).status == 0)
        }
    }

    /// What the file expects of itself.
    @Test func theScenarioHolds() throws {
        try LabUnderTest.with("root.yaml") { lab in
            let outcome = try LabUnderTest.lab("test", lab.file, "--timeout", "300", "--json", limit: 400)
            #expect(outcome.status == 0, "\(outcome)")
            let document = try JSONDecoder().decode(Document.self, from: Data(outcome.output.utf8))
            #expect(document.passed == 5 && document.failed == 0)
        }
    }
}
