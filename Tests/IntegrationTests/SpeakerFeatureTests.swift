import Foundation
import Glibc
import Testing

/// What sessions and speakers can do besides, given to a lab that runs by `lab apply`, and taken away again.
@Suite(.serialized)
struct SpeakerFeatureTests {
    private static let core = "core: { asn: 65010, cities: [FRA, LHR] }"
    private static let left = "left: { asn: 65020, cities: [FRA], providers: [core] }"
    private static let plain = """
        lab: features
        timers: fast
        networks:
          \(core)
          \(left)
        services:
          dns: { asn: 64500, addresses: [192.0.2.53] }
        sites:
          one: { city: FRA, providers: [left] }
          two: { city: FRA, providers: [left] }
        clients:
          user: { city: FRA, provider: core }
        """
    private static let full =
        plain
        .replacingOccurrences(
            of: core,
            with: "core: { asn: 65010, cities: [FRA, LHR], add-path: all, damping: { half-life: 60s }, "
                + "graceful-restart: { restart: 90s }, bmp: { station: user } }"
        )
        .replacingOccurrences(
            of: left,
            with: "left: { asn: 65020, cities: [FRA], "
                + "providers: [{ network: core, add-path: { send: all }, extended-next-hop: true }] }")

    /// A BMP station: says the name of each speaker that introduces itself (RFC 7854, section 4.3).
    private static let station = """
        import socket, struct, threading
        server = socket.create_server(("", 11019))
        def hear(peer):
            data = b""
            while len(data) < 6 or len(data) < struct.unpack(">I", data[1:5])[0]:
                data += peer.recv(4096)
            place, end = 6, struct.unpack(">I", data[1:5])[0]
            while place < end:
                kind, length = struct.unpack(">HH", data[place:place + 4])
                if data[5] == 4 and kind == 2:
                    print("heard", data[place + 4:place + 4 + length].decode(), flush=True)
                place += 4 + length
            while peer.recv(65536):
                pass
        print("listening", flush=True)
        while True:
            threading.Thread(target=hear, args=server.accept()[:1], daemon=True).start()
        """

    private struct Neighbours: Decodable {
        struct Speaker: Decodable { let flapping: Int }
        struct Neighbour: Decodable {
            struct Capabilities: Decodable { let received: [String] }
            let name: String
            let capabilities: Capabilities
        }
        let speaker: Speaker
        let neighbors: [Neighbour]
    }

    private struct Paths: Decodable {
        struct Path: Decodable {
            let from: String?
            let path_id: Int?
        }
        let paths: [Path]
    }

    private func apply(_ text: String, to lab: LabUnderTest) throws {
        let named = text.replacingOccurrences(of: "lab: features", with: "lab: \(lab.name)")
        try named.write(toFile: lab.file, atomically: true, encoding: .utf8)
        let outcome = try Command.run([LabUnderTest.program, "apply", lab.file])
        guard outcome.status == 0 else { throw TestFailure("lab apply: \(outcome)") }
    }

    private func neighbours(_ lab: LabUnderTest, _ node: String) throws -> Neighbours {
        try lab.json(Neighbours.self, "bgp", "--lab", lab.name, node)
    }

    /// The path identifiers of the routes to the service that a router has from another one.
    private func identifiers(_ lab: LabUnderTest, _ node: String, from other: String) throws -> [Int] {
        let words = ["bgp", "--lab", lab.name, node, "--prefix", "192.0.2.0/24", "--json"]
        let outcome = try Command.run([LabUnderTest.program] + words)
        let document = try JSONDecoder().decode(Paths.self, from: Data(outcome.output.utf8))
        return document.paths.filter { $0.from == other }.map { $0.path_id ?? 0 }.sorted()
    }

    private func service(_ lab: LabUnderTest, _ node: String) throws -> String {
        try lab.inside(node, "ip", "-4", "route", "show", "192.0.2.0/24").output
    }

    private func expect(_ lab: LabUnderTest, isFull: Bool) throws {
        #expect(try identifiers(lab, "core-fra", from: "left-fra") == (isFull ? [1, 2] : [0]))
        #expect(try identifiers(lab, "core-lhr", from: "core-fra") == (isFull ? [1, 2] : [0]))
        #expect(try service(lab, "core-fra").contains("via inet6 2001:db8:") == isFull)
        let offered = try neighbours(lab, "core-lhr").neighbors.filter { $0.name == "core-fra" }
            .map { $0.capabilities.received.contains("graceful restart 90 s") }
        #expect(!offered.isEmpty && offered.allSatisfy { $0 == isFull }, "\(offered)")
        #expect(try lab.site(for: "user") != nil)
    }

    @Test func whatARunningLabIsGivenWorksAndIsTakenAwayAgain() throws {
        try LabUnderTest.with(yaml: Self.plain) { lab in
            try lab.up()
            try expect(lab, isFull: false)
            let station = try Command.Running(
                ["ip", "netns", "exec", "\(lab.name).user", "python3", "-c", Self.station])
            defer { station.end() }
            try Command.wait("the station") { station.outputSoFar.contains("listening") }

            try apply(Self.full, to: lab)
            try expect(lab, isFull: true)
            try Command.wait("both routers report") {
                ["core-fra", "core-lhr"].allSatisfy { station.outputSoFar.contains("heard \($0)\n") }
            }
            for verb in ["withdraw", "announce"] {
                #expect(try lab.run("control", "one", verb, "192.0.2.0/24").status == 0)
                try Command.wait("\(verb) seen") {
                    try identifiers(lab, "core-fra", from: "left-fra").count == (verb == "announce" ? 2 : 1)
                }
            }
            #expect(try neighbours(lab, "core-fra").speaker.flapping == 1)
            try restartGracefully(lab)

            try apply(Self.plain, to: lab)
            try expect(lab, isFull: false)
        }
    }

    /// Kills a speaker that restarts gracefully: what it has written into the kernel is never gone.
    private func restartGracefully(_ lab: LabUnderTest) throws {
        func speaker() throws -> StatusDocument.Node.ProcessStatus? {
            let node = try lab.json(StatusDocument.self, "status", lab.name).nodes.first { $0.name == "core-lhr" }
            return node?.processes.first { $0.role == "bgp" }
        }
        let before = try #require(try speaker())
        let seen = try lab.kernelChanges(in: "core-lhr") {
            kill(try #require(before.pid.map(pid_t.init)), SIGKILL)
            try Command.wait("started again") {
                try speaker()?.restarts == before.restarts + 1
                    && lab.json(StatusDocument.self, "status", lab.name).converged
            }
            try Command.wait("its table") { try identifiers(lab, "core-lhr", from: "core-fra") == [1, 2] }
        }
        #expect(!seen.contains { $0.hasPrefix("Deleted 192.0.2.0/24") }, "\(seen)")
        #expect(try !service(lab, "core-lhr").isEmpty)
    }
}
