import Foundation
import Testing

/// BIRD in every router of a lab chooses what our own speaker chooses (`Tests/SameChoice/run`).
extension InteropTests {
    @Test("On random internets, BIRD in every router sends packets the way that ours does")
    func sameChoice() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("same-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let log = folder.appendingPathComponent("log")
        try Data().write(to: log)
        let process = Process()
        process.executableURL = root.appendingPathComponent("SameChoice/run")
        // All 20 take some minutes: SAME_CHOICE_COUNT=20.
        let count = ProcessInfo.processInfo.environment["SAME_CHOICE_COUNT"] ?? "3"
        process.arguments = ["--count", count, "--keep", folder.path]
        process.standardInput = FileHandle.nullDevice
        let output = try FileHandle(forWritingTo: log)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        process.waitUntilExit()
        let text = try String(contentsOf: log, encoding: .utf8)
        #expect(process.terminationStatus == 0, "\(text)")
        #expect(text.contains("\(count) topologies"), "\(text)")
    }
}
