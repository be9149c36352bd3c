import LabModel
import Net

extension Judge {
    func path(_ client: String, _ rule: Claim.PathRule, _ part: Claim.PathPart) -> [String] {
        let rows = rows(client)
        guard !rows.isEmpty else { return unknown(client) }
        return rows.compactMap { row in
            // The client is where its own traffic begins.
            let nodes = [row.client] + row.hops.compactMap(\.node)
            let way = "the path of \(client) to \(row.address)"
            let shown = "; it is " + nodes.map(Self.label).joined(separator: ", ")
            switch rule {
            case .contains:
                return nodes.contains { Self.isPart(part, $0) }
                    ? nil : "\(way) does not go through \(part.name), which is expected\(shown)"
            case .avoids:
                return nodes.first { Self.isPart(part, $0) }.map {
                    "\(way) goes through \($0.name) in \(part.name), which it is expected to avoid\(shown)"
                }
            case .staysIn:
                return nodes.first { !Self.isPart(part, $0) }.map {
                    "\(way) leaves \(part.name), where it is expected to stay, at \($0.name)\(shown)"
                }
            }
        }
    }

    private static func isPart(_ part: Claim.PathPart, _ node: Node) -> Bool {
        switch part {
        case .network(let name): node.kind != .client && node.network == name
        case .country(let code): Country.contains(code, node.place)
        }
    }

    private static func label(_ node: Node) -> String {
        "\(node.name) (\(node.place.country ?? "no country known"))"
    }
}

// MARK: What the probes tell

extension Judge {
    func gap(_ client: String, _ bound: Bound<Int64>) -> [String] {
        guard let ledger = evidence.ledger?.limited(to: service) else { return Self.nothingCounted }
        guard ledger.flows.contains(where: { $0.client == client }) else { return unknown(client) }
        let gap = ledger.gap(of: client)
        let length = gap?.length ?? 0
        // Nobody knows how long a gap would have become that was still open, only that it was no shorter.
        if bound.holds(length), gap?.isOpen != true || bound.isLowerLimit { return [] }
        let time = "\(length / 1_000_000)ms"
        let what =
            gap?.isOpen == true
            ? "\(client) had no answer from then on (\(time) until it was given up)"
            : "\(client) had no answer for \(time)"
        return ["\(what), and \(bound.text) is expected"]
            + Self.whereabouts(ledger.flows.filter { $0.client == client })
    }

    func lost(_ bound: Bound<Int64>) -> [String] {
        guard let ledger = evidence.ledger?.limited(to: service) else { return Self.nothingCounted }
        if bound.holds(Int64(ledger.unserved)) { return [] }
        return [
            "\(ledger.unserved) of \(ledger.sent) probes were not answered in time, and \(bound.relation.rawValue) \(bound.limit) is expected"
        ] + Self.whereabouts(ledger.flows)
    }

    func never(_ misfortune: Claim.Misfortune) -> [String] {
        guard let ledger = evidence.ledger?.limited(to: service) else { return walksMeet(misfortune) }
        return ledger.flows.compactMap { flow in
            switch misfortune {
            case .loop:
                let count = flow.looped.values.reduce(0, +)
                guard count > 0 else { return nil }
                let nodes = flow.looped.keys.sorted().joined(separator: ", ")
                return
                    "\(count) probes of \(flow.client) to \(flow.address) went round (their TTL ended at \(nodes)), and no loop is expected"
            case .blackhole:
                let holes = flow.lost.filter(\.key.isBlackhole)
                guard !holes.isEmpty else { return nil }
                let places = holes.sorted { $0.key.text < $1.key.text }.map { "\($0.value) at \($0.key.text)" }
                return
                    "probes of \(flow.client) to \(flow.address) were dropped, \(places.joined(separator: ", ")), and no blackhole is expected"
            }
        }
    }

    private func walksMeet(_ misfortune: Claim.Misfortune) -> [String] {
        evidence.walks.compactMap { walk in
            let isMet: Bool =
                switch walk.outcome {
                case .delivered: false
                case .loop: misfortune == .loop
                case .noRoute, .unreachable, .blackhole, .linkDown: misfortune == .blackhole
                }
            guard isMet else { return nil }
            return
                "the way of \(walk.source.name) to \(walk.destination) \(walk.outcome), and no \(misfortune.rawValue) is expected"
        }
    }

    private static let nothingCounted = ["no probes were counted: nothing was disturbed before"]

    /// Where the probes of flows went that were not served.
    private static func whereabouts(_ flows: [FlowReport]) -> [String] {
        var counts: [String: Int] = [:]
        for flow in flows {
            for (loss, count) in flow.lost { counts["lost " + at(loss.text), default: 0] += count }
            for (node, count) in flow.looped {
                counts["sent round until the TTL ended at \(node)", default: 0] += count
            }
            if flow.late > 0 { counts["answered after more than a second", default: 0] += flow.late }
        }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "  \($0.value) \($0.key)" }
    }

    private static func at(_ place: String) -> String { place.hasPrefix("on the way") ? place : "at \(place)" }
}
