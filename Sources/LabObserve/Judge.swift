public import LabModel
import Net

/// Holds claims against what was seen.
public struct Judge {
    let topology: Topology
    let service: String?
    let evidence: Evidence

    /// Makes a judge of what was seen of a lab, as far as it is about `service`, or about all.
    public init(_ topology: Topology, service: String?, _ evidence: Evidence) {
        self.topology = topology
        self.service = service
        self.evidence = evidence
    }

    /// What is not as the claim says, a line each, for people; empty when the claim holds.
    public func objections(to claim: Claim) -> [String] {
        switch claim {
        case .catchment(let client, let site): catchment(client, site)
        case .share(let site, let bound): share(site, bound)
        case .roundTrip(let client, let bound): roundTrip(client, bound)
        case .path(let client, let rule, let part): path(client, rule, part)
        case .gap(let client, let bound): gap(client, bound)
        case .lost(let bound): lost(bound)
        case .broken(let client, let limit): broken(client, limit)
        case .resolved(let client, let resolution): resolved(client, resolution)
        case .session(let first, let second, let state): session(first, second, state)
        case .never(let misfortune): never(misfortune)
        case .served(let name, let bound): served(name, bound)
        case .offered(let site, let bound): offered(site, bound)
        }
    }

    /// The rows that a claim about a client is about.
    func rows(_ client: String, of wanted: String? = nil) -> [CatchmentRow] {
        evidence.rows.filter { row in
            row.client.name == client && (service ?? wanted).map { $0 == row.service } ?? true
        }
    }

    func unknown(_ client: String) -> [String] {
        topology.node(named: client)?.kind == .client
            ? ["no service has an address that \(client) could ask"] : ["there is no client '\(client)' in the lab"]
    }

    // MARK: Catchments

    private func catchment(_ client: String, _ site: String?) -> [String] {
        let node = site.flatMap { topology.node(named: $0) }
        if let site, node?.kind != .site { return ["there is no site '\(site)' in the lab"] }
        let rows = rows(client, of: node?.network)
        guard !rows.isEmpty else { return unknown(client) }
        return rows.filter { $0.site != site }.map { row in
            let expected = site.map { "\($0) is expected" } ?? "no answer is expected"
            guard let other = row.site else {
                return "\(client) gets no answer from \(row.address), and \(expected)"
                    + (row.finding.map { ": \($0)" } ?? "")
            }
            return "\(client) is answered by \(other) at \(row.address), and \(expected)"
        }
    }

    private func share(_ site: String, _ bound: Bound<Double>) -> [String] {
        guard let node = topology.node(named: site), node.kind == .site else {
            return ["there is no site '\(site)' in the lab"]
        }
        let rows = evidence.rows.filter { $0.service == node.network }
        guard !rows.isEmpty else { return ["the lab has no clients, so \(site) has no share of them"] }
        let own = rows.count { $0.site == site }
        let share = Double(own) / Double(rows.count)
        if bound.holds(share) { return [] }
        return [
            "\(site) answers \(own) of \(rows.count) pairs of a client and an address, \(share.asPercent), and \(bound.text) is expected"
        ]
    }

    private func roundTrip(_ client: String, _ bound: Bound<Int64>) -> [String] {
        let rows = rows(client)
        guard !rows.isEmpty else { return unknown(client) }
        return rows.compactMap { row in
            guard let rtt = row.rtt else {
                return
                    "\(client) gets no answer from \(row.address), so there is no round trip (\(bound.text) is expected)"
            }
            if bound.holds(rtt) { return nil }
            return "a round trip of \(client) to \(row.address) takes \((rtt / 10_000 * 10_000).asDuration)"
                + (row.site.map { ", to \($0)" } ?? "") + ", and \(bound.text) is expected"
        }
    }

    // MARK: Names and sessions

    private func resolved(_ client: String, _ wanted: Claim.Resolution) -> [String] {
        let own = evidence.lookups.filter { $0.client == client && $0.name == wanted.name && $0.type == wanted.type }
        guard !own.isEmpty else { return unknown(client) }
        let question = "\(wanted.name) \(wanted.type)"
        return own.compactMap { lookup in
            guard let answers = lookup.answers else {
                return "\(client) asked \(lookup.address) for \(question) and got no answer"
                    + (lookup.note.map { " (\($0))" } ?? "")
            }
            let expected = wanted.answers.map { Lookup.canonical($0, type: wanted.type) }.sorted()
            if answers.map({ Lookup.canonical($0, type: wanted.type) }).sorted() == expected { return nil }
            let got = answers.isEmpty ? "no such record" : answers.joined(separator: ", ")
            return "\(client) asked \(lookup.address) for \(question) and got \(got)"
                + (lookup.note.map { " (\($0))" } ?? "") + ", and \(wanted.answers.joined(separator: ", ")) is expected"
        }
    }

    private func session(_ first: String, _ second: String, _ wanted: Claim.SessionState) -> [String] {
        func isNamed(_ name: String, _ node: String) -> Bool {
            topology.node(named: node).map { LinkRule.isNamed(name, $0) } ?? (name == node)
        }
        let ends = evidence.sessions.filter { end in
            isNamed(first, end.local) && isNamed(second, end.remote)
                || isNamed(second, end.local) && isNamed(first, end.remote)
        }
        guard !ends.isEmpty else { return ["there is no BGP session between \(first) and \(second) in the lab"] }
        return ends.filter { ($0.state == "Established") != (wanted == .established) }.map { end in
            "the \(end.family) session of \(end.local) with \(end.remote) is \(end.state), and "
                + (wanted == .established ? "Established is expected" : "it is expected to be down")
        }
    }
}
