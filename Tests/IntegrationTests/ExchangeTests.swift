import Foundation
import Testing

/// Exchange points: labs/exchange.yaml, looked at with dig, traceroute, ip and bridge.
@Suite(.serialized)
struct ExchangeTests {
    /// The addresses that answer on the way, one for each TTL.
    private func way(_ lab: LabUnderTest, from node: String, to address: String) throws -> [String] {
        let words = [address.contains(":") ? "-6" : "-4", "-n", "-q", "1", "-w", "5", address]
        let outcome = try Command.run(["ip", "netns", "exec", "\(lab.name).\(node)", "traceroute"] + words)
        return outcome.lines.dropFirst().compactMap { $0.split(separator: " ").dropFirst().first.map(String.init) }
    }

    private struct Route: Decodable {
        let dst: String
        let gateway: String?
        let dev: String?
    }

    private func routes(_ lab: LabUnderTest, _ node: String, _ words: String...) throws -> [Route] {
        let shown = try Command.run(
            ["ip", "netns", "exec", "\(lab.name).\(node)", "ip", "-j", "route", "show"] + words)
        return shown.output.isEmpty ? [] : try JSONDecoder().decode([Route].self, from: Data(shown.output.utf8))
    }

    private func neighbours(_ lab: LabUnderTest, _ node: String, on device: String) throws -> Set<String> {
        struct Entry: Decodable { let dst: String }
        let shown = try lab.inside(node, "ip", "-j", "-4", "neigh", "show", "dev", device)
        return Set(try JSONDecoder().decode([Entry].self, from: Data(shown.output.utf8)).map(\.dst))
    }

