import LabModel

/// Claims about the queries of floods.
extension Judge {
    func served(_ name: String, _ bound: Bound<Double>) -> [String] {
        guard let flood = evidence.flood else { return Self.noFlood }
        if let load = load(of: name, flood.loads) {
            guard load.offered > 0 else { return ["no query reached \(name), so it served no share of them"] }
            return objection(
                "\(name) answered \(load.served) of \(load.offered) queries that reached it", load.served, load.offered,
                bound)
        }
        let rows = flood.reports.flatMap(\.rows).filter { $0.client == name }
        let (sent, answered) = rows.reduce((0, 0)) { ($0.0 + $1.sent, $0.1 + $1.answered) }
        guard sent > 0 else { return ["\(name) sent nothing in the flood, so no share of it was served"] }
        return objection("\(name) got answers to \(answered) of \(sent) queries", answered, sent, bound)
    }

    func offered(_ site: String, _ bound: Bound<Double>) -> [String] {
        guard let flood = evidence.flood else { return Self.noFlood }
        guard let load = load(of: site, flood.loads) else {
            return ["\(site) is no site of a service that was flooded"]
        }
        let sent = flood.reports.reduce(0) { $0 + ($1.service == load.service ? $1.sent : 0) }
        return objection("\(load.offered) of \(sent) queries reached \(site)", load.offered, max(sent, 1), bound)
    }

    /// What reached a site, all its servers together, or one of them.
    private func load(of name: String, _ loads: [SiteLoad]) -> (service: String, offered: Int, served: Int)? {
        let own = loads.filter { $0.site == name || topology.node(named: $0.site)?.site == name }
        guard let first = own.first else { return nil }
        return (first.service, own.reduce(0) { $0 + $1.offered }, own.reduce(0) { $0 + $1.served })
    }

    private func objection(_ words: String, _ part: Int, _ whole: Int, _ bound: Bound<Double>) -> [String] {
        let share = Double(part) / Double(whole)
        return bound.holds(share) ? [] : ["\(words), \(share.asPercent), and \(bound.text) is expected"]
    }

    private static let noFlood = ["no query was counted: there was no flood before"]
}
