import Foundation
import Testing

/// `labd bgp` against the BGP daemons that others have written, each in namespaces of its own (`Tests/Interop/run`).
@Suite("Interop", .serialized)
struct InteropTests {
    /// The package's folder.
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// The checks that every daemon must pass; the others depend on what the daemon has.
    private static let indispensable = [
        "IPv4 session Established", "IPv6 session Established", "their IPv4 routes", "their IPv6 routes",
        "our IPv4 routes", "our IPv6 routes", "our communities", "their MED", "their communities", "our withdrawal",
        "their withdrawal", "hard reset by them", "Cease from us", "their process killed", "our process killed",
        "both families on one IPv4 session", "4-octet AS numbers",
    ]

    @Test("Sessions, routes, attributes, withdrawals and restarts", arguments: ["bird", "frr", "gobgp", "openbgpd", "exabgp"])
    func interop(daemon: String) throws {
        let (status, output, errors) = try run("--daemon", daemon)
        #expect(status == 0, "\(output)\n\(errors)")
        let rows = output.split(separator: "\n").filter { $0.hasPrefix("| ") }
        for check in Self.indispensable {
            let row = try #require(rows.first { $0.hasPrefix("| \(check)") }, "\(check) in\n\(output)")
            #expect(row.hasSuffix("| yes |"), "\(output)\n\(errors)")
        }
    }

    @Test("A program that is no speaker passes nothing")
    func noSpeaker() throws {
        let (status, output, _) = try run("--daemon", "bird", "--labd", "/bin/false")
        #expect(status == 1)
        #expect(output.contains("| IPv4 session Established | no |"))
        #expect(!output.contains("| yes |"))
    }

    @Test("A daemon that nobody knows is wrong usage")
    func unknownDaemon() throws {
        #expect(try run("--daemon", "quagga").status == 2)
    }

    private func run(_ words: String...) throws -> (status: Int32, output: String, errors: String) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("interop-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Files, not pipes: neither fills up while nobody reads.
        let files = ["output", "errors"].map { folder.appendingPathComponent($0) }
        for file in files { try Data().write(to: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.root + "/Tests/Interop/run")
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
