import Foundation
import Testing

/// What a lab file says about policy and decision, as dig and the kernels' routes show it.
@Suite(.serialized)
struct PolicyTests {
    private static let addresses = ["192.0.2.53", "2001:db8:53::53"]
    private static let prefixes = ["192.0.2.0/24", "2001:db8:53::/48"]

    /// The ways out for a prefix that BGP has written into a node's kernel, as `ip -j route` tells them: interfaces.
    private func ways(_ lab: LabUnderTest, _ node: String, _ prefix: String) throws -> [String] {
        struct Route: Decodable {
            struct Hop: Decodable { let dev: String }
            let dev: String?
            let nexthops: [Hop]?
        }
        let family = prefix.contains(":") ? "-6" : "-4"
        let shown = try lab.inside(node, "ip", "-j", family, "route", "show", "exact", prefix, "proto", "bgp")
        let routes = try JSONDecoder().decode([Route].self, from: Data(shown.output.utf8))
        return routes.flatMap { $0.nexthops?.map(\.dev) ?? [$0.dev].compactMap(\.self) }.sorted()
    }

    /// labs/policy.yaml: the community of the site in Frankfurt makes it the backup, though its path is shorter.
    @Test func theCatchmentsAreWhatTheFileSays() throws {
        try LabUnderTest.withUp("policy.yaml") { lab in
            for client in ["paris", "newyork"] { try lab.expect(client, answeredBy: "london") }
            // The community is taken off, so overseas does not see it.
            let seen = try lab.run("bgp", "overseas-jfk", "--table", "--json").output
            #expect(seen.contains("192.0.2.0/24") && !seen.contains("65010:70"), "\(seen)")
            #expect(try lab.run("fail", "london", "--how", "withdraw").status == 0)
            for client in ["paris", "newyork"] { try lab.expect(client, answeredBy: "frankfurt") }
            #expect(try lab.run("heal", "london").status == 0)
            for client in ["paris", "newyork"] { try lab.expect(client, answeredBy: "london") }
        }
    }

    /// Three sites that are equal to their router: it uses as many as `multipath` lets it.
    @Test(arguments: [(1, ["one"]), (2, ["one", "two"]), (4, ["one", "three", "two"])])
    func multipathEndsAsNextHopsInTheKernel(_ limit: Int, _ expected: [String]) throws {
        let file = """
            lab: multipath
            timers: fast
            networks:
              core: { asn: 65010, cities: [FRA], multipath: \(limit) }
            services:
              dns: { asn: 64500, addresses: [192.0.2.53, 2001:db8:53::53] }
            sites:
              one: { city: FRA, providers: [core] }
              two: { city: FRA, providers: [core] }
              three: { city: FRA, providers: [core] }
            clients:
              user: { city: FRA, provider: core }
            """
        try LabUnderTest.with(yaml: file) { lab in
            try lab.up()
            for prefix in Self.prefixes { #expect(try ways(lab, "core-fra", prefix) == expected, "\(prefix)") }
            for address in Self.addresses { #expect(expected.contains(try lab.site(for: "user", address) ?? "")) }
            // What is left carries the packets when one of them is gone.
            #expect(try lab.run("fail", "one", "--how", "withdraw").status == 0)
            for prefix in Self.prefixes {
                try Command.wait("\(prefix) moved") { try !ways(lab, "core-fra", prefix).contains("one") }
                try Command.wait("\(prefix) by \(max(1, min(limit, 2))) ways") {
                    try ways(lab, "core-fra", prefix).count == min(limit, 2)
                }
            }
        }
    }

    /// A network in a row of cities with an exit at each end, where only the delay of a link in the distance differs: Frankfurt
    /// takes the exit to which all links together are the shortest way, whichever has the lower address.
    @Test(arguments: [("1ms", "west", "core-lhr"), ("20ms", "east", "core-waw")])
    func theNearestExitIsTaken(_ delay: String, _ exit: String, _ way: String) throws {
        let file = """
            lab: exits
            timers: fast
            networks:
              core: { asn: 65010, cities: [DUB, LHR, FRA, WAW] } # 4, 6 and 9 ms from one to the next
            services:
              dns: { asn: 64500, addresses: [192.0.2.53, 2001:db8:53::53] }
            sites:
              west: { city: DUB, providers: [core] }
              east: { city: WAW, providers: [core] }
            clients:
              user: { city: FRA, provider: core }
            links:
              - { between: [core-dub, core-lhr], delay: \(delay) }
            """
        try LabUnderTest.with(yaml: file) { lab in
            try lab.up()
            for address in Self.addresses { #expect(try lab.site(for: "user", address) == exit) }
            for prefix in Self.prefixes { #expect(try ways(lab, "core-fra", prefix) == [way], "\(prefix)") }
        }
    }

    /// The link to the nearer exit fails. The exit is still there, by the long way round, and is now the farther one.
    @Test func theExitFollowsTheInterior() throws {
        let file = """
            lab: detour
            timers: fast
            networks:
              core: { asn: 65010, cities: [LHR, FRA, WAW] } # 6 ms from LHR to FRA, 9 to WAW, 15 between these
            services:
              dns: { asn: 64500, addresses: [192.0.2.53, 2001:db8:53::53] }
            sites:
              west: { city: LHR, providers: [core] }
              east: { city: WAW, providers: [core] }
            clients:
              user: { city: FRA, provider: core }
            """
        try LabUnderTest.with(yaml: file) { lab in
            try lab.up()
            try lab.expect("user", answeredBy: "west")
            #expect(try lab.run("fail", "core-fra--core-lhr", "--how", "link-down").status == 0)
            try lab.expect("user", answeredBy: "east")
            for prefix in Self.prefixes { #expect(try ways(lab, "core-fra", prefix) == ["core-waw"], "\(prefix)") }
            #expect(try lab.run("heal", "core-fra--core-lhr").status == 0)
            try lab.expect("user", answeredBy: "west")
        }
    }
}
