import Foundation
import Testing

/// `lab control`: what is said to a speaker that runs, as dig, `ip`, `ss` and tcpdump see it. No session ends for it but where
/// it is meant to.
@Suite(.serialized)
struct ControlTests {
    /// Two sites, which are equal to the one router that they have. It takes site `one`, whose address is lower, until somebody
    /// is told something.
    private static let twins = """
        lab: twins
        timers: fast
        networks:
          core:
            asn: 65010
            cities: [FRA]
            import:
              - match: { communities: ["65010:70"] }
                set: { local-preference: 70 }
        services:
          dns: { asn: 64500, addresses: [192.0.2.53, 2001:db8:53::53] }
        sites:
          one: { city: FRA, providers: [core] }
          two: { city: FRA, providers: [core] }
        clients:
          user: { city: FRA, provider: core }
        """
    private static let addresses = ["192.0.2.53", "2001:db8:53::53"]

    private struct Neighbours: Decodable {
        struct Neighbour: Decodable {
            let name: String
            let state: String
            let established: Int
        }
        let neighbors: [Neighbour]
    }

    private func withTwins(_ body: (LabUnderTest) throws -> Void) throws {
        try LabUnderTest.with(yaml: Self.twins) { lab in
            try lab.up()
            try lab.expect("user", answeredBy: "one")
            try body(lab)
        }
    }

    /// Says something that must be followed; answers what `lab` prints.
    @discardableResult
    private func say(_ lab: LabUnderTest, _ words: String...) throws -> String {
        let outcome = try Command.run([LabUnderTest.program, "control", "--lab", lab.name] + words)
        guard outcome.status == 0, outcome.errors.isEmpty else { throw TestFailure("lab control \(words): \(outcome)") }
        return outcome.output
    }

    private func neighbours(_ lab: LabUnderTest, _ node: String) throws -> [Neighbours.Neighbour] {
        try lab.json(Neighbours.self, "bgp", "--lab", lab.name, node).neighbors
    }

    private func waitForRest(_ lab: LabUnderTest) throws {
        try Command.wait("rest") { try lab.json(StatusDocument.self, "status", lab.name).converged }
    }

    /// The TCP connections of a node's speaker, as `ss` names them: addresses and ports.
    private func connections(_ lab: LabUnderTest, _ node: String) throws -> Set<String> {
        let shown = try lab.inside(node, "ss", "-Htn", "state", "established", "( sport = :179 or dport = :179 )")
        return Set(shown.lines.map { $0.split(separator: " ").suffix(2).joined(separator: " ") })
    }

    @Test func eachCommandMovesTheClientAndNoSessionEnds() throws {
        try withTwins { lab in
            let before = try connections(lab, "core-fra")
            #expect(before.count == 4)
            // What sends the client to the other site, and what brings it back.
            let moves: [(there: [String], back: [String])] = [
                (["one", "prepend", "2"], ["one", "prepend", "0"]),
                (["one", "med", "50"], ["one", "med", "none"]),
                (["one", "communities", "65010:70"], ["one", "communities"]),
                (["one", "drain"], ["one", "undrain"]),
                (
                    ["core-fra", "local-preference", "70", "--peer", "one"],
                    ["core-fra", "local-preference", "none", "--peer", "one"]
                ),
                (["core-fra", "drain", "--peer", "one"], ["core-fra", "undrain", "--peer", "one"]),
            ]
            for (there, back) in moves {
                for (words, site) in [(there, "two"), (back, "one")] {
                    let outcome = try Command.run([LabUnderTest.program, "control", "--lab", lab.name] + words)
                    #expect(outcome.status == 0 && outcome.lines.count == 2, "\(words): \(outcome)")
                    try lab.expect("user", answeredBy: site)
                }
            }
            for (prefix, address) in zip(["192.0.2.0/24", "2001:db8:53::/48"], Self.addresses) {
                #expect(try say(lab, "one", "withdraw", prefix) == "withdraw \(prefix)\n")
                try Command.wait("two answers") { try lab.site(for: "user", address) == "two" }
                #expect(try say(lab, "one", "announce", prefix) == "announce \(prefix)\n")
                try Command.wait("one answers") { try lab.site(for: "user", address) == "one" }
            }
            #expect(try say(lab, "one", "undrain") == "nothing changed\n")
            #expect(try connections(lab, "core-fra") == before)
            for each in try neighbours(lab, "core-fra") {
                #expect(each.established == 1 && each.state == "Established")
            }
            try waitForRest(lab)
        }
    }

