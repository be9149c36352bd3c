import Foundation
import Testing

/// `lab bgp`: what a speaker knows.
@Suite(.serialized)
struct SpeakerViewTests {
    private struct Route: Decodable {
        let prefix: String?
        let from: String?
        let next_hop: String
        let as_path: [Int]
        let local_preference: Int?
        let best: Bool?
        let reason: String?
        let lost_to: String?
    }
    private struct Routes: Decodable {
        let lab: String
        let node: String
        let routes: [Route]
    }
    private struct Paths: Decodable {
        let prefix: String
        let paths: [Route]
    }
    private struct Neighbours: Decodable {
        struct Neighbour: Decodable {
            struct Prefixes: Decodable {
                let received: Int
                let accepted: Int
                let advertised: Int
            }
            struct Messages: Decodable {
                struct Counters: Decodable {
                    let total: Int
                    let open: Int
                    let update: Int
                    let keepalive: Int
                }
                let received: Counters
                let sent: Counters
            }
            struct Capabilities: Decodable {
                let sent: [String]
                let received: [String]
            }
            let name: String
            let address: String
            let asn: Int
            let state: String
            let uptime_ms: Int?
            let hold_time_s: Int?
            let prefixes: Prefixes
            let messages: Messages
            let capabilities: Capabilities
            let last_error: String?
        }
        let neighbors: [Neighbour]
    }

    private func routes(_ lab: LabUnderTest, _ words: String...) throws -> [Route] {
        let outcome = try Command.run([LabUnderTest.program, "bgp", "--lab", lab.name] + words + ["--json"])
        guard outcome.status == 0 else { throw TestFailure("lab bgp \(words): \(outcome)") }
        return try JSONDecoder().decode(Routes.self, from: Data(outcome.output.utf8)).routes
    }

