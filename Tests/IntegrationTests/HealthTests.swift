import Foundation
import Glibc
import Testing

/// Health decides the announcement: a site whose responder is dead or wrong leaves the catchment, and BGP stays up.
@Suite(.serialized)
struct HealthTests {
    private static func yaml(_ health: String) -> String {
        """
        lab: x
        networks:
          core: { asn: 65010, cities: [FRA] }
          east: { asn: 65020, cities: [SIN], peers: [core] }
        services:
          resolver:
            asn: 64500
            addresses: [192.0.2.53, "2001:db8:53::53"]
            zone: { origin: hello.test, records: [ "www 300 A 198.51.100.10" ] }
            health: { \(health) }
        sites:
          london: { service: resolver, city: LHR, providers: [core] }
          tokyo: { service: resolver, city: NRT, providers: [east] }
        clients:
          home: { city: LHR, provider: core }
        """
    }

    private struct Event: Decodable {
        let time_ns: Int
        let event: String
        let node: String?
        let state: String?
        let reason: String?
    }

    private func events(_ lab: LabUnderTest) throws -> [Event] {
        try lab.run("events", "--json").lines.map {
            try JSONDecoder().decode(Event.self, from: Data($0.utf8))
        }
    }

    private func health(_ lab: LabUnderTest) throws -> [Event] {
        try events(lab).filter { $0.event == "health" && $0.node == "london" }
    }

    private func responder(_ lab: LabUnderTest) throws -> Int32 {
        let status = try lab.json(StatusDocument.self, "status", lab.name)
        let london = try #require(status.nodes.first { $0.name == "london" })
        return Int32(try #require(london.processes.first { $0.role == "dns" && $0.state == "running" }?.pid))
    }

    private func expectSite(_ lab: LabUnderTest, _ site: String, _ what: String) throws {
        for address in ["192.0.2.53", "2001:db8:53::53"] {
            try Command.wait("\(site) for \(address) \(what)") { try lab.site(for: "home", address) == site }
        }
    }

    /// No session has ended since a time, and the site's own addresses are still reached.
    private func expectOnlyTheServiceIsGone(_ lab: LabUnderTest, since time: Int) throws {
        let status = try lab.json(StatusDocument.self, "status", lab.name)
        #expect(status.sessions.allSatisfy { $0.state == "Established" })
        #expect(try events(lab).filter { $0.time_ns > time && $0.event == "session" }.isEmpty)
        for address in ["10.128.1.1", "2001:db8:8001::1"] {
            #expect(try lab.inside("home", "ping", "-c", "1", "-W", "5", address).status == 0)
        }
    }

    /// The clock of the events.
    private func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    @Test func aDeadResponderLeavesTheCatchmentAndComesBack() throws {
        let text = Self.yaml("interval: 500ms, timeout: 500ms, fall: 3, rise: 2, hold-down: 2s")
        try LabUnderTest.with(yaml: text) { lab in
            try lab.up()
            try expectSite(lab, "london", "at first")
            let death = now()
            #expect(try lab.run("fail", "london", "--how", "dns-dead").status == 0)
            try expectSite(lab, "tokyo", "with a dead responder")
            let down = try #require(try health(lab).last)
            #expect(down.state == "down" && down.reason?.lowercased().contains("refused") == true)
            // Three checks, half a second from one to the next, must have failed; the first may have been under way.
            #expect(down.time_ns - death >= 900_000_000)
            let best = try #require(
                try events(lab).first { $0.event == "best" && $0.node == "core-fra" && $0.time_ns >= death })
            let (toDown, toRoute) = ((down.time_ns - death) / 1000, (best.time_ns - death) / 1000)
            print("dead responder: down after \(toDown) us, another route at its neighbour after \(toRoute) us")
            try expectOnlyTheServiceIsGone(lab, since: death)
            let shown = try Command.run([LabUnderTest.program, "status", lab.name]).output
            #expect(shown.contains(/london +down +\d+ s +.*refused/.ignoresCase()))
            #expect(shown.contains(/tokyo +up +\d+ s/))

            #expect(try lab.run("heal", "london").status == 0)
            try expectSite(lab, "london", "with its responder back")
            let up = try #require(try health(lab).last)
            #expect(try health(lab).map(\.state) == ["down", "up"])
            #expect(up.time_ns - down.time_ns >= 2_000_000_000, "the hold-down")
        }
    }

