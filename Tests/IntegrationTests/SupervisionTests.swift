import Foundation
import Glibc
import Testing

/// What the supervisor does for its daemons, and what goes on without it.
@Suite(.serialized)
struct SupervisionTests {
    private struct Status: Decodable {
        struct Node: Decodable {
            let name: String
            let processes: [Daemon]
        }
        struct Daemon: Decodable {
            struct End: Decodable {
                let status: Int?
                let signal: String?
            }
            let role: String
            let pid: Int?
            let state: String
            let restarts: Int
            let last_end: End?
            let next_try_ms: Int?
        }
        let nodes: [Node]
    }

    /// A daemon as `lab status` shows it, and the status that it ends with.
    private func look(_ lab: LabUnderTest, _ node: String, _ role: String) throws -> (
        daemon: Status.Daemon, exit: Int32
    ) {
        let outcome = try LabUnderTest.lab("status", lab.name, "--json")
        let status = try JSONDecoder().decode(Status.self, from: Data(outcome.output.utf8))
        let daemons = status.nodes.first { $0.name == node }?.processes ?? []
        return (try #require(daemons.first { $0.role == role }), outcome.status)
    }

    @Test func aDaemonThatKeepsDyingIsReported() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            #expect(try look(lab, "newyork", "dns").exit == 0)
            for end in 1...5 {
                try Command.wait("a responder to kill") {
                    guard let pid = try look(lab, "newyork", "dns").daemon.pid else { return false }
                    return kill(pid_t(pid), SIGSEGV) == 0
                }
                try Command.wait("end \(end) to be seen") {
                    try lab.run("events", "--json").lines.count { $0.contains("\"event\":\"exit\"") } == end
                }
            }
            let (daemon, exit) = try look(lab, "newyork", "dns")
            #expect(daemon.state == "failing" && exit == 1)
            #expect(daemon.last_end?.signal == "SIGSEGV" && daemon.last_end?.status == 139)
            let events = try lab.run("events").lines
            #expect(events.contains { $0.contains("failing") && $0.contains("newyork.dns ends=5") }, "\(events)")
            let text = try LabUnderTest.lab("status", lab.name)
            #expect(text.status == 1 && text.output.contains("failing: dns of newyork"), "\(text)")
            #expect(text.output.contains("'lab logs newyork --role dns'"), "\(text)")

            // It serves again by and by, and stays under suspicion.
            try Command.wait("an answer of newyork") { try lab.site(for: "boston") == "newyork" }
            #expect(try look(lab, "newyork", "dns").daemon.next_try_ms == nil)
            // A daemon of which nothing is wrong has nothing to tell.
            let other = try look(lab, "frankfurt", "dns").daemon
            #expect(other.state == "running" && other.last_end == nil && other.next_try_ms == nil)
        }
    }

    @Test func logsAreShownFollowedAndBounded() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let path = "/run/lab/\(lab.name)/log/newyork.dns.log"
            func say(_ text: String) throws {
                let file = try #require(FileHandle(forWritingAtPath: path))
                file.seekToEndOfFile()
                file.write(Data(text.utf8))
            }
            try say("something went wrong\n")
            let both = try lab.run("logs", "newyork").lines
            #expect(both.contains("dns: something went wrong") && both.contains { $0.hasPrefix("bgp: ") }, "\(both)")
            let bgp = try lab.run("logs", "newyork", "--role", "bgp").lines
            #expect(!bgp.isEmpty && bgp.allSatisfy { !$0.contains("went wrong") && !$0.hasPrefix("bgp: ") }, "\(bgp)")
            let json = try lab.run("logs", "newyork", "--role", "dns", "--json").output
            #expect(json == "{\"node\":\"newyork\",\"role\":\"dns\",\"line\":\"something went wrong\"}\n")
            #expect(try lab.run("logs").status == 0)
            let client = try lab.run("logs", "boston")
            #expect(client.status == 2 && client.errors.contains("boston runs no daemon"), "\(client)")

            let words = [LabUnderTest.program, "logs", "--lab", lab.name, "newyork", "--role", "dns", "--follow"]
            let follower = try Command.Running(words)
            defer { follower.end() }
            try Command.wait("what is there") { follower.outputSoFar.contains("went wrong") }
            // Whoever follows is late: the log is cut before it looks again.
            kill(follower.process.processIdentifier, SIGSTOP)
            let line = String(repeating: "x", count: 1023) + "\n"
            try say("before the cut\n" + String(repeating: line, count: 1100))
            try Command.wait("the log to be cut") {
                try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? .max < 1 << 20
            }
            try say("and after that\n")
            kill(follower.process.processIdentifier, SIGCONT)
            try Command.wait("the new line") { follower.outputSoFar.contains("and after that\n") }
            let followed = follower.outputSoFar.split(separator: "\n").suffix(1102)
            #expect(followed.first == "before the cut" && followed.count { $0.count == 1023 } == 1100)
            let all = try lab.run("logs", "newyork", "--role", "dns").lines
            #expect(all.last == "and after that" && all.count { $0.count == 1023 } >= 1023)
            #expect(try LabUnderTest.lab("down", lab.name).status == 0)
            #expect(try follower.finish().status == 0, "it ends with the lab")
        }
    }

    /// Queries, delays and BGP go on while the supervisor stands still: a link that breaks meanwhile is routed around.
    @Test func aFrozenSupervisorStopsNoTraffic() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            let supervisor = try #require(lab.supervisor)
            kill(supervisor, SIGSTOP)
            defer { kill(supervisor, SIGCONT) }
            #expect(try lab.site(for: "london-home") == "london")
            let interfaces = try lab.inside("london", "ls", "/sys/class/net").lines.filter { $0 != "lo" }
            for interface in interfaces {
                #expect(try lab.inside("london", "ip", "link", "set", interface, "down").status == 0)
            }
            // Nobody tells the other end on the wire, as with a cable that is cut at sea: the hold time has to find it.
            try Command.wait("New York", limit: 60) { try lab.site(for: "london-home") == "newyork" }
            #expect(try lab.site(for: "tokyo-cafe") == "tokyo")
            kill(supervisor, SIGCONT)
            let status = try lab.json(StatusDocument.self, "status", lab.name)
            #expect(status.nodes.flatMap(\.processes).allSatisfy { $0.state == "running" && $0.restarts == 0 })
        }
    }
}
