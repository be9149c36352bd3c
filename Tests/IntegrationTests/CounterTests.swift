import Foundation
import Testing

/// What responders count, as a table, as JSON and for Prometheus.
@Suite(.serialized)
struct CounterTests {
    private struct Status: Decodable {
        struct Site: Decodable {
            let site: String
            let service: String
            let queries: [String: Int]
            let types: [String: Int]
            let responses: [String: Int]
            let bytes: [String: Int]
            let rate_limited: [String: Int]
            let dropped: Int
            let truncated: Int
        }
        let counters: [Site]
    }
    private struct Metrics: Decodable {
        struct Metric: Decodable {
            let name: String
            let type: String
            let labels: [String: String]
            let value: Int
        }
        let lab: String
        let metrics: [Metric]
    }

    private func counters(_ lab: LabUnderTest) throws -> (newyork: Status.Site, frankfurt: Status.Site) {
        let status = try lab.json(Status.self, "status", lab.name, "--counters")
        try #require(status.counters.map(\.site) == ["newyork", "frankfurt"])
        return (status.counters[0], status.counters[1])
    }

    @Test func everyQueryIsCountedWhereItWasAnswered() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let (before, otherBefore) = try counters(lab)
            for words in [["+notcp"], ["+tcp"], ["+notcp"]] {
                let dig = ["ip", "netns", "exec", "\(lab.name).boston", "dig", "+tries=1", "@192.0.2.53"]
                #expect(try Command.run(dig + words + ["AAAA", "no.such.name"]).status == 0)
            }
            let (after, otherAfter) = try counters(lab)
            #expect(otherAfter.queries == otherBefore.queries && otherAfter.responses == otherBefore.responses)
            func grown(_ counters: KeyPath<Status.Site, [String: Int]>, _ name: String) -> Int {
                (after[keyPath: counters][name] ?? 0) - (before[keyPath: counters][name] ?? 0)
            }
            #expect(after.service == "dns")
            #expect(grown(\.queries, "udp") == 2 && grown(\.queries, "tcp") == 1)
            #expect(grown(\.types, "AAAA") == 3 && grown(\.types, "TXT") == 0)
            #expect(grown(\.responses, "REFUSED") == 3 && grown(\.responses, "NOERROR") == 0)
            #expect(grown(\.bytes, "received") > 3 * 12 && grown(\.bytes, "sent") > 3 * 12)
            #expect(after.rate_limited == ["dropped": 0, "truncated": 0] && after.dropped == 0 && after.truncated == 0)