    /// The responder is started anew with another zone than the lab has, as by a bad deployment, and then with the right one.
    @Test func aResponderThatAnswersWronglyLeavesTheCatchment() throws {
        let text = Self.yaml(
            "query: www.hello.test A, answer: 198.51.100.10, interval: 500ms, timeout: 500ms, fall: 2, hold-down: 100ms"
        )
        try LabUnderTest.with(yaml: text) { lab in
            try lab.up()
            try expectSite(lab, "london", "at first")
            let file = "/run/lab/\(lab.name)/config/london.dns.json"
            let right = try String(contentsOfFile: file, encoding: .utf8)
            func deploy(_ configuration: String) throws {
                try configuration.write(toFile: file, atomically: true, encoding: .utf8)
                #expect(kill(try responder(lab), SIGKILL) == 0)
            }
            try deploy(right.replacingOccurrences(of: "198.51.100.10", with: "198.51.100.66"))
            // It may have gone down for a dead responder before: another reason is told, too.
            try Command.wait("the site is down for its answers") {
                try health(lab).last?.reason?.contains("another A record") == true
            }
            try expectSite(lab, "tokyo", "with a wrong answer")
            let shown = try Command.run([LabUnderTest.program, "status", lab.name]).output
            #expect(shown.contains(/london +down +\d+ s +.*another A record/), "\(shown)")
            let answer = try lab.inside("london", "dig", "+short", "@192.0.2.53", "www.hello.test").output
            #expect(answer == "198.51.100.66\n", "it answers, and wrongly")
            try deploy(right)
            try expectSite(lab, "london", "with the right answer")
        }
    }

    /// However often the responder comes and goes, its routes go once.
    @Test func aFlappingResponderMakesNoRoutesFlap() throws {
        let text = Self.yaml("interval: 500ms, timeout: 500ms, fall: 2, rise: 1, hold-down: 600s")
        try LabUnderTest.with(yaml: text) { lab in
            try lab.up()
            let responder = try responder(lab)
            for _ in 0..<5 {
                #expect(kill(responder, SIGSTOP) == 0)
                try expectSite(lab, "tokyo", "while it flaps")
                #expect(kill(responder, SIGCONT) == 0)
                // It answers again, inside the site.
                let answer = try lab.inside("london", "dig", "+short", "@192.0.2.53", "www.hello.test")
                #expect(answer.output == "198.51.100.10\n")
            }
            #expect(try health(lab).map(\.state) == ["down"])
            #expect(try health(lab).last?.reason?.hasSuffix(": no answer") == true)
        }
    }

    private struct Paths: Decodable {
        struct Path: Decodable {
            let from: String?
            let as_path: [Int]
            let med: Int?
        }
        let paths: [Path]
    }

    /// A command decides, and the site is made worse instead of being taken away: the way to it that is left is still used.
    @Test(arguments: ["med 77", "prepend 3"])
    func aSiteMayBeDrainedByAWorseAnnouncement(drain: String) throws {
        let flag = NSTemporaryDirectory() + "/ill-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: flag) }
        let check = "command: \"! test -e \(flag)\", interval: 1s, timeout: 1s, fall: 1, rise: 1"
        let text = Self.yaml(check + ", hold-down: 100ms, drain: \(drain)")
        try LabUnderTest.with(yaml: text) { lab in
            try lab.up()
            func path() throws -> Paths.Path {
                let paths = try lab.json(
                    Paths.self, "bgp", "core-fra", "--prefix", "192.0.2.0/24", "--lab", lab.name
                ).paths
                return try #require(paths.first { $0.from == "london" })
            }
            #expect(try path().as_path == [64500] && (try path().med ?? 0) == 0)
            #expect(FileManager.default.createFile(atPath: flag, contents: nil))
            try Command.wait("a worse announcement") {
                drain == "med 77" ? try path().med == 77 : try path().as_path == [64500, 64500, 64500, 64500]
            }
            let reason = try health(lab).last?.reason
            #expect(reason == "the command ended with status 1")
            try FileManager.default.removeItem(atPath: flag)
            try Command.wait("the announcement as before") {
                try path().as_path == [64500] && (try path().med ?? 0) == 0
            }
        }
    }

