import JSON
import LabModel
import LabPlan
import Net
import TestSupport
import Testing

@Suite struct DaemonConfigurationTests {
    private static let timers = """
        "timers":{"hold_ms":9000,"connect_retry_ms":250,"mrai_external_ms":0,"mrai_internal_ms":0}
        """
    /// As the network `edge` has them.
    private static let longTimers = """
        "timers":{"hold_ms":30000,"connect_retry_ms":250,"mrai_external_ms":0,"mrai_internal_ms":0}
        """

    @Test("A site speaks to its provider over either family, and announces its service and itself") func site() throws {
        try expect(
            DaemonConfiguration.bgp(smallTopology(), node: 3),
            """
            {"node":"london","asn":64500,"router_id":"10.128.1.1","families":["ipv4","ipv6"],
             "originate":["192.0.2.0/24","2001:db8:53::/48","10.128.1.0/24","2001:db8:8001::/48"],\(Self.timers),
             "neighbors":[
              {"name":"edge-lhr","address":"10.2.0.4","local_address":"10.2.0.5","asn":65020,"families":["ipv4"],
               "passive":false,\(Self.longTimers),"interface":"edge-lhr","relation":"provider",
               "export":{"prepend":0,"med":null,"communities":[],"no_export":false,"leak":false}},
              {"name":"edge-lhr","address":"2001:db8:1002::4","local_address":"2001:db8:1002::5","asn":65020,
               "families":["ipv6"],"passive":false,\(Self.longTimers),"interface":"edge-lhr","relation":"provider",
               "export":{"prepend":0,"med":null,"communities":[],"no_export":false,"leak":false}}],"kernel":true}
            """)
    }

    @Test("A router speaks to its own network from its loopback, and to its customer over their link") func router()
        throws
    {
        try expect(
            DaemonConfiguration.bgp(smallTopology(), node: 0),
            """
            {"node":"core-fra","asn":65010,"router_id":"10.1.0.1","families":["ipv4","ipv6"],
             "originate":["10.1.0.0/16","2001:db8:1001::/48"],\(Self.timers),
             "neighbors":[
              {"name":"edge-lhr","address":"10.1.0.5","local_address":"10.1.0.4","asn":65020,"families":["ipv4"],
               "passive":true,\(Self.longTimers),"interface":"edge-lhr","relation":"customer"},
              {"name":"edge-lhr","address":"2001:db8:1001::5","local_address":"2001:db8:1001::4","asn":65020,
               "families":["ipv6"],"passive":true,\(Self.longTimers),"interface":"edge-lhr","relation":"customer"},
              {"name":"core-sin","address":"10.1.1.1","local_address":"10.1.0.1","asn":65010,"families":["ipv4"],
               "passive":true,\(Self.timers),"relation":"internal","next_hop_self":true,"cluster_client":false},
              {"name":"core-sin","address":"2001:db8:1001:1::1","local_address":"2001:db8:1001::1","asn":65010,
               "families":["ipv6"],"passive":true,\(Self.timers),"relation":"internal","next_hop_self":true,
               "cluster_client":false}],"kernel":true}
            """)
    }

    @Test("A speaker runs on under another configuration, but where it would refuse it") func reloaded() throws {
        let old = DaemonConfiguration.bgp(try smallTopology(), node: 0)
        func canReload(_ change: (inout Lab) -> Void) throws -> Bool {
            var lab = smallLab()
            change(&lab)
            return DaemonConfiguration.canReload(DaemonConfiguration.bgp(try Topology(lab), node: 0), after: old)
        }
        #expect(try canReload { $0.networks[0].damping = Damping() })
        #expect(try canReload { $0.networks[0].internalPaths = .all })
        #expect(try !canReload { $0.networks[0].asn = ASN(65011) })
        #expect(try !canReload { $0.networks[0].restart = GracefulRestartTimers(restart: 1000, deferral: 1000) })
        #expect(try !canReload { $0.networks[0].monitoringStation = $0.clients.first?.name })
    }

    @Test("Routers of one network send each other several routes where it says so") func internalPaths() throws {
        var lab = smallLab()
        lab.networks[0].internalPaths = .best(3)
        let neighbours = try #require(DaemonConfiguration.bgp(try Topology(lab), node: 0)["neighbors"]?.array)
        for neighbour in neighbours {
            let isInternal = neighbour["relation"] == "internal"
            #expect(neighbour["add_path"] == (isInternal ? ["receive": true, "send": 3] : nil))
        }
        #expect(neighbours.contains { $0["relation"] == "internal" })
    }