            // Numbers stand at the right of their columns: every line of a table ends where its heading does.
            let tables = try lab.table("status", lab.name, "--counters").components(separatedBy: "\n\n")
            #expect(tables.count == 3)
            for table in tables {
                let lines = table.split(separator: "\n")
                #expect(lines.count == 3 && Set(lines.map(\.count)).count == 1, "\(table)")
            }
        }
    }

    @Test func whatIsOverTheLimitIsCounted() throws {
        try LabUnderTest.withUp("ratelimit.yaml") { lab in
            func limited() throws -> [String: Int] {
                try #require(try lab.json(Status.self, "status", lab.name, "--counters").counters.first).rate_limited
            }
            let before = try limited()
            let names = Array(repeating: "www.hello.test", count: 400)
            let dig = ["ip", "netns", "exec", "\(lab.name).flooder", "dig", "+norecurse", "+ignore", "@192.0.2.53"]
            let answers = try Command.run(dig + names).lines.filter { $0.contains("flags: qr aa") }
            let truncated = answers.filter { $0.contains("flags: qr aa tc;") }.count
            #expect(answers.count == 400 && truncated > 0)
            let after = try limited()
            #expect(after["truncated"] == (before["truncated"] ?? 0) + truncated)
            #expect(after["dropped"] == before["dropped"])
        }
    }

    private struct WebStatus: Decodable {
        struct Site: Decodable {
            struct Web: Decodable {
                let requests: [String: Int]
                let responses: [String: Int]
                let cache: [String: Int]?
                let origin: [String: Int]?
                let bytes: [String: Int]
                let connections: [String: Int]
            }
            let site: String
            let web: Web
        }
        let counters: [Site]
    }

    private static let web = """
        lab: counted
        networks:
          core: { cities: [FRA] }
        services:
          files: { kind: http, addresses: [203.0.113.80], objects: [{ path: /, size: 2kB, max-age: 600s }, { path: /now, max-age: 0s }] }
          shop: { kind: http, addresses: [198.51.100.80], origin: store }
        sites:
          store: { service: files, city: FRA, providers: [core] }
          edge: { service: shop, city: FRA, providers: [core] }
        clients:
          home: { city: FRA, provider: core }
        """

    @Test func everyRequestIsCountedAsCurlSawIt() throws {
        try LabUnderTest.with(yaml: Self.web) { lab in
            try lab.up()
            func counters() throws -> [WebStatus.Site.Web] {
                let sites = try lab.json(WebStatus.self, "status", lab.name, "--counters").counters
                try #require(sites.map(\.site) == ["store", "edge"])
                return sites.map(\.web)
            }
            let before = try counters()
            let path = "http://198.51.100.80"
            var downloaded = 0
            for words in [
                ["\(path)/"], ["\(path)/"], ["\(path)/now"], ["\(path)/now"], ["-I", "\(path)/"], ["-d", "x", path],
            ] {
                let curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{size_header} %{size_download}"]
                let sizes = try Command.run(["ip", "netns", "exec", "\(lab.name).home"] + curl + words).output
                    .split(separator: " ").compactMap { Int($0) }
                try #require(sizes.count == 2)
                downloaded += sizes[0] + sizes[1]
            }
            try Command.wait("all connections are closed") { try counters()[1].connections["open"] == 0 }
            let after = try counters()
            func grown(_ site: Int, _ counters: KeyPath<WebStatus.Site.Web, [String: Int]>, _ name: String) -> Int {
                (after[site][keyPath: counters][name] ?? 0) - (before[site][keyPath: counters][name] ?? 0)
            }
            #expect(["GET", "HEAD", "other"].map { grown(1, \.requests, $0) } == [4, 1, 1])
            #expect(grown(1, \.responses, "2xx") == 5 && grown(1, \.responses, "4xx") == 1)
            #expect(after[1].cache == ["hit": 2, "revalidated": 1, "miss": 2])
            #expect(after[1].origin == ["fetches": 3, "failed": 0])
            #expect(grown(1, \.connections, "accepted") == 6 && grown(1, \.bytes, "sent") == downloaded)
            #expect(grown(1, \.bytes, "received") > 6 * 16)
            // An origin has no cache; it was asked three times, over a connection that stays.
            #expect(after[0].cache == nil && after[0].origin == nil && grown(0, \.requests, "GET") == 3)
            #expect(grown(0, \.responses, "2xx") == 2 && grown(0, \.responses, "3xx") == 1)
            #expect(after[0].connections["open"] == 1)

            let parsed = try PrometheusText(try lab.run("metrics").output)
            func value(_ name: String, _ site: String, _ labels: [String: String] = [:]) -> Double? {
                let found = parsed.samples.filter { sample in
                    sample.name == name && sample.labels["site"] == site
                        && labels.allSatisfy { sample.labels[$0.key] == $0.value }
                }
                return found.count == 1 ? found[0].value : nil
            }
            #expect(
                value("lab_http_requests_total", "edge", ["method": "GET"]) == after[1].requests["GET"].map(Double.init)
            )
            #expect(value("lab_http_responses_total", "edge", ["class": "4xx", "service": "shop"]) == 1)
            #expect(value("lab_http_cache_requests_total", "edge", ["result": "revalidated"]) == 1)
            #expect(value("lab_http_origin_fetches_total", "edge") == 3)
            #expect(value("lab_http_origin_failures_total", "edge") == 0)
            #expect(value("lab_http_origin_fetches_total", "store") == nil)
            #expect(value("lab_http_bytes_total", "edge", ["direction": "sent"]).map { Int($0) >= downloaded } == true)
            #expect(value("lab_http_connections_total", "store").map { $0 >= 1 } == true)
            #expect(value("lab_http_open_connections", "store") == 1)
            #expect(parsed.types["lab_http_open_connections"] == "gauge")

            // A site whose web server is dead has no line of it, and those of its responder.
            try lab.run("fail", "edge.http", "--how", "process-kill")
            let rest = try PrometheusText(try lab.run("metrics").output).samples
            #expect(!rest.contains { $0.name.hasPrefix("lab_http_") && $0.labels["site"] == "edge" })
            #expect(rest.contains { $0.name == "lab_dns_queries_total" && $0.labels["site"] == "edge" })
            let tables = try lab.table("status", lab.name, "--counters").components(separatedBy: "\n\n")
            // The responders have had no query, so there is nothing to break down.
            let headings = ["SITE", "SITE", "HTTP REQUESTS", "HTTP RESPONSES"]
            #expect(tables.count == 4 && zip(tables, headings).allSatisfy { $0.hasPrefix($1) }, "\(tables)")
            for table in tables { #expect(Set(table.split(separator: "\n").map(\.count)).count == 1, "\(table)") }
        }
    }

    @Test func metricsFollowTheGrammarAndSayWhatStatusSays() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let text = try lab.run("metrics").output
            let parsed = try PrometheusText(text)
            let json = try lab.json(Metrics.self, "metrics", "--lab", lab.name)
            #expect(json.lab == lab.name)
            #expect(Set(json.metrics.map(\.name)) == Set(parsed.samples.map(\.name)))
            #expect(json.metrics.count == parsed.samples.count)
            #expect(json.metrics.allSatisfy { parsed.types[$0.name] == $0.type })
            func value(_ name: String, _ labels: [String: String]) throws -> Double {
                let found = parsed.samples.filter { sample in
                    sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
                }
                #expect(found.count == 1, "\(name) \(labels)")
                return try #require(found.first).value
            }
            let status = try lab.json(StatusDocument.self, "status", lab.name)
            #expect(try value("lab_converged", ["lab": lab.name]) == 1)
            #expect(parsed.samples.filter { $0.name == "lab_session_up" }.count == status.sessions.count)
            #expect(parsed.samples.filter { $0.name == "lab_session_up" }.allSatisfy { $0.value == 1 })
            #expect(try value("lab_process_restarts_total", ["node": "newyork", "role": "dns"]) == 0)
            #expect(try value("lab_dns_responses_total", ["site": "newyork", "rcode": "NOERROR"]) > 0)
            let routes = try lab.inside("west-jfk", "ip", "-j", "-4", "route", "show", "proto", "bgp").output
            #expect(!routes.isEmpty)
            #expect(try value("lab_routes", ["node": "west-jfk"]) > 0)
        }
    }
}

