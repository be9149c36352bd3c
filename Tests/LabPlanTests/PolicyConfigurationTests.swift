import JSON
import LabModel
import LabPlan
import Net
import TestSupport
import Testing

/// What a lab says of policy, protection and BFD, as the speakers of both ends are told it.
@Suite struct PolicyConfigurationTests {
    private func lab(_ change: (inout Lab) -> Void) throws -> Topology {
        var lab = smallLab()
        change(&lab)
        return try Topology(lab)
    }

    private func neighbours(_ topology: Topology, _ node: String) throws -> [JSON] {
        let node = try #require(topology.node(named: node)).index
        return try #require(DaemonConfiguration.bgp(topology, node: node)["neighbors"]?.array)
    }

    @Test("The rules of a relation come before those of its network, and only those that can match here") func rules()
        throws
    {
        var own = PolicyRule(.next)
        own.match.communities = ["65010:7"]
        own.set.localPreference = 70
        var all = PolicyRule(.reject)
        all.match.prefixes = [PrefixRange(try #require(IPPrefix("10.0.0.0/8")), 16, 24)]
        all.match.neighbours = ["core", "london", "local"]
        var elsewhere = PolicyRule(.reject)
        elsewhere.match.neighbours = ["singapore"]
        let topology = try lab { lab in
            lab.networks[1].relations[0].imports = [own]
            lab.networks[1].relations[0].blackholes = all.match.prefixes.map(\.prefix)
            lab.networks[1].imports = [all, elsewhere]
            lab.networks[1].exports = [PolicyRule(.accept)]
            (lab.networks[1].decision.order, lab.networks[1].decision.multipath) = (.oldestExternal, 4)
            lab.networks[1].decision.hash = .perPacket
            lab.networks[1].damping = Damping()
        }
        let edge = try #require(topology.node(named: "edge")).index
        let configuration = DaemonConfiguration.bgp(topology, node: edge)
        #expect(configuration["decision"] == "oldest-external" && configuration["multipath"] == 4)
        #expect(configuration["multipath_hash"] == nil, "packets are the kernel's affair")
        #expect(
            configuration["damping"] == [
                "half_life_ms": 900_000, "suppress": 6000, "reuse": 750, "max_suppress_ms": 3_600_000,
            ])
        let core = try #require(topology.node(named: "core-fra")).index
        #expect(DaemonConfiguration.bgp(topology, node: core)["damping"] == nil)
        let toCore = try #require(configuration["neighbors"]?.array?.first { $0["name"] == "core-fra" })
        let ofNetwork: JSON = [
            "match": [
                "prefixes": [["prefix": "10.0.0.0/8", "ge": 16, "le": 24]],
                "neighbors": ["core-fra", "london", "local"],
            ], "then": "reject",
        ]
        #expect(
            toCore["import"] == [
                "blackholes": ["10.0.0.0/8"],
                "policy": [
                    [
                        "match": ["communities": ["65010:7"]], "set": ["local_preference": 70], "then": "next",
                    ], ofNetwork,
                ],
            ])
        #expect(toCore["export"]?["policy"] == [["then": "accept"]])
        let toSite = try #require(configuration["neighbors"]?.array?.first { $0["name"] == "london" })
        #expect(toSite["import"] == ["policy": [ofNetwork]])
        #expect(try neighbours(topology, "core-sin").allSatisfy { $0["import"] == nil })
    }

