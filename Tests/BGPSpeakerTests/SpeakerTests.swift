import Foundation
import JSON
import Net
import Sys
import TestSupport
import Testing

@testable import BGPSpeaker

/// Speakers in network namespaces, over veth.
@Suite("Speaker", .serialized)
struct SpeakerTests {
    @Test("Routes of both families reach the kernel both ways, and go when they are withdrawn")
    func exchange() throws {
        let pair = try FeaturePair()
        let (site, provider) = try pair.running()
        #expect(try pair.provider.route("192.0.2.0/24").hasPrefix("192.0.2.0/24 via 10.1.0.1 dev to-site proto bgp"))
        #expect(
            try pair.provider.route("2001:db8:53::/48").hasPrefix(
                "2001:db8:53::/48 via 2001:db8:1::1 dev to-site proto bgp"))
        #expect(try pair.site.route("198.51.100.0/24").hasPrefix("198.51.100.0/24 via 10.1.0.0 dev to-isp proto bgp"))
        #expect(
            try pair.site.route("2001:db8:99::/48").hasPrefix("2001:db8:99::/48 via 2001:db8:1:: dev to-isp proto bgp"))
        #expect(try pair.site.route("192.0.2.0/24") == "", "what a speaker originates is no route in its own kernel")

        site.send(["do": "withdraw"])
        let best = provider.wait { $0["event"] == "best" && $0["prefix"] == "192.0.2.0/24" }
        #expect(best?["next_hop"] == .null && best?["from"] == .null)
        #expect(
            try eventually { try pair.provider.route("192.0.2.0/24") + pair.provider.route("2001:db8:53::/48") == "" })
        site.send(["do": "announce"])
        #expect(provider.wait { $0["event"] == "best" && $0["prefix"] == "192.0.2.0/24" }?["as_path"] == [64500])
        #expect(try eventually { try pair.provider.route("2001:db8:53::/48") != "" })
    }

    @Test("Counters of both ends agree when both are at rest, End-of-RIB included")
    func counters() throws {
        let (site, provider) = try FeaturePair().running()
        for _ in 0..<20 {
            for verb in ["withdraw", "announce"] {
                site.send(["do": .string(verb)])
                #expect(provider.wait { $0["event"] == "best" && $0["prefix"] == "2001:db8:53::/48" } != nil)
            }
        }
        func sum(_ speaker: RunningSpeaker, _ key: String) throws -> Int {
            try #require(try speaker.ask("counters")["sessions"]?.array).reduce(0) { $0 + ($1[key]?.int ?? 0) }
        }
        #expect(try eventually { try sum(site, "sent") == 84 && sum(site, "sent") == sum(provider, "received") })
        // One route and one End-of-RIB in each family, and forty changes of the site's.
        #expect(try sum(provider, "sent") == 4 && sum(site, "received") == 4)
    }

    @Test("A lost carrier ends the sessions, not the hold timer, and its return brings them back")
    func carrier() throws {
        let pair = try FeaturePair()
        let (site, provider) = try pair.running()
        for _ in 0..<3 {
            try pair.provider.ip("link", "set", "to-site", "down")
            let down = try #require(site.waitForSession("10.1.0.0", "Idle"))
            #expect(down["reason"] == "link down")
            #expect(provider.waitForSession("2001:db8:1::1", "Idle") != nil)
            #expect(try eventually { try pair.site.route("198.51.100.0/24") == "" })

            try pair.provider.ip("link", "set", "to-site", "up")
            #expect(site.waitForTables())
            #expect(provider.waitForTables())
            #expect(try pair.site.route("198.51.100.0/24") != "" && pair.provider.route("2001:db8:53::/48") != "")
        }
    }

    @Test("A link that is down at the start is waited for")
    func downAtStart() throws {
        let pair = try FeaturePair()
        try pair.provider.ip("link", "set", "to-site", "down")
        let (site, provider) = (try pair.siteSpeaker(), try pair.providerSpeaker())
        #expect(try site.ask("counters")["sessions"]?.array?.map { $0["state"]?.string } == ["Idle", "Idle"])
        try pair.provider.ip("link", "set", "to-site", "up")
        #expect(site.waitForTables() && provider.waitForTables())
        #expect(try pair.site.route("2001:db8:99::/48") != "")
    }

    @Test("MinRouteAdvertisementInterval holds announcements back, and neither withdrawals nor the first table")
    func advertisementInterval() throws {
        func run(_ milliseconds: Int, _ body: ((String) throws -> Void) throws -> Void) throws {
            let pair = try FeaturePair()
            let site = try pair.siteSpeaker([.init("timers", ["mrai_external_ms": .int(milliseconds)])])
            let provider = try pair.providerSpeaker()
            #expect(provider.waitForTables())
            try body { verb in
                site.send(["do": .string(verb)])
                _ = try #require(
                    provider.wait(within: 30) { $0["event"] == "best" && $0["prefix"] == "192.0.2.0/24" })
            }
        }
        // What comes at all within half a minute has not waited for the hour that the interval is.
        try run(3_600_000) { change in
            try change("withdraw")
            try change("announce")
            try change("withdraw")
        }
        // At least three quarters of the interval lie between two announcements (RFC 4271, section 10).
        try run(800) { change in
            try change("withdraw")
            let first = Clock.monotonic()
            try change("announce")
            try change("withdraw")
            try change("announce")
            #expect(Clock.monotonic() - first >= 600_000_000)
        }
    }

    @Test("A speaker that stops takes leave, and takes its routes with it")
    func stop() throws {
        let pair = try FeaturePair()
        let (site, provider) = try pair.running()
        provider.stop()
        #expect(try pair.provider.route("192.0.2.0/24") + pair.provider.route("2001:db8:53::/48") == "")
        #expect(site.waitForSession("10.1.0.0", "Active")?["reason"] == "received Cease, Administrative Shutdown")
        #expect(try eventually { try pair.site.route("198.51.100.0/24") == "" })
    }

    @Test("A route that somebody removes comes back; one that somebody else has is left alone")
    func outsiders() throws {
        let pair = try FeaturePair()
        let (site, provider) = try pair.running()
        defer {
            site.stop()
            provider.stop()
        }
        try pair.site.ip("route", "del", "198.51.100.0/24")
        #expect(try eventually { try pair.site.route("198.51.100.0/24") != "" })
        try pair.site.ip("route", "add", "198.51.100.0/24", "dev", "lo", "proto", "static", "metric", "7")
        #expect(try eventually { try !pair.site.route("198.51.100.0/24").contains("proto bgp") })
        try pair.site.ip("route", "del", "198.51.100.0/24", "metric", "7")
        #expect(try eventually { try pair.site.route("198.51.100.0/24").contains("proto bgp") })
    }

    @Test("Routes of an earlier life go once the neighbours have told theirs; those that are wanted never do")
    func stale() throws {
        let pair = try FeaturePair()
        for prefix in ["198.51.100.0/24", "203.0.113.0/24"] {
            try pair.site.ip("route", "add", prefix, "via", "10.1.0.0", "proto", "bgp", "metric", "20")
        }
        try pair.site.ip("route", "add", "203.0.113.0/25", "via", "10.1.0.0", "proto", "static")
        let monitor = try RouteMonitor(pair.site)
        let (site, provider) = try pair.running()
        defer {
            site.stop()
            provider.stop()
        }
        #expect(try eventually { try pair.site.route("203.0.113.0/24") == "" })
        #expect(try pair.site.route("203.0.113.0/25") != "" && pair.site.route("198.51.100.0/24") != "")
        #expect(monitor.stop().contains { $0.contains("Deleted 203.0.113.0/24") })
        #expect(!monitor.lines.contains { $0.contains("Deleted 198.51.100.0/24") })
    }

    @Test("The best of two ways is taken, replaced without a gap when its link fails, and taken again")
    func failover() throws {
        let client = try TestNode()
        let near = try TestNode()
        let far = try TestNode()
        try near.link("c", to: client, "near", number: 0)
        try far.link("c", to: client, "far", number: 1)
        func neighbour(_ name: String, _ asn: Int, _ link: Int, _ relation: String, isEven: Bool) -> NeighbourText {
            NeighbourText(
                name: name, asn: asn, interface: isEven ? "c" : name, relation: relation, link: link, isEven: isEven)
        }
        let speakers = [
            try RunningSpeaker(
                client,
                configuration(
                    "client", asn: 65003, identifier: "10.0.0.3", originate: [],
                    neighbour("near", 65001, 0, "peer", isEven: false).json()
                        + neighbour("far", 65002, 1, "provider", isEven: false).json())),
            try RunningSpeaker(
                near,
                configuration(
                    "near", asn: 65001, identifier: "10.0.0.1", originate: ["192.0.2.0/24"],
                    neighbour("client", 65003, 0, "peer", isEven: true).json())),
            try RunningSpeaker(
                far,
                configuration(
                    "far", asn: 65002, identifier: "10.0.0.2", originate: ["192.0.2.0/24"],
                    neighbour("client", 65003, 1, "customer", isEven: true).json())),
        ]
        for speaker in speakers { speaker.start() }
        for speaker in speakers { #expect(speaker.waitForTables()) }
        #expect(try client.route("192.0.2.0/24").contains("dev near"))

        let monitor = try RouteMonitor(client)
        try near.ip("link", "set", "c", "down")
        #expect(speakers[0].waitForSession("10.1.0.0", "Idle") != nil)
        #expect(try eventually { try client.route("192.0.2.0/24").contains("dev far") })
        try near.ip("link", "set", "c", "up")
        #expect(try eventually { try client.route("192.0.2.0/24").contains("dev near") })
        #expect(!monitor.stop().contains { $0.contains("Deleted 192.0.2.0/24") }, "replaced, not deleted and added")

        let answer = try speakers[0].ask("show", [.init("view", "prefix"), .init("prefix", "192.0.2.1")])
        #expect(answer["prefix"] == "192.0.2.0/24", "the longest match of an address")
        let routes = try #require(answer["paths"]?.array)
        #expect(routes.map { $0["from"]?.string } == ["near", "far"])
        #expect(routes.map { $0["best"]?.bool } == [true, false])
        #expect(routes.map { $0["reason"]?.string } == ["local preference", "local preference"])
        #expect(routes.map { $0["lost_to"]?.string } == [nil, "near"])
    }

    @Test("An iBGP next hop resolves through the interior route, and follows it")
    func recursion() throws {
        let edge = try TestNode()
        let core = try TestNode()
        let outside = try TestNode()
        try core.link("e1", to: edge, "c1", number: 0)
        try core.link("e2", to: edge, "c2", number: 1)
        try outside.link("e", to: edge, "x", number: 2)
        try edge.ip("addr", "add", "10.9.0.1/32", "dev", "lo")
        try core.ip("addr", "add", "10.9.0.2/32", "dev", "lo")
        try core.ip("route", "add", "10.9.0.1/32", "via", "10.1.0.1", "proto", "static", "metric", "5000")
        try edge.ip("route", "add", "10.9.0.2/32", "via", "10.1.0.0", "proto", "static", "metric", "5000")
        func inner(_ name: String, _ own: Int, _ other: Int) -> JSON {
            [
                "name": .string(name), "address": .string("10.9.0.\(other)"), "local_address": .string("10.9.0.\(own)"),
                "asn": 65001, "relation": "internal", "families": ["ipv4"], "next_hop_self": true,
            ]
        }
        let toOutside = NeighbourText(
            name: "outside", asn: 65002, interface: "x", relation: "peer", link: 2, isEven: false)
        let toEdge = NeighbourText(name: "edge", asn: 65001, interface: "e", relation: "peer", link: 2, isEven: true)
        let speakers = [
            try RunningSpeaker(
                core, configuration("core", asn: 65001, identifier: "10.9.0.2", originate: [], [inner("edge", 2, 1)])),
            try RunningSpeaker(
                edge,
                configuration(
                    "edge", asn: 65001, identifier: "10.9.0.1", originate: [], [inner("core", 1, 2)] + toOutside.json())
            ),
            try RunningSpeaker(
                outside,
                configuration("outside", asn: 65002, identifier: "10.9.0.9", originate: ["192.0.2.0/24"], toEdge.json())
            ),
        ]
        for speaker in speakers { speaker.start() }
        for speaker in speakers { #expect(speaker.waitForTables()) }
        #expect(try core.route("192.0.2.0/24").hasPrefix("192.0.2.0/24 via 10.1.0.1 dev e1 proto bgp"))
        try core.ip("route", "replace", "10.9.0.1/32", "via", "10.1.0.3", "proto", "static", "metric", "5000")
        #expect(try eventually { try core.route("192.0.2.0/24").contains("via 10.1.0.3 dev e2") })
        try core.ip("route", "del", "10.9.0.1/32", "proto", "static", "metric", "5000")
        #expect(try eventually { try core.route("192.0.2.0/24") == "" })
    }

    @Test("Strangers and random bytes on port 179 end nothing")
    func hostile() throws {
        let pair = try FeaturePair()
        let provider = try pair.providerSpeaker()
        try pair.site.ip("addr", "add", "10.77.0.1/32", "dev", "lo")
        try pair.provider.ip("route", "add", "10.77.0.1/32", "via", "10.1.0.1")
        var state: UInt64 = 1
        for round in 0..<60 {
            // Every third from an address that nobody has configured.
            let source = round % 3 == 0 ? "10.77.0.1" : "10.1.0.1"
            let socket = try Self.connect(from: source, to: "10.1.0.0", in: pair.site)
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var bytes = (0..<Int(state >> 56)).map { UInt8(truncatingIfNeeded: (state >> 24) &* UInt64($0 * 7 + 1)) }
            if round % 2 == 0 { bytes = [UInt8](repeating: 0xFF, count: 16) + [0, 29, 1] + bytes }
            _ = bytes.withUnsafeBytes { write(socket.raw, $0.baseAddress, $0.count) }
        }
        let site = try pair.siteSpeaker()
        #expect(
            site.waitForTables(within: 20) && provider.waitForTables(within: 20), "the sentinel route arrives")
        #expect(try eventually { try pair.provider.route("192.0.2.0/24") != "" })
    }

    /// A TCP connection to port 179 from inside a namespace.
    private static func connect(from source: String, to target: String, in node: TestNode) throws -> FileDescriptor {
        let namespace = try NetworkNamespace.open("/run/netns/\(node.name)")
        let source = try #require(IPAddress(source))
        let target = SocketAddress(try #require(IPAddress(target)), port: 179)
        let socket = try namespace.perform { try Socket.bound(.stream, source, port: 0) }
        _ = try Socket.connect(socket.raw, to: target)
        var entry = pollfd(fd: socket.raw, events: Int16(POLLOUT), revents: 0)
        #expect(poll(&entry, 1, 2000) == 1)
        return socket
    }

    @Test("Lines of the control channel may be split and joined; bad ones are answered and ignored")
    func control() throws {
        let pair = try FeaturePair()
        let site = try pair.siteSpeaker(isStarted: false)
        site.send(text: "{\"do\":\"coun")
        site.send(
            text: "ters\",\"id\":1}\n{\"do\":\"show\",\"view\":\"table\",\"id\":2}\n"
                + "nonsense\n{}\n{\"do\":\"dance\",\"id\":3}\n[\"do\"]\n")
        #expect(site.wait { $0["reply"] == 1 }?["sessions"]?.array?.count == 2)
        #expect(site.wait { $0["reply"] == 2 }?["routes"]?.array?.count == 2)
        #expect(site.wait { $0["error"] != nil } != nil)
        #expect(site.wait { $0["error"] != nil } != nil)
        #expect(site.wait { $0["reply"] == 3 }?["error"] == "unknown command 'dance'")
        #expect(site.wait { $0["error"] != nil } != nil)
        #expect(try site.ask("counters")["sessions"]?.array?.map { $0["state"]?.string } == ["Idle", "Idle"])
    }

    @Test("The end of the control channel ends the speaker")
    func abandoned() throws {
        let pair = try FeaturePair()
        let (site, provider) = try pair.running()
        defer { provider.stop() }
        site.abandon()
        #expect(try pair.site.route("198.51.100.0/24") == "")
    }
}

/// What `ip monitor route` tells while a test runs.
final class RouteMonitor {
    private let node: TestNode
    private let process = Process()
    private let file: URL
    private(set) var lines: [String] = []

    init(_ node: TestNode) throws {
        self.node = node
        file = FileManager.default.temporaryDirectory.appendingPathComponent("\(node.name).monitor")
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["ip", "-n", node.name, "monitor", "route"]
        process.standardOutput = try FileHandle(forWritingTo: file)
        try process.run()
        // It listens once it tells of a route that is made for it.
        var number = 0
        let isListening = try eventually {
            number += 1
            try node.ip("route", "replace", "unreachable", "240.0.0.1", "metric", "\(number)")
            try node.ip("route", "del", "unreachable", "240.0.0.1", "metric", "\(number)")
            return try !String(contentsOf: file, encoding: .utf8).isEmpty
        }
        #expect(isListening)
    }

    /// Ends it when it has told of all that happened until now.
    @discardableResult
    func stop() -> [String] {
        let mark = "240.0.0.2"
        #expect(throws: Never.self) { try node.ip("route", "add", "unreachable", mark) }
        #expect(eventually { text.contains("unreachable \(mark)") })
        end()
        #expect(throws: Never.self) { try node.ip("route", "del", "unreachable", mark) }
        return lines
    }

    private var text: String { (try? String(contentsOf: file, encoding: .utf8)) ?? "" }

    private func end() {
        // SIGTERM is blocked in the threads of the tests, and so in what they start.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        lines = text.split(separator: "\n").map(String.init)
        try? FileManager.default.removeItem(at: file)
    }

    deinit { if process.isRunning { end() } }
}
