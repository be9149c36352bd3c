import BGPSpeaker
import BGPTable
import BGPWire
public import JSON
public import LabModel
public import Net

/// A change of the lab file after which another site serves a client: a turn of its catchment. Each has been predicted.
public struct Turn: Hashable, Sendable {
    /// What is changed, in words.
    public let change: String
    /// The line of the lab file that does it.
    public let line: String
    /// The site that serves the client then.
    public let site: Node
    /// How many rows of client and address move besides.
    public let othersMoved: Int

    /// The turn as JSON.
    public var json: JSON {
        [
            "change": .string(change), "line": .string(line), "site": .string(site.name),
            "others_moved": .int(othersMoved),
        ]
    }
}

extension Prediction {
    /// How often a site's AS is prepended before it is given up: longer paths are filtered in the field.
    private static let mostPrepended: UInt8 = 5

    /// The smallest changes that would bring a client to another site: what the site that serves it now can do by prepending,
    /// and what each network on the way can do by LOCAL_PREF, nearest to the client first. Each is tried, and those that do
    /// nothing are left out.
    public func turns(of client: Int, at address: IPAddress) -> [Turn] {
        let way = way(from: client, to: address)
        guard let end = way.destination, topology.nodes[end].serves != nil else { return [] }
        let site = topology.site(of: topology.nodes[end])
        let now = catchments()
        var turns: [Turn] = []
        if let provider = way.nodes.last(where: { topology.nodes[$0].kind == .router }) {
            let candidates = (1...Self.mostPrepended).lazy.compactMap {
                prepending($0, at: site, to: topology.nodes[provider])
            }
            turns += candidates.compactMap { tried($0, client, address, now) }.prefix(1)
        }
        for node in way.nodes.dropLast() {
            let candidates = preferences(at: topology.nodes[node], for: address).lazy
            turns += candidates.compactMap { tried($0, client, address, now) }.prefix(1)
        }
        return turns
    }

    private struct Candidate {
        let lab: Lab
        let change: String
        let line: String
    }

    private func tried(
        _ candidate: Candidate, _ client: Int, _ address: IPAddress, _ now: [PredictedCatchment]
    ) -> Turn? {
        guard let topology = try? Topology(candidate.lab, keeping: topology.numbering),
            let prediction = try? Prediction(topology, conditions), prediction.isAtRest
        else { return nil }
        let moved = CatchmentDifference.between(now, prediction.catchments()).filter(\.isMoved)
        guard
            let row = moved.first(where: { $0.after?.client.index == client && $0.after?.address == address })?.after,
            let site = row.site
        else { return nil }
        return Turn(change: candidate.change, line: candidate.line, site: site, othersMoved: moved.count - 1)
    }

    private func prepending(_ times: UInt8, at site: Node, to provider: Node) -> Candidate? {
        var lab = topology.lab
        guard let position = lab.sites.firstIndex(where: { $0.name == site.name }),
            let relation = lab.sites[position].relations.firstIndex(where: { $0.network == provider.network })
        else { return nil }
        let (total, isTooMany) = lab.sites[position].relations[relation].prepend.addingReportingOverflow(times)
        guard !isTooMany else { return nil }
        lab.sites[position].relations[relation].prepend = total
        return Candidate(
            lab: lab,
            change: "\(site.name) prepends \(times == 1 ? "once" : "\(times) times") more to \(provider.network)",
            line: "\(site.name): providers: [{ network: \(provider.network), prepend: \(total) }]")
    }

    /// The routes that a router did not choose, each preferred instead.
    private func preferences(at router: Node, for address: IPAddress) -> [Candidate] {
        guard let network = topology.lab.networks.firstIndex(where: { $0.name == router.network }),
            topology.lab.networks[network].daemon == nil, let table = speakers[router.index]?.table,
            let prefix = router.kind == .router ? longestPrefix(table, address) : nil
        else { return [] }
        let routes = table.routes(to: prefix)
        guard let best = routes.first(where: \.isBest), best.peer != .local else { return [] }
        var seen: Set<String> = []
        return routes.compactMap { route in
            guard !route.isBest, route.exclusion == nil, let other = neighbour(route.peer, of: router),
                seen.insert(other).inserted
            else { return nil }
            let preference = (best.attributes.localPreference ?? 100).addingReportingOverflow(1).partialValue
            var lab = topology.lab
            var rule = PolicyRule(.next)
            rule.match.neighbours = [other]
            rule.set.localPreference = preference
            lab.networks[network].imports.append(rule)
            return Candidate(
                lab: lab, change: "\(router.network) prefers what \(other) announces",
                line: "\(router.network): import: [{ match: { neighbors: [\(other)] }, "
                    + "set: { local-preference: \(preference) } }]")
        }
    }

    private func longestPrefix(_ table: Table, _ address: IPAddress) -> IPPrefix? {
        prefixLengths[address.family]?.lazy.map { IPPrefix(address, length: $0) }.first { table.best(for: $0) != nil }
    }

    /// What a lab file calls the neighbour in another AS that a router has a route from; nil for routers of its own AS.
    private func neighbour(_ peer: PeerID, of router: Node) -> String? {
        let session = topology.sessions.first {
            $0.node == router.index && speakers[router.index]?.peer(at: $0.remoteAddress) == peer
        }
        guard let session, !session.links.isEmpty else { return nil }
        // A route server goes by the name of its exchange.
        let node = topology.nodes[session.remote]
        return node.kind == .site ? node.name : node.network
    }
}
