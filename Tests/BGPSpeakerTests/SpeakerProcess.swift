import Foundation
import JSON
import Sys
import TestSupport
import Testing

/// `labd bgp --config FILE --control PATH` as a process in a namespace, its files in a folder that anybody may enter.
final class SpeakerProcess {
    let node: TestNode
    let folder: String
    private var process = Process()

    var socket: String { folder + "/bgp.control" }
    var file: String { folder + "/bgp.json" }
    private var errors: String { folder + "/errors" }

    /// The program stands beside the one that runs the tests.
    static func program() throws -> String {
        URL(fileURLWithPath: try Files.ownExecutable()).deletingLastPathComponent().appendingPathComponent("labd")
            .path
    }

    init(_ node: TestNode, _ configuration: JSON) throws {
        self.node = node
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(node.name).path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        _ = FileManager.default.createFile(atPath: errors, contents: nil)
        try configure(configuration)
        try start()
    }

    /// Starts the process and waits until it answers.
    func start() throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "ip", "netns", "exec", node.name, try Self.program(), "bgp", "--config", file, "--control", socket,
        ]
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
        try process.run()
        #expect(eventually { (try? prefixes()) != nil }, "\(log())")
    }

    func killHard() {
        signal(SIGKILL)
        process.waitUntilExit()
    }

    deinit {
        killHard()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func configure(_ configuration: JSON) throws { try configure(text: configuration.description) }
    func configure(text: String) throws { try text.write(toFile: file, atomically: true, encoding: .utf8) }

    func log() -> String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Ends it as an operator does; answers its exit status.
    func end() -> Int32 {
        signal(SIGTERM)
        process.waitUntilExit()
        return process.terminationStatus
    }

    var isRunning: Bool { process.isRunning }

    /// The prefixes that it announces, asked over a connection of its own.
    func prefixes() throws -> [String] { try ControlClient(socket).prefixes() }
}

/// One operator.
final class ControlClient {
    private let descriptor: FileDescriptor

    init(_ path: String) throws {
        descriptor = try Socket.connected(unixPath: path)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor.raw, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        // The loop connects without waiting, and here nobody else wants the thread.
        _ = fcntl(descriptor.raw, F_SETFL, fcntl(descriptor.raw, F_GETFL) & ~O_NONBLOCK)
    }

    func send(_ line: String) throws { try descriptor.writeAll((line + "\n").utf8) }

    /// The next line.
    func answer() throws -> JSON {
        var line: [UInt8] = []
        while line.last != UInt8(ascii: "\n") {
            var octet: UInt8 = 0
            guard read(descriptor.raw, &octet, 1) == 1 else { throw CommandFailed("no answer") }
            line.append(octet)
        }
        return try JSON(parsing: line)
    }

    func ask(_ line: String) throws -> JSON {
        try send(line)
        return try answer()
    }

    func prefixes() throws -> [String] {
        let routes = try ask(#"{"do":"show","view":"table","id":1}"#)["routes"]?.array
        return try #require(routes).compactMap { $0["prefix"]?.string }.sorted()
    }
}
