import Foundation
import Testing

/// What happens to clients when something fails, and when it is mended. Times are measured by `scripts/bench failover`;
/// here only what happens counts, for a busy machine may take its time.
@Suite(.serialized)
struct FaultTests {
    private func expectMove(_ lab: LabUnderTest, _ client: String, to site: String, _ what: String) throws {
        for address in ["192.0.2.53", "2001:db8:53::53"] {
            try Command.wait("\(client) at \(site) for \(address) \(what)") {
                try lab.site(for: client, address) == site
            }
        }
    }

    @Test(arguments: ["link-down", "withdraw", "process-kill"])
    func clientsMoveToAnotherSiteAndBack(how: String) throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            let fail = try lab.run("fail", "london", "--how", how)
            #expect(fail.status == 0, "\(fail)")
            try expectMove(lab, "london-home", to: "newyork", "after \(how)")
            #expect(try lab.site(for: "tokyo-cafe") == "tokyo", "others stay where they are")
            let catchment = try lab.json(CatchmentDocument.self, "catchment", "--lab", lab.name)
            #expect(catchment.rows.filter { $0.site == "london" }.isEmpty)
            #expect(catchment.rows.allSatisfy { $0.agrees })

            let heal = try lab.run("heal", "london")
            #expect(heal.status == 0, "\(heal)")
            try expectMove(lab, "london-home", to: "london", "after heal of \(how)")
        }
    }

    @Test func aDeadLinkHasNoCarrierAtEitherEnd() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let status = try lab.json(StatusDocument.self, "status", lab.name)
            let site = try #require(status.nodes.first { $0.kind == "site" })
            #expect(try lab.run("fail", site.name, "--how", "link-down").status == 0)
            let links = try lab.inside(site.name, "ip", "-o", "link", "show").lines.filter { !$0.contains("LOOPBACK") }
            #expect(!links.isEmpty && links.allSatisfy { !$0.contains("LOWER_UP") }, "\(links)")
            #expect(try lab.run("heal", site.name).status == 0)
            let mended = try lab.inside(site.name, "ip", "-o", "link", "show").lines.filter { !$0.contains("LOOPBACK") }
            #expect(mended.allSatisfy { $0.contains("LOWER_UP") }, "\(mended)")
        }
    }

    /// A link inside an AS fails: the interior protocol goes round it, and nobody outside loses anything.
    @Test func theInteriorGoesRoundALinkThatFails() throws {
        let yaml = """
            lab: x
            networks:
              core: { asn: 65010, cities: [FRA, LHR, CDG] }
            services:
              resolver: { asn: 64500, addresses: [192.0.2.53, "2001:db8:53::53"], kind: dns }
            sites:
              frankfurt: { service: resolver, city: FRA, providers: [core] }
            clients:
              home: { city: LHR, provider: core }
            """
        try LabUnderTest.with(yaml: yaml) { lab in
            try lab.up()
            let direct = try lab.inside("home", "traceroute", "-q", "1", "192.0.2.53").lines.count
            #expect(try lab.run("fail", "core-lhr--core-fra", "--how", "link-down").status == 0)
            for address in ["192.0.2.53", "2001:db8:53::53"] {
                try Command.wait("an answer by way of Paris over \(address)") {
                    try lab.site(for: "home", address) == "frankfurt"
                }
                #expect(try lab.inside("home", "traceroute", "-q", "1", address).output.contains("core-cdg"))
            }
            #expect(try lab.run("heal", "core-lhr--core-fra").status == 0)
            try Command.wait("the direct way") {
                try lab.inside("home", "traceroute", "-q", "1", "192.0.2.53").lines.count == direct
            }
        }
    }

    @Test func aDaemonThatDiesIsStartedAgain() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let before = try lab.json(StatusDocument.self, "status", lab.name)
            let site = try #require(before.nodes.first { $0.kind == "site" })
            let dns = try #require(site.processes.first { $0.role == "dns" })
            kill(Int32(try #require(dns.pid)), SIGKILL)
            try Command.wait("a new responder") {
                let now = try lab.json(StatusDocument.self, "status", lab.name)
                let process = now.nodes.first { $0.name == site.name }?.processes.first { $0.role == "dns" }
                return process?.state == "running" && process?.restarts == 1 && process?.pid != dns.pid
            }
            #expect(
                try lab.inside(site.name, "dig", "+short", "@192.0.2.53", "CH", "TXT", "id.server").output
                    == "\"\(site.name)\"\n")
            #expect(try lab.run("events").output.contains("\(site.name).dns"))
        }
    }
}
