import Foundation
import Testing

/// Route flap damping in a lab: a site that flaps loses its clients to another one, until it has been stable for long enough.
@Suite(.serialized)
struct DampingTests {
    private static let lab = """
        lab: flaps
        timers: fast
        networks:
          core:
            asn: 65010
            cities: [FRA]
            damping: { half-life: 4s, suppress: 1100, reuse: 750, max-suppress: 12s }
        services:
          dns: { asn: 64500, addresses: [192.0.2.53] }
        sites:
          one: { city: FRA, providers: [core] }
          two: { city: FRA, providers: [core] }
        clients:
          user: { city: FRA, provider: core }
        """

    private struct Event: Decodable {
        let event: String
        let node: String?
        let state: String?
        let prefix: String?
        let name: String?
    }

    private func events(_ lab: LabUnderTest) throws -> [Event] {
        try lab.run("events", "--json").lines.map { try JSONDecoder().decode(Event.self, from: Data($0.utf8)) }
            .filter { $0.event == "damping" }
    }

    @Test func aSiteThatFlapsLosesItsClientUntilItIsStable() throws {
        try LabUnderTest.with(yaml: Self.lab) { lab in
            try lab.up()
            try Command.wait("one answers") { try lab.site(for: "user") == "one" }
            // Flaps until it is seen suppressed: on a busy machine two flaps may be too far apart, or a look come too late.
            try Command.wait("suppressed, and two answers") {
                for verb in ["withdraw", "announce"] {
                    let outcome = try lab.run("control", "one", verb, "192.0.2.0/24")
                    #expect(outcome.status == 0, "\(outcome)")
                    try Command.wait("\(verb) seen") {
                        let seen = try lab.run("bgp", "core-fra", "--received", "one").output.contains("192.0.2.0/24")
                        return seen == (verb == "announce")
                    }
                }
                let shown = try lab.run("bgp", "core-fra", "--prefix", "192.0.2.0/24").output
                return try shown.contains("damped, reuse in ") && lab.site(for: "user") == "two"
            }
            #expect(try events(lab).contains { $0.state == "suppressed" })
            try Command.wait("reused") { try events(lab).contains { $0.state == "reused" } }
            try Command.wait("one answers again") { try lab.site(for: "user") == "one" }
            let all = try events(lab)
            #expect(all.allSatisfy { $0.node == "core-fra" && $0.name == "one" && $0.prefix == "192.0.2.0/24" })
            #expect(!(try lab.run("bgp", "core-fra", "--prefix", "192.0.2.0/24").output.contains("damped")))
        }
    }
}
