import Net
import Testing

@testable import LabModel

/// What labs/hello.yaml becomes.
struct TopologyTests {
    @Test func nodesAreNamedAndNumberedInTheOrderOfTheFile() throws {
        let topology = try helloTopology()
        #expect(
            topology.nodes.map(\.name) == [
                "eurocore-fra", "asiacore-sin", "asiacore-nrt", "amcore-jfk", "amcore-lax", "southcore-gru",
                "isp-uk-lhr",
                "isp-ng-los", "isp-au-syd", "isp-br-gig", "london", "tokyo", "newyork", "london-home", "lagos-phone",
                "tokyo-cafe", "sydney-campus", "newyork-office", "saopaulo-bank",
            ])
        #expect(topology.nodes.map(\.index) == Array(topology.nodes.indices))
        #expect(topology.nodes.map(\.kind).filter { $0 == .router }.count == 10)
        #expect(topology.node(named: "eurocore")?.name == "eurocore-fra")
        #expect(topology.node(named: "asiacore") == nil, "it has two routers")
        #expect(topology.node(named: "asiacore-nrt")?.network == "asiacore")
        #expect(topology.node(named: "nobody") == nil)
    }

    @Test func addressesFollowThePlan() throws {
        let topology = try helloTopology()
        func node(_ name: String) throws -> Node { try #require(topology.node(named: name)) }
        let router = try node("asiacore-nrt")
        #expect(router.address.description == "10.2.1.1" && router.address6.description == "2001:db8:1002:1::1")
        #expect(router.prefixes.map(\.description) == ["10.2.0.0/16", "2001:db8:1002::/48"])
        let site = try node("tokyo")
        #expect(site.address.description == "10.128.2.1" && site.address6.description == "2001:db8:8002::1")
        #expect(
            site.prefixes.map(\.description) == [
                "192.0.2.0/24", "2001:db8:53::/48", "10.128.2.0/24", "2001:db8:8002::/48",
            ])
        #expect(site.services.map(\.description) == ["192.0.2.53", "2001:db8:53::53"])
        let client = try node("tokyo-cafe")
        let link = try #require(topology.links(of: client.index).first)
        #expect(client.links.count == 1)
        #expect(link.end.address == client.address && link.end.address6 == client.address6)
        #expect(router.prefixes.allSatisfy { $0.contains(.v4(client.address)) || $0.contains(.v6(client.address6)) })
    }

    @Test func everyAddressIsUsedOnce() throws {
        let topology = try helloTopology()
        var addresses: [IPAddress] = []
        for node in topology.nodes where node.kind != .client { addresses += [.v4(node.address), .v6(node.address6)] }
        for link in topology.links {
            for end in [link.a, link.b] { addresses += [end.address(.ipv4), end.address(.ipv6)] }
            // A link is a /31 and a /127: its two ends are neighbours, the even one first.
            #expect(IPPrefix(link.a.address(.ipv4), length: 31).contains(link.b.address(.ipv4)))
            #expect(IPPrefix(link.a.address(.ipv6), length: 127).contains(link.b.address(.ipv6)))
            #expect(link.a.address < link.b.address && link.a.address6 < link.b.address6)
        }
        #expect(Set(addresses).count == addresses.count)
        #expect(addresses.allSatisfy { address in Addressing.reserved.contains { $0.contains(address) } })
        let macs = topology.links.flatMap { [$0.a.mac, $0.b.mac] }
        #expect(Set(macs).count == macs.count)
        // Locally administered, and of one interface only.
        #expect(macs.allSatisfy { $0.bytes[0] & 0b11 == 0b10 })
    }

    @Test func networksMeetWhereTheyAreNear() throws {
        let topology = try helloTopology()
        let pairs = topology.links.map { Set([topology.nodes[$0.a.node].name, topology.nodes[$0.b.node].name]) }
        #expect(pairs.contains(["eurocore-fra", "asiacore-nrt"]), "Tokyo is nearer to Frankfurt than Singapore is")
        #expect(pairs.contains(["eurocore-fra", "amcore-jfk"]))
        #expect(pairs.contains(["asiacore-nrt", "amcore-lax"]))
        #expect(pairs.contains(["asiacore-sin", "isp-au-syd"]))
        #expect(pairs.contains(["asiacore-sin", "asiacore-nrt"]) && pairs.contains(["amcore-jfk", "amcore-lax"]))
        #expect(pairs.count == 19 && Set(pairs).count == 19)
    }

    /// Where two networks share cities they meet in each of them, and nowhere else.
    @Test func networksMeetInEverySharedCity() throws {
        var lab = try helloTopology().lab
        lab.networks[2].cities += lab.networks[1].cities
        let topology = try Topology(lab)
        let met = topology.links.filter {
            Set([topology.nodes[$0.a.node].network, topology.nodes[$0.b.node].network]) == ["asiacore", "amcore"]
        }
        #expect(met.map { topology.nodes[$0.a.node].place.code } == ["SIN", "NRT"])
        #expect(met.allSatisfy { $0.quality.delay == 200_000 })
    }

    /// A relation is one link, from whichever side it is declared, and the provider gives the addresses.
    @Test func bothSidesMayDeclareARelation() throws {
        let topology = try helloTopology()
        var lab = topology.lab
        lab.networks[0].relations.append(Relation(network: "isp-uk", kind: .customer))
        let again = try Topology(lab)
        #expect(again.links.count == topology.links.count)
        let link = try #require(again.link("eurocore-fra", "isp-uk-lhr"))
        #expect(again.nodes[link.a.node].name == "eurocore-fra" && link.kind == .exterior(.customer))
    }

    @Test func aRuleChangesItsLinkOnly() throws {
        let topology = try helloTopology()
        #expect(topology.link("london", "eurocore-fra")?.quality == LinkQuality(delay: 5_000_000))
        var lab = topology.lab
        var rule = LinkRule(between: "amcore", and: "amcore")
        rule.delay = 1_000_000
        rule.loss = 0.5
        lab.links = [rule]
        let ruled = try Topology(lab)
        let changed = zip(topology.links, ruled.links).filter { $0.quality != $1.quality }.map { $1 }
        let names = changed.map { Set([ruled.nodes[$0.a.node].name, ruled.nodes[$0.b.node].name]) }
        // London's has no rule any more.
        #expect(Set(names) == [["amcore-jfk", "amcore-lax"], ["eurocore-fra", "london"]])
        #expect(ruled.link("amcore-jfk", "amcore-lax")?.quality.loss == 0.5)
    }

    /// Nothing may hang on the hash seed of a run: the same lab twice, in different sets and dictionaries.
    @Test func theSameLabIsTheSameTopology() throws {
        let first = try helloTopology()
        for _ in 0..<5 {
            let second = try helloTopology()
            #expect(second.nodes == first.nodes && second.links == first.links && second.sessions == first.sessions)
        }
    }

    /// Adding to the end of a file leaves what was there before with its names and addresses.
    @Test func addressesStayWhenALabGrows() throws {
        let topology = try helloTopology()
        var lab = topology.lab
        lab.clients.append(Client(name: "newcomer", city: lab.clients[2].city, provider: "isp-br"))
        lab.sites.append(
            Site(name: "last", service: "resolver", city: lab.clients[2].city, relations: lab.sites[1].relations))
        let grown = try Topology(lab)
        for node in topology.nodes {
            let same = try #require(grown.node(named: node.name))
            #expect(same.address == node.address && same.address6 == node.address6)
        }
    }

    @Test func unknownNamesAreErrors() throws {
        let lab = try helloTopology().lab
        var one = lab
        one.clients[0].provider = "nobody"
        #expect(throws: TopologyError(description: "there is no network 'nobody'")) { try Topology(one) }
        var two = lab
        two.sites[0].service = "nothing"
        #expect(throws: TopologyError(description: "site 'london' is of an unknown service 'nothing'")) {
            try Topology(two)
        }
        var three = lab
        three.networks[0].cities = []
        #expect(throws: TopologyError(description: "network 'eurocore' has no city")) { try Topology(three) }
        var four = lab
        four.networks[3].relations = [Relation(network: "nobody", kind: .peer)]
        #expect(throws: TopologyError.self) { try Topology(four) }
    }
}
