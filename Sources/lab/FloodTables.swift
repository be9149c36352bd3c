import LabModel
import LabObserve

/// What became of floods, for people.
enum FloodTables {
    static func text(_ outcome: FloodOutcome) -> String {
        var clients = TextTable("CLIENT", "SENT", "ANSWERED", "LOST", "SERVED", "SITES")
        for row in outcome.reports.flatMap(\.rows) {
            let sites = row.answers.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
            clients.add(
                .init(row.client), .init(String(row.sent)), .init(String(row.answered)), .init(String(row.lost)),
                percent(row.answered, of: row.sent), .init(sites.joined(separator: ", ")))
        }
        var sites = TextTable(
            "SITE", "OFFERED", "SERVED", "OVER CAPACITY", "OVERFLOWED", "DROPPED", "SERVED", "ANSWERS BACK")
        for load in outcome.loads {
            sites.add(
                .init(load.site), .init(String(load.offered)), .init(String(load.served)),
                .init(String(load.overCapacity)), .init(String(load.overflowed)), .init(String(load.dropped)),
                percent(load.served, of: load.offered), .init(String(outcome.answers(of: load.site))))
        }
        return [clients.text, sites.text, summary(outcome)].joined(separator: "\n\n")
    }

    /// The sums, in a line.
    static func summary(_ outcome: FloodOutcome) -> String {
        let rate = outcome.reports.map { "\(Int($0.rate.rounded()))" }.joined(separator: " and ")
        let unread = outcome.unread > 0 ? ", \(outcome.unread) answers came too quickly to be read" : ""
        return
            "\(outcome.sent) queries sent at \(rate) a second: \(outcome.answered) answered, \(outcome.sent - outcome.answered) lost"
            + " (\(outcome.loads.reduce(0) { $0 + $1.dropped }) dropped by sites, \(outcome.lostOnTheWay) on the way\(unread))"
    }

    private static func percent(_ part: Int, of whole: Int) -> TextTable.Cell {
        .init(whole > 0 ? (Double(part) / Double(whole)).asPercent : "-")
    }
}