    /// What an apply changes about the check is in force at once, and a speaker that reads its configuration anew goes on as
    /// health has it.
    @Test func applyChangesTheCheckAndTakesItAway() throws {
        let text = Self.yaml("command: \"false\", interval: 1s, timeout: 1s, fall: 1, rise: 1, hold-down: 0s")
        try LabUnderTest.with(yaml: text) { lab in
            try lab.up()
            let failing = try String(contentsOfFile: lab.file, encoding: .utf8)
            func apply(_ text: String) throws {
                try text.write(toFile: lab.file, atomically: true, encoding: .utf8)
                let dry = try Command.run([LabUnderTest.program, "apply", lab.file, "--dry-run"])
                #expect(dry.status == 0 && dry.output.contains(/health +london .* # was .*/), "\(dry)")
                let outcome = try Command.run([LabUnderTest.program, "apply", lab.file])
                #expect(outcome.status == 0 && outcome.output.hasPrefix(dry.output), "\(outcome)")
                #expect(outcome.output.contains("2 steps"), "\(outcome)")
            }
            try Command.wait("both sites down") { try lab.site(for: "home") == nil }
            try apply(failing.replacingOccurrences(of: "command: \"false\"", with: "command: \"true\""))
            try expectSite(lab, "london", "with another check")
            try apply(failing)
            try Command.wait("both sites down again") { try lab.site(for: "home") == nil }
            try apply(failing.split(separator: "\n").filter { !$0.contains("health:") }.joined(separator: "\n"))
            try expectSite(lab, "london", "with no check")
            #expect(try !Command.run([LabUnderTest.program, "status", lab.name]).output.contains(/london +up/))
        }
    }

    /// Without a question of its own a check asks for the zone's SOA, also for that of a zone that an apply brings.
    @Test func theCheckFollowsTheZone() throws {
        let text = Self.yaml("interval: 100ms, timeout: 100ms, fall: 1, rise: 1, hold-down: 0s")
        try LabUnderTest.with(yaml: text) { lab in
            try lab.up()
            let before = try String(contentsOfFile: lab.file, encoding: .utf8)
            let after = before.replacingOccurrences(of: "origin: hello.test", with: "origin: other.test")
            try after.write(toFile: lab.file, atomically: true, encoding: .utf8)
            #expect(try Command.run([LabUnderTest.program, "apply", lab.file]).status == 0)
            // The responder says what it was asked: from now on the new name alone.
            try Command.wait("a site that is up and was asked for the new zone") {
                try lab.inside("london", "dig", "+short", "@192.0.2.53", "www.other.test").output == "198.51.100.10\n"
            }
            #expect(try lab.run("fail", "london", "--how", "dns-dead").status == 0)
            try expectSite(lab, "tokyo", "with a dead responder")
            #expect(try lab.run("heal", "london").status == 0)
            try expectSite(lab, "london", "with its responder and its new zone back")
        }
    }

    /// Whatever a command starts ends with its check, also what has left its session.
    @Test func aCommandLeavesNothingBehind() throws {
        let log = NSTemporaryDirectory() + "/checks-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: log) }
        let sleeper = "sleep 31415.\(getpid())"
        let check = "command: \"setsid \(sleeper) & echo >> \(log); sleep 0.01\", interval: 100ms, timeout: 100ms"
        try LabUnderTest.with(yaml: Self.yaml(check)) { lab in
            try lab.up()
            try Command.wait("ten checks") {
                (try? String(contentsOfFile: log, encoding: .utf8).count) ?? 0 >= 10
            }
            // Those of checks that are under way are seen now and then.
            try Command.wait("no process of a check that is over") {
                try !Command.run(["ps", "-eo", "args="]).lines.contains(sleeper)
            }
            let supervisor = try #require(lab.supervisor)
            try Command.wait("no child that nobody has reaped") {
                try Command.run(["ps", "--ppid", "\(supervisor)", "-o", "stat="]).lines.allSatisfy {
                    !$0.hasPrefix("Z")
                }
            }
        }
    }
}
