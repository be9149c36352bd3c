import LabModel
import Net
import TestSupport
import Testing

/// A lab that is changed while it is up keeps the numbers, and with them the addresses, of all that stays.
struct NumberingTests {
    @Test func theSameLabKeepsAllOfThem() throws {
        let topology = try helloTopology()
        let again = try Topology(topology.lab, keeping: topology.numbering)
        #expect(again.nodes == topology.nodes)
        #expect(again.links == topology.links)
        #expect(again.sessions == topology.sessions)
        #expect(again.numbering == topology.numbering)
    }

    /// A new site, client, network and router each at the front of its list, where it would move all others.
    @Test func whatComesFirstMovesNobody() throws {
        let topology = try helloTopology()
        var lab = topology.lab
        let place = lab.clients[2].city
        lab.clients.insert(Client(name: "newcomer", city: place, provider: "eurocore"), at: 0)
        lab.sites.insert(
            Site(name: "first", service: "resolver", city: place, relations: lab.sites[0].relations), at: 0)
        lab.networks.insert(
            Network(
                name: "zero", asn: ASN(65099), cities: [place],
                relations: [Relation(network: "eurocore", kind: .provider)], timers: TimerOverrides()), at: 0)
        let changed = try Topology(lab, keeping: topology.numbering)
        expectKept(topology, changed)
        expectDistinct(changed)
    }

    /// What was taken away leaves its numbers to nobody in the same change, and to others in the next.
    @Test func randomChangesNeverShareAnAddress() throws {
        var random = SeededGenerator(42)
        for _ in 0..<30 {
            var topology = try helloTopology()
            for round in 0..<6 {
                var lab = topology.lab
                for number in 0..<Int.random(in: 1...4, using: &random) {
                    change(&lab, "r\(round)-\(number)", &random)
                }
                let changed = try Topology(lab, keeping: topology.numbering)
                expectKept(topology, changed)
                expectDistinct(changed)
                #expect(try Topology(lab, keeping: changed.numbering).links == changed.links)
                topology = changed
            }
        }
    }

    @Test func aNetworkThatOutgrowsItsBlockIsAnError() throws {
        let topology = try helloTopology()
        var lab = topology.lab
        for number in 0..<200 {
            lab.clients.append(Client(name: "c\(number)", city: lab.clients[0].city, provider: "isp-uk"))
        }
        _ = try Topology(lab)
        #expect(throws: TopologyError.self) { try Topology(lab, keeping: topology.numbering) }
    }

    private func change(_ lab: inout Lab, _ name: String, _ random: inout SeededGenerator) {
        let cores = ["eurocore", "asiacore", "amcore"]
        switch Int.random(in: 0..<6, using: &random) {
        case 0: lab.clients.insert(Client(name: "c\(name)", city: somewhere(&random), provider: "eurocore"), at: 0)
        case 1: if lab.clients.count > 1 { lab.clients.remove(at: .random(in: 0..<lab.clients.count, using: &random)) }
        case 2:
            lab.sites.insert(
                Site(
                    name: "s\(name)", service: "resolver", city: somewhere(&random),
                    relations: [
                        Relation(network: cores.randomElement(using: &random) ?? cores[0], kind: .provider)
                    ]), at: 0)
        case 3: if lab.sites.count > 1 { lab.sites.remove(at: .random(in: 0..<lab.sites.count, using: &random)) }
        case 4:
            lab.networks.insert(
                Network(
                    name: "n\(name)", asn: ASN(65300), cities: [somewhere(&random)],
                    relations: [Relation(network: "amcore", kind: .provider)], timers: TimerOverrides()), at: 0)
        default: lab.networks[lab.networks.count - 1].cities.append(somewhere(&random))
        }
    }

    private func expectKept(_ before: Topology, _ after: Topology) {
        for node in after.nodes {
            guard let old = before.nodes.first(where: { $0.name == node.name && $0.kind != .client }) else { continue }
            #expect(node.address == old.address && node.address6 == old.address6, "\(node.name)")
        }
        for link in after.links {
            let names = (after.nodes[link.a.node].name, after.nodes[link.b.node].name)
            guard
                let old = before.links.first(where: {
                    (before.nodes[$0.a.node].name, before.nodes[$0.b.node].name) == names
                })
            else { continue }
            #expect(link.number == old.number && link.a.address == old.a.address && link.b.mac == old.b.mac, "\(names)")
        }
    }

    private func expectDistinct(_ topology: Topology) {
        let addresses =
            topology.links.flatMap { [$0.a.address, $0.b.address] }
            + topology.nodes.filter { $0.kind != .client }.map(\.address)
        #expect(Set(addresses).count == addresses.count)
        let macs = topology.links.flatMap { [$0.a.mac, $0.b.mac] }
        #expect(Set(macs).count == macs.count)
        #expect(Set(topology.links.map(\.number)).count == topology.links.count)
        let blocks = topology.lab.networks.indices.map { topology.addressing.prefixes(ofNetwork: $0)[0] }
        for (index, block) in blocks.enumerated() {
            #expect(!blocks[(index + 1)...].contains { $0.contains(block.address) || block.contains($0.address) })
        }
    }
}