    @Test func whatOneAdvertisedTheOtherReceived() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            let sent = try routes(lab, "london", "--advertised", "eurocore-fra")
            let received = try routes(lab, "eurocore-fra", "--received", "london")
            let accepted = try routes(lab, "eurocore-fra", "--accepted", "london")
            #expect(sent.map(\.prefix) == ["10.128.1.0/24", "192.0.2.0/24", "2001:db8:53::/48", "2001:db8:8001::/48"])
            #expect(received.map(\.prefix) == sent.map(\.prefix) && accepted.map(\.prefix) == sent.map(\.prefix))
            for route in sent + received { #expect(route.as_path == [64500]) }
            #expect(received.map(\.next_hop) == sent.map(\.next_hop))
            // eBGP carries no LOCAL_PREF; import sets it.
            #expect(received.allSatisfy { $0.local_preference == nil })
            #expect(accepted.allSatisfy { $0.local_preference == 300 && $0.best == true })
        }
    }

    @Test func theTableHasWhatTheKernelHas() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            let table = try routes(lab, "isp-uk", "--table")
            let kernel = try lab.inside("isp-uk-lhr", "ip", "-4", "route", "show", "proto", "bgp").lines.map { line in
                String(line.split(separator: " ")[0])
            }
            let learned = table.filter { $0.from != nil }.compactMap(\.prefix).filter { !$0.contains(":") }
            #expect(Set(learned) == Set(kernel) && !learned.isEmpty)
            #expect(table.allSatisfy { $0.reason != nil })
        }
    }

    @Test func aPrefixIsShownWithAllPathsAndWhyTheyLost() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            let outcome = try lab.run("bgp", "amcore-jfk", "--prefix", "192.0.2.53", "--json")
            let answer = try JSONDecoder().decode(Paths.self, from: Data(outcome.output.utf8))
            #expect(answer.prefix == "192.0.2.0/24")
            #expect(answer.paths.count >= 2)
            let best = try #require(answer.paths.first)
            #expect(best.best == true && best.from == "newyork" && best.lost_to == nil)
            for path in answer.paths.dropFirst() {
                #expect(path.best == false && path.lost_to == "newyork" && path.reason == "local preference")
            }
            let text = try lab.run("bgp", "amcore-jfk", "--prefix", "192.0.2.0/24").output
            #expect(text.contains("local preference, lost to newyork"))
        }
    }

    @Test func neighboursAreShownWithWhatWasAgreedAndCounted() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            let outcome = try lab.run("bgp", "london", "--json")
            let neighbours = try JSONDecoder().decode(Neighbours.self, from: Data(outcome.output.utf8)).neighbors
            #expect(neighbours.count == 2)
            for each in neighbours {
                #expect(each.name == "eurocore-fra" && each.asn == 65010 && each.state == "Established")
                #expect(each.hold_time_s == 9 && (each.uptime_ms ?? 0) > 0 && each.last_error == nil)
                #expect(each.prefixes.advertised == 2 && each.prefixes.accepted <= each.prefixes.received)
                #expect(each.messages.received.open == 1 && each.messages.sent.open == 1)
                // The route and the End-of-RIB.
                #expect(each.messages.sent.update == 2 && each.messages.sent.keepalive > 0)
                #expect(each.capabilities.sent.contains("4-octet AS 64500"))
                #expect(each.capabilities.received.contains("4-octet AS 65010"))
            }
            let detail = try lab.run("bgp", "london", "--neighbor", neighbours[0].address).output
            #expect(detail.contains("route refresh") && detail.contains("2 advertised"))

            #expect(try lab.run("fail", "london", "--how", "link-down").status == 0)
            let after = try lab.run("bgp", "london").output
            #expect(after.contains("link down") && !after.contains("Established"))
        }
    }

    @Test func whatIsNotThereIsSaid() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let cases: [([String], String)] = [
                (["boston"], "runs no BGP speaker"), (["nobody"], "no node 'nobody'"),
                (["west-jfk", "--received", "mars"], "no neighbor 'mars'"),
                (["west-jfk", "--prefix", "10.255.0.0/16"], "no path to 10.255.0.0/16"),
                (["west-jfk", "--prefix", "moon"], "'moon' is neither a prefix nor an address"),
                (["west-jfk", "--table", "--prefix", "192.0.2.0/24"], "give one of them"),
            ]
            for (words, expected) in cases {
                let outcome = try Command.run([LabUnderTest.program, "bgp", "--lab", lab.name] + words)
                #expect(outcome.status == 2 && outcome.errors.contains(expected), "\(words): \(outcome)")
            }
        }
    }

    /// A speaker of no lab, in the network namespace of nobody: it needs no neighbour to have a table.
    @Test func aSpeakerThatRunsAloneAnswersOnItsSocket() throws {
        let folder = NSTemporaryDirectory() + "/alone-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let configuration = """
            {"node":"alone","asn":64500,"router_id":"10.0.0.1","originate":["192.0.2.0/24"],"kernel":false,"neighbors":[]}
            """
        try configuration.write(toFile: folder + "/bgp.json", atomically: true, encoding: .utf8)
        let socket = folder + "/control"
        let daemon = try Command.Running([
            "unshare", "--net", LabUnderTest.root + "/.build/release/labd", "bgp", "--config", folder + "/bgp.json",
            "--control", socket,
        ])
        defer { kill(daemon.process.processIdentifier, SIGKILL) }
        try Command.wait("the socket") { FileManager.default.fileExists(atPath: socket) }
        let table = try LabUnderTest.lab("bgp", "--socket", socket, "--table")
        #expect(table.status == 0 && table.output.contains("192.0.2.0/24"), "\(table)")
        let dump = try LabUnderTest.lab("bgp", "--socket", socket, "--mrt", folder + "/table.mrt")
        #expect(dump.status == 0 && dump.output.hasPrefix("1 routes to 1 prefixes"), "\(dump)")
        let lines = try Command.run(["bgpdump", "-m", folder + "/table.mrt"]).lines
        #expect(lines.contains { $0.contains("|192.0.2.0/24|") })
        let nobody = try LabUnderTest.lab("bgp", "--socket", folder + "/nobody")
        #expect(nobody.status == 2 && nobody.errors.contains("no speaker answers"), "\(nobody)")
        let neither = try LabUnderTest.lab("bgp")
        #expect(neither.status == 2 && neither.errors.contains("a node or --socket PATH expected"), "\(neither)")
    }
}
