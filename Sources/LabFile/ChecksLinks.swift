import LabModel

extension Checks {
    /// Every entry of `links` speaks of a link that is there, and no two of the same. Where networks meet follows from
    /// geography, so this needs the topology.
    static func links(of draft: Draft, in lab: Lab, _ report: Report) {
        let topology: Topology
        do {
            topology = try Topology(lab)
        } catch {
            report.error(error.description, at: draft.name?.position ?? .start)
            return
        }
        var joints = Joints(topology)
        let known = Set(nodeNames(draft))
        for link in draft.links where link.between.allSatisfy({ known.contains($0.value) }) {
            check(link, &joints, report)
        }
    }

    /// The names that `links` may use.
    private static func nodeNames(_ draft: Draft) -> [String] {
        draft.networks.flatMap { network in
            [network.name.value]
                + network.cities.enumerated().map { index, city in
                    Network.routerName(network: network.name.value, city: city.value, index: index)
                }
        } + draft.sites.flatMap { [$0.name.value] + $0.serverNames } + draft.clients.map(\.name.value)
            + draft.exchanges.flatMap { [$0.name.value] + ($0.hasRouteServer ? [$0.name.value + "-rs"] : []) }
    }

    /// Every name in `links` is that of something.
    static func linkNames(_ draft: Draft, _ report: Report) {
        guard !draft.links.isEmpty else { return }
        let names = nodeNames(draft)
        let known = Set(names)
        for name in draft.links.flatMap(\.between) where !known.contains(name.value) {
            report.error(
                "there is no network, router, site, client or exchange \(quoted(name.value))", at: name.position,
                hint: Nearest.hint(name.value, among: names))
        }
    }

    private static func check(_ link: Draft.Link, _ joints: inout Joints, _ report: Report) {
        let names = link.between.map(\.value)
        guard let found = joints.links(names[0], names[1]) else {
            report.error(
                "there is no link between \(quoted(names[0])) and \(quoted(names[1]))", at: link.position,
                hint: joints.neighbours(of: names[0]).map { "\(quoted(names[0])) is joined to: \($0)" })
            return
        }
        if let first = joints.describe(names[0], names[1], link.position) {
            report.error(
                "the links between \(quoted(names[0])) and \(quoted(names[1])) are already described on line \(first.line)",
                at: link.position)
        }
        // netem lets packets overtake by not delaying them, and refuses to where there is no delay.
        if let reorder = link.rule.reorder, reorder > 0, found.contains(where: { $0.quality.delay == 0 }) {
            report.error(
                "packets cannot be reordered on a link without delay", at: link.position, hint: "give it a 'delay'")
        }
        if let jitter = link.rule.jitter, found.contains(where: { jitter > $0.quality.delay }) {
            report.warning(
                "the jitter is larger than the delay", at: link.position,
                hint: "no packet comes before it was sent, so the delay grows in the mean")
        }
    }
}

/// The links of a topology by the names that a lab file can give to their ends.
private struct Joints {
    private var byEnds: [Set<String>: [Link]] = [:]
    private var others: [String: [String]] = [:]
    private var described: [Set<String>: Position] = [:]

    init(_ topology: Topology) {
        func names(_ end: LinkEnd) -> [String] {
            let node = topology.nodes[end.node]
            return node.kind == .router ? [node.network, node.name] : [node.name]
        }
        for link in topology.links {
            let (left, right) = (names(link.a), names(link.b))
            var ends: Set<Set<String>> = []
            for a in left { for b in right { ends.insert([a, b]) } }
            for pair in ends { byEnds[pair, default: []].append(link) }
            if left[0] != right[0] {
                others[left[0], default: []].append(right[0])
                others[right[0], default: []].append(left[0])
            }
        }
    }

    func links(_ a: String, _ b: String) -> [Link]? { byEnds[[a, b]] }

    /// The first few neighbours of what is called `name`.
    func neighbours(of name: String) -> String? {
        let all = (others[name] ?? []).reduce(into: [String]()) { if !$0.contains($1), $0.count < 8 { $0.append($1) } }
        return all.isEmpty ? nil : all.joined(separator: ", ")
    }

    /// Notes that links are described, and says where they already were.
    mutating func describe(_ a: String, _ b: String, _ position: Position) -> Position? {
        if let first = described[[a, b]] { return first }
        described[[a, b]] = position
        return nil
    }
}
