import Foundation
import JSON
import Testing

@testable import BGPSpeaker

/// What an operator says to a speaker that runs, with BIRD as the neighbour who tells what came of it. Whatever is said, the
/// TCP connections stay those of the beginning: BIRD's time since which they are up, and tcpdump, say so.
@Suite("Live control", .serialized)
struct LiveControlTests {
    /// Us, 65001 at 10.1.0.0 and 2001:db8:1::, and BIRD, 65002, a session for each family.
    private struct Bench {
        let ours: TestNode
        let theirs: TestNode
        let bird: Bird
        let speaker: RunningSpeaker

        static func neighbours(_ more: [JSON.Member] = []) -> [JSON] {
            NeighbourText(name: "bird", asn: 65002, interface: "to-bird", relation: "peer", link: 0, isEven: true)
                .json(more)
        }

        static func configuration(_ neighbours: [JSON] = neighbours(), originate: [String] = ["192.0.2.0/24"]) -> JSON {
            BGPSpeakerTests.configuration("ours", asn: 65001, identifier: "10.0.0.1", originate: originate, neighbours)
        }

        init() throws {
            ours = try TestNode()
            theirs = try TestNode()
            try ours.link("to-bird", to: theirs, "to-us", number: 0)
            bird = try Bird(
                theirs,
                """
                router id 10.0.0.2;
                protocol device { }
                protocol static { ipv4; route 198.51.100.0/24 unreachable; }
                protocol static { ipv6; route 2001:db8:99::/48 unreachable; }
                protocol bgp four { local 10.1.0.1 as 65002; neighbor 10.1.0.0 as 65001; connect retry time 1;
                  ipv4 { import all; export where source = RTS_STATIC; }; }
                protocol bgp six { local 2001:db8:1::1 as 65002; neighbor 2001:db8:1:: as 65001; connect retry time 1;
                  ipv6 { import all; export where source = RTS_STATIC; }; }
                """)
            speaker = try RunningSpeaker(ours, Self.configuration())
            speaker.start()
            #expect(speaker.waitForTables())
        }

        /// Says something and answers the reply.
        @discardableResult
        func say(_ verb: String, _ members: JSON.Member...) throws -> JSON {
            let id = Int.random(in: 1...1_000_000)
            speaker.send(.object([.init("do", .string(verb)), .init("id", .int(id))] + members))
            return try #require(speaker.wait { $0["reply"] == .int(id) })
        }

        /// What BIRD has for a prefix, all attributes.
        func route(_ prefix: String) throws -> String {
            (try? bird.command("show", "route", "all", prefix)) ?? ""
        }

        /// Waits until BIRD's route to a prefix has a text in it.
        func shows(_ prefix: String, _ text: String) throws -> Bool {
            try eventually { try route(prefix).contains(text) }
        }

        /// Says that there was no handshake but one that is made now, and which proves that others would have been seen.
        func expectNoHandshake(_ handshakes: Handshakes) throws {
            let stranger = try FakePeer(theirs, from: "10.1.0.1", to: "10.1.0.0")
            #expect(stranger.opens(within: 5))
            #expect(try eventually { try handshakes.count() > 0 })
            #expect(try handshakes.count() == 1)
            #expect(try establishments() == [1, 1])
        }

        /// How often each session has been Established, as our own counters have it.
        func establishments() throws -> [Int] {
            let reply = try say("show", .init("view", "neighbors"))
            return try #require(reply["neighbors"]?.array).compactMap { $0["established"]?.int }
        }
    }

    @Test("Announce, withdraw, prepend, MED, communities, local preference, drain and refresh, and no new connection")
    func everything() throws {
        let bench = try Bench()
        let handshakes = try Handshakes(bench.ours)
        let new = "203.0.113.0/24"
        let announced = try bench.say(
            "announce", .init("prefix", .string(new)), .init("communities", ["65001:7"]),
            .init("large_communities", ["65001:1:2"]), .init("med", 5))
        #expect(announced["changes"] == ["announce 203.0.113.0/24"] && announced["reset"] == [])
        #expect(try bench.shows(new, "65001,7"))
        #expect(try bench.route(new).contains("BGP.med: 5") && bench.route(new).contains("(65001, 1, 2)"))
        #expect(try bench.say("announce", .init("prefix", .string(new)))["changes"] == ["announce 203.0.113.0/24"])
        #expect(try eventually { try bench.route(new).contains(new) && !bench.route(new).contains("BGP.med") })

        #expect(try bench.say("prepend", .init("count", 2))["changes"]?.array?.count == 2)
        #expect(try bench.shows(new, "BGP.as_path: 65001 65001 65001"))
        try bench.say("prepend", .init("count", 0), .init("peer", "bird"))
        try bench.say("med", .init("value", 42), .init("peer", "10.1.0.1"))
        #expect(try bench.shows(new, "BGP.med: 42"))
        #expect(!(try bench.route(new).contains("65001 65001")))
        try bench.say("med")
        #expect(try eventually { try !bench.route(new).contains("BGP.med") })
        try bench.say("communities", .init("communities", ["65001:1", "65001:2"]))
        #expect(try bench.shows(new, "(65001,1) (65001,2)"))
        try bench.say("communities")
        #expect(try eventually { try !bench.route(new).contains("BGP.community") })

        try bench.say("local_preference", .init("value", 77))
        #expect(
            try eventually {
                try bench.say("show", .init("view", "table"))["routes"]?.array?
                    .contains { $0["prefix"] == "198.51.100.0/24" && $0["local_preference"] == 77 } == true
            })
        try bench.say("drain")
        #expect(try bench.shows(new, "(65535,0)"))
        let drained = try #require(try bench.say("show", .init("view", "table"))["routes"]?.array)
        #expect(drained.first { $0["prefix"] == "198.51.100.0/24" }?["local_preference"] == 0)
        try bench.say("undrain")
        #expect(try eventually { try !bench.route(new).contains("(65535,0)") })
        #expect(try bench.say("refresh")["peers"]?.array?.count == 2)
        #expect(try bench.say("withdraw", .init("prefix", .string(new)))["changes"] == ["withdraw 203.0.113.0/24"])
        #expect(try eventually { try bench.route(new).isEmpty })
        #expect(try bench.shows("192.0.2.0/24", "65001"), "what was configured is still there")