    @Test("Every change of a rule has its key") func changes() throws {
        var rule = PolicyRule(.accept)
        rule.match.family = .ipv6
        rule.match.largeCommunities = ["1:2:3"]
        rule.match.asPath = "^1$"
        rule.match.origins = [ASN(7)]
        rule.set.multiExitDiscriminator = 7
        rule.set.communities.replacement = []
        rule.set.largeCommunities.removed = ["1:2:3"]
        rule.set.largeCommunities.added = ["4:5:6"]
        rule.set.prepend = 2
        rule.set.nextHop = "self"
        var second = PolicyRule(.next)
        second.set.removesMultiExitDiscriminator = true
        let topology = try lab { $0.networks[1].exports = [rule, second] }
        #expect(
            try neighbours(topology, "edge").first?["export"]?["policy"] == [
                [
                    "match": [
                        "family": "ipv6", "large_communities": ["1:2:3"], "as_path": "^1$", "origins": [7],
                    ],
                    "set": [
                        "med": 7, "communities": ["replace": []],
                        "large_communities": ["remove": ["1:2:3"], "add": ["4:5:6"]], "prepend": 2, "next_hop": "self",
                    ], "then": "accept",
                ], ["set": ["med": "none"], "then": "next"],
            ])
    }

    @Test("What one side says of a session's protection holds for both; the rest is its own") func protection() throws {
        let topology = try lab { lab in
            lab.networks[1].relations[0].password = "s3cret"
            lab.networks[1].relations[0].hasTTLSecurity = true
            lab.networks[1].relations[0].isRoleStrict = true
            lab.networks[1].relations[0].maximumPrefixes = 9
        }
        let edge = try neighbours(topology, "edge").filter { $0["name"] == "core-fra" }
        let core = try neighbours(topology, "core-fra").filter { $0["name"] == "edge-lhr" }
        #expect(edge.count == 2 && core.count == 2)
        #expect((edge + core).allSatisfy { $0["md5_password"] == "s3cret" && $0["ttl_security"] == 1 })
        #expect(edge.allSatisfy { $0["role_strict"] == true } && core.allSatisfy { $0["role_strict"] == nil })
        #expect(edge.map { $0["max_prefixes"] } == [["ipv4": 9], ["ipv6": 9]])
        #expect(core.allSatisfy { $0["max_prefixes"] == nil })
        #expect(try neighbours(topology, "london").allSatisfy { $0["md5_password"] == nil })
    }

    @Test("BFD watches both ends of the sessions between networks, and none inside") func bfd() throws {
        let topology = try lab { $0.timers.bfd = BFDTimers(interval: 50, multiplier: 3) }
        let wanted: JSON = ["interval_ms": 50, "multiplier": 3]
        for node in topology.nodes where node.kind != .client {
            for neighbour in try neighbours(topology, node.name) {
                #expect((neighbour["bfd"] == wanted) == (neighbour["relation"] != "internal"))
            }
        }
    }

    @Test("Intervals are stretched where a machine cannot carry them, by as much as it takes") func load() throws {
        let topology = try lab { $0.timers.bfd = BFDTimers(interval: 10, multiplier: 3) }
        // Three links between ASes, two families, two ends, 100 pairs of packets a second of 100 us each: 12 % of a processor.
        let free = BFDLoad(topology, processors: 1)
        #expect(free.endpoints == 12 && abs(free.demand - 0.12) < 1e-9 && free.stretch == 1 && free.note == nil)
        #expect(free.interval(10) == 10)
        var many = smallLab()
        many.timers.bfd = BFDTimers(interval: 10, multiplier: 3)
        for number in 0..<150 {
            var site = many.sites[0]
            site.name = "site\(number)"
            many.sites.append(site)
        }
        let busy = BFDLoad(try Topology(many), processors: 2)
        #expect(busy.endpoints == 612 && abs(busy.demand - 3.06) < 1e-9 && busy.stretch == 13)
        #expect(busy.interval(10) == 130 && busy.interval(50_000) == 60_000)
        #expect(
            busy.note
                == "BFD at 612 ends of sessions would take 306% of this machine; its intervals are 13 times as long as the file says"
        )
        let configuration = DaemonConfiguration.bgp(try Topology(many), node: 3, load: busy)
        #expect(configuration["neighbors"]?.array?.first?["bfd"]?["interval_ms"] == 130)
        #expect(BFDLoad(try smallTopology(), processors: 1) == BFDLoad(try smallTopology(), processors: 9))
    }
}
