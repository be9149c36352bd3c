import LabFile
import LabModel
import Testing

/// Sites that say `servers`.
struct ServersTests {
    private let text = """
        lab: good
        networks:
          core: { cities: [FRA] }
        services:
          files: { kind: http, addresses: [198.51.100.80] }
          shop: { kind: http, addresses: [192.0.2.80], origin: store }
          dns: { addresses: [203.0.113.53], zone: { origin: a.test, primary: first, records: ["www 300 A 192.0.2.1"] } }
        sites:
          store: { service: files, city: FRA, providers: [core] }
          edge: { service: shop, city: FRA, providers: [core], servers: 4 }
          first: { service: dns, city: FRA, providers: [core] }
          second: { service: dns, city: FRA, providers: [core], servers: 2, capacity: 1kqps }
        clients:
          home: { city: FRA, provider: core }
        links:
          - { between: [edge, edge-4], delay: 2ms }
        scenario:
          - run: { node: edge-1, command: "true" }
          - fail: { target: edge-2, how: withdraw }
          - fail: { site: second, how: dns-dead }
          - expect: { session: { edge-3--edge: Established }, catchment: { home: second }, service: dns }
        """

    @Test func areRead() throws {
        let file = parse(text)
        let lab = try #require(file.lab, "\(problems(text))")
        #expect(lab.sites.map(\.servers) == [1, 4, 1, 2])
        #expect(lab.sites[1].serverNames == ["edge-1", "edge-2", "edge-3", "edge-4"])
        #expect(lab.sites[0].serverNames.isEmpty && lab.sites[3].capacity == 1000)
        #expect(parse(text.with("servers: 2", "servers: 1")).lab?.sites[3].servers == 1)
        let topology = try Topology(lab)
        let link = topology.links.first { topology.nodes[$0.b.node].name == "edge-4" }
        #expect(link?.quality.delay == 2_000_000)
    }

    @Test(arguments: [
        ("servers: 4", "servers: 0", "10:65 '0' is out of range for 'servers' | it goes from 1 to 16"),
        ("servers: 4", "servers: 17", "10:65 '17' is out of range for 'servers' | it goes from 1 to 16"),
        ("servers: 4", "servers: many", "10:65 'servers' has to be a whole number, not 'many'"),
        ("servers: 4", "server: 4", "10:56 a site has no key 'server' | did you mean 'servers'?"),
        (
            "origin: store", "origin: edge",
            "6:56 an origin is one server, and site 'edge' has 4 | name a site without 'servers'"
        ),
        (
            "primary: first", "primary: second",
            "7:70 a primary is one server, and site 'second' has 2 | name a site without 'servers'"
        ),
        (
            "  home:", "  edge-3:",
            "14:3 a client and a server of site 'edge' (line 10) have the same name 'edge-3' | "
                + "networks, their routers, sites, their servers, clients and exchanges share one set of names"
        ),
        ("node: edge-1", "node: edge-5", "18:18 there is no node 'edge-5' | did you mean 'edge-1'?"),
        ("home: second", "home: second-1", "21:74 there is no site 'second-1' | 'second-1' is a server of a site"),
    ])
    func areRefused(_ part: String, _ replacement: String, _ message: String) {
        let changed = text.with(part, replacement)
        #expect(problems(changed).contains(message), "\(problems(changed))")
        if replacement.hasPrefix("servers:") { #expect(problems(changed) == [message]) }
        #expect(parse(changed).lab == nil)
    }

    @Test func theirNamesAreHostNames() {
        let name = String(repeating: "a", count: 62)
        let changed = text.with("  first:", "  \(name):").with("primary: first", "primary: \(name)")
        #expect(parse(changed).lab != nil)
        let problems = problems(changed.with("  \(name): { service: dns,", "  \(name): { service: dns, servers: 2,"))
        #expect(problems.contains { $0.hasSuffix("has more than 63 characters | shorten the name of the site") })
        #expect(problems.contains { $0.hasPrefix("11:3 the name of the server 'aaaa") }, "\(problems)")
    }
}
