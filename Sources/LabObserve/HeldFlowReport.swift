public import JSON
import LabModel
import Net
import Sys

/// Connections of one client to one address that had one fate.
public struct HeldFlowReport: Sendable {
    /// Connections that share client, address, site and what became of them.
    public struct Row: Hashable, Sendable {
        /// The client's name.
        public let client: String
        /// The service's address.
        public let address: String
        /// The site that they were made to.
        public let site: String?
        /// Why they ended; nil of those that live.
        public let reason: String?
        /// What ended them: `reset`, `closed`, `silent`, `refused` or `unreachable`; nil of those that live.
        public let end: HeldFlow.End?
        /// Who answers the client now.
        public let nextSite: String?
        /// Whether they could be made.
        let couldBeMade: Bool
        /// How many.
        public let count: Int
    }

    /// The rows, by client and address in the order of the lab, those that live first.
    public let rows: [Row]

    /// Sums up connections.
    public init(_ flows: [HeldFlow]) {
        var order: [Row] = []
        var counts: [Row: Int] = [:]
        for flow in flows {
            let row = Row(
                client: flow.client.name, address: flow.address.description, site: flow.site, reason: flow.reason,
                end: flow.end, nextSite: flow.end == nil ? flow.site : flow.nextSite,
                couldBeMade: flow.couldBeMade, count: 0)
            if counts.updateValue(counts[row, default: 0] + 1, forKey: row) == nil { order.append(row) }
        }
        rows = order.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            return (a.client, a.address, a.end == nil ? 0 : 1, left.offset) < (
                b.client, b.address, b.end == nil ? 0 : 1, right.offset
            )
        }.map { _, row in
            Row(
                client: row.client, address: row.address, site: row.site, reason: row.reason, end: row.end,
                nextSite: row.nextSite, couldBeMade: row.couldBeMade, count: counts[row, default: 0])
        }
    }

    /// How many connections there are, of one client or of all.
    public func count(of client: String? = nil) -> Int { sum(client) { _ in true } }
    /// How many of them have ended.
    public func broken(of client: String? = nil) -> Int { sum(client) { $0.end != nil } }

    /// How many of them could not be made.
    public var unmade: Int { sum(nil) { !$0.couldBeMade } }

    private func sum(_ client: String?, where isCounted: (Row) -> Bool) -> Int {
        rows.reduce(0) { sum, row in
            (client.map { $0 == row.client } ?? true) && isCounted(row) ? sum + row.count : sum
        }
    }

    /// How many connections live at which sites, in words; nil when none do.
    public var sites: String? {
        var counts: [(site: String, count: Int)] = []
        for row in rows where row.end == nil {
            let site = row.site ?? "nobody"
            if let index = counts.firstIndex(where: { $0.site == site }) {
                counts[index].count += row.count
            } else {
                counts.append((site, row.count))
            }
        }
        return counts.isEmpty ? nil : counts.map { "\($0.count) at \($0.site)" }.joined(separator: ", ")
    }

    /// For scripts.
    public var json: JSON {
        let rows = rows.map { row -> JSON in
            [
                "client": .string(row.client), "address": .string(row.address), "flows": .int(row.count),
                "site": row.site.map { .string($0) } ?? .null, "end": row.end.map { .string($0.rawValue) } ?? .null,
                "reason": row.reason.map { .string($0) } ?? .null, "now": row.nextSite.map { .string($0) } ?? .null,
            ]
        }
        return ["flows": .int(count()), "broken": .int(broken()), "rows": .array(rows)]
    }
}
