import LabModel

extension Checks {
    /// The members of every exchange are networks and sites, each once, and two at least.
    static func members(_ draft: inout Draft, _ report: Report) {
        let known = draft.networks.map(\.name.value) + draft.sites.map(\.name.value)
        let knownSet = Set(known)
        let others = Dictionary(
            draft.clients.map { ($0.name.value, "a client") } + draft.services.map { ($0.name.value, "a service") },
            uniquingKeysWith: { first, _ in first })
        for exchange in draft.exchanges {
            var seen: [String: Position] = [:]
            for member in exchange.members {
                if let first = seen.updateValue(member.position, forKey: member.value) {
                    report.error(
                        "\(quoted(member.value)) is there twice: first on line \(first.line)", at: member.position)
                    draft.hasStructure = false
                } else if !knownSet.contains(member.value) {
                    report.error(
                        "there is no network or site \(quoted(member.value))", at: member.position,
                        hint: others[member.value].map { "\(quoted(member.value)) is \($0)" }
                            ?? Nearest.hint(member.value, among: known))
                    draft.hasStructure = false
                }
            }
            guard exchange.members.count < 2, draft.hasStructure else { continue }
            report.error(
                "exchange \(quoted(exchange.name.value)) needs at least two members", at: exchange.name.position,
                hint: "a link between two networks is one of their 'peers'")
        }
    }

    /// A station is a client of the network that reports to it: its routers reach it without BGP, and nobody else can be asked to.
    static func stations(_ draft: Draft, _ report: Report) {
        for network in draft.networks {
            guard let station = network.station else { continue }
            let own = draft.clients.filter { $0.provider?.value == network.name.value }.map(\.name.value)
            guard !own.contains(station.value) else { continue }
            report.error(
                "\(quoted(station.value)) is no client of network \(quoted(network.name.value))", at: station.position,
                hint: own.isEmpty
                    ? "declare one under 'clients' with 'provider: \(network.name.value)'"
                    : Nearest.hint(station.value, among: own)
                        ?? "its clients are: \(own.prefix(8).joined(separator: ", "))")
        }
    }
}

extension Draft {
    /// The networks that a network or site meets at exchange points.
    func networksMet(by member: String) -> [String] {
        let known = Set(networks.map(\.name.value))
        return exchanges.map { $0.members.map(\.value) }.filter { $0.contains(member) }.joined()
            .filter { $0 != member && known.contains($0) }
    }
}
