import LabModel
import Net
import TestSupport
import Testing

/// Exchange points: who is on a LAN, with which addresses, and who speaks to whom there.
struct ExchangeTests {
    private let topology: Topology

    init() throws { topology = try Topology(exchangeLab()) }

    private func names(_ sessions: [Session]) -> Set<String> {
        Set(sessions.map { topology.nodes[$0.node].name + " -> " + topology.nodes[$0.remote].name })
    }

    /// A site that fetches zones from another sends its packets to a router; at an exchange point the switch is none.
    @Test func theWayToOtherSitesLeadsToARouter() throws {
        var lab = exchangeLab()
        let site = try #require(topology.node(named: "london"))
        #expect(topology.wayToOtherSites(of: site) == nil, "no zone is fetched")
        lab.services[0].zone = .init(origin: "met.test", text: "", primary: "london")
        func neighbour() throws -> String? {
            let topology = try Topology(lab)
            let site = try #require(topology.node(named: "london"))
            return topology.wayToOtherSites(of: site).map {
                "\(topology.nodes[$0.neighbour.node].name) \($0.neighbour.address) \($0.neighbour.address6) by \($0.end.interface)"
            }
        }
        #expect(try neighbour() == "a-lhr 172.16.0.2 2001:db8:1000::2 by ix")
        lab.exchanges[0].members = ["london"]
        #expect(try neighbour() == nil, "a route server forwards nothing")
        lab.exchanges[0].members = ["a", "far", "b", "london"]
        lab.sites[0].relations = [Relation(network: "b", kind: .provider)]
        #expect(try neighbour()?.hasPrefix("b-fra 10.2.") == true)
    }

