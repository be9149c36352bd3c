import LabFile
import LabModel
import LabPredict
import Net
import Testing

@Suite struct PredictionTests {
    /// Two networks that peer, with a site and a client each.
    ///
    ///     boston -- west ---- east -- berlin
    ///                |         |
    ///             newyork   frankfurt
    private static let twoSites = """
        networks:
          west: { asn: 65010, cities: [JFK], peers: [east] }
          east: { asn: 65020, cities: [FRA] }
        services: { dns: { asn: 64500, addresses: [192.0.2.53, "2001:db8:53::53"] } }
        sites:
          newyork: { city: JFK, providers: [west] }
          frankfurt: { city: FRA, providers: [east] }
        clients:
          boston: { city: BOS, provider: west }
          berlin: { city: BER, provider: east }
        """

    private static func topology(_ text: String) throws -> Topology {
        let file = LabFile.parse("lab: foreseen\n\(text)\n".utf8, path: "foreseen.yaml") { _ in [] }
        return try Topology(try #require(file.lab, "\(file.diagnostics.map(\.rendered))"))
    }

    /// `client: site` of every client, the same in both families.
    private static func sites(_ prediction: Prediction) throws -> [String: String] {
        var result: [String: String] = [:]
        for row in prediction.catchments() {
            let site = ([row.site] + row.otherSites).compactMap { $0?.name }.joined(separator: "|")
            #expect(result[row.client.name] == nil || result[row.client.name] == site, "families differ: \(row)")
            result[row.client.name] = site
        }
        return result
    }

    @Test("Each client comes to the site of its own network, over the delays of the links and back")
    func nearest() throws {
        let prediction = try Prediction(Self.topology(Self.twoSites))
        #expect(prediction.isAtRest)
        #expect(try Self.sites(prediction) == ["boston": "newyork", "berlin": "frankfurt"])
        let topology = prediction.topology
        let row = try #require(prediction.catchments().first { $0.client.name == "boston" })
        #expect(row.asPath == [ASN(65010), ASN(64500)])
        #expect(row.hops.map(\.name) == ["west-jfk", "newyork"])
        let delays = topology.links.filter { link in
            [link.a.node, link.b.node].contains { ["boston", "newyork"].contains(topology.nodes[$0].name) }
        }.map(\.quality.delay)
        #expect(row.rtt == 2 * delays.reduce(0, +))
    }

    @Test("A site that is cut off, or announces nothing, leaves its clients to the other one") func failed() throws {
        let topology = try Self.topology(Self.twoSites)
        let site = try #require(topology.node(named: "newyork"))
        for conditions in [
            Conditions(deadLinks: Set(site.links)), Conditions(silentNodes: [site.index]),
        ] {
            let prediction = try Prediction(topology, conditions)
            #expect(try Self.sites(prediction) == ["boston": "frankfurt", "berlin": "frankfurt"])
        }
    }

    @Test("Without any site, packets end where there is no route, and the row says where") func nobody() throws {
        let topology = try Self.topology(Self.twoSites)
        let sites = topology.nodes.filter { $0.kind == .site }
        let rows = try Prediction(topology, Conditions(deadLinks: Set(sites.flatMap(\.links)))).catchments()
        #expect(rows.count == 4)
        for row in rows {
            #expect(row.site == nil && row.rtt == nil)
            #expect(
                row.finding == "ends at \(row.client.name == "boston" ? "west-jfk" : "east-fra"), which has no route")
        }
    }

