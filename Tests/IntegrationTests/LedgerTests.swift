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
                let port: Int?
                let sent: Int
                let answered: [String: Int]
                let late: Int
                let duplicated: Int
                let lost: [Loss]
                let looped: [String: Int]
                let gap_ms: Double
                let gap_probes: Int

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
            let start_ns: Int64
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

    /// Every run has a socket of its own, and so a port of its own in the capture; should a later run have the same, it is at
    /// another time.
    private func compare(_ document: Document, _ capture: String) throws {
        let last = try #require(document.runs.last)
        var packets: [Packet] = []
        try Command.wait("tcpdump has written down the last run") {
            packets = try Self.packets(capture)
            return try last.flows.allSatisfy { try queries(of: $0, in: last, document, packets) == $0.sent }
        }
        var differences: [Double] = []
        for (number, run) in document.runs.enumerated() {
            for flow in run.flows {
                let seen = try self.packets(of: flow, in: run, document, packets)
                // The first run may have begun before tcpdump did.
                if number == 0, seen.count(where: \.isQuery) < flow.sent { continue }
                // Queries that tcpdump saw are those that were sent.
                #expect(seen.count(where: \.isQuery) == flow.sent, "run \(number), \(flow.address)")
                let gap = Self.gap(seen)
                #expect(gap.probes == flow.gap_probes, "run \(number), \(flow): \(gap)")
                differences.append(abs(gap.milliseconds - flow.gap_ms))
            }
        }
        // On a busy machine the ledger may lose the processor between looking at the clock and sending.
        let close = differences.count { $0 <= 2 }
        #expect(differences.count >= 10 && close * 4 >= differences.count * 3, "\(differences)")
    }

    private func queries(
        of flow: Document.Run.Flow, in run: Document.Run, _ document: Document, _ packets: [Packet]
    ) throws -> Int {
        try self.packets(of: flow, in: run, document, packets).count(where: \.isQuery)
    }

    private func packets(
        of flow: Document.Run.Flow, in run: Document.Run, _ document: Document, _ packets: [Packet]
    ) throws -> [Packet] {
        // What tcpdump counts from 1970, the ledger counts from the start of the machine.
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let offset = Date().timeIntervalSince1970 - Double(now.tv_sec) - Double(now.tv_nsec) / 1e9
        let start = Double(run.start_ns) / 1e9 + offset - 0.01
        let next = document.runs.map(\.start_ns).filter { $0 > run.start_ns }.min()
        let end = next.map { Double($0) / 1e9 + offset - 0.01 } ?? .infinity
        let key = Key(address: flow.address, port: try #require(flow.port))
        return packets.filter { $0.key == key && (start..<end).contains($0.time) }
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

    /// From the first query without an answer to the next one with, in the longest such run.
    private static func gap(_ packets: [Packet]) -> (milliseconds: Double, probes: Int) {
        let answered = Dictionary(
            packets.filter { !$0.isQuery }.map { ($0.id, $0.time) }, uniquingKeysWith: { first, _ in first })
        var (longest, start) = ((seconds: 0.0, probes: 0), Double?.none)
        var probes = 0
        for query in packets where query.isQuery {
            let isServed = answered[query.id].map { $0 - query.time <= 1 } ?? false
            if isServed {
                if let start, query.time - start > longest.seconds { longest = (query.time - start, probes) }
                (start, probes) = (nil, 0)
            } else {
                start = start ?? query.time
                probes += 1
            }
        }
        return (longest.seconds * 1000, longest.probes)
    }

    /// Nothing is left to mend then.
    @Test func aFlapThatEndsByItselfIsOver() throws {
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            let outcome = try LabUnderTest.lab(
                "failover", lab.file, "--fail", "site=frankfurt", "--how", "flap 100ms 1", "--repeat", "2")
            #expect(outcome.status == 0 && outcome.output.contains("flap 100ms 1, 2 times"), "\(outcome)")
        }
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