    @Test("A limit of responses is handed on") func limited() throws {
        var lab = smallLab()
        lab.services[0].rateLimit = .init(responses: 50, slip: 3)
        let configuration = DaemonConfiguration.dns(try Topology(lab), node: 3)
        try expect(configuration["rate_limit"], #"{"responses":50,"slip":3}"#)
        #expect(DaemonConfiguration.dns(try smallTopology(), node: 3)["rate_limit"] == nil)
    }

    @Test("A site's capacity is handed on, and no other site's") func capacity() throws {
        var lab = smallLab()
        lab.sites[0].capacity = 1500
        let topology = try Topology(lab)
        let sites = topology.nodes.filter { $0.kind == .site }
        let capacities = sites.map { DaemonConfiguration.dns(topology, node: $0.index)["capacity"] }
        #expect(capacities == [1500] + sites.dropFirst().map { _ in nil })
    }

    @Test("What the file says of a relation bends what is announced and what is preferred") func bent() throws {
        let neighbours = DaemonConfiguration.bgp(try smallTopology(), node: 4)["neighbors"]?.array
        #expect(neighbours?.count == 2)
        for neighbour in neighbours ?? [] {
            try expect(
                neighbour["export"],
                #"{"prepend":2,"med":7,"communities":["65010:1"],"no_export":true,"leak":false}"#)
            try expect(neighbour["import"], #"{"local_preference":50}"#)
        }
    }

    @Test("Of two ends of a session one waits, and each knows the other's address") func ends() throws {
        let topology = try smallTopology()
        for node in topology.nodes where node.kind != .client {
            for neighbour in DaemonConfiguration.bgp(topology, node: node.index)["neighbors"]?.array ?? [] {
                let name = try #require(neighbour["name"]?.string)
                let other = try #require(topology.node(named: name))
                let back = DaemonConfiguration.bgp(topology, node: other.index)["neighbors"]?.array?
                    .first { $0["address"] == neighbour["local_address"] }
                #expect(back?["local_address"] == neighbour["address"] && back?["name"] == .string(node.name))
                #expect(back?["passive"]?.bool == neighbour["passive"]?.bool.map { !$0 })
                #expect(back?["timers"] == neighbour["timers"], "both ends agree on the timers")
                #expect(back?["asn"]?.int == Int(node.asn.rawValue))
            }
        }
    }

    @Test("A responder knows its name, its addresses and its zone") func dns() throws {
        try expect(
            DaemonConfiguration.dns(smallTopology(), node: 4),
            #"""
            {"node":"singapore","identity":"singapore","addresses":["192.0.2.53","2001:db8:53::53"],
             "unicast":["10.128.2.1","2001:db8:8002::1"],"port":53,"cookie_secret":"f956284c144be1885f51f305cdccdedd",
             "zones":[{"origin":"small.test","text":"www 300 A 198.51.100.10\n"}]}
            """#)
    }

    @Test("A zone with a primary is fetched from it, and it knows whom to tell") func primary() throws {
        var lab = smallLab()
        lab.services[0].zone = .init(
            origin: "small.test", text: "$INCLUDE a", includes: ["a": "www A 192.0.2.1"], primary: "london")
        let topology = try Topology(lab)
        let zones = [3, 4].map { DaemonConfiguration.dns(topology, node: $0)["zones"]?.array?.first }
        #expect(zones[0]?["notify"] == ["10.128.2.1"] && zones[0]?["primaries"] == nil)
        #expect(zones[1]?["primaries"] == ["10.128.1.1", "2001:db8:8001::1"] && zones[1]?["notify"] == nil)
        #expect(zones.allSatisfy { $0?["includes"] == ["a": "www A 192.0.2.1"] })
    }

    @Test(
        "A site shares flows among its servers, which announce to it alone, hear no routes and are asked as others are")
    func servers() throws {
        var lab = smallLab()
        lab.timers.bfd = BFDTimers(interval: 50, multiplier: 3)
        (lab.sites[0].servers, lab.sites[0].capacity) = (3, 500)
        lab.services[0].zone = .init(origin: "small.test", text: "www A 192.0.2.1", primary: "singapore")
        let topology = try Topology(lab)
        let site = DaemonConfiguration.bgp(topology, node: 3)
        #expect(site["multipath"] == 3 && site["multipath_hash"] == "resilient")
        #expect(site["originate"] == ["10.128.1.0/24", "2001:db8:8001::/48"])
        let neighbours = try #require(site["neighbors"]?.array)
        let servers = neighbours.filter { $0["relation"] == "internal" }
        #expect(neighbours.count == 8 && servers.count == 6)
        for server in servers {
            #expect(server["export"] == ["policy": [["then": "reject"]]] && server["next_hop_self"] == true)
            #expect(server["bfd"] == ["interval_ms": 50, "multiplier": 3])
        }
        let server = DaemonConfiguration.bgp(topology, node: 6)
        #expect(server["multipath"] == nil && server["originate"] == ["192.0.2.0/24", "2001:db8:53::/48"])
        #expect(server["neighbors"]?.array?.map { $0["name"] } == ["london", "london"])
        #expect(server["neighbors"]?.array?.allSatisfy { $0["export"] == nil && $0["bfd"] != nil } == true)
        #expect(DaemonConfiguration.bgp(topology, node: 4)["multipath"] == nil)

        let responder = DaemonConfiguration.dns(topology, node: 6)
        #expect(responder["identity"] == "london-2" && responder["capacity"] == 500)
        #expect(responder["unicast"] == ["10.128.1.5", "2001:db8:8001::5"])
        #expect(
            responder["zones"]?.array?.first?["primaries"] == ["10.128.2.1", "2001:db8:8002::1"])
        #expect(
            DaemonConfiguration.dns(topology, node: 4)["zones"]?.array?.first?["notify"]
                == ["10.128.1.3", "10.128.1.5", "10.128.1.7"])
    }

    @Test("The wire knows both ends of every link, and its quality in each direction") func wire() throws {
        let topology = try smallTopology()
        let links = DaemonConfiguration.wire(topology) { "/run/netns/\($0)" }["links"]?.array
        #expect(links?.count == topology.links.count)
        let quality = """
            {"delay_ns":5000000,"jitter_ns":1000000,"loss":0.001,"duplicate":0.0,"reorder":0.0,"rate_bps":1000000000,
             "limit_packets":0}
            """
        try expect(
            links?.last,
            """
            {"id":4,"a":{"netns":"/run/netns/1","device":"singapore","mac":"02:00:00:00:00:08"},
             "b":{"netns":"/run/netns/4","device":"core-sin","mac":"02:00:00:00:00:09"},
             "a_to_b":\(quality),"b_to_a":\(quality),"up":true}
            """)
    }

    private func expect(_ json: JSON?, _ text: String, _ location: SourceLocation = #_sourceLocation) throws {
        let wanted = try JSON(parsing: text)
        #expect(json == wanted, "\(json?.description ?? "nothing")", sourceLocation: location)
    }
}