    @Test func whatIsAnnouncedIsInTheNeighboursKernelUntilItIsWithdrawn() throws {
        try withTwins { lab in
            for prefix in ["203.0.113.0/24", "2001:db8:99::/48"] {
                func kernel() throws -> String {
                    try lab.inside(
                        "core-fra", "ip", prefix.contains(":") ? "-6" : "-4", "route", "show", prefix, "proto", "bgp"
                    ).output
                }
                #expect(try kernel().isEmpty)
                try say(
                    lab, "two", "announce", prefix, "--community", "65010:7", "--large-community", "65010:1:2", "--med",
                    "5")
                try Command.wait("\(prefix) announced") { try kernel().contains("dev two") }
                let seen = try lab.run("bgp", "core-fra", "--received", "two", "--json").output
                for text in ["65010:7", "65010:1:2", "\"med\":5"] { #expect(seen.contains(text), "\(seen)") }
                try say(lab, "two", "withdraw", prefix)
                try Command.wait("\(prefix) withdrawn") { try kernel().isEmpty }
            }
        }
    }

    @Test func refreshAsksTheNeighbourForItsRoutes() throws {
        try withTwins { lab in
            let capture = try Command.Running([
                "ip", "netns", "exec", "\(lab.name).two", "tcpdump", "-nvl", "--immediate-mode", "tcp port 179",
            ])
            defer { capture.end() }
            try Command.wait("tcpdump listens") { capture.errorsSoFar.contains("listening on") }
            let told = try say(lab, "core-fra", "refresh", "--peer", "two")
            #expect(told.split(separator: "\n").count == 2, "\(told)")
            // For each family the request, and the beginning and the end of the answer (RFC 7313, section 4).
            try Command.wait("ROUTE-REFRESH on both sessions") {
                capture.outputSoFar.components(separatedBy: "Route Refresh Message (5)").count == 7
            }
            for text in ["Updated routes:", "192.0.2.0/24", "2001:db8:53::/48"] {
                #expect(capture.outputSoFar.contains(text), "\(capture.outputSoFar)")
            }
            #expect(try neighbours(lab, "core-fra").allSatisfy { $0.established == 1 })
        }
    }

    @Test func aNeighbourIsShutWithAWordAndLetIn() throws {
        try withTwins { lab in
            try say(lab, "core-fra", "shut", "one", "--message", "back at noon")
            try lab.expect("user", answeredBy: "two")
            // What the other end has from its neighbour, before it asks again and is rejected.
            try Command.wait("the other end is told") {
                try lab.run("events").lines.filter { $0.contains("node=one ") && $0.contains("back at noon") }.count
                    == 2
            }
            #expect(try connections(lab, "one").isEmpty)
            try waitForRest(lab)
            try say(lab, "core-fra", "unshut", "one")
            try lab.expect("user", answeredBy: "one")
            try waitForRest(lab)
            let names = try neighbours(lab, "core-fra")
            #expect(names.filter { $0.name == "one" }.allSatisfy { $0.established == 2 })
            #expect(names.filter { $0.name == "two" }.allSatisfy { $0.established == 1 })
        }
    }

    /// The configuration of a node's speaker, changed, in a file beside the lab's.
    private func changed(
        _ lab: LabUnderTest, _ node: String, _ change: (inout [String: Any]) -> Void
    ) throws -> String {
        let data = try Data(contentsOf: URL(fileURLWithPath: "/run/lab/\(lab.name)/config/\(node).bgp.json"))
        guard var members = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw TestFailure("the configuration of \(node) is no object")
        }
        change(&members)
        let file = URL(fileURLWithPath: lab.file).deletingLastPathComponent().appendingPathComponent("\(node).json")
        try JSONSerialization.data(withJSONObject: members).write(to: file)
        return file.path
    }

