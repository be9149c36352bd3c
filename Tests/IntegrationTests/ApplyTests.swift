import Foundation
import Testing

/// `lab apply`: only what differs is touched, which the kernel's own notifications and the sessions' own counters tell.
@Suite(.serialized)
struct ApplyTests {
    /// Brings the lab up, and hands out a way to apply a changed text of its file.
    private func withUp(_ body: (LabUnderTest, (_ edit: (String) -> String, [String]) throws -> Outcome) throws -> Void)
        throws
    {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            var text = try String(contentsOfFile: lab.file, encoding: .utf8)
            try body(lab) { edit, options in
                text = edit(text)
                try text.write(toFile: lab.file, atomically: true, encoding: .utf8)
                return try Command.run([LabUnderTest.program, "apply", lab.file] + options)
            }
        }
    }

    private static func insert(_ line: String, after key: String) -> @Sendable (String) -> String {
        { $0.replacingOccurrences(of: "\n\(key):\n", with: "\n\(key):\n\(line)\n") }
    }

    private static let paris: @Sendable (String) -> String = insert(
        "  paris: { city: CDG, providers: [east] }", after: "sites")

    @Test func noChangeChangesNothing() throws {
        try withUp { lab, apply in
            let seen = try lab.kernelChanges(in: "east-fra") {
                let outcome = try apply({ $0 + "\n# a remark\n" }, [])
                #expect(outcome.status == 0 && outcome.output == "nothing to change\n", "\(outcome)")
            }
            #expect(seen.isEmpty, "\(seen)")
        }
    }

    @Test func aNewSiteServesAndDisturbsNobody() throws {
        try withUp { lab, apply in
            let before = try lab.json(StatusDocument.self, "status", lab.name)
            let dry = try apply(Self.paris, ["--dry-run"])
            #expect(dry.status == 0 && dry.output.contains("neighbours +paris"), "\(dry)")
            #expect(try Command.run(["ip", "netns", "list"]).output.contains("\(lab.name).paris") == false)
            let seen = try lab.kernelChanges(in: "west-jfk") {
                let outcome = try apply({ $0 }, [])
                #expect(outcome.status == 0, "\(outcome)")
                #expect(!outcome.output.contains("session reset"), "\(outcome)")
            }
            #expect(
                seen.allSatisfy { !$0.contains("link") || $0.contains("proto") }, "no link of another router: \(seen)")
            let after = try lab.json(StatusDocument.self, "status", lab.name)
            #expect(after.converged)
            for node in before.nodes {
                let now = try #require(after.nodes.first { $0.name == node.name })
                #expect(now.processes.map(\.pid) == node.processes.map(\.pid), "\(node.name) runs on")
            }
            #expect(after.sessions.allSatisfy { $0.state == "Established" })
            #expect(try lab.site(for: "berlin") == "frankfurt")
            #expect(try lab.run("fail", "frankfurt", "--how", "withdraw").status == 0)
            try Command.wait("berlin at paris") { try lab.site(for: "berlin") == "paris" }
            #expect(try lab.inside("berlin", "traceroute", "-q", "1", "192.0.2.53").output.contains("east-fra"))
            #expect(try lab.run("heal", "frankfurt").status == 0)

            let without = try apply(
                { $0.replacingOccurrences(of: "  paris: { city: CDG, providers: [east] }\n", with: "") }, [])
            #expect(without.status == 0 && without.output.contains("remove namespace"), "\(without)")
            #expect(try !Command.run(["ip", "netns", "list"]).output.contains("\(lab.name).paris"))
            #expect(try lab.json(StatusDocument.self, "status", lab.name).nodes.map(\.name) == before.nodes.map(\.name))
            #expect(try lab.site(for: "berlin") == "frankfurt")
        }
    }

    /// A link's delay changes under sessions that stay: the round trip shows it, the sessions' counters that they are the same.
    @Test func aChangedDelayFlapsNoSession() throws {
        try withUp { lab, apply in
            let before = try lab.json(StatusDocument.self, "status", lab.name)
            let outcome = try apply(
                {
                    $0 + "links:\n  - { between: [berlin, east], delay: 30ms }\n"
                },
                ["--json"])
            #expect(outcome.status == 0 && outcome.output.contains("\"sessions_reset\":[]"), "\(outcome)")
            let after = try lab.json(StatusDocument.self, "status", lab.name)
            #expect(after.sessions.map(\.received) == before.sessions.map(\.received), "nobody said anything again")
            let ping = try lab.inside("berlin", "ping", "-c", "3", "-i", "0.2", "-q", "192.0.2.53").output
            let fastest = try #require(
                ping.split(separator: "=").last?.split(separator: "/").first.flatMap {
                    Double($0.trimmingCharacters(in: .whitespaces))
                })
            #expect(fastest >= 60, "\(ping)")
        }
    }

    /// A namespace of somebody else stands where a new node is to be: everything is as before, and said so.
    @Test func aStepThatFailsLeavesTheLabAsItWas() throws {
        try withUp { lab, apply in
            let stranger = "\(lab.name).paris"
            try Command.run(["ip", "netns", "add", stranger])
            defer { _ = try? Command.run(["ip", "netns", "del", stranger]) }
            let before = try lab.json(StatusDocument.self, "status", lab.name)
            let outcome = try apply(Self.paris, [])
            #expect(outcome.status == 4 && outcome.errors.contains("is there already"), "\(outcome)")
            let after = try lab.json(StatusDocument.self, "status", lab.name)
            #expect(after.nodes.map { $0.processes.map(\.pid) } == before.nodes.map { $0.processes.map(\.pid) })
            #expect(try lab.site(for: "berlin") == "frankfurt")
            #expect(try LabUnderTest.lab("down", lab.name).status == 0)
            #expect(try Command.run(["ip", "netns", "list"]).output.contains(stranger), "it is not ours to remove")
        }
    }

    /// A wire lab without links has no delay line: it comes with the first link and goes with the last.
    @Test func theFirstLinkAndTheLast() throws {
        let alone = "lab: x\nnetworks:\n  a: { cities: [FRA] }\n  b: { cities: [LHR] }\n"
        let joined = alone.replacingOccurrences(of: "b: { cities: [LHR] }", with: "b: { cities: [LHR], peers: [a] }")
        try LabUnderTest.with(yaml: alone) { lab in
            try lab.up()
            func apply(_ text: String) throws {
                let named = text.replacingOccurrences(of: "lab: x", with: "lab: \(lab.name)")
                try named.write(toFile: lab.file, atomically: true, encoding: .utf8)
                let outcome = try LabUnderTest.lab("apply", lab.file)
                #expect(outcome.status == 0, "\(outcome)")
            }
            for _ in 0..<2 {
                try apply(joined)
                let status = try lab.json(StatusDocument.self, "status", lab.name)
                #expect(status.sessions.count == 4 && status.sessions.allSatisfy { $0.state == "Established" })
                #expect(try lab.inside("a-fra", "ping", "-c", "1", "-W", "5", "b-lhr").status == 0)
                try apply(alone)
                #expect(try lab.inside("a-fra", "ls", "/sys/class/net").lines == ["lo"])
                #expect(try lab.json(StatusDocument.self, "status", lab.name).sessions.isEmpty)
            }
        }
    }

    /// A fault may be older than the first link, which then comes with it.
    @Test func theFirstLinkIsDownWhereAFaultSaysSo() throws {
        let alone = "lab: x\nnetworks:\n  a: { cities: [FRA] }\n  b: { cities: [LHR] }\n"
        try LabUnderTest.with(yaml: alone) { lab in
            try lab.up()
            #expect(try lab.run("fail", "a", "--how", "link-down").status == 0)
            let joined = try String(contentsOfFile: lab.file, encoding: .utf8).replacingOccurrences(
                of: "b: { cities: [LHR] }", with: "b: { cities: [LHR], peers: [a] }")
            try joined.write(toFile: lab.file, atomically: true, encoding: .utf8)
            let outcome = try LabUnderTest.lab("apply", lab.file)
            #expect(outcome.status == 0, "\(outcome)")
            func carrier() throws -> String {
                try lab.inside("b-lhr", "cat", "/sys/class/net/a-fra/carrier").output
            }
            try Command.wait("a link without carrier") { try carrier() == "0\n" }
            #expect(try lab.run("heal", "a").status == 0)
            try Command.wait("the carrier") { try carrier() == "1\n" }
        }
    }

    @Test func badFilesAndLabsThatAreNotUpAreRefused() throws {
        try withUp { lab, apply in
            let wrong = try apply({ $0.replacingOccurrences(of: "city: FRA", with: "city: Atlantis") }, [])
            #expect(wrong.status == 2 && wrong.errors.contains("Atlantis"), "\(wrong)")
            let other = try apply({ _ in "lab: nobody-\(lab.name)\nnetworks:\n  a: { cities: [FRA] }\n" }, [])
            #expect(other.status == 2 && other.errors.contains("is not up"), "\(other)")
        }
    }

    /// What only reads different, or stands in another order, is the lab's file from then on.
    @Test func otherWordsForTheSameLabAreKept() throws {
        try withUp { lab, apply in
            let outcome = try apply(
                {
                    let lines = $0.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                    let berlin = lines.filter { $0.hasPrefix("  berlin:") }
                    let rest = lines.filter { !$0.hasPrefix("  berlin:") }.joined(separator: "\n")
                    return Self.insert(berlin.joined(), after: "clients")(rest) + "\ndescription: other words\n"
                }, [])
            #expect(outcome.status == 0 && outcome.output == "nothing to change\n", "\(outcome)")
            #expect(try lab.up().errors.contains("up already"))
            #expect(try lab.site(for: "berlin") == "frankfurt" && lab.site(for: "boston") == "newyork")
        }
    }

    @Test func aDelayLineThatIsStartedAgainHasTheNewLinks() throws {
        struct WithWire: Decodable {
            struct Wire: Decodable {
                let pid: Int?
                let restarts: Int
            }
            let wire: Wire?
        }
        try withUp { lab, apply in
            #expect(try apply(Self.paris, []).status == 0)
            // With netem there is no such process.
            guard let wire = try lab.json(WithWire.self, "status", lab.name).wire else { return }
            kill(pid_t(try #require(wire.pid)), SIGKILL)
            try Command.wait("another delay line") {
                try lab.json(WithWire.self, "status", lab.name).wire?.restarts == wire.restarts + 1
            }
            try Command.wait("packets between paris and its router") {
                try lab.inside("paris", "ping", "-c", "1", "-W", "1", "east-fra").status == 0
            }
        }
    }
}
