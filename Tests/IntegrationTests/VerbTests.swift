import Foundation
import Testing

/// The verbs and their JSON, as DESIGN's contract says.
@Suite(.serialized)
struct VerbTests {
    @Test func statusListsNodesProcessesAndSessions() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            let status = try lab.json(StatusDocument.self, "status", lab.name)
            #expect(status.lab == lab.name)
            #expect(["netem", "wire"].contains(status.links))
            #expect(status.converged)
            #expect(status.nodes.count { $0.kind == "client" } == 6)
            #expect(status.nodes.count { $0.kind == "site" } == 3)
            let london = try #require(status.nodes.first { $0.name == "london" })
            #expect(london.netns == "\(lab.name).london")
            #expect(london.asn == 64500 && london.city == "LHR")
            #expect(Set(london.processes.map(\.role)) == ["bgp", "dns"])
            for node in status.nodes {
                for process in node.processes {
                    let pid = try #require(process.pid)
                    let arguments = try String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)
                    #expect(arguments.contains("\(node.name).\(process.role).json"), "\(arguments)")
                }
            }
            #expect(status.sessions.allSatisfy { $0.state == "Established" })
            // Each session is listed from both ends, and what one sent the other received.
            for session in status.sessions {
                let both = status.sessions.filter { $0.local == session.remote && $0.remote == session.local }
                #expect(both.contains { $0.received == session.sent && $0.sent == session.received }, "\(session)")
            }
        }
    }

    /// CAP_NET_ADMIN is bit 12, CAP_SYS_ADMIN 21, CAP_SYS_NICE 23.
    @Test func daemonsHaveNoPrivilegeThatTheyDoNotUse() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let status = try lab.json(StatusDocument.self, "status", lab.name)
            let allowed: [String: UInt64] = ["bgp": 1 << 12, "dns": 0]
            for process in status.nodes.flatMap(\.processes) {
                let pid = try #require(process.pid)
                let values = try Self.procStatus(pid)
                for set in ["CapEff", "CapPrm", "CapBnd"] {
                    #expect(
                        values[set].flatMap { UInt64($0, radix: 16) } == allowed[process.role], "\(process.role) \(set)"
                    )
                }
                #expect(values["NoNewPrivs"] == "1")
                #expect(values["Seccomp"] == "2", "a filter of calls is active in \(process.role)")
            }
        }
    }

    /// The fields of /proc/PID/status.
    private static func procStatus(_ pid: Int) throws -> [String: String] {
        var values: [String: String] = [:]
        for line in try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8).split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[String(line[..<colon])] = line[colon...].dropFirst().trimmingCharacters(in: .whitespaces)
        }
        return values
    }

    @Test func listShowsTheLabWhileItIsUp() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let list = try lab.json(ListDocument.self, "list")
            let own = try #require(list.labs.first { $0.name == lab.name })
            #expect(own.state == "up")
            #expect(own.nodes > 2)
            #expect(try LabUnderTest.lab("down", lab.name).status == 0)
            #expect(try !lab.json(ListDocument.self, "list").labs.contains { $0.name == lab.name })
        }
    }

    @Test func theExitStatusOfExecIsThatOfTheCommand() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let status = try lab.json(StatusDocument.self, "status", lab.name)
            let client = try #require(status.nodes.first { $0.kind == "client" }).name
            #expect(try lab.run("exec", client, "--", "sh", "-c", "exit 7").status == 7)
            #expect(try lab.run("exec", client, "--", "sh", "-c", "kill -9 $$").status == 137)
            #expect(try lab.run("exec", client, "--", "echo", "--json", "-x").output == "--json -x\n")
            #expect(try lab.run("exec", "\(lab.name).\(client)", "--", "true").status == 0)
            let hosts = try lab.run("exec", client, "--", "cat", "/etc/hosts").output
            #expect(hosts.contains("192.0.2.53"))
            let missing = try lab.run("exec", client, "--", "no-such-program")
            #expect(missing.status == 2)
            #expect(missing.errors.contains("no-such-program"))
            let shell = try Command.run([LabUnderTest.program, "shell", "--lab", lab.name, client], input: "exit 9\n")
            #expect(shell.status == 9)
        }
    }

    @Test func traceNamesEveryHop() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            let trace = try lab.run("trace", "london-home", "192.0.2.53").output
            for word in ["isp-uk-lhr", "65101", "eurocore-fra", "65010", "london", "64500", "LHR", "FRA"] {
                #expect(trace.contains(word), "\(word) in \(trace)")
            }
            #expect(try lab.run("trace", "london-home", "2001:db8:53::53").output.contains("eurocore-fra"))
            #expect(try lab.run("trace", "london-home", "nonsense").status == 2)
        }
    }

    @Test func routesAreThoseOfTheKernel() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            let routes = try lab.run("routes", "eurocore-fra").output
            let kernel = try lab.inside("eurocore-fra", "ip", "-4", "route", "show", "proto", "bgp").lines
            #expect(kernel.contains { $0.hasPrefix("192.0.2.0/24") })
            for line in kernel {
                let prefix = String(line.split(separator: " ")[0])
                #expect(routes.contains(prefix.contains("/") ? prefix : prefix + "/32"), "\(prefix) in \(routes)")
            }
        }
    }

    @Test func eventsTellWhatHappened() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            #expect(try lab.run("fail", "london", "--how", "withdraw").status == 0)
            try Command.wait("the move") { try lab.site(for: "london-home") == "newyork" }
            let lines = try lab.run("events", "--json").lines
            struct Event: Decodable {
                let event: String
                let time_ns: Int
                let wall_ns: Int
                let node: String?
                let prefix: String?
                let from: String?
                let reason: String?
                let old_from: String?
                let old_as_path: [Int]?
                let as_path: [Int]?
            }
            let events = try lines.map { try JSONDecoder().decode(Event.self, from: Data($0.utf8)) }
            #expect(events.first?.event == "up")
            for name in ["session", "best", "converged", "fail"] {
                #expect(events.contains { $0.event == name }, "\(name)")
            }
            // The way from the site that is gone to the next, with the reason.
            let moves = events.filter { $0.node == "eurocore-fra" && $0.event == "best" && $0.prefix == "192.0.2.0/24" }
            let move = try #require(moves.last { $0.old_from == "london" })
            #expect(move.old_as_path == [64500] && move.as_path != [64500] && move.reason != nil)
            // Each change begins where the last one ended.
            for (last, next) in zip(moves, moves.dropFirst()) { #expect(next.old_from == last.from) }
            #expect(events.allSatisfy { abs(Double($0.wall_ns) / 1e9 - Date().timeIntervalSince1970) < 600 })
        }
    }

    @Test func eventsAreFollowedAsTheyHappen() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let status = try lab.json(StatusDocument.self, "status", lab.name)
            let site = try #require(status.nodes.first { $0.kind == "site" }).name
            let follower = try Command.Running([LabUnderTest.program, "events", "--lab", lab.name, "--follow"])
            defer { kill(follower.process.processIdentifier, SIGKILL) }
            try Command.wait("the past") { follower.outputSoFar.contains("converged") }
            #expect(try lab.run("fail", site, "--how", "link-down").status == 0)
            try Command.wait("the fault in the stream") { follower.outputSoFar.contains("how=link-down") }
            #expect(try LabUnderTest.lab("down", lab.name).status == 0)
            #expect(try follower.finish(limit: 30).status == 0, "the stream ends with the lab")
        }
    }

    @Test(arguments: ["dot", "mermaid"])
    func graphNamesEveryNode(format: String) throws {
        let graph = try LabUnderTest.lab("graph", LabUnderTest.root + "/labs/hello.yaml", "--format", format)
        #expect(graph.status == 0)
        for node in ["eurocore", "asiacore", "london", "tokyo", "newyork"] { #expect(graph.output.contains(node)) }
    }

    @Test func dryRunPrintsThePlanAndBuildsNothing() throws {
        let before = try MachineSnapshot.take()
        try LabUnderTest.with("hello.yaml") { lab in
            let plan = try LabUnderTest.lab("up", lab.file, "--dry-run")
            #expect(plan.status == 0)
            #expect(plan.output.contains("namespace   \(lab.name).london "))
            #expect(plan.output.contains("start       london bgp"))
        }
        let after = try MachineSnapshot.take()
        #expect(after == before, "\(before.difference(to: after))")
    }

    @Test func theSameFileAgainChangesNothing() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let before = try MachineSnapshot.take()
            let again = try lab.up()
            #expect(again.errors.contains("up already"))
            #expect(again.output.contains("AS PATH"))
            let after = try MachineSnapshot.take()
            #expect(after == before, "\(before.difference(to: after))")
        }
    }

    @Test func doctorSaysWhichLinksThereWillBe() throws {
        let doctor = try LabUnderTest.lab("doctor")
        #expect(doctor.status == 0)
        #expect(doctor.output.contains("links will be made with"))
    }

    @Test func helpOfEveryVerbHasAnExample() throws {
        let help = try LabUnderTest.lab("--help").output
        let lines = help.components(separatedBy: "SUBCOMMANDS:").last?.split(separator: "\n") ?? []
        // A verb is two spaces from the edge, what follows about it further in.
        let verbs = lines.compactMap { $0.wholeMatch(of: /\x20\x20([a-z]+)(?: .*)?/).map { String($0.1) } }.filter {
            $0 != "help"
        }
        #expect(verbs.count >= 30 && verbs.contains("why"), "\(verbs)")
        for verb in verbs {
            let help = try LabUnderTest.lab(verb, "--help")
            #expect(help.status == 0)
            #expect(help.output.contains("Example:\n  lab \(verb)"), "\(help.output)")
        }
    }

    /// A router on the way may have no path, and an address has more than one spelling.
    @Test func whyShowsRoutersWithoutAPath() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let answered = try lab.run("why", "berlin", "2001:DB8:53:0:0::53")
            #expect(
                answered.status == 0 && answered.output.contains("berlin to 2001:db8:53::53: frankfurt"), "\(answered)")
            #expect(try lab.run("fail", "newyork,frankfurt", "--how", "withdraw").status == 0)
            try Command.wait("nobody to answer") { try lab.site(for: "berlin") == nil }
            let why = try lab.run("why", "berlin")
            #expect(why.status == 0 && why.output.contains("berlin to 192.0.2.53: no answer"), "\(why)")
            let row = try #require(why.lines.first { $0.hasPrefix("east-fra  ") })
            #expect(row.split(separator: " ").dropFirst(2) == ["-", "-", "-", "0", "-", "-"], "\(row)")
        }
    }

    /// Griffin's bad gadget: each of three networks prefers the way over the next one to its own.
    @Test func whatNeverComesToRestIsSaid() throws {
        let networks = [("one", 65001, "two", 65002), ("two", 65002, "three", 65003), ("three", 65003, "one", 65001)]
            .map {
                """
                  \($0.0):
                    asn: \($0.1)
                    cities: [FRA]
                    siblings: [\($0.2)]
                    import: [{ match: { neighbors: [\($0.2)], as-path: "^\($0.3) 64500$" }, set: { local-preference: 900 } }]
                """
            }
        let yaml = """
            lab: x
            networks:
            \(networks.joined(separator: "\n"))
            services: { dns: { asn: 64500, addresses: [192.0.2.53] } }
            sites: { middle: { city: FRA, providers: [one, two, three] } }
            clients: { berlin: { city: BER, provider: one } }
            """
        try LabUnderTest.with(yaml: yaml) { lab in
            for words in [
                ["predict", lab.file], ["diff", lab.file, lab.file], ["playbook", lab.file], ["map", lab.file],
            ] {
                for options in [[], ["--json"]] {
                    let outcome = try Command.run([LabUnderTest.program] + words + options)
                    #expect(outcome.status == 0 && outcome.errors.contains("routing never comes to rest"), "\(outcome)")
                    if !options.isEmpty { #expect(outcome.output.contains("\"at_rest\":false"), "\(outcome)") }
                }
            }
            let map = try LabUnderTest.lab("map", lab.file).output
            #expect(map.contains("one moment of routing that never comes to rest"))
            let playbook = try LabUnderTest.lab("playbook", lab.file).output
            #expect(playbook.contains(" no rest"), "\(playbook)")
        }
    }
}