    @Test func theRouteServerIsOnNoPathAndCarriesNothing() throws {
        try LabUnderTest.withUp("exchange.yaml") { lab in
            for (client, site) in [
                ("manchester", "london"), ("dublin", "london"), ("boston", "london"), ("lyon", "paris"),
                ("frankfurt", "newyork"),
            ] {
                try lab.expect(client, answeredBy: site)
            }
            // From member to member: one hop, with its address on the LAN.
            #expect(try way(lab, from: "isp-us-jfk", to: "10.3.0.1") == ["10.3.0.1"])
            let far = try way(lab, from: "manchester", to: "10.3.0.3")
            #expect(Array(far.suffix(2)) == ["172.16.0.3", "10.3.0.3"], "\(far)")
            let far6 = try way(lab, from: "manchester", to: "2001:db8:1003::3")
            #expect(far6.count == far.count && far6.last == "2001:db8:1003::3", "\(far6)")
            #expect(try routes(lab, "isp-us-jfk", "192.0.2.0/24").map(\.gateway) == ["172.16.0.6"])
            #expect(try routes(lab, "linx-rs").map(\.dst) == ["172.16.0.0/22"], "no route of BGP in its kernel")

            let seen = try lab.run("bgp", "isp-us-jfk", "--prefix", "192.0.2.0/24").output
            #expect(seen.contains("linx-rs") && !seen.contains("64496"), "\(seen)")
            let rows = try lab.json(CatchmentDocument.self, "catchment", "--lab", lab.name).rows
            #expect(rows.allSatisfy { $0.agrees && !$0.as_path.contains(64496) })

            // And all of it was foreseen.
            struct Foreseen: Decodable {
                struct Row: Decodable {
                    let client: String
                    let address: String
                    let site: String?
                }
                let rows: [Row]
            }
            let foreseen = try lab.json(Foreseen.self, "predict", lab.file).rows
            #expect(
                foreseen.map { [$0.client, $0.address, $0.site] } == rows.map { [$0.client, $0.address, $0.site] })

            let status = try lab.json(StatusDocument.self, "status", lab.name)
            let ends = Set(status.sessions.map { [$0.local, $0.remote] })
            #expect(ends.contains(["isp-fr-cdg", "isp-uk-lhr"]) && ends.contains(["paris", "isp-fr-cdg"]))
            #expect(!ends.contains(["isp-ie-dub", "isp-us-jfk"]), "these speak to the route server only")
            #expect(status.nodes.first { $0.name == "linx" }?.kind == "exchange")
            try checkBridge(lab)
        }
    }

    /// Every port forwards, without anything that would make it wait.
    private func checkBridge(_ lab: LabUnderTest) throws {
        struct Port: Decodable {
            let ifname: String
            let state: String
        }
        let shown = try lab.inside("linx", "bridge", "-j", "link", "show")
        let ports = try JSONDecoder().decode([Port].self, from: Data(shown.output.utf8))
        #expect(
            Set(ports.map(\.ifname))
                == ["linx-rs", "isp-uk-lhr", "isp-ie-dub", "isp-fr-cdg", "isp-us-jfk", "london"])
        #expect(ports.allSatisfy { $0.state == "forwarding" })
        let bridge = try lab.inside("linx", "ip", "-d", "link", "show", "lan").output
        #expect(bridge.contains("forward_delay 0 ") && bridge.contains("stp_state 0 "), "\(bridge)")
        #expect(bridge.contains("mcast_snooping 0 "), "\(bridge)")
        let entries = try lab.inside("linx", "bridge", "fdb", "show", "br", "lan").lines.filter {
            $0.hasSuffix("static")
        }
        #expect(entries.count == 6, "\(entries)")
        #expect(try lab.inside("linx", "ip", "-br", "address", "show", "lan").output.contains(".") == false)
    }

    @Test func aPortFailsAndComesBack() throws {
        try LabUnderTest.withUp("exchange.yaml") { lab in
            #expect(try lab.run("fail", "linx--isp-ie", "--how", "link-down").status == 0)
            // Dublin sees it at once, and goes round by its provider.
            try lab.expect("dublin", answeredBy: "newyork")
            // The others do not see it: the route server does, by BFD, and tells them.
            try Command.wait("London's way to Dublin by Frankfurt") {
                try routes(lab, "isp-uk-lhr", "10.3.0.0/16").map(\.dev) == ["tier-one-fra"]
            }
            #expect(try lab.run("heal", "linx--isp-ie").status == 0)
            try lab.expect("dublin", answeredBy: "london")
            try Command.wait("London's way to Dublin by the exchange") {
                try routes(lab, "isp-uk-lhr", "10.3.0.0/16").map(\.gateway) == ["172.16.0.3"]
            }
            // All of the exchange at once.
            #expect(try lab.run("fail", "linx", "--how", "link-down").status == 0)
            try lab.expect("boston", answeredBy: "newyork")
            #expect(try lab.run("heal", "linx").status == 0)
            try lab.expect("boston", answeredBy: "london")
        }
    }

    /// A member leaves, one comes, and an exchange is taken away, while the sessions of the others go on.
    @Test func membersComeAndGo() throws {
        try LabUnderTest.withUp("exchange.yaml") { lab in
            // Without its scenario, which names what goes.
            let whole = try String(contentsOfFile: lab.file, encoding: .utf8)
            let text = String(whole[..<(try #require(whole.range(of: "\nscenario:"))).lowerBound]) + "\n"
            func apply(_ text: String) throws {
                try text.write(toFile: lab.file, atomically: true, encoding: .utf8)
                let outcome = try LabUnderTest.lab("apply", lab.file)
                #expect(outcome.status == 0 && !outcome.output.contains("session reset"), "\(outcome)")
            }
            let members = "[isp-uk, isp-ie, isp-fr, isp-us, london]"
            try apply(text.replacingOccurrences(of: members, with: "[isp-uk, isp-ie, isp-fr, newyork, london]"))
            try lab.expect("boston", answeredBy: "newyork")
            // What isp-us had is known to nobody any more, and newyork has a place of its own.
            #expect(
                try neighbours(lab, "isp-uk-lhr", on: "linx")
                    == ["172.16.0.1", "172.16.0.3", "172.16.0.4", "172.16.0.6", "172.16.0.7"])
            #expect(try lab.inside("newyork", "ping", "-c", "1", "-W", "10", "172.16.0.2").status == 0)
            #expect(try lab.inside("isp-us-jfk", "ip", "link", "show", "linx").status != 0)

            let start = try #require(text.range(of: "  # Without one, all members"))
            let end = try #require(text.range(of: "services:"))
            let site = "  paris: { city: CDG, service: dns }\n"
            let less = text.replacingCharacters(in: start.lowerBound..<end.lowerBound, with: "")
            try apply(less.replacingOccurrences(of: site, with: ""))
            try lab.expect("boston", answeredBy: "london")
            try lab.expect("lyon", answeredBy: "london")
            #expect(try Command.run(["ip", "netns", "list"]).output.contains("\(lab.name).paris-ix") == false)
            try apply(text)
            try lab.expect("lyon", answeredBy: "paris")
            let status = try lab.json(StatusDocument.self, "status", lab.name)
            #expect(status.converged && status.sessions.allSatisfy { $0.state == "Established" })
            #expect(status.nodes.flatMap(\.processes).allSatisfy { $0.restarts == 0 })
        }
    }

    /// On netem, ports are veth ends: what the kernel drops with an interface that is down is put back with it.
    @Test func portsOnNetemInUserModeLinux() throws {
        let script = """
            lab=\(LabUnderTest.program)
            $lab up --links netem \(LabUnderTest.root)/labs/exchange.yaml >/dev/null || exit 1
            answered() { # CLIENT SITE
              for address in 192.0.2.53 2001:db8:53::53; do
                until ip netns exec exchange.$1 dig +short +tries=1 +time=2 @$address CH TXT id.server | grep -q $2; do :; done
              done
              echo $1 $2
            }
            answered boston london; answered lyon paris
            for target in linx--isp-us isp-us; do
              $lab fail $target --how link-down >/dev/null || exit 1
              [ $target = isp-us ] || answered boston newyork
              $lab heal $target >/dev/null || exit 1
              answered boston london
            done
            ip netns exec exchange.linx bridge link | grep -c "state forwarding"
            $lab down >/dev/null && ip netns list | wc -l
            """
        let run = LabUnderTest.root + "/Tests/UserModeLinux/run"
        let outcome = try Command.run([run, "-t", "240", "bash", "-c", script], limit: 280)
        let expected = "boston london\nlyon paris\nboston newyork\nboston london\nboston london\n6\n0\n"
        #expect(outcome.status == 0 && outcome.output == expected, "\(outcome)")
    }
}
