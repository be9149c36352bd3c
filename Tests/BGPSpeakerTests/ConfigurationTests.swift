import Foundation
import BGPTable
import BGPWire
import JSON
import Net
import Testing

@testable import BGPSpeaker

@Suite("Configuration of a speaker")
struct ConfigurationTests {
    private static let full = """
        {"node":"london","asn":64500,"router_id":"10.192.1.1","families":["ipv4","ipv6"],
         "originate":["192.0.2.0/24","2001:db8:53::/48"],
         "decision":"oldest-external","always_compare_med":true,"multipath":4,
         "damping":{"half_life_ms":5000,"suppress":2000},
         "timers":{"hold_ms":9000,"connect_retry_ms":250,"mrai_external_ms":0,"mrai_internal_ms":5000},
         "neighbors":[{"name":"eurocore-fra","address":"10.1.128.0","local_address":"10.1.128.1","asn":65010,
           "interface":"eurocore-fra","relation":"provider","families":["ipv4"],"passive":true,"cluster_client":false,
           "next_hop_self":true,"timers":{"hold_ms":0,"mrai_external_ms":30000,"send_hold_ms":480000},
           "md5_password":"s3cret","ttl_security":3,"role_strict":false,"max_prefixes":{"ipv4":1000},
           "export":{"prepend":2,"med":null,"communities":["65010:1","NO_EXPORT"],"no_export":true,"leak":true},
           "graceful_shutdown":true,"import":{"local_preference":70,"blackholes":["192.0.2.0/24"]}}],
         "bmp":{"address":"2001:db8::9","port":11019,"monitor":["loc-rib","adj-rib-out"],"statistics_ms":0},
         "mrt":{"messages":"/var/log/bgp.mrt"},"kernel":false}
        """

    private static let root = """
        node, asn, router_id, families, originate, decision, always_compare_med, multipath, multipath_hash, \
        damping, timers, neighbors, \
        kernel, bmp, mrt, graceful_restart
        """
    private static let member = """
        name, address, local_address, asn, interface, relation, families, passive, cluster_client, next_hop_self, import, \
        export, graceful_shutdown, timers, role_strict, max_prefixes, md5_password, ttl_security, bfd, \
        add_path, extended_next_hop
        """

