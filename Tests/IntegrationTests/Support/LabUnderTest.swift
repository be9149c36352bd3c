import Foundation
import Glibc
import Testing

/// The built program, and labs that are taken down whatever a test does.
struct LabUnderTest {
    let name: String
    let file: String

    /// The package's folder.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    /// The program, as `scripts/build` leaves it.
    static let program = root + "/.build/release/lab"

    /// Runs `lab` with the words.
    @discardableResult
    static func lab(_ words: String..., limit: Double = 120) throws -> Outcome {
        try Command.run([program] + words, limit: limit)
    }

    /// A folder for files of this test run, removed by ``with(_:_:)``.
    private static func temporaryFolder() throws -> String {
        let folder = NSTemporaryDirectory() + "/lab-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    /// A name that no other lab of this machine has.
    static func freshName() -> String { "it\(getpid())-\(UUID().uuidString.prefix(6).lowercased())" }

    /// Writes a lab file, its `lab:` line replaced by a fresh name, and removes the file and the lab afterwards.
    static func with(yaml: String, _ body: (LabUnderTest) throws -> Void) throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let name = freshName()
        let lines = yaml.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("lab:") ? "lab: \(name)" : String(line)
        }
        let file = folder + "/lab.yaml"
        try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        let lab = LabUnderTest(name: name, file: file)
        defer { _ = try? Self.lab("down", name) }
        try body(lab)
    }

    /// One of the labs that come with the project, under a fresh name.
    static func with(_ example: String, _ body: (LabUnderTest) throws -> Void) throws {
        try with(yaml: String(contentsOfFile: root + "/labs/" + example, encoding: .utf8), body)
    }

    /// One of the labs of the project, up.
    static func withUp(_ example: String, _ body: (LabUnderTest) throws -> Void) throws {
        try with(example) { lab in
            try lab.up()
            try body(lab)
        }
    }

    /// Brings the lab up; a failure ends the test with all that was said.
    @discardableResult
    func up(_ options: String...) throws -> Outcome {
        let outcome = try Command.run([Self.program, "up", file] + options)
        guard outcome.status == 0 else { throw TestFailure("lab up: \(outcome)") }
        return outcome
    }

    /// Runs a verb about this lab.
    @discardableResult
    func run(_ verb: String, _ words: String...) throws -> Outcome {
        try Command.run([Self.program, verb, "--lab", name] + words)
    }

    /// Runs a program inside a node by `ip netns exec`, as people do, and not by our own `lab exec`.
    @discardableResult
    func inside(_ node: String, _ words: String..., limit: Double = 60) throws -> Outcome {
        try Command.run(["ip", "netns", "exec", "\(name).\(node)"] + words, limit: limit)
    }

    /// What the kernel tells in a namespace while `body` runs.
    func kernelChanges(in node: String, during body: () throws -> Void) throws -> [String] {
        let words = ["ip", "netns", "exec", "\(name).\(node)", "ip", "monitor", "link", "address", "route"]
        let monitor = try Command.Running(words)
        defer { monitor.end() }
        // It listens once it has its netlink socket, which `ss` would show; a change of our own proves it.
        let mark = "203.0.113.77"
        try Command.wait("the monitor") {
            _ = try inside(node, "ip", "route", "replace", "blackhole", "\(mark)/32")
            _ = try inside(node, "ip", "route", "del", "blackhole", "\(mark)/32")
            return monitor.outputSoFar.contains(mark)
        }
        try body()
        _ = try inside(node, "ip", "route", "replace", "blackhole", "203.0.113.78/32")
        try Command.wait("the end mark") { monitor.outputSoFar.contains("203.0.113.78") }
        _ = try inside(node, "ip", "route", "del", "blackhole", "203.0.113.78/32")
        return monitor.outputSoFar.split(separator: "\n").map(String.init).filter { !$0.contains("203.0.113.7") }
    }

    /// The JSON that a verb prints.
    func json<Document: Decodable>(_ type: Document.Type, _ words: String...) throws -> Document {
        let outcome = try Command.run([Self.program] + words + ["--json"])
        guard outcome.status == 0 else { throw TestFailure("lab \(words): \(outcome)") }
        return try JSONDecoder().decode(type, from: Data(outcome.output.utf8))
    }

    /// The holder of the lab's lock, as the kernel tells.
    var supervisor: pid_t? { Self.holder(of: "/run/lab/\(name)/lock") }

    /// The holder of a record lock.
    static func holder(of path: String) -> pid_t? {
        var status = stat()
        guard stat(path, &status) == 0,
            let locks = try? String(contentsOfFile: "/proc/locks", encoding: .utf8)
        else { return nil }
        let line = locks.split(separator: "\n").first { $0.contains("POSIX") && $0.contains(":\(status.st_ino) ") }
        return line.flatMap { pid_t($0.split(separator: " ")[4]) }
    }

    /// Which site answers a client, asked with dig.
    func site(for client: String, _ address: String = "192.0.2.53") throws -> String? {
        let answer = try inside(client, "dig", "+short", "+tries=1", "+time=2", "@" + address, "CH", "TXT", "id.server")
        guard answer.status == 0 else { return nil }
        return answer.lines.first.map { $0.filter { $0 != "\"" } }
    }
}

/// The documents of DESIGN's contract: what scripts may rely on.
struct CatchmentDocument: Decodable {
    struct Row: Decodable {
        struct Hop: Decodable {
            let node: String?
            let asn: Int?
            let address: String?
            let rtt_ms: Double?
        }
        let client: String
        let service: String
        let address: String
        let family: String
        let site: String?
        let rtt_ms: Double?
        let as_path: [Int]
        let hops: [Hop]
        let agrees: Bool
    }
    let lab: String
    let rows: [Row]
}

struct StatusDocument: Decodable {
    struct Node: Decodable {
        struct ProcessStatus: Decodable {
            let role: String
            let pid: Int?
            let state: String
            let restarts: Int
        }
        let name: String
        let kind: String
        let network: String
        let asn: Int?
        let city: String
        let netns: String
        let processes: [ProcessStatus]
    }
    struct Session: Decodable {
        let local: String
        let remote: String
        let state: String
        let received: Int
        let sent: Int
    }
    let lab: String
    let links: String
    let converged: Bool
    let nodes: [Node]
    let sessions: [Session]
}

struct ListDocument: Decodable {
    struct Lab: Decodable {
        let name: String
        let state: String
        let nodes: Int
    }
    let labs: [Lab]
}
