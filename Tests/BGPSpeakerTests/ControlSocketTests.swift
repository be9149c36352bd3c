import Foundation
import JSON
import Sys
import Testing

/// `labd bgp --config FILE --control PATH` as a process: its socket, and SIGHUP.
@Suite("The control socket", .serialized)
struct ControlSocketTests {
    /// A speaker without neighbours in a namespace, its files in a folder that anybody may enter.
    private final class Daemon {
        let node: TestNode
        let folder: String
        private var process = Process()

        var socket: String { folder + "/bgp.control" }
        var file: String { folder + "/bgp.json" }
        private var errors: String { folder + "/errors" }

        static func configuration(_ originate: [String]) -> JSON {
            BGPSpeakerTests.configuration("ours", asn: 65001, identifier: "10.0.0.1", originate: originate, [])
        }

        /// The program stands beside the one that runs the tests.
        static func program() throws -> String {
            URL(fileURLWithPath: try Files.ownExecutable()).deletingLastPathComponent().appendingPathComponent("labd")
                .path
        }

        init() throws {
            node = try TestNode()
            folder = FileManager.default.temporaryDirectory.appendingPathComponent(node.name).path
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
            _ = FileManager.default.createFile(atPath: errors, contents: nil)
            try configure(Self.configuration(["192.0.2.0/24"]))
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
        func prefixes() throws -> [String] { try Client(socket).prefixes() }
    }

    /// One operator.
    private final class Client {
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
                guard read(descriptor.raw, &octet, 1) == 1 else { throw CommandFailed(description: "no answer") }
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

    @Test("Several operators at once are answered each for himself, and what one says the other sees")
    func clients() throws {
        let daemon = try Daemon()
        let mode = try FileManager.default.attributesOfItem(atPath: daemon.socket)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let (first, second) = (try Client(daemon.socket), try Client(daemon.socket))
        #expect(try first.prefixes() == ["192.0.2.0/24"])
        // Two questions on their way together, the later one answered without the other's answer read.
        try first.send(#"{"do":"announce","prefix":"203.0.113.0/24","id":"a"}"#)
        #expect(try second.ask(#"{"do":"withdraw","prefix":"192.0.2.0/24","id":7}"#)["reply"] == 7)
        let announced = try first.answer()
        #expect(announced["reply"] == "a" && announced["changes"] == ["announce 203.0.113.0/24"])
        for client in [first, second] { #expect(try client.prefixes() == ["203.0.113.0/24"]) }

        for (line, reason) in [
            ("{", "an object with \"do\" expected"), ("[]", "an object with \"do\" expected"),
            (#"{"do":"dance"}"#, "unknown command 'dance'; there are announce"),
            (#"{"do":"stop"}"#, "unknown command 'stop'"),
            (#"{"do":"show","view":"moon"}"#, "\"view\": neighbors, received"),
        ] {
            #expect(try second.ask(line)["error"]?.string?.hasPrefix(reason) == true, "\(line)")
        }
        // Who goes away in the middle of a line disturbs nobody.
        let third = try Client(daemon.socket)
        try third.send(#"{"do":"show","view":"table"}"# + "\n{\"do\":")
        withExtendedLifetime(third) {}
        #expect(try first.prefixes() == ["203.0.113.0/24"])
        #expect(daemon.end() == 0)
        #expect(!FileManager.default.fileExists(atPath: daemon.socket))
    }

    @Test("SIGHUP reads the file again; a bad file changes nothing, and the log says why")
    func hangUp() throws {
        let daemon = try Daemon()
        try daemon.configure(Daemon.configuration(["198.51.100.0/24"]))
        daemon.signal(SIGHUP)
        #expect(try eventually { try daemon.prefixes() == ["198.51.100.0/24"] })
        #expect(daemon.log().contains("announce 198.51.100.0/24"))

        for (text, reason) in [
            ("{\"node\":", daemon.file),
            (Daemon.configuration(["198.51.100.0/33"]).description, "originate[0]"),
            (
                configuration("ours", asn: 65009, identifier: "10.0.0.1", originate: [], []).description,
                "asn: cannot change while the speaker runs"
            ),
        ] {
            try daemon.configure(text: text)
            daemon.signal(SIGHUP)
            #expect(eventually { daemon.log().contains(reason) }, "\(daemon.log())")
            #expect(try daemon.prefixes() == ["198.51.100.0/24"] && daemon.isRunning)
        }
        // The same over the socket, where somebody waits for the answer.
        let answer = try Client(daemon.socket).ask(#"{"do":"reload"}"#)
        #expect(answer["error"]?.string?.contains("asn: cannot change") == true, "\(answer)")
        try daemon.configure(Daemon.configuration(["192.0.2.0/24"]))
        let reloaded = try Client(daemon.socket).ask(#"{"do":"reload"}"#)
        #expect(reloaded["changes"] == ["withdraw 198.51.100.0/24", "announce 192.0.2.0/24"])
    }

    @Test("Another user is not let in, though the socket's mode would let him")
    func otherUsers() throws {
        let daemon = try Daemon()
        chmod(daemon.socket, 0o666)
        let script = """
            my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "connect: $!"; print "connected\\n";
            print $s qq({"do":"withdraw","prefix":"192.0.2.0/24"}\\n); $s->flush; $s->shutdown(1); print while <$s>;
            """
        let perl = ["-MIO::Socket::UNIX", "-e", "$SIG{PIPE} = 'IGNORE'; " + script, daemon.socket]
        let stranger = try run("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "perl"] + perl)
        #expect(stranger == "connected\n", "no answer")
        #expect(try daemon.prefixes() == ["192.0.2.0/24"], "nothing was done")
        // The same words from root are followed.
        #expect(try run("perl", perl).contains("withdraw 192.0.2.0/24"))
        #expect(try daemon.prefixes() == [])
    }

    @Test("A socket that a killed speaker left is replaced; one that is listened on is not taken")
    func leftOver() throws {
        let daemon = try Daemon()
        let other = try TestNode()
        let refused = #expect(throws: CommandFailed.self) {
            try run(
                "ip",
                [
                    "netns", "exec", other.name, Daemon.program(), "bgp", "--config", daemon.file, "--control",
                    daemon.socket,
                ])
        }
        #expect(refused?.description.contains("Address already in use") == true, "\(String(describing: refused))")
        #expect(try daemon.prefixes() == ["192.0.2.0/24"])
        daemon.killHard()
        #expect(FileManager.default.fileExists(atPath: daemon.socket))
        try daemon.start()
        #expect(try daemon.prefixes() == ["192.0.2.0/24"])
    }
}
