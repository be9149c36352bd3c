import LabModel
import Net
import TestSupport
import Testing

/// Sites of several servers.
@Suite struct ServersTests {
    private func topology() throws -> Topology {
        var lab = smallLab()
        lab.sites[0].servers = 3
        return try Topology(lab)
    }

    private func node(_ name: String) throws -> Node { try #require(try topology().node(named: name)) }

    @Test("The site is a router with its own prefix, and its servers announce the service in the same AS") func nodes()
        throws
    {
        let topology = try topology()
        #expect(
            topology.nodes.map(\.name) == [
                "core-fra", "core-sin", "edge-lhr", "london", "singapore", "london-1", "london-2", "london-3", "home",
            ])
        let (site, plain, servers) = (topology.nodes[3], topology.nodes[4], topology.nodes[5...7])
        #expect(site.kind == .site && site.serves == nil && site.services.isEmpty && site.forwards)
        #expect(site.prefixes == ["10.128.1.0/24", "2001:db8:8001::/48"].compactMap { IPPrefix($0) })
        #expect(plain.serves == .dns && !plain.forwards && plain.prefixes.count == 4)
        for (number, server) in servers.enumerated() {
            #expect(server.kind == .server && server.serves == .dns && server.site == "london" && !server.forwards)
            #expect(server.siteName == "london" && topology.site(of: server) == site)
            #expect(server.asn == site.asn && server.place == site.place && server.services == plain.services)
            #expect(server.prefixes == ["192.0.2.0/24", "2001:db8:53::/48"].compactMap { IPPrefix($0) })
            #expect(server.address.description == "10.128.1.\(2 * number + 3)")
            #expect(server.address6.description == "2001:db8:8001::\(2 * number + 3)")
            let links = topology.links(of: server.index)
            #expect(links.count == 1 && links[0].link.kind == .server && links[0].other.node == site.index)
            #expect(links[0].end.address == server.address && links[0].end.address6 == server.address6)
            #expect(topology.service(of: server)?.name == "dns")
        }
        #expect(topology.service(of: site) == nil && topology.site(of: plain) == plain)
    }

    @Test("Router and server speak iBGP over their link; servers speak with nobody else") func sessions() throws {
        let topology = try topology()
        for server in topology.nodes where server.kind == .server {
            let own = topology.sessions.filter { $0.node == server.index }
            #expect(own.map(\.family) == [.ipv4, .ipv6])
            #expect(own.allSatisfy { $0.remote == 3 && $0.neighbour == .internal(isReflectorClient: false) })
            #expect(own.allSatisfy { $0.link == server.links[0] && $0.relation == nil })
            let back = topology.sessions.filter { $0.remote == server.index }
            #expect(back.map(\.localAddress) == own.map(\.remoteAddress))
            #expect(zip(own, back).allSatisfy { $0.isPassive != $1.isPassive })
        }
        // The provider knows the router alone.
        let outside = topology.sessions.filter { $0.node == 2 && topology.nodes[$0.remote].asn == ASN(64500) }
        #expect(outside.allSatisfy { $0.remote == 3 } && outside.count == 2)
    }

    @Test("A changed number of servers leaves the others their numbers") func kept() throws {
        let before = try topology()
        var lab = before.lab
        lab.sites[0].servers = 5
        let after = try Topology(lab, keeping: before.numbering)
        for name in ["london", "singapore", "london-1", "london-3", "home"] {
            let (old, new) = (try #require(before.node(named: name)), try #require(after.node(named: name)))
            #expect(old.address == new.address && old.address6 == new.address6, "\(name)")
        }
        #expect(after.node(named: "london-5")?.address.description == "10.128.1.11")
    }

    @Test("A fault of the site is one of all its servers, and a server can fail alone") func targets() throws {
        let topology = try topology()
        #expect(try FaultTarget("london", in: topology) == .nodes([3, 5, 6, 7]))
        #expect(try FaultTarget("london-2", in: topology) == .nodes([6]))
        #expect(try FaultTarget("london-2.dns", in: topology) == .process(node: 6, .dns))
        #expect(try FaultTarget("dns", in: topology) == .nodes([3, 4, 5, 6, 7]))
        for kind in [FaultKind.withdraw, .processKill, .linkDown, .dnsDead, .drain(limit: 1), .prepend(1), .freeze] {
            #expect(throws: Never.self, "\(kind)") { try Fault("london", kind).checked(in: topology) }
        }
        for kind in [FaultKind.withdraw, .processKill, .linkDown, .dnsDead, .freeze] {
            #expect(throws: Never.self, "\(kind)") { try Fault("london-1", kind).checked(in: topology) }
        }
    }

    @Test(
        "What means nothing at a server, or at the router before it, is refused and says what to do instead",
        arguments: [
            (
                "london-1", FaultKind.drain(limit: 1),
                "drain is about routes to other ASes, and london-1 speaks with london alone: "
                    + "withdraw takes a server out, and london is the whole site"
            ),
            (
                "london-1,london-2", .prepend(2),
                "prepend is about routes to other ASes, and london-1 speaks with london alone: "
                    + "withdraw takes a server out, and london is the whole site"
            ),
            ("london.dns", .processKill, "london is a site: it has no dns; its servers do, like london-1.dns"),
            (
                "london,core-fra", .dnsDead,
                "dns-dead is for what runs a DNS responder, and core-fra is a router that does not"
            ),
        ])
    func refused(_ target: String, _ kind: FaultKind, _ message: String) throws {
        let topology = try topology()
        let error = #expect(throws: FaultError.self) { try Fault(target, kind).checked(in: topology) }
        #expect(error?.description == message)
    }
}
