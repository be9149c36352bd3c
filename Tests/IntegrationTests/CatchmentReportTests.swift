import Foundation
import Testing

/// What `lab catchment` says beside the rows: shares, the prediction, and the nearest site.
@Suite(.serialized)
struct CatchmentReportTests {
    private struct Document: Decodable {
        struct Row: Decodable {
            let client: String
            let site: String?
            let rtt_ms: Double?
            let predicted: String?
            let best_site: String?
            let best_rtt_ms: Double?
            let unicast_rtt_ms: Double?
            let finding: String?
        }
        struct Share: Decodable {
            let family: String
            let site: String?
            let clients: Int
            let share: Double
        }
        let rows: [Row]
        let shares: [Share]
    }

    @Test func sharesPredictionAndInflation() throws {
        try LabUnderTest.withUp("hello.yaml") { lab in
            let document = try lab.json(Document.self, "catchment", "--lab", lab.name)
            for row in document.rows {
                #expect(row.predicted == row.site && row.finding == nil && row.best_site == nil, "\(row)")
            }
            #expect(document.shares.count == 6)
            #expect(document.shares.allSatisfy { $0.clients == 2 && abs($0.share - 1.0 / 3) < 1e-9 })
            let text = try lab.run("catchment").output
            #expect(
                text.split(separator: "\n").contains {
                    $0.split(separator: " ") == ["SITE", "IPV4", "SHARE", "IPV6", "SHARE"]
                })
            #expect(
                text.split(separator: "\n").contains {
                    $0.split(separator: " ") == ["london", "2", "33.3", "%", "2", "33.3", "%"]
                })

            let inflation = try lab.json(Document.self, "catchment", "--lab", lab.name, "--inflation")
            let sydney = try #require(inflation.rows.first { $0.client == "sydney-campus" })
            #expect(sydney.best_site == "tokyo")
            // 235 ms are twice the delays of sydney-campus, isp-au, asiacore in Singapore and in Tokyo, and tokyo.
            #expect(abs((sydney.best_rtt_ms ?? 0) - 235) < 3 && sydney.best_rtt_ms == sydney.unicast_rtt_ms)
            for row in inflation.rows { #expect((row.rtt_ms ?? 0) > (row.best_rtt_ms ?? .infinity) - 1, "\(row)") }
            let table = try lab.run("catchment", "--inflation").output
            #expect(table.hasPrefix("CLIENT"))
            #expect(table.split(separator: "\n").first?.hasSuffix("EXTRA") == true)

            let csv = try lab.run("catchment", "--csv").lines
            #expect(
                csv.count == 13 && csv[0] == "client,service,address,family,site,rtt_ms,as_path,hops,agrees,finding")
            #expect(
                csv.contains {
                    $0.hasPrefix("london-home,resolver,192.0.2.53,ipv4,london,")
                        && $0.hasSuffix(",65101 65010 64500,isp-uk-lhr eurocore-fra london,yes,")
                })
            #expect(try lab.run("catchment", "--csv", "--json").status == 2)
        }
    }

    /// What fails is a reason to be elsewhere than the file says; what somebody told a speaker is none that the lab knows of.
    @Test func aPredictionThatDoesNotHoldIsAFindingUnlessSomethingFails() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            #expect(try lab.run("fail", "newyork", "--how", "link-down").status == 0)
            try Command.wait("the move") { try lab.site(for: "boston") == "frankfurt" }
            let failed = try lab.json(Document.self, "catchment", "--lab", lab.name)
            let boston = try #require(failed.rows.first { $0.client == "boston" })
            #expect(boston.site == "frankfurt" && boston.predicted == "newyork" && boston.finding == nil)
            #expect(try lab.run("heal", "newyork").status == 0)
            try Command.wait("the way back") { try lab.site(for: "boston") == "newyork" }
            #expect(try lab.run("control", "newyork", "withdraw", "192.0.2.0/24").status == 0)
            try Command.wait("the move") { try lab.site(for: "boston") == "frankfurt" }
            let told = try lab.json(Document.self, "catchment", "--lab", lab.name)
            let moved = try #require(told.rows.first { $0.client == "boston" && $0.site == "frankfurt" })
            #expect(moved.finding?.contains("the lab file predicts newyork") == true, "\(moved)")
            let text = try lab.run("catchment").output
            #expect(text.contains("boston to dns: frankfurt over IPv4, newyork over IPv6"), "\(text)")
        }
    }
}
