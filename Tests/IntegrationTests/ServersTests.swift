import Foundation
import Testing

/// Sites of several servers, which the kernel of their router shares flows among.
@Suite(.serialized)
struct ServersTests {
    private static let yaml = """
        lab: farm
        networks:
          core: { cities: [FRA] }
          far: { cities: [JFK], peers: [core] }
        services:
          dns: { addresses: [192.0.2.53, 2001:db8:53::53] }
        sites:
          farm: { city: FRA, providers: [core], servers: 3 }
          alone: { city: JFK, providers: [far] }
        clients:
          home: { city: FRA, provider: core }

        """
    private static let addresses = ["192.0.2.53", "2001:db8:53::53"]

    /// Who answers 40 queries, each from another port.
    private func answers(_ lab: LabUnderTest, _ address: String) throws -> [String: Int] {
        let queries = (0..<40).flatMap { _ in ["@" + address, "CH", "TXT", "id.server"] }
        let dig = try Command.run(
            ["ip", "netns", "exec", "\(lab.name).home", "dig", "+short", "+tries=1", "+time=2"] + queries)
        let names = dig.lines.map { $0.filter { $0 != "\"" } }
        return Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +)
    }

    private func nextHops(_ lab: LabUnderTest) throws -> [Int] {
        try ["-4", "-6"].map { family in
            let prefix = family == "-4" ? "192.0.2.0/24" : "2001:db8:53::/48"
            let routes = try lab.inside("farm", "ip", family, "route", "show", prefix, "proto", "bgp").output
            return routes.matches(of: /via [0-9a-f.:]+/).count
        }
    }

    @Test func serversShareFlowsAndDieOneByOne() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            #expect(try nextHops(lab) == [3, 3])
            for address in Self.addresses {
                let answers = try answers(lab, address)
                #expect(Set(answers.keys) == ["farm-1", "farm-2", "farm-3"], "\(address): \(answers)")
                #expect(answers.values.reduce(0, +) == 40)
            }
            let rows = try lab.json(CatchmentDocument.self, "catchment", "--lab", lab.name).rows
            #expect(rows.count == 2 && rows.allSatisfy { $0.site == "farm" && $0.agrees }, "\(rows)")
            // They have their default route and hear no others; the way to them is explained as a router's is.
            for family in ["-4", "-6"] {
                #expect(try lab.inside("farm-1", "ip", family, "route", "show", "proto", "bgp").output == "")
            }
            let why = try lab.run("why", "home")
            #expect(why.output.contains("If farm prepends") || why.output.contains("If core prefers"), "\(why)")
            #expect(why.output.contains("farm-2"), "\(why)")
            let trace = try lab.inside("home", "traceroute", "-n", "-q", "1", "-w", "2", "192.0.2.53").output
            #expect(trace.contains("192.0.2.53"), "\(trace)")

            try #require(try lab.run("fail", "farm-2", "--how", "link-down").status == 0)
            try Command.wait("two servers are left") { try nextHops(lab) == [2, 2] }
            for address in Self.addresses {
                let answers = try answers(lab, address)
                #expect(Set(answers.keys) == ["farm-1", "farm-3"] && answers.values.reduce(0, +) == 40, "\(answers)")
            }
            // Of the others one is killed, and one announces nothing more: the site is gone with it.
            try #require(try lab.run("fail", "farm-1", "--how", "process-kill").status == 0)
            try lab.expect("home", answeredBy: "farm-3")
            #expect(try nextHops(lab) == [1, 1])
            try #require(try lab.run("fail", "farm-3", "--how", "withdraw").status == 0)
            try lab.expect("home", answeredBy: "alone")
            for server in ["farm-1", "farm-2", "farm-3"] {
                try #require(try lab.run("heal", server).status == 0)
            }
            try Command.wait("all servers are back") { try answers(lab, "192.0.2.53").count == 3 }
            try #require(try lab.run("fail", "farm", "--how", "withdraw").status == 0)
            try lab.expect("home", answeredBy: "alone")
        }
    }

    /// A server that is down is withdrawn even where a site would be prepended, and every server fetches its zone.
    @Test func healthAndZonesAreThoseOfEachServer() throws {
        func zone(_ serial: Int) -> String {
            "@ 300 SOA ns host \(serial) 3600 600 604800 60\n@ NS ns\nns A 192.0.2.53\n"
        }
        let health = "health: { interval: 100ms, timeout: 100ms, hold-down: 0s, drain: prepend 3 }"
        let yaml = Self.yaml.replacing(
            "2001:db8:53::53] }",
            with: "2001:db8:53::53], \(health), zone: { origin: a.test, file: a.zone, primary: alone } }")
        try LabUnderTest.with(yaml: yaml) { lab in
            let folder = (lab.file as NSString).deletingLastPathComponent
            try zone(1).write(toFile: folder + "/a.zone", atomically: true, encoding: .utf8)
            try zone(2).write(toFile: folder + "/b.zone", atomically: true, encoding: .utf8)
            try lab.up()
            try #require(try lab.run("fail", "farm-2", "--how", "dns-dead").status == 0)
            try Command.wait("the dead server's withdrawal") { try nextHops(lab) == [2, 2] }
            #expect(Set(try answers(lab, "192.0.2.53").keys) == ["farm-1", "farm-3"])
            try #require(try lab.run("heal", "farm-2").status == 0)
            try Command.wait("its return") { try nextHops(lab) == [3, 3] }

            let refused = try lab.run("zone", "farm", folder + "/b.zone")
            #expect(refused.status == 2 && refused.errors.contains("name one, like farm-1"), "\(refused)")
            try #require(try lab.run("zone", "alone", folder + "/b.zone").status == 0)
            try Command.wait("the zone at every server") {
                let table = try lab.run("zone").lines.filter { $0.contains("a.test.") }
                return table.count == 4 && table.allSatisfy { $0.contains(" 2 ") && $0.contains("current") }
            }
        }
    }

    @Test func anOrdinaryUserHasThemToo() throws {
        try OrdinaryUser.with { user in
            let file = user.folder + "/lab.yaml"
            try Self.yaml.write(toFile: file, atomically: true, encoding: .utf8)
            let up = try user.lab("up", file)
            try #require(up.status == 0, "\(up)")
            var answers: Set<String> = []
            try Command.wait("answers of all servers") {
                answers.insert(try user.site(for: "home"))
                return answers == ["farm-1", "farm-2", "farm-3"]
            }
            let rows = try user.json(CatchmentDocument.self, "catchment").rows
            #expect(rows.allSatisfy { $0.site == "farm" && $0.agrees }, "\(rows)")
        }
    }

    /// A server more or less is a change of the lab that is up; the others and their sessions stay.
    @Test func serversComeAndGoByApply() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            func apply(_ servers: String) throws -> Outcome {
                let text = try String(contentsOfFile: lab.file, encoding: .utf8)
                try text.replacing(/, servers: \d+/, with: servers).write(
                    toFile: lab.file, atomically: true, encoding: .utf8)
                return try LabUnderTest.lab("apply", lab.file)
            }
            let wider = try apply(", servers: 5")
            #expect(wider.status == 0 && wider.output.contains("neighbours +farm-4 +farm-5"), "\(wider)")
            #expect(!wider.output.contains("farm-1"), "\(wider)")
            #expect(try nextHops(lab) == [5, 5])
            let narrower = try apply(", servers: 2")
            #expect(narrower.status == 0, "\(narrower)")
            #expect(try nextHops(lab) == [2, 2])
            let rows = try lab.json(CatchmentDocument.self, "catchment", "--lab", lab.name).rows
            #expect(rows.allSatisfy { $0.site == "farm" && $0.agrees }, "\(rows)")
            let plain = try apply("")
            #expect(plain.status != 0 && plain.errors.contains("'farm' would become another kind of node"), "\(plain)")
            #expect(try nextHops(lab) == [2, 2])
        }
    }
}
