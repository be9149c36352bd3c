import Net
import Testing

@testable import LabModel

/// The trees of multicast groups in labs/hello.yaml.
struct MulticastTests {
    private func tree(_ members: [String], down: [String]? = nil) throws -> [String: MulticastRoute] {
        let topology = try helloTopology()
        let group = MulticastGroup(name: "news", addresses: [], source: "london-home", members: members)
        let routes = topology.multicastTree(group) { link in
            let ends = Set([link.a, link.b].map { topology.nodes[$0.node].name })
            return down.map { Set($0) != ends } ?? true
        }
        #expect(Set(routes.map(\.node)).count == routes.count)
        return Dictionary(uniqueKeysWithValues: routes.map { (topology.nodes[$0.node].name, $0) })
    }

    @Test func everyLinkCarriesAPacketOnce() throws {
        let tree = try tree(["tokyo-cafe", "sydney-campus", "newyork-office", "lagos-phone"])
        #expect(
            tree.keys.sorted() == [
                "amcore-jfk", "asiacore-nrt", "asiacore-sin", "eurocore-fra", "isp-au-syd", "isp-ng-los", "isp-uk-lhr",
            ])
        #expect(tree["isp-uk-lhr"]?.incoming == "london-home" && tree["isp-uk-lhr"]?.outgoing == ["eurocore-fra"])
        #expect(tree["eurocore-fra"]?.incoming == "isp-uk-lhr")
        #expect(tree["eurocore-fra"]?.outgoing.sorted() == ["amcore-jfk", "asiacore-nrt", "isp-ng-los"])
        #expect(tree["asiacore-nrt"]?.outgoing.sorted() == ["asiacore-sin", "tokyo-cafe"])
        #expect(tree["asiacore-sin"]?.outgoing == ["isp-au-syd"])
        #expect(tree["isp-au-syd"]?.outgoing == ["sydney-campus"])
    }

    @Test func noMoreThanTheMembersNeed() throws {
        #expect(try tree(["lagos-phone"]).keys.sorted() == ["eurocore-fra", "isp-ng-los", "isp-uk-lhr"])
        #expect(try tree([]).isEmpty)
    }

    /// A site is no router of networks, even where it forwards to servers of its own and stands on the shortest way.
    @Test func noSiteIsOnTheWay() throws {
        var lab = try helloTopology().lab
        let london = try #require(lab.sites.firstIndex { $0.name == "london" })
        lab.sites[london].servers = 2
        lab.sites[london].relations.append(Relation(network: "asiacore", kind: .provider))
        for network in ["eurocore", "asiacore"] {
            var rule = LinkRule(between: "london", and: network)
            rule.delay = 1000
            lab.links.append(rule)
        }
        let topology = try Topology(lab)
        let group = MulticastGroup(name: "news", addresses: [], source: "london-home", members: ["tokyo-cafe"])
        let nodes = topology.multicastTree(group) { _ in true }.map { topology.nodes[$0.node] }
        #expect(nodes.contains { $0.network == "asiacore" } && nodes.allSatisfy { $0.kind == .router }, "\(nodes)")
    }

    @Test func itFollowsTheLinksThatAreUp() throws {
        // By America, where the link from Frankfurt to Tokyo is down; Lagos has one link.
        let around = try tree(["sydney-campus"], down: ["eurocore-fra", "asiacore-nrt"])
        #expect(
            around["eurocore-fra"]?.outgoing == ["amcore-jfk"] && around["isp-au-syd"]?.outgoing == ["sydney-campus"])
        #expect(try tree(["lagos-phone"], down: ["lagos-phone", "isp-ng-los"]).isEmpty)
    }
}