extension LabUnderTest {
    /// What a verb prints that takes the lab as its argument.
    fileprivate func table(_ words: String...) throws -> String {
        let outcome = try Command.run([Self.program] + words)
        guard outcome.status == 0 else { throw TestFailure("lab \(words): \(outcome)") }
        return outcome.output
    }
}

/// The text format of Prometheus, read by its grammar and as strictly as `promtool check metrics` does: help and type before the
/// samples, each name in one block, no sample twice, counters called `_total`, and a line feed at the end.
private struct PrometheusText {
    struct Sample {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    private(set) var types: [String: String] = [:]
    private(set) var samples: [Sample] = []

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw TestFailure("no line feed at the end") }
        var helped: [String] = []
        var seen: Set<String> = []
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            if let match = line.wholeMatch(of: /# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (\S.*)/) {
                let name = String(match.1)
                guard !helped.contains(name) else { throw TestFailure("\(name) is in two blocks") }
                helped.append(name)
            } else if let match = line.wholeMatch(of: /# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge)/) {
                let (name, type) = (String(match.1), String(match.2))
                guard helped.last == name, types[name] == nil else { throw TestFailure("a type out of place: \(line)") }
                guard name.hasSuffix("_total") == (type == "counter") else { throw TestFailure("a name: \(line)") }
                types[name] = type
            } else if let match = line.wholeMatch(
                of:
                    /([a-zA-Z_:][a-zA-Z0-9_:]*)\{([a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\[\\"n])*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\[\\"n])*")*)\} ([0-9]+)/
            ) {
                let name = String(match.1)
                guard types[name] != nil, helped.last == name else { throw TestFailure("out of its block: \(line)") }
                guard seen.insert("\(name){\(match.2)}").inserted else { throw TestFailure("twice: \(line)") }
                var labels: [String: String] = [:]
                for label in String(match.2).matches(of: /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"/) {
                    guard labels.updateValue(String(label.2), forKey: String(label.1)) == nil else {
                        throw TestFailure("a label twice: \(line)")
                    }
                }
                samples.append(Sample(name: name, labels: labels, value: Double(match.3) ?? 0))
            } else {
                throw TestFailure("this line is no part of the format: \(line)")
            }
        }
        guard Set(helped) == Set(types.keys), Set(samples.map(\.name)) == Set(helped) else {
            throw TestFailure("a block without type or samples")
        }
    }
}
