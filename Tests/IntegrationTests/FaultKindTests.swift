import Foundation
import Testing

/// Each fault with its own physics, as dig, ping, traceroute, `ip` and `lab bgp` see it, and its end. What links do is in
/// `Tests/Links/faults`, on both backends.
@Suite(.serialized)
struct FaultKindTests {
    /// A service at two sites, and a network that buys from the providers of both.
    ///
    ///     newyork -- west ---- peers ---- east -- frankfurt
    ///        boston /    \\              /    \\ berlin
    ///                     both -- oxford
    private static let yaml = """
        lab: faults
        timers: { preset: fast, hold: 3s }
        networks:
          west: { asn: 65010, cities: [JFK], peers: [east] }
          east: { asn: 65020, cities: [FRA] }
          both: { asn: 65030, cities: [LHR], providers: [west, east] }
        services:
          dns: { asn: 64500, addresses: [192.0.2.53, 2001:db8:53::53] }
        sites:
          newyork: { city: JFK, providers: [west] }
          frankfurt: { city: FRA, providers: [east] }
        clients:
          boston: { city: BOS, provider: west }
          berlin: { city: BER, provider: east }
          oxford: { city: LHR, provider: both }
        """
    private static let prefixes = ["192.0.2.0/24", "2001:db8:53::/48"]

    private struct Faults: Decodable {
        struct Fault: Decodable, Equatable {
            let target: String
            let how: String
        }
        let faults: [Fault]
    }

    private func say(_ lab: LabUnderTest, _ verb: String, _ words: String...) throws {
        let outcome = try Command.run([LabUnderTest.program, verb, "--lab", lab.name] + words)
        guard outcome.status == 0, outcome.errors.isEmpty else { throw TestFailure("lab \(verb) \(words): \(outcome)") }
    }

    private func faults(_ lab: LabUnderTest) throws -> [String] {
        try lab.json(Faults.self, "status", lab.name).faults.map { "\($0.target): \($0.how)" }
    }

    private func waitForRest(_ lab: LabUnderTest) throws {
        try Command.wait("rest") { try lab.json(StatusDocument.self, "status", lab.name).converged }
    }

    /// What a node's speaker had from a neighbour.
    private func received(_ lab: LabUnderTest, _ node: String, from peer: String) throws -> String {
        try lab.run("bgp", node, "--received", peer).output
    }

    private func routes(_ lab: LabUnderTest, _ node: String) throws -> String {
        try lab.inside(node, "ip", "-4", "route", "show").output + lab.inside(node, "ip", "-6", "route", "show").output
    }

    /// What is done, where the client of the east is then, and what else is to be seen.
    private struct Case: Sendable {
        let target: String
        let how: [String]
        let berlin: String?
        var look: @Sendable (FaultKindTests, LabUnderTest) throws -> Void = { _, _ in }
    }