    @Test func aMemberIsThereWithItsNearestRouter() throws {
        let ports = topology.links.filter { $0.kind == .port }.map { link in
            [topology.nodes[link.a.node].name, topology.nodes[link.b.node].name, link.b.address.description]
        }
        #expect(
            ports == [
                ["ix", "ix-rs", "172.16.0.1"], ["ix", "a-lhr", "172.16.0.2"], ["ix", "far-sin", "172.16.0.3"],
                ["ix", "b-fra", "172.16.0.4"], ["ix", "london", "172.16.0.5"], ["mesh", "a-lhr", "172.16.4.1"],
                ["mesh", "b-fra", "172.16.4.2"], ["mesh", "d-fra", "172.16.4.3"],
            ])
        let exchange = try #require(topology.node(named: "mesh"))
        #expect(topology.lanPrefixes(of: exchange).map(\.description) == ["172.16.4.0/22", "2001:db8:1000:1::/64"])
        let port = try #require(topology.link("mesh", "d-fra"))
        #expect(port.b.address6.description == "2001:db8:1000:1::3")
        #expect(port.prefixLength(.ipv4) == 22 && port.prefixLength(.ipv6) == 64)
        #expect(topology.link("a-lhr", "d-fra")?.prefixLength(.ipv4) == 31)
    }

    @Test func theLineToItIsAsLongAsTheDistanceOrAsTheFileSays() throws {
        #expect(try #require(topology.link("ix", "a-lhr")).quality.delay == 200_000)
        let frankfurt = Geography.delay(from: Places.london, to: Places.frankfurt)
        #expect(try #require(topology.link("ix", "b-fra")).quality.delay == frankfurt)
        #expect(try #require(topology.link("ix", "far-sin")).quality.delay == 90_000_000)
    }

    @Test func withARouteServerEachMemberSpeaksToIt() throws {
        let server = try #require(topology.node(named: "ix-rs"))
        #expect(server.kind == .routeServer && server.asn == ASN(64496) && server.prefixes.isEmpty)
        #expect(server.address.description == "172.16.0.1")
        let sessions = topology.sessions.filter { $0.node == server.index }
        #expect(names(sessions) == ["ix-rs -> a-lhr", "ix-rs -> far-sin", "ix-rs -> b-fra", "ix-rs -> london"])
        #expect(sessions.count == 8 && sessions.allSatisfy { $0.neighbour == .routeServerClient && $0.isPassive })
        let member = try #require(topology.sessions.first { $0.remote == server.index })
        #expect(member.neighbour == .routeServer && member.links.count == 2)
        #expect(topology.links[member.links[0]].b.node == member.node, "its own link comes first")
        // The timers of a link are those of the sessions over it.
        #expect(sessions.filter { topology.nodes[$0.remote].name == "far-sin" }.allSatisfy { $0.timers.hold == 30_000 })
        #expect(member.timers.hold == 9000)
    }

    @Test func withoutOneAllPeerWhoAreNotRelated() throws {
        let mesh = try #require(topology.node(named: "mesh"))
        let sessions = topology.sessions.filter { $0.links.contains { topology.links[$0].a.node == mesh.index } }
        #expect(names(sessions) == ["a-lhr -> b-fra", "b-fra -> a-lhr", "b-fra -> d-fra", "d-fra -> b-fra"])
        #expect(sessions.allSatisfy { $0.neighbour == .external(.peer) && $0.localAddress != $0.remoteAddress })
        for session in sessions {
            let back = sessions.first {
                $0.localAddress == session.remoteAddress && $0.node == session.remote
                    && $0.remoteAddress == session.localAddress
            }
            #expect(back?.isPassive == !session.isPassive && back.map { Set($0.links) } == Set(session.links))
        }
    }

    @Test func sitesOfOneServiceHaveNothingToTellEachOther() throws {
        var lab = exchangeLab()
        lab.sites.append(Site(name: "paris", service: "dns", city: Places.frankfurt, relations: []))
        lab.exchanges[1].members = ["b", "london", "paris"]
        let topology = try Topology(lab)
        let sites = topology.sessions.filter {
            topology.nodes[$0.node].kind == .site && topology.nodes[$0.remote].kind == .site
        }
        #expect(sites.isEmpty)
    }

    @Test func whoStaysKeepsItsAddressWhenOthersComeAndGo() throws {
        var lab = topology.lab
        lab.exchanges.insert(
            Exchange(name: "new", city: Places.singapore, members: ["far", "b"], routeServer: ASN(64497)), at: 0)
        lab.exchanges[1].members = ["d", "london", "b", "far"]
        let changed = try Topology(lab, keeping: topology.numbering)
        for member in ["ix-rs", "far-sin", "b-fra", "london"] {
            #expect(changed.link("ix", member)?.b.address == topology.link("ix", member)?.b.address, "\(member)")
            #expect(changed.link("ix", member)?.b.mac == topology.link("ix", member)?.b.mac, "\(member)")
        }
        #expect(changed.link("ix", "a-lhr") == nil)
        #expect(changed.link("ix", "d-fra")?.b.address.description == "172.16.0.6")
        #expect(changed.node(named: "new")?.address.description == "172.16.8.0")
        let addresses = changed.links.flatMap(\.addressedEnds).map(\.address)
        #expect(Set(addresses).count == addresses.count)
        #expect(try Topology(lab, keeping: changed.numbering).links == changed.links)
    }

    /// A bridge has so many ports.
    @Test func aLANHas1022Ports() throws {
        var lab = exchangeLab()
        lab.sites = (0..<1021).map { Site(name: "s\($0)", service: "dns", city: Places.london, relations: []) }
        lab.exchanges[0].members = lab.sites.map(\.name)
        #expect(try Topology(lab).links.count { $0.kind == .port } == 1022 + 3)
        lab.exchanges[0].members.append("a")
        #expect(throws: TopologyError.self) { try Topology(lab) }
    }

    // MARK: AS numbers

    private func numbers(_ lab: Lab) -> [String: UInt32] {
        let servers = lab.exchanges.compactMap { exchange in exchange.routeServer.map { (exchange.name, $0.rawValue) } }
        let others = lab.networks.map { ($0.name, $0.asn.rawValue) } + lab.services.map { ($0.name, $0.asn.rawValue) }
        return Dictionary(others + servers, uniquingKeysWith: { first, _ in first })
    }

    @Test func drawnNumbersAreKeptWhateverComesFirst() throws {
        var lab = exchangeLab()
        for index in lab.networks.indices { lab.networks[index].isASNDrawn = true }
        lab.services[0].isASNDrawn = true
        lab.exchanges[0].isASNDrawn = true
        let before = try Topology(lab)
        let first: UInt32 = 4_200_000_001
        #expect(
            numbers(before.lab)
                == [
                    "a": first, "b": first + 1, "far": first + 2, "d": first + 3, "dns": first + 4, "ix": first + 5,
                ])
        var newcomer = Network(
            name: "zero", asn: ASN(0), cities: [Places.london], relations: [], timers: TimerOverrides())
        newcomer.isASNDrawn = true
        lab.networks.insert(newcomer, at: 0)
        lab.networks.remove(at: 2)
        lab.exchanges = [Exchange(name: "ix", city: Places.london, members: ["a", "far"], routeServer: nil)]
        lab.exchanges[0].isASNDrawn = true
        let after = try Topology(lab, keeping: before.numbering)
        #expect(
            numbers(after.lab)
                == ["zero": first + 6, "a": first, "far": first + 2, "d": first + 3, "dns": first + 4, "ix": first + 5])
        #expect(try Topology(lab, keeping: after.numbering).lab == after.lab)
    }

    @Test func aNumberThatTheFileNowGivesToSomebodyElseIsDrawnAnew() throws {
        var lab = exchangeLab()
        for index in lab.networks.indices { lab.networks[index].isASNDrawn = true }
        let before = try Topology(lab)
        lab.networks[1].isASNDrawn = false
        lab.networks[1].asn = ASN(4_200_000_001)
        let after = try Topology(lab, keeping: before.numbering)
        #expect(Set(numbers(after.lab).values).count == 6)
        #expect(after.lab.networks[1].asn == ASN(4_200_000_001))
        #expect(after.lab.networks[2].asn == before.lab.networks[2].asn)
    }
}
