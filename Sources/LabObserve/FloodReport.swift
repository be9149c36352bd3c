public import JSON
public import LabModel
import Net
public import Sys

/// What became of the queries of a flood.
public struct FloodReport: Sendable {
    /// What one client sent, and what it got.
    public struct Row: Sendable {
        /// The client.
        public let client: String
        /// Its queries.
        public internal(set) var sent = 0
        /// The answers to them, by the site that they name.
        public internal(set) var answers: [String: Int] = [:]
        /// Answers to queries that had been answered.
        public internal(set) var repeated = 0
        /// Answers that came in and that `lab` was too slow to take, among the lost ones.
        public internal(set) var unread = 0

        /// How many were answered.
        public var answered: Int { answers.values.reduce(0, +) }
        /// How many were not.
        public var lost: Int { sent - answered }
    }

    /// What was asked for.
    public let flood: Flood
    /// The service that was asked.
    public let service: String
    /// The clients, in the order of the lab file.
    public let rows: [Row]
    /// The time from the first query to the last, in nanoseconds.
    public let took: Nanoseconds

    init(_ flood: Flood, service: String, rows: [Row], took: Nanoseconds) {
        (self.flood, self.service, self.rows, self.took) = (flood, service, rows, took)
    }

    init(_ flood: Flood, service: String, flows: [FloodFlow], took: Nanoseconds) {
        var rows: [Row] = []
        for flow in flows {
            if rows.last?.client != flow.client.name { rows.append(Row(client: flow.client.name)) }
            guard let last = rows.indices.last else { continue }
            rows[last].sent += flow.sent
            for (site, count) in zip(flow.sites, flow.answers) { rows[last].answers[site, default: 0] += count }
            rows[last].repeated += flow.repeated
            rows[last].unread += flow.unread
        }
        self.init(flood, service: service, rows: rows, took: took)
    }

    /// Queries of all clients.
    public var sent: Int { rows.reduce(0) { $0 + $1.sent } }
    /// Answers to all clients.
    public var answered: Int { rows.reduce(0) { $0 + $1.answered } }
    /// The queries a second that were sent.
    public var rate: Double { took > 0 ? Double(sent) / (Double(took) / 1e9) : 0 }
}

/// What the responder of a site was offered over UDP in a time, and what became of it.
public struct SiteLoad: Sendable {
    /// The site.
    public let site: String
    /// The service.
    public let service: String
    /// Queries that reached the site.
    public let offered: Int
    /// Those that it answered.
    public let served: Int
    /// Those beyond its capacity.
    public let overCapacity: Int
    /// Those that found its sockets full.
    public let overflowed: Int

    /// Those that it did not answer, for whatever reason.
    public var dropped: Int { offered - served }

    /// The difference of two of the site's counters, as the supervisor tells them; `before` is nil for a site that is new.
    public init?(from before: JSON?, to after: JSON) {
        guard let site = after["site"]?.string, let service = after["service"]?.string else { return nil }
        func grown(_ path: String...) -> Int {
            func value(_ json: JSON?) -> Int { path.reduce(json) { $0?[$1] }?.int ?? 0 }
            let (old, new) = (value(before), value(after))
            // A responder that was started anew has counted from nothing.
            return new < old ? new : new - old
        }
        let queries = grown("queries", "udp")
        (self.site, self.service) = (site, service)
        overCapacity = grown("over_capacity")
        overflowed = grown("overflowed")
        offered = queries + overflowed
        served = queries - overCapacity - grown("dropped") - grown("rate_limited", "dropped")
    }
}

/// Floods that were under way at the same time, and what they did to the sites.
public struct FloodOutcome: Sendable {
    /// The floods.
    public let reports: [FloodReport]
    /// The sites of the services that they asked.
    public let loads: [SiteLoad]

    /// Makes an outcome. `before` and `after` are the sites' counters.
    public init(_ reports: [FloodReport], before: [JSON], after: [JSON]) {
        self.reports = reports
        loads = after.compactMap { counters in
            SiteLoad(from: before.first { $0["site"] == counters["site"] }, to: counters)
        }.filter { load in reports.contains { $0.service == load.service } }
    }

    /// Queries of all floods.
    public var sent: Int { reports.reduce(0) { $0 + $1.sent } }
    /// Answers to all of them.
    public var answered: Int { reports.reduce(0) { $0 + $1.answered } }
    /// Answers that were not read in time.
    public var unread: Int { reports.reduce(0) { $0 + $1.rows.reduce(0) { $0 + $1.unread } } }

    /// Queries that reached no site, and answers that came back nowhere: what sites and clients cannot account for. Queries of others
    /// at the same time are among what the sites dropped.
    public var lostOnTheWay: Int {
        max(0, sent - answered - unread - loads.reduce(0) { $0 + $1.dropped })
    }

    /// The answers that the clients had from a site.
    public func answers(of site: String) -> Int {
        reports.reduce(0) { $0 + $1.rows.reduce(0) { $0 + ($1.answers[site] ?? 0) } }
    }
}

extension FloodOutcome {
    /// What `lab flood --json` prints, and the report of a scenario.
    public func document(lab: String) -> JSON {
        [
            "lab": .string(lab), "sent": .int(sent), "answered": .int(answered), "lost": .int(sent - answered),
            "floods": .array(reports.map(\.json)),
            "sites": .array(
                loads.map { load in
                    [
                        "site": .string(load.site), "service": .string(load.service), "offered": .int(load.offered),
                        "served": .int(load.served), "over_capacity": .int(load.overCapacity),
                        "overflowed": .int(load.overflowed), "dropped": .int(load.dropped),
                        "answers": .int(answers(of: load.site)),
                    ]
                }),
            "unread": .int(unread), "lost_on_the_way": .int(lostOnTheWay),
        ]
    }
}

extension FloodReport {
    /// The flood as JSON.
    var json: JSON {
        [
            "service": .string(service), "asked_qps": .int(Int(flood.rate)), "sent_qps": .double(rate.rounded()),
            "took_ms": .double(Double(took / 1000) / 1000),
            "clients": .array(
                rows.map { row in
                    [
                        "client": .string(row.client), "sent": .int(row.sent), "answered": .int(row.answered),
                        "lost": .int(row.lost), "repeated": .int(row.repeated), "unread": .int(row.unread),
                        "sites": .object(row.answers.sorted { $0.key < $1.key }.map { .init($0.key, .int($0.value)) }),
                    ]
                }),
        ]
    }
}
