import LabModel

extension LabReader {
    /// Who sends how many queries to which service, and for how long.
    mutating func flood(_ node: YAMLNode) -> Flood? {
        // A flood that is wrong is one all the same: what is expected of it is no second mistake.
        draft.isFlooded = true
        guard let fields = Fields(node, .flood, report) else { return nil }
        let clients = fields.list("clients").map { items in
            items.compactMap { $0.text(report) }.map { mention(.senders, $0) }
        }
        if let list = fields["clients"], clients?.isEmpty == true {
            report.error("a flood needs at least one client", at: list.position)
        }
        let service = fields.text("service").map { mention(.service, $0) }
        if fields["service"] == nil, draft.services.count != 1, !draft.isApplied {
            report.error(
                "the flood does not say which service it asks", at: node.position,
                hint: draft.services.isEmpty
                    ? "the lab has none" : "service: one of \(draft.services.map(\.name.value).joined(separator: ", "))"
            )
        }
        let rate = fields.quantity("rate", Flood.rate)?.value
        let duration = fields.quantity("for", Flood.duration)?.value
        guard let clients, let rate, let duration else { return nil }
        return Flood(clients: clients, service: service, rate: rate, duration: duration)
    }
}

extension Checks {
    /// A capacity counts what a DNS responder takes over UDP; a web server has none, and would be taken to be limited.
    static func capacities(_ draft: Draft, _ report: Report) {
        for site in draft.sites {
            guard let capacity = site.capacity,
                let service = draft.services.first(where: { $0.name.value == site.service?.value }),
                service.kind != .dns
            else { continue }
            report.error(
                "'capacity' is nothing for a site of a service of kind \(service.kind.rawValue)", at: capacity.position,
                hint: "it counts DNS queries over UDP; what comes to a web server is limited by the 'rate' of its links"
            )
        }
    }
}