    @Test func aFileTakesThePlaceOfTheConfigurationAndTheLabsOwnComesBack() throws {
        try withTwins { lab in
            let before = try connections(lab, "core-fra")
            let onlySix = try changed(lab, "one") { $0["originate"] = ["2001:db8:53::/48"] }
            let told = try say(lab, "one", "reload", onlySix)
            #expect(told.contains("withdraw 192.0.2.0/24"), "\(told)")
            try Command.wait("two answers") { try lab.site(for: "user", "192.0.2.53") == "two" }
            #expect(try lab.site(for: "user", "2001:db8:53::53") == "one")

            let bad = try changed(lab, "one") { $0["colour"] = "red" }
            let refused = try lab.run("control", "one", "reload", bad)
            #expect(refused.status == 2 && refused.errors.contains("colour: unknown key"), "\(refused)")
            #expect(try lab.site(for: "user", "192.0.2.53") == "two", "nothing was changed")

            #expect(try say(lab, "one", "reload").contains("announce 192.0.2.0/24"))
            try lab.expect("user", answeredBy: "one")
            #expect(try connections(lab, "core-fra") == before)
        }
    }

    /// A lab is at rest without a neighbour that was taken away, and waits for it once it is there again.
    @Test func aNeighbourThatIsTakenAwayIsNotWaitedFor() throws {
        try withTwins { lab in
            let without = try changed(lab, "core-fra") { members in
                let all = members["neighbors"] as? [[String: Any]] ?? []
                members["neighbors"] = all.filter { $0["name"] as? String != "one" }
            }
            let told = try say(lab, "core-fra", "reload", without)
            #expect(told.split(separator: "\n").filter { $0.hasSuffix(": removed") }.count == 2, "\(told)")
            try lab.expect("user", answeredBy: "two")
            try waitForRest(lab)
            #expect(try neighbours(lab, "one").allSatisfy { $0.state != "Established" })

            let back = try say(lab, "core-fra", "reload")
            #expect(back.split(separator: "\n").filter { $0.hasSuffix(": added") }.count == 2, "\(back)")
            try lab.expect("user", answeredBy: "one")
            try waitForRest(lab)
            #expect(try neighbours(lab, "one").allSatisfy { $0.state == "Established" })
        }
    }

    @Test func whatCannotBeFollowedIsSaidAndChangesNothing() throws {
        try withTwins { lab in
            let noJSON = try changed(lab, "one") { _ in }
            try "{\"asn\": 1,".write(toFile: noJSON, atomically: true, encoding: .utf8)
            let cases: [([String], String)] = [
                (["nobody", "drain"], "no node 'nobody'"),
                (["user", "drain"], "user runs no BGP speaker"),
                (["one", "dance"], "dance"),
                (["one", "announce", "192.0.2.1/24"], "a prefix without bits behind its length"),
                (["one", "announce"], "announce takes one value"),
                (["one", "announce", "203.0.113.0/24", "--community", "x"], "a community, like 65010:1"),
                (["one", "withdraw", "203.0.113.0/24"], "203.0.113.0/24 is not announced here"),
                (["one", "prepend", "256"], "a number of 0 to 255 expected"),
                (["one", "prepend", "many"], "'many' is not a number"),
                (["one", "med", "4294967296"], "a number of 0 to 4294967295 expected"),
                (["one", "communities", "65010"], "a community, like 65010:1"),
                (["one", "local-preference", "none", "--peer", "two"], "no neighbor 'two'; there are core-fra"),
                (["one", "drain", "now"], "drain takes no value"),
                (["one", "drain", "--message", "x"], "--message goes with shut"),
                (["one", "refresh", "--peer", "mars"], "no neighbor 'mars'"),
                (["one", "shut", "mars"], "no neighbor 'mars'"),
                (["one", "shut", "core-fra", "--message", String(repeating: "x", count: 256)], "at most 255 octets"),
                (["one", "reload", "/nowhere"], "/nowhere cannot be read"),
                (["one", "reload", noJSON], noJSON),
            ]
            for (words, expected) in cases {
                let outcome = try Command.run([LabUnderTest.program, "control", "--lab", lab.name] + words)
                #expect(outcome.status == 2 && outcome.errors.contains(expected), "\(words): \(outcome)")
                #expect(outcome.output.isEmpty, "\(words): \(outcome)")
            }
            try lab.expect("user", answeredBy: "one")
            #expect(try neighbours(lab, "core-fra").allSatisfy { $0.established == 1 })
        }
    }
}
