import Foundation
import Glibc
import Testing

/// `lab flood` and sites of limited capacity, beside what the kernels of the nodes have counted.
@Suite(.serialized)
struct FloodTests {
    private static let yaml = """
        lab: x
        networks:
          core: { asn: 65010, cities: [FRA, LHR] }
          east: { asn: 65020, cities: [NRT], peers: [core] }
        services:
          dns: { asn: 64500, addresses: [192.0.2.53, "2001:db8:53::53"] }
        sites:
          london: { city: LHR, providers: [core], capacity: 400qps }
          tokyo: { city: NRT, providers: [east] }
        clients:
          home: { city: LHR, provider: core }
          office: { city: LHR, provider: core }
          cafe: { city: NRT, provider: east }
        """

    private struct Document: Decodable {
        struct Flood: Decodable {
            struct Client: Decodable {
                let client: String
                let sent: Int
                let answered: Int
                let lost: Int
                let repeated: Int
                let unread: Int
                let sites: [String: Int]
            }
            let service: String
            let asked_qps: Int
            let sent_qps: Double
            let took_ms: Double
            let clients: [Client]
        }
        struct Site: Decodable {
            let site: String
            let offered: Int
            let served: Int
            let over_capacity: Int
            let overflowed: Int
            let dropped: Int
            let answers: Int
        }
        let lab: String
        let sent: Int
        let answered: Int
        let lost: Int
        let floods: [Flood]
        let sites: [Site]
        let lost_on_the_way: Int
    }

    /// UDP datagrams of both families that programs of a node have sent and read, and that found no room, as its kernel counts them.
    private struct Datagrams {
        var (out, read, overflowed) = (0, 0, 0)

        static func - (after: Datagrams, before: Datagrams) -> Datagrams {
            Datagrams(
                out: after.out - before.out, read: after.read - before.read,
                overflowed: after.overflowed - before.overflowed)
        }
    }

    private func datagrams(_ lab: LabUnderTest, _ node: String) throws -> Datagrams {
        let text = try lab.inside(node, "cat", "/proc/net/snmp", "/proc/net/snmp6")
        let udp = text.lines.filter { $0.hasPrefix("Udp: ") }.map { $0.split(separator: " ") }
        try #require(udp.count == 2)
        let udp6 = text.lines.map { $0.split(whereSeparator: \.isWhitespace) }
        func value(_ name: String) throws -> Int {
            let column = try #require(udp[0].firstIndex { $0 == name })
            let v6 = try #require(udp6.first { $0.first == "Udp6\(name)" }?.last)
            return try #require(Int(udp[1][column])) + #require(Int(v6))
        }
        return Datagrams(
            out: try value("OutDatagrams"), read: try value("InDatagrams"), overflowed: try value("RcvbufErrors"))
    }

    /// Everybody says the same of every query: who sent it, the kernels on both sides, and the responder.
    @Test func everyQueryIsAccountedFor() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            let nodes = ["home", "office", "cafe", "london", "tokyo"]
            let before = try nodes.map { try datagrams(lab, $0) }
            let begin = Date()
            let document = try lab.json(
                Document.self, "flood", "core", "cafe", "--lab", lab.name, "--rate", "6kqps", "--for", "1s")
            let seconds = Date().timeIntervalSince(begin)
            let kernels = Dictionary(
                uniqueKeysWithValues: try zip(nodes, before).map { ($0, try datagrams(lab, $0) - $1) })

