import LabModel

extension Checks {
    /// Every neighbour is a network, another one, is named once, and is the same from both sides.
    static func neighbours(_ draft: inout Draft, _ report: Report) {
        let checker = NeighbourCheck(draft, report)
        var isSound = true
        for network in draft.networks {
            isSound = checker.check(network.relations, of: network.name.value) && isSound
        }
        for site in draft.sites {
            isSound = checker.check(site.relations, of: site.name.value) && isSound
        }
        for client in draft.clients {
            if let provider = client.provider { isSound = checker.isNetwork(provider) && isSound }
        }
        isSound = checker.checkBothSides(draft.networks) && isSound
        if !isSound { draft.hasStructure = false }
        if draft.hasStructure { lonelyNetworks(draft, report) }
    }

    /// A network that nothing is joined to is most likely a relation forgotten.
    private static func lonelyNetworks(_ draft: Draft, _ report: Report) {
        guard draft.networks.count > 1 else { return }
        let relations = draft.networks.flatMap(\.relations) + draft.sites.flatMap(\.relations)
        let members = draft.exchanges.flatMap { $0.members.map(\.value) }
        let named = Set(relations.map(\.value.network) + draft.clients.compactMap(\.provider?.value) + members)
        for network in draft.networks where network.relations.isEmpty && !named.contains(network.name.value) {
            report.warning(
                "nothing is joined to network \(quoted(network.name.value))", at: network.name.position,
                hint: "give it 'providers', 'peers', 'customers', a client or an exchange")
        }
    }

    /// Money cannot go round: a network that is its own provider's provider would carry everyone's traffic in a circle
    /// (Gao and Rexford), and routing need not converge.
    static func providerCycles(_ draft: Draft, _ report: Report) {
        let index = Dictionary(
            draft.networks.enumerated().map { ($1.name.value, $0) }, uniquingKeysWith: { first, _ in first })
        var providers: [[(network: Int, position: Position)]] = Array(repeating: [], count: draft.networks.count)
        // Of what one side says twice, which is reported elsewhere, the first counts.
        var seen: Set<[Int]> = []
        for (own, network) in draft.networks.enumerated() {
            for relation in network.relations {
                guard let other = index[relation.value.network], other != own,
                    seen.insert([own, other]).inserted
                else { continue }
                if relation.value.kind == .provider { providers[own].append((other, relation.position)) }
                if relation.value.kind == .customer { providers[other].append((own, relation.position)) }
            }
        }
        var remaining = Set(draft.networks.indices)
        while true {
            peel(&remaining, providers)
            // All that remain have a provider that remains, so walking upwards ends in a circle.
            guard let start = remaining.min() else { return }
            let cycle = cycle(from: start, providers, remaining)
            guard !cycle.isEmpty else { return }
            let names = cycle.map { draft.networks[$0.network].name.value }
            report.error(
                "cycle of providers: " + (names + names.prefix(1)).joined(separator: " -> "),
                at: cycle[0].position,
                hint: "of two networks only one can be the other's provider, directly or not")
            remaining.subtract(cycle.map(\.network))
        }
    }

    /// The circle that walking upwards from `start` ends in, from its first network in the file; each network with the
    /// place that declares the next one its provider.
    private static func cycle(
        from start: Int, _ providers: [[(network: Int, position: Position)]], _ remaining: Set<Int>
    ) -> [(network: Int, position: Position)] {
        var path: [(network: Int, position: Position)] = []
        var place: [Int: Int] = [:]
        var network = start
        while place[network] == nil {
            guard let up = providers[network].first(where: { remaining.contains($0.network) }) else { return [] }
            place[network] = path.count
            path.append((network, up.position))
            network = up.network
        }
        let circle = path[(place[network] ?? 0)...]
        let first = circle.indices.min { circle[$0].network < circle[$1].network } ?? circle.startIndex
        return Array(circle[first...] + circle[..<first])
    }

    /// Takes away, again and again, the networks that have no provider among the rest.
    private static func peel(_ remaining: inout Set<Int>, _ providers: [[(network: Int, position: Position)]]) {
        var open = providers.map { Set($0.map(\.network)).intersection(remaining).count }
        var customers: [[Int]] = Array(repeating: [], count: providers.count)
        for (own, all) in providers.enumerated() where remaining.contains(own) {
            for provider in Set(all.map(\.network)) { customers[provider].append(own) }
        }
        var free = remaining.filter { open[$0] == 0 }.map(\.self)
        while let network = free.popLast() {
            remaining.remove(network)
            for customer in customers[network] where remaining.contains(customer) {
                open[customer] -= 1
                if open[customer] == 0 { free.append(customer) }
            }
        }
    }
}

/// Looks at the neighbours that networks, sites and clients name.
private struct NeighbourCheck {
    let report: Report
    let networks: [String]
    let known: Set<String>
    let others: [String: String]

    init(_ draft: Draft, _ report: Report) {
        self.report = report
        networks = draft.networks.map(\.name.value)
        known = Set(networks)
        others = Dictionary(
            draft.sites.map { ($0.name.value, "a site") } + draft.clients.map { ($0.name.value, "a client") }
                + draft.services.map { ($0.name.value, "a service") }
                + draft.exchanges.map { ($0.name.value, "an exchange: networks are its 'members'") },
            uniquingKeysWith: { first, _ in first })
    }

    func isNetwork(_ name: Located<String>) -> Bool {
        if known.contains(name.value) { return true }
        report.error(
            "there is no network \(quoted(name.value))", at: name.position,
            hint: others[name.value].map { "\(quoted(name.value)) is \($0)" }
                ?? Nearest.hint(name.value, among: networks))
        return false
    }

    func check(_ relations: [Located<Relation>], of owner: String) -> Bool {
        var isSound = true
        var seen: [String: Located<Relation>] = [:]
        for relation in relations {
            let name = relation.value.network
            guard name != owner else {
                report.error("\(quoted(name)) cannot be its own \(relation.value.kind.rawValue)", at: relation.position)
                isSound = false
                continue
            }
            isSound = isNetwork(Located(value: name, position: relation.position)) && isSound
            if let first = seen[name] {
                let isSame = first.value.kind == relation.value.kind
                report.error(
                    isSame
                        ? "\(quoted(name)) is there twice: first on line \(first.position.line)"
                        : "\(quoted(name)) cannot be \(relation.value.kind.rawValue) and "
                            + "\(first.value.kind.rawValue) (line \(first.position.line)) at once",
                    at: relation.position)
                isSound = false
            } else {
                seen[name] = relation
            }
        }
        return isSound
    }

    /// A relation may be declared on both sides, if both mean the same.
    func checkBothSides(_ networks: [Draft.Network]) -> Bool {
        var declared: [[String]: Located<Relation>] = [:]
        var isSound = true
        for network in networks {
            for relation in network.relations where relation.value.network != network.name.value {
                let (own, other, kind) = (network.name.value, relation.value.network, relation.value.kind)
                if let back = declared[[other, own]], back.value.kind != kind.reversed {
                    isSound = false
                    // Each the provider of the other is the shortest cycle of providers, which is looked for later.
                    if back.value.kind == kind, kind == .provider || kind == .customer { continue }
                    report.error(
                        "\(quoted(own)) calls \(quoted(other)) its \(kind.rawValue), but is itself called "
                            + "\(back.value.kind.rawValue) by it (line \(back.position.line))",
                        at: relation.position, hint: "declare it on one side only")
                }
                if declared[[own, other]] == nil { declared[[own, other]] = relation }
            }
        }
        return isSound
    }
}
