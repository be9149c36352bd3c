import LabModel
import Net
import Testing

@testable import LabFile

/// The labs that the project brings.
struct LabsTests {
    private func lab(_ name: String) throws -> Lab {
        let file = LabFile.parse(try Project.bytes("labs/\(name).yaml"), path: "labs/\(name).yaml") { _ in [] }
        #expect(file.diagnostics.map(\.rendered) == [])
        return try #require(file.lab)
    }

    @Test func helloIsReadAsWritten() throws {
        let lab = try lab("hello")
        #expect(lab.name == "hello")
        #expect(lab.description == "One address, three cities.")
        #expect(lab.timers == .fast)
        #expect(lab.networks.map(\.name).prefix(4) == ["eurocore", "asiacore", "amcore", "southcore"])
        #expect(lab.networks[1].asn == ASN(65020))
        #expect(lab.networks[1].cities.map(\.code) == ["SIN", "NRT"])
        #expect(lab.networks[1].cities.map(\.name) == ["Singapore", "Tokyo"])
        var bent = Relation(network: "asiacore", kind: .peer)
        bent.localPreference = 150
        #expect(lab.networks[0].relations == [Relation(network: "amcore", kind: .peer), bent])
        let service = try #require(lab.services.first)
        #expect(service.addresses.map(\.description) == ["192.0.2.53", "2001:db8:53::53"])
        #expect(service.prefixes.map(\.description) == ["192.0.2.0/24", "2001:db8:53::/48"])
        #expect(
            service.zone
                == .init(
                    origin: "hello.test", text: "www 300 A 198.51.100.10\nwww 300 AAAA 2001:db8:100::10\n"))
        #expect(lab.sites.map(\.name) == ["london", "tokyo", "newyork"])
        #expect(lab.clients.count == 6)
        #expect(lab.links.map(\.delay) == [5_000_000])
    }

    /// What the issue asks of it: transit networks carry others' traffic, and two of them span two cities.
    @Test func helloIsAsLargeAsPromised() throws {
        let lab = try lab("hello")
        let transit = lab.networks.filter { network in
            lab.networks.contains { $0.relations.contains { $0.network == network.name && $0.kind == .provider } }
                || network.cities.count > 1
        }
        #expect(transit.count >= 4)
        #expect(transit.filter { $0.cities.count == 2 }.count >= 2)
        #expect(Set(lab.clients.compactMap(\.city.country)) == ["GB", "NG", "JP", "AU", "US", "BR"])
        #expect(lab.services.allSatisfy { Set($0.addresses.map(\.family)) == [.ipv4, .ipv6] })
    }

    /// The comment behind each client says where it lands: `# london; newyork when london fails`.
    @Test func helloClientsLandWhereTheirCommentsSay() throws {
        let lab = try lab("hello")
        let text = try Project.text("labs/hello.yaml")
        var checked = 0
        for client in lab.clients {
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("  \(client.name):") })
            let comment = try #require(line.split(separator: "# ").last).split(separator: "; ")
            #expect(try AnycastByHand(lab).site(of: client) == String(comment[0]), "\(client.name)")
            checked += 1
            guard comment.count > 1 else { continue }
            let words = comment[1].split(separator: " ").map(String.init)
            #expect(words.dropFirst().prefix(2) == ["when", "london"] && words.last == "fails")
            #expect(try AnycastByHand(lab, without: words[2]).site(of: client) == words[0], "\(client.name)")
            checked += 1
        }
        #expect(checked == 8)
    }

    @Test func twoSitesServeOneClientEach() throws {
        let lab = try lab("two-sites")
        #expect(try lab.clients.map { try AnycastByHand(lab).site(of: $0) } == ["newyork", "frankfurt"])
        #expect(lab.networks.map(\.asn) == [ASN(4_200_000_001), ASN(4_200_000_002)])
        #expect(lab.services.map(\.asn) == [ASN(4_200_000_003)])
    }
}

/// Route selection between networks, worked out as one would on paper: LOCAL_PREF by relation, then the length of the
/// AS path. A tie between different sites is an error, so a lab that passes does not hang on router addresses.
private struct AnycastByHand {
    struct Tie: Error { let network: String }
    struct Route: Equatable {
        var site: String
        var path: [String]
        var preference: UInt32
        var isFromCustomer: Bool
    }

    private var best: [String: Route] = [:]

    init(_ lab: Lab, without failed: String? = nil) throws {
        var neighbours: [String: [(name: String, kind: RelationKind, preference: UInt32?)]] = [:]
        for network in lab.networks {
            for relation in network.relations {
                neighbours[network.name, default: []].append(
                    (relation.network, relation.kind, relation.localPreference))
                neighbours[relation.network, default: []].append((network.name, relation.kind.reversed, nil))
            }
        }
        let given: [RelationKind: UInt32] = [.customer: 300, .sibling: 250, .peer: 200, .provider: 100]
        for _ in 0...lab.networks.count {
            for network in lab.networks {
                var routes: [Route] = []
                for site in lab.sites where site.name != failed {
                    for relation in site.relations where relation.network == network.name {
                        let kind = relation.kind.reversed
                        routes.append(
                            Route(
                                site: site.name, path: ["site"], preference: given[kind, default: 0],
                                isFromCustomer: kind == .customer))
                    }
                }
                for neighbour in neighbours[network.name, default: []] {
                    guard let route = best[neighbour.name], !route.path.contains(network.name),
                        route.isFromCustomer || neighbour.kind == .provider
                    else { continue }
                    routes.append(
                        Route(
                            site: route.site, path: [neighbour.name] + route.path,
                            preference: neighbour.preference ?? given[neighbour.kind, default: 0],
                            isFromCustomer: neighbour.kind == .customer))
                }
                func rank(_ route: Route) -> (Int64, Int) { (-Int64(route.preference), route.path.count) }
                guard let first = routes.min(by: { rank($0) < rank($1) }) else {
                    best[network.name] = nil
                    continue
                }
                if routes.contains(where: { rank($0) == rank(first) && $0.site != first.site }) {
                    throw Tie(network: network.name)
                }
                best[network.name] = first
            }
        }
    }

    func site(of client: Client) -> String? { best[client.provider]?.site }
}
