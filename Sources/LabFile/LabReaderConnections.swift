import LabModel

extension LabReader {
    /// What a `connect` step says.
    mutating func connections(_ node: YAMLNode) -> Scenario.Action? {
        guard let fields = Fields(node, .connect, report), let service = fields.text("service") else { return nil }
        let known = draft.services.first { $0.name.value == service.value }
        if !draft.isApplied, let known, known.kind != .http {
            report.error(
                "the service \(quoted(service.value)) is not of kind http", at: service.position,
                hint: "connections are held to web servers")
        }
        let flows = fields.whole("flows", in: 1...Scenario.Connections.most)?.value ?? 10
        let clients = fields.list("clients")?.compactMap { $0.text(report) }
        if let clients, clients.isEmpty, let position = fields["clients"]?.position {
            report.error("there is no client in it", at: position, hint: "leave 'clients' out for all of them")
        }
        draft.isConnected = true
        let name = mention(.service, service)
        var names: [String]?
        if let clients { names = clients.map { mention(.client, $0) } }
        return .connect(.init(service: name, flows: Int(flows), clients: names))
    }

    /// `broken`: a bound for all connections, several, or one for each of some clients.
    mutating func broken(_ fields: Fields) -> [Claim] {
        guard let node = fields["broken"] else { return [] }
        if !draft.isConnected {
            report.error("'broken' counts held connections, and no 'connect' comes before", at: node.position)
        }
        switch node.content {
        case .mapping(let pairs):
            return pairs.flatMap { pair -> [Claim] in
                let client = mention(.client, pair.key)
                return limits(pair.value).map { Claim.broken(client: client, $0) }
            }
        default: return limits(node).map { Claim.broken(client: nil, $0) }
        }
    }

    private func limits(_ node: YAMLNode) -> [Claim.Broken] {
        let items: [YAMLNode] = if case .sequence(let items) = node.content { items } else { [node] }
        if items.isEmpty {
            report.error("there is no bound in it", at: node.position, hint: "like [\">= 20%\", \"<= 30%\"]")
        }
        return items.compactMap { item in
            if item.scalar == .integer, let count = item.plainText.flatMap({ Int64($0) }), count >= 0 {
                return .count(Bound(.equal, count))
            }
            if item.plainText?.hasSuffix("%") == true {
                return bound(item, "broken", "<= 30%", Quantity.share).map { .share($0) }
            }
            return bound(item, "broken", "<= 30%", Quantity.count).map { .count($0) }
        }
    }
}
