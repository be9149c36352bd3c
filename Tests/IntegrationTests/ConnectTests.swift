import Foundation
import Testing

/// TCP connections that are held while routes move.
@Suite(.serialized)
struct ConnectTests {
    private static let yaml = """
        lab: held
        networks:
          west: { cities: [FRA], peers: [east] }
          east: { cities: [AMS] }
        services:
          shop: { kind: http, addresses: [192.0.2.80, 2001:db8:80::80] }
        sites:
          one: { service: shop, city: FRA, providers: [west] }
          two: { service: shop, city: AMS, providers: [east] }
        clients:
          home: { city: FRA, provider: west }
          work: { city: AMS, provider: east }

        """

    private struct Report: Decodable {
        struct Step: Decodable {
            let step: String
            let ok: Bool?
            let detail: String?
            let seen: String?
        }
        let steps: [Step]
    }

    private func test(_ lab: LabUnderTest) throws -> (Int32, [Report.Step]) {
        let outcome = try LabUnderTest.lab("test", lab.file, "--json")
        return (outcome.status, try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8)).steps)
    }

    /// Why they end: packets that reach the other site, a process that is no more, and nobody at all.
    @Test func brokenConnectionsSayWhy() throws {
        let scenario = """
            scenario:
              - connect: { service: shop, flows: 3 }
              - expect: { broken: 0 }
              - fail: { site: one, how: withdraw }
              - expect: { broken: { home: "= 100%", work: 0 } }
              - expect: { broken: ["= 6", "<= 10%"] }
              - heal: { site: one }
              - connect: { service: shop, flows: 2, clients: [work] }
              - fail: { target: two.http, how: process-kill }
              - expect: { broken: { work: 4 } }
              - expect: { broken: "< 1" }
            """
        try LabUnderTest.with(yaml: Self.yaml + scenario) { lab in
            let (status, steps) = try test(lab)
            #expect(status == 1)
            #expect(steps.map(\.ok) == [true, true, true, true, false, true, true, true, true, false], "\(steps)")
            #expect(steps[0].detail == "6 at one, 6 at two")
            #expect(steps[4].detail?.contains("6 of 12 connections are broken, 50%, and <= 10% is expected") == true)
            #expect(steps[4].seen?.contains("RST: packets reach two now, which does not know the connection") == true)
            #expect(steps[9].seen?.contains("FIN: the server closed it; nobody answers now") == true, "\(steps[9])")
        }
    }

    @Test func failoverHoldsConnections() throws {
        struct Document: Decodable {
            struct Run: Decodable {
                struct Held: Decodable {
                    struct Row: Decodable {
                        let client: String
                        let end: String?
                        let flows: Int
                        let now: String?
                    }
                    let flows: Int
                    let broken: Int
                    let rows: [Row]
                }
                let connections: [Held]
            }
            let runs: [Run]
        }
        try LabUnderTest.with(yaml: Self.yaml) { lab in
            let words = [
                "failover", lab.file, "--fail", "site=one", "--how", "withdraw", "--repeat", "1", "--flows", "4",
            ]
            let outcome = try Command.run([LabUnderTest.program] + words + ["--json"])
            try #require(outcome.status == 0, "\(outcome)")
            let held = try #require(
                try JSONDecoder().decode(Document.self, from: Data(outcome.output.utf8)).runs.first?.connections.first)
            #expect(held.flows == 16 && held.broken == 8)
            #expect(
                held.rows.filter { $0.client == "home" }.allSatisfy {
                    $0.end == "reset" && $0.now == "two" && $0.flows == 4
                })
            #expect(held.rows.filter { $0.client == "work" }.allSatisfy { $0.end == nil && $0.flows == 4 })
        }
    }
}
