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
        let text = try run("SameAnswers")
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
        let text = try run("QueryFlood", "--count", count)
        #expect(text.contains("\(count) mutated queries") && text.contains("the same process"), "\(text)")
    }

    /// Runs `Tests/NAME/run` for some topologies; an environment variable says other than `otherwise`.
    private func round(of name: String, count variable: String, otherwise: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(name)-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let count = ProcessInfo.processInfo.environment[variable] ?? "\(otherwise)"
        let text = try run(name, "--count", count, "--keep", folder.path)
        #expect(text.contains("\(count) topologies"), "\(text)")
    }

    /// The folder of all tests.
    private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    /// Runs `Tests/NAME/run`, expects it to succeed, and returns all that it said.
    private func run(_ name: String, _ words: String...) throws -> String {
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("\(name)-\(UUID().uuidString).log")
        try Data().write(to: log)
        defer { try? FileManager.default.removeItem(at: log) }
        let process = Process()
        process.executableURL = Self.tests.appendingPathComponent("\(name)/run")
        process.arguments = words
        process.standardInput = FileHandle.nullDevice
        let output = try FileHandle(forWritingTo: log)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        process.waitUntilExit()
        let text = try String(contentsOf: log, encoding: .utf8)
        #expect(process.terminationStatus == 0, "\(text)")
        return text
    }
}