        try bench.expectNoHandshake(handshakes)
    }

    @Test("What a fault imposes lies on top of what is configured and said, through a reload, and goes without a trace")
    func impositions() throws {
        let bench = try Bench()
        let handshakes = try Handshakes(bench.ours)
        let (own, stolen) = ("192.0.2.0/24", "198.18.0.0/15")
        try bench.say("prepend", .init("count", 1))
        try bench.say("impose", .init("prepend", 2), .init("prefixes", [.string(stolen), .string(own)]))
        #expect(try bench.shows(own, "BGP.as_path: 65001 65001 65001 65001\n"))
        #expect(try bench.shows(stolen, "BGP.as_path: 65001 65001 65001 65001\n"))
        // An operator goes on, and so does what was imposed.
        try bench.say("prepend", .init("count", 0))
        #expect(try bench.shows(own, "BGP.as_path: 65001 65001 65001\n"))
        #expect(try bench.say("reload", .init("configuration", Bench.configuration()))["changes"] == [])
        #expect(try bench.route(own).contains("BGP.as_path: 65001 65001 65001\n"))
        bench.speaker.send(["do": "withdraw"])
        try bench.say("impose", .init("drain", true), .init("prefixes", [.string(stolen)]))
        #expect(try eventually { try bench.route(own).isEmpty }, "withdrawn, and imposed no longer")
        #expect(try bench.shows(stolen, "(65535,0)"))
        bench.speaker.send(["do": "announce"])
        #expect(try bench.shows(own, "(65535,0)"))

        try bench.say("impose", .init("drain", true), .init("silent", true), .init("prefixes", [.string(stolen)]))
        #expect(try eventually { try bench.route(own).isEmpty && bench.route(stolen).isEmpty })
        for (key, value): (String, JSON) in [("prepend", 256), ("drain", "yes"), ("prefixes", ["x"]), ("what", 1)] {
            #expect(try bench.say("impose", .init(key, value))["error"] != nil, "\(key)")
        }
        #expect(try bench.route(own).isEmpty, "what is wrong changes nothing")

        try bench.say("impose")
        #expect(try bench.shows(own, "BGP.as_path: 65001\n"))
        #expect(try !bench.route(own).contains("(65535,0)") && bench.route(stolen).isEmpty)
        try bench.expectNoHandshake(handshakes)
    }

    @Test("Reload touches what differs, resets what it must, and says both")
    func reload() throws {
        let bench = try Bench()
        let handshakes = try Handshakes(bench.ours)
        #expect(try bench.say("reload", .init("configuration", Bench.configuration()))["changes"] == [])

        // Policy, prefixes, decision, timers that nobody has agreed on: in place.
        let policy: JSON = ["policy": [["set": ["communities": ["add": ["65001:9"]]]]]]
        var members =
            Bench.configuration(
                Bench.neighbours([.init("export", policy), .init("max_prefixes", ["ipv4": 10])]),
                originate: ["203.0.113.0/24"]
            ).members ?? []
        members.append(.init("multipath", 4))
        let changed = try bench.say("reload", .init("configuration", .object(members)))
        #expect(
            changed["changes"] == [
                "bird 10.1.0.1: export, max_prefixes", "bird 2001:db8:1::1: export, max_prefixes",
                "withdraw 192.0.2.0/24", "announce 203.0.113.0/24", "decision",
            ])
        #expect(changed["reset"] == [])
        #expect(try bench.shows("203.0.113.0/24", "(65001,9)"))
        #expect(try eventually { try bench.route("192.0.2.0/24").isEmpty })

        // Bad ones change nothing.
        for (key, value): (String, JSON) in [
            ("asn", 65009), ("asn", "x"), ("colour", "red"), ("router_id", "10.0.0.9"),
        ] {
            let bad = members.filter { $0.name != key } + [.init(key, value)]
            #expect(try bench.say("reload", .init("configuration", .object(bad)))["error"] != nil)
        }
        #expect(try bench.say("reload")["error"] == "configuration: missing: an object expected")
        try bench.expectNoHandshake(handshakes)

        // What was agreed on: this session, and no other.
        var both = Bench.neighbours()
        both[1] = .object((both[1].members ?? []) + [.init("timers", ["hold_ms": 30000])])
        let reset = try bench.say("reload", .init("configuration", Bench.configuration(both)))
        #expect(reset["reset"] == ["bird 2001:db8:1::1"])
        #expect(bench.speaker.waitForSession("2001:db8:1::1", "Established") != nil)
        #expect(try bench.establishments().first == 1)
        #expect(try eventually { try bench.bird.log().contains("six: Received: Other configuration change") })

        // A neighbour that goes, and one that comes, with the rules that speak of it.
        let one = Bench.configuration([both[0]])
        #expect(
            try bench.say("reload", .init("configuration", one))["changes"]
                == ["bird 2001:db8:1::1: removed"])
        #expect(try bench.say("show", .init("view", "neighbors"))["neighbors"]?.array?.count == 1)
        #expect(try eventually { try bench.ours.route("2001:db8:99::/48") == "" })
        #expect(
            try bench.say("reload", .init("configuration", Bench.configuration(both)))["changes"]
                == ["bird 2001:db8:1::1: added"])
        #expect(bench.speaker.waitForSession("2001:db8:1::1", "Established") != nil)
        #expect(try eventually { try bench.ours.route("2001:db8:99::/48") != "" })
        #expect(
            try bench.establishments() == [1, 1], "the new neighbor's first, and the one that was there all the time")
    }

    @Test("After a shutdown, its text is what is shown, and not that the neighbour refuses what is tried since")
    func shutdownText() throws {
        let pair = try FeaturePair()
        let provider = try pair.providerSpeaker()
        let site = try pair.siteSpeaker()
        #expect(site.waitForTables())
        #expect(try provider.ask("shut", [.init("peer", "site"), .init("message", "back at noon")])["error"] == nil)
        func neighbours() throws -> [JSON] {
            try #require(try site.ask("show", [.init("view", "neighbors")])["neighbors"]?.array)
        }
        // The shutdown, and a refusal of what the site tries next.
        try #require(
            eventually {
                try neighbours().allSatisfy { ($0["messages"]?["received"]?["notification"]?.int ?? 0) >= 2 }
            })
        for each in try neighbours() {
            let text = try #require(each["last_error"]?.string)
            #expect(text.contains("back at noon"), "\(text)")
        }
        site.stop()
        provider.stop()
    }

    @Test(
        "What cannot be followed is said, and changes nothing",
        arguments: [
            (
                "{\"do\":\"announce\",\"prefix\":\"203.0.113.1/24\"",
                "prefix: a prefix without bits behind its length, like 192.0.2.0/24, expected"
            ),
            ("{\"do\":\"withdraw\",\"prefix\":\"203.0.113.0/24\"", "prefix: 203.0.113.0/24 is not announced here"),
            ("{\"do\":\"prepend\"", "count: missing: a number of 0 to 255 expected"),
            ("{\"do\":\"prepend\",\"count\":256", "count: a number of 0 to 255 expected"),
            ("{\"do\":\"med\",\"value\":-1", "value: a number of 0 to 4294967295 expected"),
            ("{\"do\":\"drain\",\"peer\":\"brid\"", "peer: no neighbor 'brid'; there are bird"),
            ("{\"do\":\"drain\",\"per\":\"bird\"", "per: unknown key; there are do, id, peer"),
            ("{\"do\":\"shut\"", "peer: missing: a neighbor's name or address expected"),
            (
                "{\"do\":\"communities\",\"communities\":[\"x\"]",
                "communities[0]: a community, like 65010:1 or NO_EXPORT, expected"
            ),
        ])
    func refusals(command: String, reason: String) throws {
        let node = try TestNode()
        let peer = try TestNode()
        try node.link("to-bird", to: peer, "to-us", number: 0)
        let speaker = try RunningSpeaker(node, Bench.configuration())
        speaker.send(text: command + ",\"id\":1}\n")
        #expect(speaker.wait { $0["reply"] == 1 }?["error"] == .string(reason))
    }
}

/// The TCP connections that begin in a namespace while a test runs, as tcpdump sees them.
final class Handshakes {
    private let process = Process()
    private let file: URL

    init(_ node: TestNode) throws {
        file = FileManager.default.temporaryDirectory.appendingPathComponent("\(node.name).handshakes")
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        let errors = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "ip", "netns", "exec", node.name, "tcpdump", "-i", "any", "-n", "-l", "--immediate-mode",
            "tcp port 179 and (tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn) or (ip6 and tcp port 179 and ip6[53] & 0x12 == 0x02)",
        ]
        process.standardOutput = try FileHandle(forWritingTo: file)
        process.standardError = errors
        try process.run()
        // It says on standard error that it listens.
        var text = ""
        while !text.contains("listening on") {
            let data = errors.fileHandleForReading.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        #expect(text.contains("listening on"), "\(text)")
    }

    func count() throws -> Int {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").count
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: file)
    }
}
