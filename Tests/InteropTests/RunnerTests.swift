import Foundation
import Testing

/// What runs for minutes has a runner of its own, and a short round of it here.
extension InteropTests {
    // All 20 take some minutes: SAME_CHOICE_COUNT=20.
    @Test("On random internets, BIRD in every router sends packets the way that ours does")
    func sameChoice() throws { try round(of: "SameChoice", count: "SAME_CHOICE_COUNT", otherwise: 3) }

    // 300 take 20 minutes: SAME_PREDICTION_COUNT=300.
    @Test("On random internets, prediction, forwarding tables and probes agree about every client")
    func samePrediction() throws { try round(of: "SamePrediction", count: "SAME_PREDICTION_COUNT", otherwise: 6) }

    @Test("Knot and NSD answer 500 queries as we do, or the standard says why not")
    func sameAnswers() throws {
        let text = try succeed("SameAnswers")
        #expect(text.contains("500 queries:") && text.contains(" 0 differences not explained"), "\(text)")
        // The README shows this table, and no other row.
        let readme = try String(contentsOf: Self.tests.appendingPathComponent("../README.md"), encoding: .utf8)
        let section = try #require(
            readme.components(separatedBy: "\n## ").first { $0.hasPrefix("The DNS responder beside Knot and NSD\n") })
        func rows(_ text: String) -> [Substring] { text.split(separator: "\n").filter { $0.hasPrefix("| ") } }
        #expect(rows(section) == rows(text))
    }

    // Ten million take some minutes: QUERY_FLOOD_COUNT=10000000.
    @Test("No mutated query is answered wrongly, stops the responder or costs it memory")
    func queryFlood() throws {
        let count = ProcessInfo.processInfo.environment["QUERY_FLOOD_COUNT"] ?? "200000"
        let text = try succeed("QueryFlood", "--count", count)
        #expect(text.contains("\(count) mutated queries") && text.contains("the same process"), "\(text)")
    }

    /// Runs `Tests/NAME/run` for some topologies; an environment variable says other than `otherwise`.
    private func round(of name: String, count variable: String, otherwise: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(name)-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let count = ProcessInfo.processInfo.environment[variable] ?? "\(otherwise)"
        let text = try succeed(name, "--count", count, "--keep", folder.path)
        #expect(text.contains("\(count) topologies"), "\(text)")
    }

    /// Runs `Tests/NAME/run`, expects it to succeed, and returns what it said.
    private func succeed(_ name: String, _ words: String...) throws -> String {
        let (status, output, errors) = try run(name, words)
        #expect(status == 0, "\(output)\n\(errors)")
        return output
    }
}
