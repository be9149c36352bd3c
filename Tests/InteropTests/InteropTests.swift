import Foundation
import Testing

/// `labd bgp` against the BGP daemons that others have written, each in namespaces of its own (`Tests/Interop/run`).
@Suite("Interop", .serialized)
struct InteropTests {
    /// The folder of all tests.
    static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    @Test("Every check holds with every daemon, or the standard says why not")
    func matrix() throws {
        let (status, output, errors) = try run("Interop")
        #expect(status == 0, "\(output)\n\(errors)")
        let rows = output.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2)
            .map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
        #expect(rows.count == 28 && rows.allSatisfy { $0.count == 6 }, "\(output)")
        // A daemon that is not installed says "not there" 28 times, and must not pass.
        for column in 1...5 {
            let holding = rows.filter { $0.count == 6 && $0[column] == "yes" }.count
            #expect(holding >= 24, "\(output)")
        }
    }

    @Test("A program that is no speaker passes nothing")
    func noSpeaker() throws {
        let (status, output, _) = try run("Interop", ["--daemon", "bird", "--labd", "/bin/false"])
        #expect(status == 1)
        #expect(output.contains("| IPv4 session Established | no |"))
        #expect(!output.contains("| yes |"))
    }

    @Test("A daemon that nobody knows is wrong usage")
    func unknownDaemon() throws {
        #expect(try run("Interop", ["--daemon", "quagga"]).status == 2)
    }

    /// Runs `Tests/NAME/run` to its end.
    func run(_ name: String, _ words: [String] = []) throws -> (status: Int32, output: String, errors: String) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(name)-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Files, not pipes: neither fills up while nobody reads.
        let files = ["output", "errors"].map { folder.appendingPathComponent($0) }
        for file in files { try Data().write(to: file) }
        let process = Process()
        process.executableURL = Self.tests.appendingPathComponent("\(name)/run")
        process.arguments = words
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
        process.waitUntilExit()
        let texts = try files.map { try String(contentsOf: $0, encoding: .utf8) }
        return (process.terminationStatus, texts[0], texts[1])
    }
}
