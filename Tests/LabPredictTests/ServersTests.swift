import LabModel
import LabPredict
import Net
import TestSupport
import Testing

/// Sites of several servers, predicted.
@Suite struct ServersTests {
    private func prediction(_ servers: Int, without dead: [String] = []) throws -> Prediction {
        var lab = smallLab()
        lab.sites[0].servers = servers
        lab.sites[1].relations = [Relation(network: "core", kind: .provider)]
        let topology = try Topology(lab)
        let links = topology.links.filter { dead.contains(topology.nodes[$0.b.node].name) }.map(\.index)
        return try Prediction(topology, Conditions(deadLinks: Set(links)))
    }

    private func rows(_ prediction: Prediction) -> [String] {
        prediction.catchments().map { row in
            "\(row.address) \(row.site?.name ?? "none") \(row.otherSites.map(\.name)) \(row.asPath.map(\.description))"
        }
    }

    @Test("A site is as far away with several servers as with one, and it is one site") func sameCatchment() throws {
        let several = try prediction(3)
        #expect(rows(several) == rows(try prediction(1)))
        #expect(several.catchments().allSatisfy { $0.site?.name == "london" && $0.site?.kind == .site })
        for row in several.catchments() {
            #expect(row.hops.map(\.name) == ["edge-lhr", "london", "london-1"])
            #expect(several.way(from: row.client.index, to: row.address).otherEnds.count == 2)
        }
    }

    @Test("It is there while one server is, and gone with the last") func serversDie() throws {
        for dead in [["london-1"], ["london-1", "london-3"]] {
            let rows = try prediction(3, without: dead).catchments()
            #expect(rows.allSatisfy { $0.site?.name == "london" && $0.hops.last?.name == "london-2" })
        }
        let rows = try prediction(3, without: ["london-1", "london-2", "london-3"]).catchments()
        #expect(rows.count == 2 && rows.allSatisfy { $0.site?.name == "singapore" })
    }

    @Test("The site is what can be prepended, and no server is") func turns() throws {
        var lab = smallLab()
        lab.sites[0].servers = 3
        for site in 0...1 { lab.sites[site].relations = [Relation(network: "core", kind: .provider)] }
        let prediction = try Prediction(Topology(lab))
        let client = try #require(prediction.topology.node(named: "home"))
        let address = try #require(IPAddress("192.0.2.53"))
        let turns = prediction.turns(of: client.index, at: address)
        #expect(turns.allSatisfy { $0.site.name == "singapore" })
        #expect(turns.first?.line.hasPrefix("london: providers: [{ network: core, prepend: 1 }]") == true, "\(turns)")
        let plays = try prediction.plays(of: "dns").filter { $0.site == "london" }
        #expect(plays.contains { $0.action == "withdraw" && !$0.isDead })
    }
}
