import Foundation
import JSON
import Sys
import TestSupport
import Testing

@testable import BGPSpeaker

/// BIRD 2 (Debian package bird2) as the neighbour.
@Suite("With BIRD", .serialized)
struct BirdTests {
    private func neighbour(
        _ family: String, _ remote: String, _ local: String, families: [JSON], _ more: [JSON.Member] = []
    ) -> JSON {
        .object(
            [
                .init("name", "bird"), .init("address", .string(remote)), .init("local_address", .string(local)),
                .init("asn", 65002), .init("interface", "to-bird"), .init("relation", "peer"),
                .init("families", .array(families)),
            ] + more)
    }

    /// A session for each family, with the same in both configurations of both sides.
    private func separately(
        _ ours: [JSON.Member], _ theirs: String, _ body: (TestNode, TestNode, RunningSpeaker, Bird) throws -> Void
    ) throws {
        try run(
            neighbours: [
                neighbour("ipv4", "10.1.0.1", "10.1.0.0", families: ["ipv4"], ours),
                neighbour("ipv6", "2001:db8:1::1", "2001:db8:1::", families: ["ipv6"], ours),
            ],
            protocols: """
                protocol bgp four { local 10.1.0.1 as 65002; neighbor 10.1.0.0 as 65001; connect retry time 1; \(theirs) \(channels(["ipv4"])) }
                protocol bgp six { local 2001:db8:1::1 as 65002; neighbor 2001:db8:1:: as 65001; connect retry time 1; \(theirs) \(channels(["ipv6"])) }
                """, body)
    }

    private func channels(_ families: [String]) -> String {
        families.map { "\($0) { import all; export where source = RTS_STATIC; };" }.joined(separator: " ")
    }

    private func run(
        neighbours: [JSON], protocols: String,
        _ body: (TestNode, TestNode, RunningSpeaker, Bird) throws -> Void
    ) throws {
        let ours = try TestNode()
        let theirs = try TestNode()
        try ours.link("to-bird", to: theirs, "to-us", number: 0)
        let bird = try Bird(
            theirs,
            """
            router id 10.0.0.2;
            protocol device { }
            protocol direct { ipv4; ipv6; }
            protocol kernel { ipv4 { export where source = RTS_BGP; }; }
            protocol kernel { ipv6 { export where source = RTS_BGP; }; }
            protocol static { ipv4; route 198.51.100.0/24 unreachable; route 203.0.113.0/24 unreachable; }
            protocol static { ipv6; route 2001:db8:99::/48 unreachable; }
            \(protocols)
            """)
        let speaker = try RunningSpeaker(
            ours,
            configuration(
                "ours", asn: 65001, identifier: "10.0.0.1", originate: ["192.0.2.0/24", "2001:db8:53::/48"], neighbours)
        )
        speaker.start()
        try body(ours, theirs, speaker, bird)
        speaker.stop()
        #expect(try eventually { try theirs.route("192.0.2.0/24") + theirs.route("2001:db8:53::/48") == "" })
    }

    /// Routes both ways, in both kernels, then withdrawn and announced again from both sides.
    private func exchange(_ ours: TestNode, _ theirs: TestNode, _ speaker: RunningSpeaker, _ bird: Bird) throws {
        for prefix in ["198.51.100.0/24", "203.0.113.0/24", "2001:db8:99::/48"] {
            #expect(try eventually { try ours.route(prefix).contains("proto bgp") }, "\(prefix)")
        }
        for prefix in ["192.0.2.0/24", "2001:db8:53::/48"] {
            #expect(try eventually { try theirs.route(prefix).contains("proto bird") }, "\(prefix)")
        }
        speaker.send(["do": "withdraw"])
        #expect(try eventually { try theirs.route("192.0.2.0/24") + theirs.route("2001:db8:53::/48") == "" })
        speaker.send(["do": "announce"])
        #expect(try eventually { try theirs.route("192.0.2.0/24") != "" && theirs.route("2001:db8:53::/48") != "" })
        try bird.command("disable", "static1")
        try bird.command("disable", "static2")
        #expect(try eventually { try ours.route("198.51.100.0/24") + ours.route("2001:db8:99::/48") == "" })
        try bird.command("enable", "static1")
        try bird.command("enable", "static2")
        #expect(try eventually { try ours.route("203.0.113.0/24") != "" && ours.route("2001:db8:99::/48") != "" })
    }

    @Test("A session for each family: up, routes both ways, withdrawn, and again")
    func separate() throws {
        try separately([], "") { ours, theirs, speaker, bird in
            try exchange(ours, theirs, speaker, bird)
            let details = try bird.command("show", "protocols", "all", "four")
            #expect(details.contains("Established") && details.contains("Hold timer") && details.contains("/9"))
        }
    }

    @Test("Both families over one IPv4 session, each with a next hop of its own")
    func combined() throws {
        try run(
            neighbours: [neighbour("ipv4", "10.1.0.1", "10.1.0.0", families: ["ipv4", "ipv6"])],
            protocols: """
                protocol bgp both {
                  local 10.1.0.1 as 65002; neighbor 10.1.0.0 as 65001; connect retry time 1;
                  \(channels(["ipv4", "ipv6"]))
                }
                """
        ) { ours, theirs, speaker, bird in
            try exchange(ours, theirs, speaker, bird)
            #expect(try theirs.route("2001:db8:53::/48").contains("dev to-us"))
        }
    }