    @Test("Over an exchange point packets go from member to member, by the ports of both") func exchange() throws {
        let topology = try Self.topology(
            """
            networks:
              a: { asn: 65010, cities: [LHR] }
              b: { asn: 65020, cities: [FRA] }
            exchanges: { ix: { city: LHR, members: [a, b, london], route-server: {} } }
            services: { dns: { asn: 64500, addresses: [192.0.2.53, "2001:db8:53::53"] } }
            sites: { london: { city: LHR }, far: { city: SIN, providers: [b] } }
            clients: { one: { city: LHR, provider: a }, two: { city: FRA, provider: b } }
            """)
        let prediction = try Prediction(topology)
        #expect(try Self.sites(prediction) == ["one": "london", "two": "far"])
        let row = try #require(prediction.catchments().first { $0.client.name == "one" })
        #expect(row.asPath == [ASN(65010), ASN(64500)] && row.hops.map(\.name) == ["a-lhr", "london"])
        // The client's line, and a port in the same city each.
        let rtt: Int64 = 6 * 200_000
        #expect(row.rtt == rtt)
        let site = try #require(topology.node(named: "london"))
        #expect(
            try Self.sites(try Prediction(topology, Conditions(deadLinks: Set(site.links))))
                == ["one": "far", "two": "far"])
    }

    @Test("Prepending moves nobody past a customer's route, and everybody where all else is equal") func prepending()
        throws
    {
        // Both sites are customers of the one network: only the length of the path decides for the client between them.
        let equal = """
            networks: { transit: { asn: 65010, cities: [FRA, JFK] } }
            services: { dns: { asn: 64500, addresses: [192.0.2.53] } }
            sites:
              newyork: { city: JFK, providers: [{ network: transit, prepend: PREPEND }] }
              frankfurt: { city: FRA, providers: [transit] }
            clients: { boston: { city: BOS, provider: transit } }
            """
        #expect(
            try Self.sites(Prediction(Self.topology(equal.replacing("PREPEND", with: "0")))) == ["boston": "newyork"])
        #expect(
            try Self.sites(Prediction(Self.topology(equal.replacing("PREPEND", with: "1")))) == ["boston": "frankfurt"])
        let bent = Self.twoSites.replacing("providers: [west]", with: "providers: [{ network: west, prepend: 5 }]")
        #expect(
            try Self.sites(Prediction(Self.topology(bent))) == ["boston": "newyork", "berlin": "frankfurt"])
    }

    @Test("With multipath, all sites that share a client's flows are named") func multipath() throws {
        let topology = try Self.topology(
            """
            networks: { transit: { asn: 65010, cities: [FRA], multipath: 2 } }
            services: { dns: { asn: 64500, addresses: [192.0.2.53] } }
            sites:
              left: { city: FRA, providers: [transit] }
              right: { city: FRA, providers: [transit] }
            clients: { berlin: { city: BER, provider: transit } }
            """)
        #expect(try Self.sites(Prediction(topology)) == ["berlin": "left|right"])
    }

    @Test("Policies that quarrel for ever are told from those that come to rest") func badGadget() throws {
        // Griffin's bad gadget: each of three prefers the way over the next one to its own.
        func network(_ name: String, _ asn: Int, _ next: String, _ nextASN: Int) -> String {
            """
              \(name): { asn: \(asn), cities: [FRA], siblings: [\(next)], import: [
                { match: { neighbors: [\(next)], as-path: "^\(nextASN) 64500$" }, set: { local-preference: 900 } }] }
            """
        }
        let topology = try Self.topology(
            """
            networks:
            \(network("one", 65001, "two", 65002))
            \(network("two", 65002, "three", 65003))
            \(network("three", 65003, "one", 65001))
            services: { dns: { asn: 64500, addresses: [192.0.2.53] } }
            sites: { middle: { city: FRA, providers: [one, two, three] } }
            clients: { berlin: { city: BER, provider: one } }
            """)
        #expect(try !Prediction(topology).isAtRest)
    }

    @Test("A difference names who moves, and who goes another way to the same site") func difference() throws {
        let before = try Prediction(Self.topology(Self.twoSites)).catchments()
        let without = Self.twoSites.split(separator: "\n").filter { !$0.contains("newyork") }.joined(separator: "\n")
        let rows = CatchmentDifference.between(before, try Prediction(Self.topology(without)).catchments())
        #expect(rows.count == 4)
        for row in rows {
            #expect(row.isMoved == (row.before?.client.name == "boston"))
            #expect(!row.isRerouted)
        }
    }

    @Test("A way over another network to the same site is a difference, too") func reroute() throws {
        let before = """
            networks:
              west: { asn: 65010, cities: [JFK], peers: [east] }
              east: { asn: 65020, cities: [FRA] }
              middle: { asn: 65030, cities: [LHR], peers: [west] }
            services: { dns: { asn: 64500, addresses: [192.0.2.53] } }
            sites: { newyork: { city: JFK, providers: [west] } }
            clients:
              boston: { city: BOS, provider: west }
              berlin: { city: BER, provider: east }
            """
        let after = before.replacing(", peers: [east] }", with: " }").replacing(
            "[FRA] }", with: "[FRA], providers: [middle] }")
        let rows = CatchmentDifference.between(
            try Prediction(Self.topology(before)).catchments(), try Prediction(Self.topology(after)).catchments())
        #expect(rows.count == 2)
        for row in rows {
            #expect(row.before?.site?.name == "newyork" && row.after?.site?.name == "newyork" && !row.isMoved)
            #expect(row.isRerouted == (row.before?.client.name == "berlin"))
        }
    }

    @Test("A turn names the least change that moves a client, and was predicted") func turns() throws {
        let topology = try Self.topology(Self.twoSites)
        let prediction = try Prediction(topology)
        let client = try #require(topology.node(named: "boston"))
        let address = try #require(IPAddress("192.0.2.53"))
        // A customer's route wins over a peer's however long it is, so the site itself can do nothing.
        let turns = prediction.turns(of: client.index, at: address)
        #expect(turns.map(\.site.name) == ["frankfurt"])
        #expect(turns.map(\.change) == ["west prefers what east announces"])
        #expect(turns.map(\.othersMoved) == [1])
        #expect(turns[0].line.contains("local-preference: 301"))
    }

    @Test("A play that nobody can follow is dead, and more prepending never brings a site more clients") func plays()
        throws
    {
        let topology = try Self.topology(
            """
            networks:
              transit: { asn: 65010, cities: [FRA, JFK] }
              isp: { asn: 65020, cities: [LHR], providers: [transit] }
            services: { dns: { asn: 64500, addresses: [192.0.2.53] } }
            sites:
              newyork: { city: JFK, providers: [transit] }
              frankfurt: { city: FRA, providers: [transit] }
            clients:
              boston: { city: BOS, provider: transit }
              berlin: { city: BER, provider: transit }
              london: { city: LHR, provider: isp }
            """)
        let prediction = try Prediction(topology)
        let before = CatchmentShare.of(prediction.catchments().map { $0.site?.name })
        let plays = try prediction.plays(of: "dns").filter { $0.site == "newyork" }
        #expect(plays.map(\.action).suffix(4) == ["MED 100", "NO_EXPORT", "GRACEFUL_SHUTDOWN", "withdraw"])
        func share(_ play: Play) -> Double { play.shares.first { $0.site == "newyork" }?.share ?? 0 }
        let prepended = plays.filter { $0.action.hasPrefix("prepend") }.map(share)
        #expect(prepended.count == 4 && prepended == prepended.sorted(by: >))
        let unprepended = before.first { $0.site == "newyork" }?.share ?? 0
        #expect(prepended.allSatisfy { $0 < unprepended }, "prepending does something")
        // The site is one of two of the same AS, so its MED counts; London is served by Frankfurt as it is.
        #expect(plays.first { $0.action == "MED 100" }?.moved == 1)
        #expect(plays.first { $0.action == "NO_EXPORT" }?.isDead == true)
        #expect(plays.first { $0.action == "withdraw" }?.shares.map(\.site) == ["frankfurt"])
    }
}
