import LabModel

/// What a picture of a topology has a box for: a network, an exchange point, or the sites or clients that hang on the same networks.
struct TopologyCard {
    /// What the box is about.
    enum Kind {
        case network
        case exchange
        case site
        case client
    }

    let kind: Kind
    /// Lines of text; the first is the name.
    let lines: [String]
    let layer: Int
    /// The nodes that the box stands for, as positions in ``LabModel/Topology/nodes``.
    let nodes: [Int]

    /// So many sites or clients are named in a box; more are counted.
    private static let mostNames = 6
    private static let padding = 10.0
    private static let lineHeight = 16.0

    var width: Double {
        let widths = lines.enumerated().map { number, line in
            isStrong(number)
                ? Style.width(of: line, size: Style.textSize, isStrong: true)
                : Style.width(of: line, size: Style.smallTextSize)
        }
        return max(56, (widths.max() ?? 0) + 2 * Self.padding)
    }
    var height: Double { Double(lines.count) * Self.lineHeight + 10 }

    /// Whether a line is a name.
    private func isStrong(_ line: Int) -> Bool { line == 0 || line < lines.count - 1 }

    func draw(_ box: Box, _ svg: inout SVG) {
        let (radius, style) =
            switch kind {
            case .network: (5.0, "card")
            case .exchange: (5.0, "card peer")
            case .site: (0.0, "sitecard")
            case .client: (14.0, "clientcard")
            }
        svg.rectangle(box, radius: radius, class: style)
        for (number, line) in lines.enumerated() {
            let point = Point(box.centre.x, box.y + 17 + Double(number) * Self.lineHeight)
            svg.text(line, point, .middle, class: isStrong(number) ? "strong" : "small faint")
        }
    }

    /// The boxes of a topology: networks below their providers, then sites, then clients.
    static func all(of topology: Topology) -> [TopologyCard] {
        let ranks = NetworkRanks(topology)
        let networks = topology.lab.networks.map { network in
            let cities = network.cities.map(\.label)
            let shown = cities.count > 4 ? "\(cities.count) cities" : cities.joined(separator: " ")
            return TopologyCard(
                kind: .network, lines: [network.name, "AS\(network.asn) \(shown)"], layer: ranks[network.name],
                nodes: topology.nodes.filter { $0.kind == .router && $0.network == network.name }.map(\.index))
        }
        let exchanges = topology.nodes.filter { $0.kind == .exchange }.map { exchange in
            // Beside its highest member.
            let members = topology.links(of: exchange.index).map { topology.nodes[$0.other.node] }
            let layer = members.filter { $0.kind == .router }.map { ranks[$0.network] }.min() ?? 0
            return TopologyCard(
                kind: .exchange, lines: [exchange.name, "exchange, \(exchange.place.label)"], layer: layer,
                nodes: [exchange.index] + members.filter { $0.kind == .routeServer }.map(\.index))
        }
        let last = (networks.map(\.layer).max() ?? 0) + 1
        let sites = leaves(.site, of: topology, kind: .site, layer: last)
        let clients = leaves(.client, of: topology, kind: .client, layer: sites.isEmpty ? last : last + 1)
        return networks + exchanges + sites + clients
    }

    /// Nodes that hang on the same networks share a box.
    private static func leaves(
        _ nodeKind: Node.Kind, of topology: Topology, kind: Kind, layer: Int
    ) -> [TopologyCard] {
        var groups: [[String]: [Node]] = [:]
        var order: [[String]] = []
        for node in topology.nodes where node.kind == nodeKind {
            let on = topology.links(of: node.index).filter { $0.link.kind != .server }
                .map { topology.nodes[$0.other.node].network }.sorted()
            let key = on + (nodeKind == .site ? [node.network] : [])
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(node)
        }
        return order.map { key in
            let nodes = groups[key] ?? []
            let shown = nodes.count > mostNames ? mostNames - 1 : nodes.count
            var lines = nodes.prefix(shown).map(\.name)
            if shown < nodes.count { lines.append("and \(nodes.count - shown) more") }
            let what = nodes.count == 1 ? nodeKind.rawValue : nodeKind.rawValue + "s"
            let cities = Set(nodes.map(\.place.label))
            let service = nodeKind == .site ? " of \(nodes.first?.network ?? "")" : ""
            let servers = topology.nodes.filter { server in nodes.contains { $0.name == server.site } }
            let behind = servers.isEmpty ? "" : ", \(servers.count) servers"
            lines.append(what + service + (cities.count == 1 ? ", " + (cities.first ?? "") : "") + behind)
            return TopologyCard(kind: kind, lines: lines, layer: layer, nodes: (nodes + servers).map(\.index))
        }
    }
}

/// How far below the top each network stands: one layer below the lowest of its providers.
private struct NetworkRanks {
    private var ranks: [String: Int] = [:]

    subscript(network: String) -> Int { ranks[network] ?? 0 }

    init(_ topology: Topology) {
        var above: [String: Set<String>] = [:]
        for link in topology.links {
            guard case .exterior(let kind) = link.kind else { continue }
            let (a, b) = (topology.nodes[link.a.node], topology.nodes[link.b.node])
            guard a.kind == .router, b.kind == .router else { continue }
            switch kind {
            case .provider: above[a.network, default: []].insert(b.network)
            case .customer: above[b.network, default: []].insert(a.network)
            case .peer, .sibling: break
            }
        }
        // A lab file may not have a circle of providers; should one come, as many rounds as there are networks end it.
        for _ in topology.lab.networks {
            var isDone = true
            for network in topology.lab.networks {
                let rank = (above[network.name] ?? []).map { (ranks[$0] ?? 0) + 1 }.max() ?? 0
                if ranks[network.name] ?? 0 < min(rank, topology.lab.networks.count) {
                    ranks[network.name] = rank
                    isDone = false
                }
            }
            if isDone { break }
        }
    }
}
