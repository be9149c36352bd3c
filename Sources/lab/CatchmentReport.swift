import JSON
import LabModel
import LabObserve
import LabPredict
import Net

/// A row of a catchment, with what the lab file alone says about it.
struct CatchmentReportRow {
    let row: CatchmentRow
    /// What was predicted; nil when nobody asked.
    var predicted: PredictedCatchment?
    /// Whether the prediction is one for the lab as it is: nothing fails, and routing comes to rest.
    var isForeseeable = false
    /// The nearest site by unicast; nil when nobody asked, or none is reached.
    var best: BestSite?
    /// The round trip to the own address of the site that answered, in nanoseconds, by the delays of the links.
    var unicastRTT: Int64?

    /// What is odd about the row, the prediction included.
    var finding: String? {
        let all = [row.finding, surprise].compactMap(\.self)
        return all.isEmpty ? nil : all.joined(separator: "; ")
    }

    /// What was predicted, where it is something else and nothing fails that could be the reason.
    private var surprise: String? {
        guard isForeseeable, let predicted else { return nil }
        let sites = ([predicted.site] + predicted.otherSites).compactMap { $0?.name }
        guard row.site.map({ !sites.contains($0) }) ?? !sites.isEmpty else { return nil }
        return "the lab file predicts \(sites.isEmpty ? "no site" : sites.joined(separator: " or "))"
    }

    /// How much longer than to the nearest site the answer took, in nanoseconds.
    var extra: Int64? {
        guard let rtt = row.rtt, let best else { return nil }
        return max(0, rtt - best.rtt)
    }

    /// The row as JSON; `wantsInflation` says whether the nearest site was asked for.
    func json(wantsInflation: Bool) -> JSON {
        var members = (row.json.members ?? []).filter { $0.name != "finding" }
        members.append(.init("predicted", predicted?.site.map { .string($0.name) } ?? .null))
        if wantsInflation {
            members.append(.init("best_site", best.map { .string($0.site.name) } ?? .null))
            members.append(.init("best_rtt_ms", Self.milliseconds(best?.rtt)))
            members.append(.init("unicast_rtt_ms", Self.milliseconds(unicastRTT)))
        }
        return .object(members + [.init("finding", finding.map(JSON.string) ?? .null)])
    }

    private static func milliseconds(_ nanoseconds: Int64?) -> JSON {
        nanoseconds.map { .double(Double($0 / 1000) / 1000) } ?? .null
    }
}

/// The catchments of a lab that is up, and what is to be said about them together.
struct CatchmentReport {
    let lab: String
    private(set) var rows: [CatchmentReportRow]

    init(lab: String, _ rows: [CatchmentRow]) {
        self.lab = lab
        self.rows = rows.map { CatchmentReportRow(row: $0) }
    }

    /// Adds what the lab file predicts, and with `inflation` the nearest sites. `hasFaults` says whether something fails now.
    mutating func compare(with prediction: Prediction, hasFaults: Bool, inflation: Bool) {
        let foreseen = Dictionary(
            prediction.catchments().map { (Key(client: $0.client.index, address: $0.address), $0) },
            uniquingKeysWith: { first, _ in first })
        for index in rows.indices {
            let row = rows[index].row
            rows[index].predicted = foreseen[Key(client: row.client.index, address: row.address)]
            rows[index].isForeseeable = !hasFaults && prediction.isAtRest
            guard inflation else { continue }
            rows[index].best = prediction.bestSite(for: row.client.index, of: row.service, row.family)
            rows[index].unicastRTT = row.site.flatMap { prediction.topology.node(named: $0) }.flatMap {
                prediction.roundTrip(from: row.client.index, to: $0.index, row.family)
            }
        }
    }

    private struct Key: Hashable {
        let client: Int
        let address: IPAddress
    }

    /// The part of each site of each service, by family; services and families in the order of the rows.
    var shares: [(service: String, family: AddressFamily, shares: [CatchmentShare])] {
        var groups: [(service: String, family: AddressFamily, sites: [String?])] = []
        for row in rows.map(\.row) {
            if let known = groups.firstIndex(where: { $0.service == row.service && $0.family == row.family }) {
                groups[known].sites.append(row.site)
            } else {
                groups.append((row.service, row.family, [row.site]))
            }
        }
        return groups.map { ($0.service, $0.family, CatchmentShare.of($0.sites)) }
    }

    /// A line for each client that another site serves over IPv6 than over IPv4.
    var familyDifferences: [String] {
        var order: [String] = []
        var sites: [String: [AddressFamily: Set<String>]] = [:]
        for row in rows.map(\.row) {
            let key = "\(row.client.name) to \(row.service)"
            if sites[key] == nil { order.append(key) }
            sites[key, default: [:]][row.family, default: []].insert(row.site ?? "no site")
        }
        return order.compactMap { key in
            guard let v4 = sites[key]?[.ipv4], let v6 = sites[key]?[.ipv6], v4 != v6 else { return nil }
            return "\(key): \(v4.sorted().joined(separator: ", ")) over IPv4, "
                + "\(v6.sorted().joined(separator: ", ")) over IPv6"
        }
    }

    /// What `lab catchment --json` prints (DESIGN.md, section 7), and more.
    func json(wantsInflation: Bool) -> JSON {
        [
            "lab": .string(lab), "rows": .array(rows.map { $0.json(wantsInflation: wantsInflation) }),
            "shares": .array(
                shares.flatMap { group in
                    group.shares.map { share in
                        [
                            "service": .string(group.service), "family": .string(group.family.rawValue),
                            "site": share.site.map(JSON.string) ?? .null, "clients": .int(share.clients),
                            "share": .double(share.share),
                        ]
                    }
                }),
        ]
    }
}