    @Test("A neighbour of two-octet numbers is understood, and a refresh brings everything again")
    func refresh() throws {
        try run(
            neighbours: [neighbour("ipv4", "10.1.0.1", "10.1.0.0", families: ["ipv4"])],
            protocols: """
                protocol bgp old {
                  local 10.1.0.1 as 65002; neighbor 10.1.0.0 as 65001; connect retry time 1; enable as4 off;
                  \(channels(["ipv4"]))
                }
                """
        ) { ours, theirs, speaker, bird in
            #expect(try eventually { try theirs.route("192.0.2.0/24") != "" && ours.route("198.51.100.0/24") != "" })
            let before = try #require(try speaker.ask("counters")["sessions"]?.array?.first?["sent"]?.int)
            try bird.command("reload", "in", "old")
            #expect(
                try eventually {
                    try speaker.ask("counters")["sessions"]?.array?.first?["sent"]?.int ?? 0 == before + 1
                })
            #expect(try bird.command("show", "route", "all", "192.0.2.0/24").contains("BGP.as_path: 65001"))
        }
    }

    @Test("TCP-MD5, GTSM, roles that both insist on and extended messages, and all routes both ways")
    func guarded() throws {
        let communities: JSON = .array((0..<1500).map { .string("65001:\($0)") })
        try separately(
            [
                .init("md5_password", "s3cret"), .init("ttl_security", 1), .init("role_strict", true),
                .init("export", ["communities": communities]),
            ],
            """
            password "s3cret"; ttl security on; local role peer; require roles on; enable extended messages on;
            """
        ) { ours, theirs, speaker, bird in
            try exchange(ours, theirs, speaker, bird)
            let details = try bird.command("show", "protocols", "all", "four")
            #expect(details.contains("Established") && details.contains("Extended message"))
            #expect(details.contains("Enhanced refresh") && details.contains("Role: peer"))
            // RFC 6286 and the rest of the OPEN are BIRD's to judge; a refresh either way loses nothing.
            try bird.command("reload", "in", "four")
            speaker.send(["do": "refresh", "peer": "10.1.0.1", "id": 1])
            #expect(speaker.wait { $0["reply"] == 1 }?["state"] == "Established")
            try bird.command("disable", "static2")
            #expect(try eventually { try ours.route("2001:db8:99::/48") == "" })
            #expect(try ours.route("198.51.100.0/24") != "" && theirs.route("192.0.2.0/24") != "")
        }
    }

    // Not `ttl security on`: BIRD once had a session with us for a while all the same. The likely cause, not captured, is
    // that it checks the TTL only on connections that it has accepted already. ProtectionTests has our own check.
    @Test(
        "What BIRD wants otherwise makes no session", arguments: ["password \"s3cret\";", "local role customer;"])
    func disagreement(theirs: String) throws {
        try separately([], theirs) { _, _, speaker, bird in
            #expect(speaker.wait(within: 2.5) { $0["event"] == "session" && $0["state"] == "Established" } == nil)
            let details = try bird.command("show", "protocols", "all")
            #expect(!details.contains("Established"))
            #expect(details.contains("Role mismatch") == theirs.contains("role"))
        }
    }

    @Test("Both read the other's shutdown communication; too many prefixes are told as such")
    func leave() throws {
        try separately([.init("max_prefixes", ["ipv6": 1])], "") { ours, theirs, speaker, bird in
            #expect(try eventually { try ours.route("198.51.100.0/24") != "" && ours.route("2001:db8:99::/48") != "" })
            try bird.command("disable", "four", "\"going home\"")
            let reason = speaker.waitForSession("10.1.0.1", "Active")?["reason"]?.string
            #expect(reason == "received Cease, Administrative Shutdown \"going home\"")
            try bird.command("enable", "four")
            #expect(speaker.waitForSession("10.1.0.1", "Established") != nil)
            speaker.send(["do": "shut", "peer": "10.1.0.1", "message": "moved to AS65009"])
            #expect(try eventually { try bird.log().contains("moved to AS65009") }, "\((try? bird.log()) ?? "")")
            #expect(try eventually { try theirs.route("192.0.2.0/24") == "" })
        }
        try separately([.init("max_prefixes", ["ipv4": 1])], "") { ours, _, speaker, bird in
            #expect(speaker.waitForSession("10.1.0.1", "Idle") != nil)
            let details = try bird.command("show", "protocols", "all", "four")
            #expect(details.contains("Maximum number of prefixes reached"))
            #expect(try eventually { try ours.route("2001:db8:99::/48") != "" && ours.route("198.51.100.0/24") == "" })
        }
    }
}

/// A BIRD in a namespace.
final class Bird {
    private let folder: URL
    private let process = Process()

    init(_ node: TestNode, _ configuration: String) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(node.name).bird")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appendingPathComponent("bird.conf")
        try "log \"\(folder.path)/log\" all;\n\(configuration)".write(to: file, atomically: true, encoding: .utf8)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["ip", "netns", "exec", node.name, "bird", "-f", "-c", file.path, "-s", socket]
        process.standardError = FileHandle.nullDevice
        try process.run()
        #expect(eventually { (try? self.command("show", "status")) != nil }, "BIRD runs")
    }

    private var socket: String { folder.appendingPathComponent("bird.ctl").path }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    /// What it has logged.
    func log() throws -> String { try String(contentsOf: folder.appendingPathComponent("log"), encoding: .utf8) }

    @discardableResult
    func command(_ words: String...) throws -> String { try run("birdc", ["-s", socket] + words) }
}
