import Foundation
import Glibc
import Testing

/// Labs in which some routers run the daemons of others: everything is as with our own, and nothing stays behind.
@Suite(.serialized)
struct OtherDaemonTests {
    /// A router of each daemon in `labs/mixed.yaml`, and the processes that it has.
    private static let routers = [
        ("west-jfk", ["bird"]), ("isles-lhr", ["zebra", "bgpd"]), ("east-nrt", ["gobgpd"]), ("south-syd", ["bgpd"]),
    ]

    private func catchments(_ lab: LabUnderTest) throws -> [String: String] {
        let document = try lab.json(CatchmentDocument.self, "catchment", "--lab", lab.name)
        #expect(document.rows.count == 12)
        var sites: [String: String] = [:]
        for row in document.rows { sites["\(row.client) \(row.family)"] = row.agrees ? row.site ?? "-" : "?" }
        return sites
    }

    private func expect(_ lab: LabUnderTest, _ sites: [String: String], _ what: String) throws {
        var wanted: [String: String] = [:]
        for (client, site) in sites { for family in ["ipv4", "ipv6"] { wanted["\(client) \(family)"] = site } }
        var found: [String: String] = [:]
        // GoBGP and OpenBGPD take the hold time of 9 s to see a dead link.
        try Command.wait("\(what): \(wanted), not \(found)", limit: 60) {
            found = try catchments(lab)
            return found == wanted
        }
    }

    private static let whole = [
        "frankfurt": "dublin", "london": "dublin", "newyork": "tokyo", "losangeles": "tokyo", "osaka": "tokyo",
        "melbourne": "sydney",
    ]

    private func status(_ lab: LabUnderTest) throws -> StatusDocument {
        try lab.json(StatusDocument.self, "status", lab.name)
    }

    private func awaitRest(_ lab: LabUnderTest, _ what: String) throws {
        try Command.wait("rest after \(what)", limit: 90) {
            let status = try status(lab)
            return status.converged && status.sessions.allSatisfy { $0.state == "Established" }
        }
    }

    @Test func aNetworkOfEachDaemonServesItsClients() throws {
        let before = try MachineSnapshot.take()
        try LabUnderTest.withUp("mixed.yaml") { lab in
            try expect(lab, Self.whole, "at first")
            let status = try status(lab)
            #expect(status.converged)
            #expect(status.sessions.count == 44 && status.sessions.allSatisfy { $0.state == "Established" })
            #expect(status.sessions.allSatisfy { $0.received > 0 && $0.sent > 0 }, "\(status.sessions)")
            for (router, names) in Self.routers {
                let node = try #require(status.nodes.first { $0.name == router })
                #expect(node.processes.map(\.role) == ["bgp"] + names)
                // What the process table says is where the process is.
                for process in node.processes {
                    let pid = try #require(process.pid)
                    #expect(try Command.run(["ip", "netns", "identify", "\(pid)"]).output == "\(lab.name).\(router)\n")
                }
                let table = try lab.run("bgp", router, "--table")
                #expect(table.output.contains("192.0.2.0/24") && table.output.contains("2001:db8:53::/48"), "\(table)")
                #expect(try lab.run("bgp", router).output.contains("Established"))
                let paths = try lab.run("bgp", router, "--prefix", "192.0.2.53")
                #expect(paths.output.hasPrefix("192.0.2.0/24") && paths.output.contains("64500"), "\(paths)")
            }
            let trace = try lab.run("trace", "frankfurt", "192.0.2.53")
            #expect(trace.output.contains("isles-dub") && trace.output.contains("dublin"), "\(trace)")
            // Nothing of them is outside of the lab's folder.
            let strays = try Command.run(["ls", "/run/frr", "/run/openbgpd", "/var/tmp/frr", "/run/bird.ctl"])
            #expect(!strays.output.contains("zserv") && !strays.output.contains("ctl"), "\(strays)")

            try failAndHeal(lab)
            try freezeDaemons(lab)
            try killDaemons(lab)
        }
        let after = try MachineSnapshot.take()
        #expect(before == after, "\(before.difference(to: after))")
    }