    private static let cases = [
        Case(target: "frankfurt", how: ["withdraw"], berlin: "newyork") { test, lab throws in
            #expect(try test.received(lab, "east-fra", from: "frankfurt").contains("64500") == false)
            #expect(
                try lab.json(StatusDocument.self, "status", lab.name).sessions.allSatisfy { $0.state == "Established" })
        },
        Case(target: "dns", how: ["withdraw"], berlin: nil) { test, lab throws in
            try lab.expect("boston", answeredBy: nil, "when no site is left")
        },
        Case(target: "frankfurt", how: ["drain", "20s"], berlin: "newyork") { test, lab throws in
            // First its routes are the last resort, and when nobody uses them they go.
            try Command.wait("its end") {
                try lab.run("events").lines.contains { $0.contains("drained") && $0.contains("frankfurt") }
            }
            try Command.wait("no routes of it") {
                try !test.received(lab, "east-fra", from: "frankfurt").contains("64500")
            }
            #expect(try lab.inside("frankfurt", "ss", "-Hlun", "sport = :53").output.contains("192.0.2.53:53"))
        },
        Case(target: "frankfurt", how: ["prepend", "2"], berlin: "frankfurt") { test, lab throws in
            try Command.wait("a longer path") {
                try test.received(lab, "east-fra", from: "frankfurt").contains("64500 64500 64500")
            }
        },
        Case(target: "frankfurt", how: ["freeze"], berlin: "newyork") { test, lab throws in
            let site = try #require(
                try lab.json(StatusDocument.self, "status", lab.name).nodes.first { $0.name == "frankfurt" })
            let speaker = try #require(site.processes.first { $0.role == "bgp" })
            #expect(speaker.state == "frozen" && site.processes.first { $0.role == "dns" }?.state == "running")
            let pid = try #require(speaker.pid)
            let state = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
            #expect(state.contains(") T "), "\(state)")
            #expect(try lab.run("bgp", "frankfurt").status != 0, "who is stopped is not waited for")
            // The kernel still has the connection that the neighbour took down.
            #expect(try lab.run("events").lines.contains { $0.contains("node=east-fra") && $0.contains("Hold Timer") })
        },
        Case(target: "frankfurt.bgp", how: ["process-kill"], berlin: "newyork") { _, lab throws in
            #expect(try lab.inside("frankfurt", "ss", "-Hlun", "sport = :53").output.contains("192.0.2.53:53"))
        },
        Case(target: "frankfurt", how: ["dns-dead"], berlin: nil) { test, lab throws in
            // The network is whole: the host is there, its kernel says that nobody listens, and BGP sends everybody to it.
            #expect(try lab.inside("berlin", "ping", "-n", "-c", "1", "-W", "5", "192.0.2.53").status == 0)
            let dig = try lab.inside("berlin", "dig", "+tries=1", "@192.0.2.53", "CH", "TXT", "id.server")
            #expect(dig.output.contains("connection refused"), "\(dig)")
            #expect(
                try lab.json(StatusDocument.self, "status", lab.name).sessions.allSatisfy { $0.state == "Established" })
            try lab.expect("boston", answeredBy: "newyork")
        },
        Case(target: "frankfurt.dns", how: ["freeze"], berlin: nil) { _, lab throws in
            let dig = try lab.inside("berlin", "dig", "+tries=1", "+time=1", "@192.0.2.53", "CH", "TXT", "id.server")
            #expect(dig.output.contains("timed out"), "\(dig)")
        },
        Case(target: "frankfurt", how: ["blackhole"], berlin: "newyork"),
        Case(target: "frankfurt,east,berlin", how: ["partition"], berlin: "frankfurt") { test, lab throws in
            try lab.expect("oxford", answeredBy: "newyork", "on the other side")
            try Command.wait("no session between") {
                try lab.json(StatusDocument.self, "status", lab.name).sessions
                    .filter { [$0.local, $0.remote].sorted() == ["east-fra", "west-jfk"] }
                    .allSatisfy { $0.state != "Established" }
            }
        },
        Case(target: "east", how: ["hijack"], berlin: nil) { test, lab throws in
            let routes = try test.routes(lab, "east-fra")
            for prefix in prefixes { #expect(routes.contains("unreachable \(prefix)"), "\(routes)") }
            try lab.expect("boston", answeredBy: "newyork", "which its own provider prefers")
        },
        Case(target: "both", how: ["hijack", "--prefix", "192.0.2.0/25", "--prefix", "2001:db8:53::/49"], berlin: nil) {
            test, lab throws in
            // The longer prefix goes before the shorter path.
            try lab.expect("boston", answeredBy: nil)
            #expect(try test.routes(lab, "west-jfk").contains("192.0.2.0/25"))
            let dig = try lab.inside("boston", "dig", "+tries=1", "+time=2", "@192.0.2.53", "CH", "TXT", "id.server")
            #expect(!dig.output.contains("ANSWER SECTION"), "\(dig)")
        },
    ]

    @Test func eachHasItsPhysicsAndItsEnd() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            let before = try ["east-fra", "both-lhr", "frankfurt"].map { try routes(lab, $0) }
            for each in Self.cases {
                try Command.run([LabUnderTest.program, "fail", "--lab", lab.name, each.target, "--how"] + each.how)
                let text = "\(each.target): \(each.how.joined(separator: " "))"
                #expect(try faults(lab).count == 1, "\(text)")
                try lab.expect("berlin", answeredBy: each.berlin, "after \(text)")
                try each.look(self, lab)
                try say(lab, "heal", each.target)
                #expect(try faults(lab) == [])
                for (client, site) in [("berlin", "frankfurt"), ("boston", "newyork")] {
                    try lab.expect(client, answeredBy: site, "after the end of \(text)")
                }
                try Command.wait("the routes from before \(text)") {
                    try ["east-fra", "both-lhr", "frankfurt"].map { try routes(lab, $0) } == before
                }
            }
            try waitForRest(lab)
            #expect(
                try lab.json(StatusDocument.self, "status", lab.name).sessions.allSatisfy { $0.state == "Established" })
            // Every beginning and every end has both clocks.
            let events = try lab.run("events", "--json").lines.compactMap {
                try? JSONDecoder().decode(Event.self, from: Data($0.utf8))
            }.filter { ["fail", "heal"].contains($0.event) }
            #expect(events.count == 2 * Self.cases.count)
            #expect(events.allSatisfy { $0.time_ns > 0 && $0.wall_ns > $0.time_ns })
        }
    }

    private struct Event: Decodable {
        let event: String
        let time_ns: Int
        let wall_ns: Int
        let target: String
        let how: String
    }

    /// East has the service only by its peer, until its customer tells it of what the customer's other provider said.
    @Test func aLeakCarriesTransitThroughACustomer() throws {
        let yaml = Self.yaml.split(separator: "\n").filter { !$0.contains("frankfurt:") }.joined(separator: "\n")
        try LabUnderTest.with(yaml: yaml) { lab in
            try lab.up()
            func way() throws -> String { try lab.inside("berlin", "traceroute", "-q", "1", "192.0.2.53").output }
            #expect(try !way().contains("both-lhr"))
            try say(lab, "fail", "both", "--how", "leak")
            try Command.wait("the way through the customer") { try way().contains("both-lhr") }
            #expect(try received(lab, "east-fra", from: "both-lhr").contains("65030 65010 64500"))
            #expect(
                try lab.json(StatusDocument.self, "status", lab.name).sessions.allSatisfy { $0.state == "Established" })
            try say(lab, "heal", "both")
            try Command.wait("the way of before") { try !way().contains("both-lhr") }
        }
    }

    /// What a fault does to routes outlasts the speaker's process, whoever ends it.
    @Test func faultsOutliveTheProcessesThatHaveThem() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            try say(lab, "fail", "frankfurt", "--how", "prepend", "2")
            try say(lab, "fail", "east", "--how", "hijack", "--prefix", "198.51.100.0/24")
            try say(lab, "fail", "frankfurt", "--how", "process-kill")
            try lab.expect("berlin", answeredBy: "newyork")
            try say(lab, "heal", "frankfurt", "--how", "process-kill")
            func isThere() throws {
                try Command.wait("the longer path") {
                    try received(lab, "east-fra", from: "frankfurt").contains("64500 64500 64500")
                }
                try Command.wait("the other's prefix") { try routes(lab, "west-jfk").contains("198.51.100.0/24") }
            }
            try isThere()
            // Killed by somebody else, they are started again, and are told again.
            for node in ["frankfurt", "east-fra"] {
                let nodes = try lab.json(StatusDocument.self, "status", lab.name).nodes
                let pid = try #require(nodes.first { $0.name == node }?.processes.first { $0.role == "bgp" }?.pid)
                kill(Int32(pid), SIGKILL)
                try Command.wait("another speaker of \(node)") {
                    let nodes = try lab.json(StatusDocument.self, "status", lab.name).nodes
                    let process = nodes.first { $0.name == node }?.processes.first { $0.role == "bgp" }
                    return process?.state == "running" && process?.pid.map { Int($0) } != Int(pid)
                }
            }
            try isThere()
            // And a process that is stopped comes back stopped.
            try say(lab, "fail", "frankfurt.dns", "--how", "freeze")
            let nodes = try lab.json(StatusDocument.self, "status", lab.name).nodes
            let pid = try #require(nodes.first { $0.name == "frankfurt" }?.processes.first { $0.role == "dns" }?.pid)
            kill(Int32(pid), SIGKILL)
            try Command.wait("another responder, stopped") {
                let nodes = try lab.json(StatusDocument.self, "status", lab.name).nodes
                let process = nodes.first { $0.name == "frankfurt" }?.processes.first { $0.role == "dns" }
                return process?.state == "frozen" && process?.pid.map { Int($0) } != Int(pid)
            }
            try say(lab, "heal", "--all")
            #expect(try faults(lab) == [])
            try lab.expect("berlin", answeredBy: "frankfurt")
            try Command.wait("the plain path") {
                try !received(lab, "east-fra", from: "frankfurt").contains("64500 64500")
                    && !routes(lab, "west-jfk").contains("198.51.100.0/24")
            }
        }
    }

    /// A change of the lab finds the faults again by name: on what is new as well, and not on what is gone.
    @Test func faultsGoAlongWithAChangeOfTheLab() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            try say(lab, "fail", "dns", "--how", "prepend", "1")
            try say(lab, "fail", "frankfurt--east", "--how", "delay", "+30ms")
            try say(lab, "fail", "boston", "--how", "loss", "1%")
            try say(lab, "fail", "newyork", "--how", "link-down")
            let text = try String(contentsOfFile: lab.file, encoding: .utf8)
            let changed =
                text.split(separator: "\n").filter { !$0.contains("boston:") }.joined(separator: "\n")
                .replacingOccurrences(
                    of: "clients:", with: "  paris: { city: CDG, providers: [east, west] }\nclients:")
                + "\nlinks:\n  - { between: [frankfurt, east], delay: 1ms }\n"
            try changed.write(toFile: lab.file, atomically: true, encoding: .utf8)
            let apply = try LabUnderTest.lab("apply", lab.file)
            #expect(apply.status == 0, "\(apply)")
            #expect(try faults(lab) == ["dns: prepend 1", "frankfurt--east: delay +30ms", "newyork: link-down"])
            #expect(try lab.run("events").lines.contains { $0.contains("heal") && $0.contains("target=boston") })
            try Command.wait("the new site's path") {
                try received(lab, "east-fra", from: "paris").contains("64500 64500")
            }
            let link = try lab.run("link", "frankfurt", "east").output
            #expect(link.contains("31ms"), "\(link)")
            func carriers() throws -> [Bool] {
                try lab.inside("newyork", "ip", "-o", "link", "show").lines.filter { !$0.contains("LOOPBACK") }
                    .map { $0.contains("LOWER_UP") }
            }
            #expect(try carriers() == [false])
            try say(lab, "heal", "--all")
            #expect(try lab.run("link", "frankfurt", "east").output.contains(" 1ms"))
            #expect(try carriers() == [true])
            try Command.wait("the plain path") {
                try !received(lab, "east-fra", from: "paris").contains("64500 64500")
                    && received(lab, "west-jfk", from: "newyork").contains("64500")
            }
        }
    }

    @Test func whatMakesNoSenseIsRefused() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            // The words may stand in the other order, too.
            try say(lab, "fail", "--how", "prepend 2", "london")
            for (words, reason) in [
                (["fail", "nowhere", "--how", "link-down"], "there is no node, network or service 'nowhere'"),
                (["fail", "london", "--how", "meteorite"], "'meteorite' is no fault; there are link-down, flap"),
                (["fail", "london", "--how", "loss"], "loss needs a share, like 5%"),
                (["fail", "london", "--how", "loss", "5"], "'5' has no unit; say 5%"),
                (["fail", "london-home", "--how", "withdraw"], "london-home is a client"),
                (["fail", "eurocore", "--how", "dns-dead"], "eurocore-fra is a router"),
                (["fail", "london", "--how", "hijack"], "192.0.2.0/24 is london's own"),
                (["fail", "london.web", "--how", "freeze"], "there is no process 'web'"),
                (["fail", "london--tokyo", "--how", "link-down"], "there is no link between"),
                (["fail", "london--eurocore", "--how", "drain"], "drain is for nodes, and london--eurocore is a link"),
                (["fail", "--how", "link-down"], "say what fails"), (["heal"], "say what is mended, or --all"),
                (["heal", "london", "--all"], "say what is mended, or --all"),
                (["heal", "tokyo"], "tokyo has no fault; there are prepend at london"),
                (["heal", "london", "--how", "loss"], "london has no fault 'loss'; it has prepend"),
                (["fail", "london", "--how", "prepend", "3"], "london has the fault 'prepend 2' already"),
            ] {
                let outcome = try Command.run([LabUnderTest.program] + words + ["--lab", lab.name])
                #expect(outcome.status == 2, "\(outcome)")
                #expect(outcome.errors.contains(reason), "\(outcome)")
                #expect(try faults(lab) == ["london: prepend 2"])
            }
            #expect(try lab.site(for: "london-home") == "london")
        }
    }
}