            let flood = try #require(document.floods.first)
            #expect(
                flood.service == "dns" && flood.asked_qps == 6000
                    && flood.clients.map(\.client) == ["home", "office", "cafe"])
            #expect(flood.sent_qps <= 6100 && flood.took_ms >= 1000)
            #expect(document.sent > 0 && document.sent <= 6000)
            for client in flood.clients {
                let kernel = try #require(kernels[client.client])
                #expect(client.sent == kernel.out, "\(client) \(kernel)")
                #expect(client.answered + client.repeated == kernel.read, "\(client) \(kernel)")
                #expect(client.lost == client.sent - client.answered && client.unread == kernel.overflowed)
                #expect(client.sites.keys.sorted() == [client.client == "cafe" ? "tokyo" : "london"])
                #expect(client.sites.values.reduce(0, +) == client.answered)
            }
            #expect(document.sent == flood.clients.reduce(0) { $0 + $1.sent })
            #expect(document.lost == document.sent - document.answered)

            #expect(document.sites.map(\.site) == ["london", "tokyo"])
            for site in document.sites {
                let kernel = try #require(kernels[site.site])
                #expect(site.offered == kernel.read + kernel.overflowed, "\(site) \(kernel)")
                #expect(site.overflowed == kernel.overflowed && site.served == kernel.out)
                #expect(site.served + site.over_capacity + site.overflowed == site.offered)
                #expect(site.dropped == site.offered - site.served)
                #expect(site.answers <= site.served)
            }
            // 4,000 queries for 400 a second: what came at once, and what came in the time.
            let london = document.sites[0]
            #expect(london.over_capacity > 0 && london.served >= 40)
            #expect(Double(london.served) <= 400 * (seconds + 0.1) + 1)
            #expect(document.sites[1].over_capacity == 0)

            // The counters that others are shown are the same.
            let status = try lab.run("metrics").output
            #expect(
                status.contains(
                    "lab_dns_over_capacity_total{lab=\"\(lab.name)\",site=\"london\",service=\"dns\"} \(london.over_capacity)\n"
                ))
        }
    }

    @Test func itEndsOnCtrlCAndWithTheLab() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            func flood() throws -> Command.Running {
                let before = try datagrams(lab, "cafe").out
                let running = try Command.Running(
                    [LabUnderTest.program, "flood", "JP", "--lab", lab.name, "--rate", "200qps", "--for", "300s"])
                try Command.wait("queries leave the client") { try datagrams(lab, "cafe").out > before + 10 }
                return running
            }
            let first = try flood()
            defer { first.end() }
            kill(first.process.processIdentifier, SIGINT)
            let outcome = try first.finish()
            #expect(outcome.status == 0 && outcome.output.contains("queries sent at"), "\(outcome)")
            let sent = try datagrams(lab, "cafe").out
            let second = try flood()
            defer { second.end() }
            #expect(try datagrams(lab, "cafe").out > sent)
            #expect(try LabUnderTest.lab("down", lab.name).status == 0)
            let late = try second.finish()
            #expect(late.status == 4 && late.errors.contains("the lab '\(lab.name)' ended"), "\(late)")
        }
    }

    @Test func slipsAreExplained() throws {
        let slips: [(words: [String], message: String)] = [
            (["home", "--rate", "1mqps"], "'1mqps' is out of range for --rate\nhint: it goes: 1qps to 100kqps"),
            (["home", "--for", "1h"], "'1h' has an unknown unit for --for\nhint: the units are: ns, us, ms, s"),
            (["london"], "london is a site, no client"), (["core", "FR"], "no client stands in FR"),
            (["nobody"], "there is no client, network or country 'nobody'; clients are home, office, cafe"),
            (["home", "--service", "web"], "there is no service 'web'; services are dns"),
        ]
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            try lab.up()
            for (words, message) in slips {
                let outcome = try Command.run([LabUnderTest.program, "flood", "--lab", lab.name] + words)
                #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
                #expect(outcome.errors.contains(message), "\(outcome)")
            }
        }
    }

    /// Steps that follow a flood are done while it lasts, and what is expected of it is judged at its end.
    @Test func aScenarioSeesTheDamage() throws {
        let steps = """
            scenario:
              - flood: { clients: [core], rate: 4kqps, for: 1s }
              - flood: { clients: [JP], rate: 200qps, for: 1s }
              - expect: { catchment: { cafe: tokyo }, within: 20s }
              - expect: { served: { cafe: ">= 95%", home: "< 60%", london: "< 60%" }, offered: { london: "> 80%" } }
              - expect: { served: { home: "> 99%" }, offered: { tokyo: "> 50%" } }
              - flood: { clients: [cafe], rate: 100qps, for: 200s }
            """
        try LabUnderTest.with(yaml: Self.yaml + "\n" + steps) { lab in
            let (xml, page) = (lab.file + ".xml", lab.file + ".html")
            let begin = Date()
            let outcome = try LabUnderTest.lab("test", lab.file, "--junit", xml, "--report", page)
            #expect(outcome.status == 1 && outcome.output.contains("5 passed, 1 failed"), "\(outcome)")
            #expect(
                outcome.output.contains("home got answers to ") && outcome.output.contains(", and > 99% is expected"))
            #expect(outcome.output.contains("queries reached tokyo, ") && outcome.output.contains("ANSWERS BACK"))
            // The last flood goes with the lab.
            #expect(Date().timeIntervalSince(begin) < 100)
            let reports = try [xml, page].map { try String(contentsOfFile: $0, encoding: .utf8) }
            for report in reports {
                #expect(report.contains("flood 4kqps from core for 1s") && report.contains("ANSWERS BACK"))
            }
            let namespaces = (try? FileManager.default.contentsOfDirectory(atPath: "/run/netns")) ?? []
            #expect(namespaces.filter { $0.hasPrefix(lab.name + ".") } == [])
        }
    }
}
