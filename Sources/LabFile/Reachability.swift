import LabModel

/// Who can reach which service by routes that nobody is paid to refuse: what a network learned from its customers it
/// tells everyone, all else only its customers and siblings (Gao and Rexford). This asks whether a path exists, not
/// which is best.
struct Reachability {
    /// How far a network passes on a route that it has.
    private enum Reach: Int, Comparable {
        /// To no other network: it carries NO_EXPORT.
        case own
        /// To customers and siblings.
        case down
        /// To all.
        case everywhere

        static func < (left: Reach, right: Reach) -> Bool { left.rawValue < right.rawValue }
    }

    private struct Edge {
        var network: Int
        /// What the neighbour is to the sender.
        var kind: RelationKind
        var declared: Relation?

        var isStopped: Bool {
            declared.map { $0.noExport || $0.communities.contains { $0.hasPrefix("NO_") } } ?? false
        }

        /// How far the receiver passes on what it gets over this edge from a sender that passes it on as far as
        /// `reach`.
        func reach(after reach: Reach) -> Reach? {
            let isAllowed =
                reach == .everywhere || declared?.leak == true
                || (reach == .down && (kind == .customer || kind == .sibling))
            guard isAllowed else { return nil }
            if isStopped { return .own }
            switch kind {
            case .provider: return .everywhere
            case .sibling: return reach
            case .peer, .customer: return .down
            }
        }
    }

    private let draft: Draft
    private let index: [String: Int]
    private var edges: [[Edge]]
    /// What sites declare, and whom they meet at exchange points.
    private let siteRelations: [String: [Relation]]

    init(_ draft: Draft) {
        self.draft = draft
        index = Dictionary(
            draft.networks.enumerated().map { ($1.name.value, $0) }, uniquingKeysWith: { first, _ in first })
        edges = Array(repeating: [], count: draft.networks.count)
        siteRelations = Dictionary(
            draft.sites.map { site in
                let met = draft.networksMet(by: site.name.value).map { Relation(network: $0, kind: .peer) }
                return (site.name.value, site.relations.map(\.value) + met)
            }, uniquingKeysWith: { first, _ in first })
        var joined: [[Int]: Int] = [:]
        for (own, network) in draft.networks.enumerated() {
            for relation in network.relations {
                guard let other = index[relation.value.network] else { continue }
                // A side's own declaration bends what it announces; a relation that only the other declares is plain.
                if let place = joined[[own, other]] {
                    edges[own][place].declared = relation.value
                    continue
                }
                joined[[own, other]] = edges[own].count
                edges[own].append(Edge(network: other, kind: relation.value.kind, declared: relation.value))
                joined[[other, own]] = edges[other].count
                edges[other].append(Edge(network: own, kind: relation.value.kind.reversed, declared: nil))
            }
        }
        for (own, network) in draft.networks.enumerated() {
            for other in draft.networksMet(by: network.name.value).compactMap({ index[$0] }) {
                guard joined.updateValue(edges[own].count, forKey: [own, other]) == nil else { continue }
                edges[own].append(Edge(network: other, kind: .peer, declared: nil))
            }
        }
    }

    /// Reports sites without neighbours, sites that no client could reach, and clients that cannot reach a service.
    func check(_ report: Report) {
        let clientNetworks = Set(draft.clients.compactMap { $0.provider.flatMap { index[$0.value] } })
        var reachedBySite: [[Reach?]] = []
        for site in draft.sites {
            let reached = reached(from: [site])
            reachedBySite.append(reached)
            if siteRelations[site.name.value, default: []].isEmpty {
                report.error(
                    "site \(quoted(site.name.value)) has no neighbour to announce its service to",
                    at: site.name.position,
                    hint: "give it 'providers' or 'peers', or make it one of the 'members' of an exchange")
            } else if !clientNetworks.isEmpty, !clientNetworks.contains(where: { reached[$0] != nil }) {
                report.error(
                    "no client can reach site \(quoted(site.name.value))", at: site.name.position,
                    hint: "peers tell only their customers; a provider tells everyone")
            }
        }
        for service in draft.services { checkClients(of: service, report) }
    }

    private func checkClients(of service: Draft.Service, _ report: Report) {
        let sites = draft.sites.filter {
            $0.service?.value == service.name.value && siteRelations[$0.name.value]?.isEmpty == false
        }
        guard !sites.isEmpty else { return }
        let reached = reached(from: sites)
        for client in draft.clients {
            guard let provider = client.provider, let network = index[provider.value], reached[network] == nil else {
                continue
            }
            report.error(
                "client \(quoted(client.name.value)) cannot reach service \(quoted(service.name.value)): no route to its "
                    + "sites gets to network \(quoted(provider.value))",
                at: client.name.position, hint: "a network hears of everything from its providers: give it one")
        }
    }

    /// How far each network passes on the routes of these sites; nil for a network that never hears of them.
    private func reached(from sites: [Draft.Site]) -> [Reach?] {
        var best: [Reach?] = Array(repeating: nil, count: edges.count)
        var open: [Int] = []
        func improve(_ network: Int, _ reach: Reach) {
            guard best[network].map({ $0 < reach }) ?? true else { return }
            best[network] = reach
            open.append(network)
        }
        for site in sites {
            for relation in siteRelations[site.name.value, default: []] {
                guard let network = index[relation.network] else { continue }
                let edge = Edge(network: network, kind: relation.kind, declared: relation)
                if let reach = edge.reach(after: .everywhere) { improve(network, reach) }
            }
        }
        while let network = open.popLast() {
            guard let reach = best[network] else { continue }
            for edge in edges[network] {
                if let next = edge.reach(after: reach) { improve(edge.network, next) }
            }
        }
        return best
    }
}
