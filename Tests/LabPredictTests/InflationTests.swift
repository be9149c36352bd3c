import LabFile
import LabModel
import LabPredict
import Net
import Testing

@Suite("The nearest site by unicast, beside the one that anycast chooses")
struct InflationTests {
    /// A client in Berlin, whose network buys from one that has its only site in Singapore; Frankfurt is near, but a peer's.
    ///
    ///     berlin -- isp -- core -- singapore
    ///                        |
    ///                      peer -- frankfurt
    private static let far = """
        lab: far
        networks:
          isp: { asn: 65001, cities: [BER], providers: [core] }
          core: { asn: 65010, cities: [FRA], peers: [peer] }
          peer: { asn: 65020, cities: [FRA] }
        services: { dns: { asn: 64500, addresses: [192.0.2.53, "2001:db8:53::53"] } }
        sites:
          singapore: { city: SIN, providers: [core] }
          frankfurt: { city: FRA, providers: [peer] }
        clients: { berlin: { city: BER, provider: isp } }
        links: [{ between: [frankfurt, peer], delay: 3ms }]
        """

    private static func prediction(_ text: String) throws -> Prediction {
        let file = LabFile.parse("\(text)\n".utf8, path: "far.yaml") { _ in [] }
        return try Prediction(try Topology(try #require(file.lab, "\(file.diagnostics.map(\.rendered))")))
    }

    @Test(
        "The best site is the nearest, though routing prefers a customer's route",
        arguments: [
            AddressFamily.ipv4, .ipv6,
        ])
    func best(family: AddressFamily) throws {
        let prediction = try Self.prediction(Self.far)
        let client = try #require(prediction.topology.node(named: "berlin"))
        let row = try #require(prediction.catchments().first { $0.address.family == family })
        #expect(row.site?.name == "singapore")
        let best = try #require(prediction.bestSite(for: client.index, of: "dns", family))
        #expect(best.site.name == "frankfurt")
        // There and back over berlin--isp, isp--core, core--peer and peer--frankfurt.
        let names: [Set<String>] = [
            ["berlin", "isp-ber"], ["isp-ber", "core-fra"], ["core-fra", "peer-fra"], ["peer-fra", "frankfurt"],
        ]
        let topology = prediction.topology
        let delays = topology.links.filter { link in
            names.contains([topology.nodes[link.a.node].name, topology.nodes[link.b.node].name])
        }.map(\.quality.delay)
        #expect(delays.count == 4 && best.rtt == 2 * delays.reduce(0, +))
        // By unicast, the site that serves is as far as by anycast.
        let site = try #require(row.site)
        #expect(prediction.roundTrip(from: client.index, to: site.index, family) == row.rtt)
    }

    @Test("What cannot be reached has no round trip, and no service no best site") func unreached() throws {
        let all = try Self.prediction(Self.far)
        let topology = all.topology
        let client = try #require(topology.node(named: "berlin"))
        let cut = try Prediction(topology, Conditions(deadLinks: Set(client.links)))
        #expect(cut.bestSite(for: client.index, of: "dns", .ipv4) == nil)
        #expect(all.bestSite(for: client.index, of: "web", .ipv4) == nil)
    }
}
