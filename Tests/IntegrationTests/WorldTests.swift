import Foundation
import Testing

/// labs/world.yaml: one address in 339 cities, as large as the real thing.
@Suite(.serialized)
struct WorldTests {
    private static let generator = LabUnderTest.root + "/scripts/make-world"

    /// The file is what the script makes, to the letter, and larger worlds are labs too.
    @Test func theFileIsWhatTheScriptMakes() throws {
        let made = try Command.run([Self.generator])
        #expect(made.status == 0, "\(made)")
        let kept = try String(contentsOfFile: LabUnderTest.root + "/labs/world.yaml", encoding: .utf8)
        #expect(made.output == kept, "scripts/make-world > labs/world.yaml")
        let large = try Command.run([Self.generator, "--sites", "2000", "--clients", "1000", "--name", "large"])
        let clients = large.output.split(separator: "\n").filter { $0.hasPrefix("  user-") }
        #expect(clients.count == 1000 && Set(clients.map { $0.prefix { $0 != "{" } }).count == 1000)
        try LabUnderTest.with(yaml: large.output) { lab in
            let check = try LabUnderTest.lab("check", lab.file)
            #expect(check.status == 0, "\(check)")
        }
        for option in ["--sites", "--clients"] {
            #expect(try Command.run([Self.generator, option, "0"]).status == 2)
        }
    }

    /// Every client is answered over both families, by the site that the kernels' tables lead to. Most are answered by one
    /// that is near: a client's network has a router within a few thousand kilometres, and takes the site nearest to it.
    @Test func theWorldComesUpAndAnswers() throws {
        try LabUnderTest.with("world.yaml") { lab in
            try lab.up("--timeout", "300")
            let document = try lab.json(CatchmentDocument.self, "catchment", "--lab", lab.name)
            #expect(document.rows.count == 120)
            #expect(Set(document.rows.map(\.client)).count == 60)
            for row in document.rows { #expect(row.site != nil && row.agrees, "\(row.client) \(row.address)") }
            #expect(Set(document.rows.compactMap(\.site)).count >= 20)
            let near = document.rows.count { ($0.rtt_ms ?? .infinity) < 150 }
            #expect(near >= 90, "\(near) of 120 within 150 ms")
            let answer = try lab.site(for: "user-lhr", "2001:db8:53::53")
            #expect(answer == document.rows.first { $0.client == "user-lhr" && $0.family == "ipv6" }?.site)
            let down = try LabUnderTest.lab("down", lab.name)
            #expect(down.status == 0, "\(down)")
            #expect(try Command.run(["ip", "netns", "list"]).lines.allSatisfy { !$0.hasPrefix(lab.name + ".") })
        }
    }
}