    private func failAndHeal(_ lab: LabUnderTest) throws {
        #expect(try lab.run("fail", "dublin", "--how", "link-down").status == 0)
        try expect(
            lab, Self.whole.merging(["frankfurt": "tokyo", "london": "tokyo"]) { _, new in new }, "without dublin")
        #expect(try lab.run("heal", "dublin").status == 0)
        try awaitRest(lab, "heal of dublin")
        try expect(lab, Self.whole, "with dublin again")
        // Single routers, whose prefix nobody else of the AS announces.
        for (router, prefix) in [("east-nrt", "10.4.0.0/16"), ("south-syd", "10.5.0.0/16")] {
            func isKnown() throws -> Bool {
                try !lab.inside("north-fra", "ip", "route", "show", prefix).output.isEmpty
            }
            #expect(try isKnown())
            #expect(try lab.run("fail", router, "--how", "withdraw").status == 0)
            try Command.wait("\(prefix) withdrawn") { try !isKnown() }
            #expect(try lab.run("heal", router).status == 0)
            try Command.wait("\(prefix) announced again", until: isKnown)
        }
    }

    /// All processes of each daemon are stopped, also those that it started itself, and only those; hold timers find it.
    private func freezeDaemons(_ lab: LabUnderTest) throws {
        let routers = Self.routers.map(\.0)
        func running(_ router: String) throws -> [String] {
            try Command.run(["ip", "netns", "pids", "\(lab.name).\(router)"]).lines.filter { pid in
                let state = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
                return state?.contains(") T ") == false
            }
        }
        for router in routers {
            #expect(try lab.run("fail", router, "--how", "freeze").status == 0)
            // The adapter is awake.
            try Command.wait("\(router) stopped") { try running(router).count == 1 }
        }
        #expect(
            try status(lab).nodes.filter { routers.contains($0.name) }.flatMap(\.processes)
                .allSatisfy { $0.state == "frozen" })
        try Command.wait("their neighbours' hold timers", limit: 60) {
            try status(lab).sessions.filter { routers.contains($0.remote) }.allSatisfy { $0.state != "Established" }
        }
        #expect(try lab.run("heal", "--all").status == 0)
        try awaitRest(lab, "the freeze")
        try expect(lab, Self.whole, "after the freeze")
    }

    /// The processes of each daemon are killed, once by the lab and once from outside, and come back.
    private func killDaemons(_ lab: LabUnderTest) throws {
        for (router, names) in Self.routers {
            func node() throws -> StatusDocument.Node {
                try #require(try status(lab).nodes.first { $0.name == router })
            }
            let old = try #require(try node().processes.last?.pid)
            kill(pid_t(old), SIGKILL)
            try Command.wait("\(router) starts \(names) again", limit: 60) {
                let processes = try node().processes
                return processes.count == names.count + 1 && processes.last?.pid != old
                    && processes.allSatisfy { $0.state == "running" && $0.restarts == 1 }
            }
        }
        #expect(try lab.run("fail", "west-jfk", "--how", "process-kill").status == 0)
        #expect(try status(lab).nodes.first { $0.name == "west-jfk" }?.processes.map(\.state) == ["killed"])
        #expect(try lab.run("heal", "west-jfk").status == 0)
        try awaitRest(lab, "the kills")
        try expect(lab, Self.whole, "after all")
    }

    /// A program that is missing is said with its package, and nothing is changed.
    @Test func aMissingProgramIsNamedWithItsPackage() throws {
        let file = LabUnderTest.root + "/labs/mixed.yaml"
        // In a mount namespace, where the program is nothing that can be run.
        func run(_ words: String) throws -> Outcome {
            let script = "mount --bind /dev/null /usr/sbin/birdc && exec \"$0\" \(words)"
            return try Command.run(["unshare", "--mount", "sh", "-c", script, LabUnderTest.program, file])
        }
        let up = try run("up \"$1\"")
        #expect(up.status == 3)
        #expect(
            up.errors
                == """
                lab: error: network 'west' runs BIRD, and there is no /usr/sbin/birdc here
                hint: Debian has it in the package bird2: apt-get install bird2

                """)
        #expect(!FileManager.default.fileExists(atPath: "/run/lab/mixed"))
        let check = try run("check \"$1\"")
        #expect(check.status == 0 && check.output.contains("there is no /usr/sbin/birdc here"), "\(check)")
        let doctor = try run("doctor")
        #expect(doctor.output.contains("apt-get install bird2"), "\(doctor)")
    }
}
