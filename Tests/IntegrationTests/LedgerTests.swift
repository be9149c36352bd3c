import Foundation
import Testing

/// The ledger of probes beside what tcpdump sees on the client's interface.
@Suite(.serialized)
struct LedgerTests {
    private struct Document: Decodable {
        struct Run: Decodable {
            struct Flow: Decodable {
                struct Loss: Decodable { let count: Int }
                let client: String
                let address: String
                let sent: Int
                let answered: [String: Int]
                let late: Int
                let duplicated: Int
                let lost: [Loss]
                let looped: [String: Int]
                let gap_ms: Double

                var sum: Int {
                    answered.values.reduce(0, +) + late + duplicated + lost.reduce(0) { $0 + $1.count }
                        + looped.values.reduce(0, +)
                }
            }
            struct Path: Decodable {
                let at_ms: Double
                let node: String
                let as_path: [Int]
            }
            let sent: Int
            let flows: [Flow]
            let paths: [Path]
        }
        struct Row: Decodable {
            struct Gap: Decodable {
                let count: Int
                let p50_ms: Double
                let max_ms: Double
            }
            let client: String
            let gap: Gap
            let median_interval_ms: [Double]?
        }
        let rows: [Row]
        let runs: [Run]
    }

    /// A link that loses and duplicates some packets. The client's own does not: tcpdump stands on different sides of its faults
    /// with netem and on the wire.
    private static let yaml = """
        lab: x
        networks:
          west: { asn: 65010, cities: [JFK], peers: [east] }
          east: { asn: 65020, cities: [FRA] }
        services:
          dns: { asn: 64500, addresses: [192.0.2.53, 2001:db8:53::53] }
        sites:
          newyork: { city: JFK, providers: [west] }
          frankfurt: { city: FRA, providers: [east] }
        clients:
          berlin: { city: BER, provider: east }
        links:
          - { between: [frankfurt, east], delay: 5ms, duplicate: 1%, loss: 0.5% }
        """

    @Test func everyProbeIsAccountedForAndTcpdumpSeesTheSameGap() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            let command = try Command.Running([
                LabUnderTest.program, "failover", lab.file, "--fail", "site=frankfurt", "--how", "link-down",
                "--repeat", "6",
                "--json",
            ])
            defer { command.end() }
            try Command.wait("the client has a namespace") {
                FileManager.default.fileExists(atPath: "/run/lab/\(lab.name)/control")
            }
            let capture = lab.file + ".pcap"
            let tcpdump = try Command.Running([
                "ip", "netns", "exec", "\(lab.name).berlin", "tcpdump", "-i", "any", "-U", "--immediate-mode", "-n",
                "-s", "256", "-w",
                capture,
                "udp port 53",
            ])
            defer { tcpdump.end() }
            let outcome = try command.finish(limit: 300)
            #expect(outcome.status == 0, "\(outcome)")
            let document = try JSONDecoder().decode(Document.self, from: Data(outcome.output.utf8))
            #expect(document.runs.count == 6)
            for run in document.runs {
                for flow in run.flows { #expect(flow.sent == flow.sum && flow.sent > 100, "\(flow)") }
                #expect(run.sent == run.flows.reduce(0) { $0 + $1.sum })
                #expect(run.paths.contains { $0.node == "east-fra" && $0.as_path == [65010, 64500] }, "\(run.paths)")
            }
            #expect(document.rows.allSatisfy { $0.gap.count == 6 && $0.median_interval_ms?.count == 2 })
            try compare(document, capture)
        }
    }

    /// Every run has a socket of its own, and so a port of its own in the capture.
    private func compare(_ document: Document, _ capture: String) throws {
        let last = document.runs.last?.flows.last
        var byPort: [Key: [Packet]] = [:]
        try Command.wait("tcpdump has written down the last run") {
            byPort = Dictionary(grouping: try Self.packets(capture), by: \.key)
            return byPort.contains { $0.key.address == last?.address && $0.value.count(where: \.isQuery) == last?.sent }
        }
        let seen = byPort.values.map { Self.gap($0) }
        var differences: [Double] = []
        for (number, run) in document.runs.enumerated() {
            for flow in run.flows {
                // The first run may have begun before tcpdump did. Queries that tcpdump saw are those that were sent.
                let match = byPort.first { key, packets in
                    key.address == flow.address && packets.count(where: \.isQuery) == flow.sent
                }
                if let match {
                    differences.append(abs(Self.gap(match.value) - flow.gap_ms))
                } else {
                    #expect(number == 0, "no capture has the \(flow.sent) queries of run \(number)")
                }
            }
        }
        // On a busy machine the ledger may lose the processor between looking at the clock and sending.
        let close = differences.count { $0 <= 2 }
        #expect(differences.count >= 10 && close * 4 >= differences.count * 3, "\(differences) of \(seen)")
    }

    private struct Key: Hashable {
        let address: String
        let port: Int
    }

    private struct Packet {
        let key: Key
        let time: Double
        let id: Int
        let isQuery: Bool
    }

    /// tcpdump reads its own file: `1700000000.123456 IP 10.1.0.3.41730 > 192.0.2.53.53: 17+ [1au] TXT CHAOS? id.server.`
    private static func packets(_ capture: String) throws -> [Packet] {
        let text = try Command.run(["tcpdump", "-r", capture, "-n", "-tt", "udp port 53"], limit: 120)
        return text.lines.compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            guard let time = words.first.flatMap(Double.init), let arrow = words.firstIndex(of: ">"), arrow > 0,
                words.count > arrow + 2
            else { return nil }
            let (from, to) = (words[arrow - 1], String(words[arrow + 1].dropLast()))
            let isQuery = to.hasSuffix(".53")
            let (server, client) = isQuery ? (to, from) : (from, to)
            guard server.hasSuffix(".53"), let port = client.split(separator: ".").last.flatMap({ Int($0) }),
                let id = Int(words[arrow + 2].prefix { $0.isNumber })
            else { return nil }
            return Packet(
                key: Key(address: String(server.dropLast(3)), port: port), time: time, id: id, isQuery: isQuery)
        }
    }

    /// From the first query without an answer to the next one with, in the longest such run, in milliseconds.
    private static func gap(_ packets: [Packet]) -> Double {
        let answered = Dictionary(
            packets.filter { !$0.isQuery }.map { ($0.id, $0.time) }, uniquingKeysWith: { first, _ in first })
        var (longest, start) = (0.0, Double?.none)
        for query in packets where query.isQuery {
            let isServed = answered[query.id].map { $0 - query.time <= 1 } ?? false
            if isServed {
                if let start { longest = max(longest, query.time - start) }
                start = nil
            } else {
                start = start ?? query.time
            }
        }
        return longest * 1000
    }

    @Test func whatMakesNoSenseIsRefusedBeforeAnythingIsBuilt() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            let cases: [([String], String)] = [
                (["--fail", "site=paris"], "there is no node"), (["--fail", "house=paris"], "does not say what fails"),
                (["--fail", "frankfurt", "--how", "meteorite"], "'meteorite' is no fault"),
                (["--fail", "frankfurt", "--interval", "5us"], "it goes from 1ms to 1s"),
                (["--fail", "frankfurt", "--repeat", "0"], "--repeat is 1 to 1000"),
            ]
            for (options, message) in cases {
                let outcome = try Command.run([LabUnderTest.program, "failover", lab.file] + options)
                #expect(outcome.status == 2 && outcome.errors.contains(message), "\(options): \(outcome)")
            }
        }
    }
}