    private func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }

    private func parse(_ text: String) throws -> SpeakerConfiguration {
        try SpeakerConfiguration(try JSON(parsing: text))
    }

    @Test("Everything that may be said is read")
    func everything() throws {
        let configuration = try parse(Self.full)
        #expect(configuration.asn == ASN(64500) && configuration.identifier.description == "10.192.1.1")
        #expect(configuration.families == [.ipv4, .ipv6] && !configuration.writesKernel)
        #expect(configuration.originated.map(\.prefix.description) == ["192.0.2.0/24", "2001:db8:53::/48"])
        let neighbour = try #require(configuration.neighbours.first)
        #expect(
            neighbour.relation == .provider && neighbour.isPassive && neighbour.nextHopSelf
                && !neighbour.isClusterClient)
        #expect(neighbour.families == .ipv4 && neighbour.interface == "eurocore-fra")
        #expect(neighbour.timers.holdTime == 0 && neighbour.timers.connectRetryTime == 250_000_000)
        #expect(
            neighbour.advertisementInterval == 30_000_000_000 && neighbour.timers.advertisementInternal == 5_000_000_000
        )
        #expect(
            neighbour.imports.options == ImportOptions(localPreference: 70, blackholes: [try prefix("192.0.2.0/24")]))
        #expect(neighbour.isShuttingDown && neighbour.imports.policy.isEmpty)
        #expect(
            configuration.decision
                == DecisionOptions(order: .oldestExternal, alwaysCompareMED: true, multipathLimit: 4))
        // The longest time is four half-lives, as with the values of RFC 7196.
        #expect(
            configuration.damping
                == DampingOptions(halfLife: 5_000_000_000, suppress: 2000, maximumSuppressTime: 20_000_000_000))
        #expect(neighbour.timers.sendHoldTime == 480_000_000_000 && neighbour.prefixLimits == PrefixLimits(ipv4: 1000))
        #expect(
            neighbour.protection == ConnectionProtection(password: "s3cret", securityHops: 3, timeToLive: 1)
                && !neighbour.isRoleStrict)
        #expect(neighbour.role == nil, "a leak is made by a router that knows nothing of roles")
        #expect(
            neighbour.exports.options
                == ExportOptions(
                    prepend: 2, communities: [Community(rawValue: 0xFDF2_0001), .noExport], noExport: true, leak: true))
    }

    @Test("What need not be said has a default")
    func defaults() throws {
        let configuration = try parse(
            """
            {"node":"n","asn":1,"router_id":"1.1.1.1","neighbors":[
            {"name":"m","address":"10.0.0.1","local_address":"10.0.0.2","asn":1,"relation":"internal"}]}
            """)
        #expect(configuration.writesKernel && configuration.originated.isEmpty)
        let neighbour = try #require(configuration.neighbours.first)
        #expect(
            neighbour.families == [.ipv4, .ipv6] && neighbour.timers == SessionTimers() && neighbour.interface == nil)
        #expect(neighbour.protection == ConnectionProtection() && neighbour.prefixLimits == PrefixLimits())
        #expect(neighbour.role == nil && !neighbour.isRoleStrict && neighbour.timers.sendHoldTime == nil)
        #expect(configuration.damping == nil)
        #expect(configuration.decision == DecisionOptions() && !neighbour.isShuttingDown)
        #expect(neighbour.imports.options == ImportOptions() && neighbour.exports.policy.isEmpty)
        #expect(neighbour.exports.options == ExportOptions() && neighbour.timers.holdTime == 90)
    }

    @Test(
        "Each slip is named with its place",
        arguments: [
            ("\"node\"", "\"nodes\"", "nodes: unknown key; there are \(root)"),
            ("\"passive\"", "\"pasive\"", "neighbors[0].pasive: unknown key; there are \(member)"),
            (
                "\"leak\"", "\"leek\"",
                "neighbors[0].export.leek: unknown key; there are prepend, med, communities, no_export, leak, policy"
            ),
            ("\"kernel\":false", "\"kernel\":false,\"asn\":1", "asn: given twice; take one away"),
            ("64500", "0", "asn: AS 0 is reserved; for private use are 64512 to 65534"),
            ("64500", "4294967296", "asn: a number of 0 to 4294967295 expected"),
            ("64500", "\"64500\"", "asn: a number of 0 to 4294967295 expected"),
            ("10.192.1.1", "0.0.0.0", "router_id: 0.0.0.0 identifies nobody"),
            ("10.192.1.1", "x", "router_id: an IPv4 address expected"),
            (
                "192.0.2.0/24", "192.0.2.1/24",
                "originate[0]: a prefix without bits behind its length, like 192.0.2.0/24, expected"
            ),
            ("[\"ipv4\",\"ipv6\"]", "[]", "families: at least one expected: ipv4 or ipv6"),
            ("[\"ipv4\",\"ipv6\"]", "[\"ipx\"]", "families[0]: ipv4 or ipv6 expected"),
            ("9000", "2000", "timers.hold_ms: 0, or whole seconds of 3 and more expected"),
            ("9000", "9500", "timers.hold_ms: 0, or whole seconds of 3 and more expected"),
            (
                "\"connect_retry_ms\":250", "\"connect_retry_ms\":0",
                "timers.connect_retry_ms: a number of 1 to 3600000 expected"
            ),
            (
                "\"provider\"", "\"friend\"",
                "neighbors[0].relation: provider, customer, peer, sibling, route_server, route_server_client or internal "
                    + "expected"
            ),
            (
                "\"provider\"", "\"internal\"",
                "neighbors[0].relation: internal means the same AS, and only internal does"
            ),
            ("65010,", "64500,", "neighbors[0].relation: internal means the same AS, and only internal does"),
            (
                "10.1.128.1\"", "2001:db8::1\"",
                "neighbors[0].local_address: not of the family of the neighbor's address"
            ),
            ("10.1.128.1\"", "10.1.128.0\"", "neighbors[0].local_address: the same as the neighbor's"),
            ("\"passive\":true", "\"passive\":1", "neighbors[0].passive: true or false expected"),
            ("\"prepend\":2", "\"prepend\":256", "neighbors[0].export.prepend: a number of 0 to 255 expected"),
            (
                "65010:1", "65010:1:1",
                "neighbors[0].export.communities[0]: a community, like 65010:1 or NO_EXPORT, expected"
            ),
            ("\"name\":\"eurocore-fra\",", "", "neighbors[0].name: missing: a string expected"),
            ("\"relation\":\"provider\",", "\"relation\":null,", "neighbors[0].relation: missing: a string expected"),
            (
                "{\"local_preference\":70,\"blackholes\":[\"192.0.2.0/24\"]}", "70",
                "neighbors[0].import: an object expected"
            ),
            ("\"s3cret\"", "\"\"", "neighbors[0].md5_password: 1 to 80 octets expected"),
            ("s3cret", String(repeating: "k", count: 81), "neighbors[0].md5_password: 1 to 80 octets expected"),
            ("\"s3cret\"", "7", "neighbors[0].md5_password: a string expected"),
            ("\"ttl_security\":3", "\"ttl_security\":0", "neighbors[0].ttl_security: a number of 1 to 254 expected"),
            ("\"ttl_security\":3", "\"ttl_security\":255", "neighbors[0].ttl_security: a number of 1 to 254 expected"),
            ("{\"ipv4\":1000}", "{\"ipv4\":0}", "neighbors[0].max_prefixes.ipv4: a number of 1 to 4294967295 expected"),
            ("{\"ipv4\":1000}", "{\"ipx\":1}", "neighbors[0].max_prefixes.ipx: unknown key; there are ipv4, ipv6"),
            (
                "\"role_strict\":false", "\"role_strict\":true",
                "neighbors[0].role_strict: RFC 9234 has no role for this relation"
            ),
            ("oldest-external", "youngest", "decision: standard or oldest-external expected"),
            ("\"multipath\":4", "\"multipath\":0", "multipath: a number of 1 to 64 expected"),
            ("\"multipath\":4", "\"multipath\":65", "multipath: a number of 1 to 64 expected"),
            ("{\"half_life_ms\":5000,\"suppress\":2000}", "\"on\"", "damping: true, false or an object expected"),
            (
                "\"half_life_ms\":5000", "\"half_life_ms\":99",
                "damping.half_life_ms: a number of 100 to 21600000 expected"
            ),
            ("\"suppress\":2000", "\"suppress\":0", "damping.suppress: a number of 1 to 1000000 expected"),
            ("\"suppress\":2000", "\"suppress\":2000,\"reuse\":2000", "damping.reuse: less than \"suppress\" expected"),
            (
                "\"suppress\":2000", "\"suppress\":2000,\"max_suppress_ms\":5000",
                "damping.max_suppress_ms: too short: figures end at reuse x 2^(max_suppress_ms / half_life_ms) = 1500, "
                    + "and nothing is suppressed below 2000"
            ),
            (
                "\"suppress\":2000", "\"penalty\":1",
                "damping.penalty: unknown key; there are half_life_ms, suppress, reuse, max_suppress_ms"
            ),
            (
                "[\"192.0.2.0/24\"]", "[\"192.0.2.0\"]",
                "neighbors[0].import.blackholes[0]: a prefix without bits behind its length, like 192.0.2.0/24, expected"
            ),
            (
                "\"hold_ms\":0", "\"hold_ms\":480000",
                "neighbors[0].timers.send_hold_ms: 0, or more than hold_ms expected"
            ),
        ])
    func slips(old: String, new: String, message: String) throws {
        let range = try #require(Self.full.range(of: old))
        #expect(throws: ConfigurationError(description: message)) {
            try parse(Self.full.replacingCharacters(in: range, with: new))
        }
    }

    @Test("Our role follows from what the neighbor is to us")
    func roles() throws {
        for (relation, role): (String, Role?) in [
            ("provider", .customer), ("customer", .provider), ("peer", .peer), ("sibling", nil),
        ] {
            let text = Self.full.replacingOccurrences(of: "\"leak\":true", with: "\"leak\":false")
            let neighbour = try parse(text.replacingOccurrences(of: "\"provider\"", with: "\"\(relation)\"")).neighbours
            #expect(neighbour.first?.role == role)
        }
    }

    @Test("Two neighbors of one address are one too many")
    func duplicate() {
        let neighbour =
            "{\"name\":\"m\",\"address\":\"10.0.0.1\",\"local_address\":\"10.0.0.2\",\"asn\":2,\"relation\":\"peer\"}"
        #expect(
            throws: ConfigurationError(description: "neighbors[1].address: a second neighbor 10.0.0.1; take one away")
        ) {
            try parse("{\"node\":\"n\",\"asn\":1,\"router_id\":\"1.1.1.1\",\"neighbors\":[\(neighbour),\(neighbour)]}")
        }
    }

    @Test("Usage, a missing file and a file that is no JSON end with status 2")
    func statuses() {
        for arguments in [
            [], ["--config"], ["--config", "x", "--control", "2"], ["--confg", "x"], ["--config", "/nowhere"],
            ["--config", "/dev/null"],
        ] {
            #expect(BGPDaemon.run(arguments: arguments) == 2)
        }
    }
}
