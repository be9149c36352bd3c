import Foundation
import Testing

/// labs/casting.yaml: a packet of the source reaches every member once, and nobody else; the kernels count.
@Suite(.serialized)
struct MulticastTests {
    /// The pings that a node's kernel has been sent.
    private func pings(_ lab: LabUnderTest, _ node: String) throws -> Int {
        let lines = try lab.inside(node, "cat", "/proc/net/snmp").lines.filter { $0.hasPrefix("Icmp: ") }
        try #require(lines.count == 2)
        let column = try #require(lines[0].split(separator: " ").firstIndex(of: "InEchos"))
        return try #require(Int(lines[1].split(separator: " ")[column]))
    }

    /// What a router has forwarded for the IPv4 group, and whereto.
    private func forwarded(_ lab: LabUnderTest, _ router: String) throws -> (packets: Int, to: [String])? {
        let text = try lab.inside(router, "ip", "-s", "mroute", "show").output
        guard
            let match = text.firstMatch(
                of: /,233\.252\.0\.1\)\s+Iif: (\S+)\s+Oifs: ([^\n]*?)\s+State: \S+\s+([0-9]+) packets/)
        else { return nil }
        return (Int(match.3) ?? -1, match.2.split(separator: " ").map(String.init).sorted())
    }

    private func send(_ count: Int, _ lab: LabUnderTest) throws {
        try lab.inside("studio", "ping", "-n", "-t", "32", "-i", "0.02", "-W", "1", "-c", "\(count)", "233.252.0.1")
    }

    @Test func allMembersAndNobodyElse() throws {
        try LabUnderTest.withUp("casting.yaml") { lab in
            try send(20, lab)
            let members = ["berlin", "boston", "tokyo", "osaka"]
            try Command.wait("every member has every packet") { try members.allSatisfy { try pings(lab, $0) >= 20 } }
            for member in members { #expect(try pings(lab, member) == 20) }
            #expect(try pings(lab, "paris") == 0 && pings(lab, "vault") == 0)
            // Each router had each packet once, and made the copies.
            let london = try #require(try forwarded(lab, "eurocore-lhr"))
            #expect(london.packets == 20 && london.to == ["amcore-jfk", "eurocore-fra"], "\(london)")
            let tokyo = try #require(try forwarded(lab, "asiacore-nrt"))
            #expect(tokyo.packets == 20 && tokyo.to == ["osaka", "tokyo"], "\(tokyo)")

            // Where a link fails, the tree goes another way, and comes back.
            #expect(try lab.run("fail", "eurocore--asiacore", "--how", "link-down").status == 0)
            try Command.wait("the packets go by New York") { try forwarded(lab, "amcore-jfk")?.to.count == 2 }
            let before = try pings(lab, "osaka")
            try send(10, lab)
            try Command.wait("they come to Osaka") { try pings(lab, "osaka") == before + 10 }
            #expect(try lab.run("heal", "eurocore--asiacore").status == 0)
            try Command.wait("the packets go by Frankfurt") { try forwarded(lab, "amcore-jfk")?.to == ["boston"] }

            // A member that the file takes out hears nothing more, and a new one does.
            let text = try String(contentsOfFile: lab.file, encoding: .utf8)
            try text.replacingOccurrences(of: "tokyo, osaka] }", with: "tokyo, paris] }")
                .write(toFile: lab.file, atomically: true, encoding: .utf8)
            let applied = try LabUnderTest.lab("apply", lab.file)
            #expect(applied.status == 0, "\(applied)")
            let osaka = try pings(lab, "osaka")
            try send(5, lab)
            try Command.wait("they come to Paris") { try pings(lab, "paris") == 5 }
            #expect(try pings(lab, "osaka") == osaka && forwarded(lab, "asiacore-nrt")?.to == ["tokyo"])
            #expect(try LabUnderTest.lab("apply", lab.file).status == 0)
        }
    }

    @Test func thePlanShowsIt() throws {
        try LabUnderTest.with("casting.yaml") { lab in
            let plan = try LabUnderTest.lab("up", lab.file, "--dry-run")
            #expect(plan.status == 0 && plan.output.contains("multicast   radio 233.252.0.1 ff0e::db8:0:1"), "\(plan)")
            #expect(plan.output.contains("# from studio to berlin, boston, tokyo, osaka"))
        }
    }
}
