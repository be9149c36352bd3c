import LabObserve
import Sys

/// What a fault did time after time, as tables.
enum FailoverTables {
    static func gaps(_ rows: [FailoverStatistics]) -> String {
        var table = TextTable(
            "CLIENT", "ADDRESS", "SENT", "NOT SERVED", "GAP MIN", "P50", "P90", "P99", "MAX", "95% OF P50", "SITES")
        for row in rows {
            let interval = row.gaps.medianInterval.map {
                "\(milliseconds($0.lowerBound)) to \(milliseconds($0.upperBound))"
            }
            let open = row.openGaps > 0 ? ["then nobody (\(row.openGaps) times)"] : []
            table.add(
                .init(row.client), .init("\(row.address)"), .init(String(row.sent)), .init(String(row.unserved)),
                .init(milliseconds(row.gaps.sorted.first)), .init(milliseconds(row.gaps.percentile(0.5))),
                .init(milliseconds(row.gaps.percentile(0.9))), .init(milliseconds(row.gaps.percentile(0.99))),
                .init(milliseconds(row.gaps.sorted.last)), .init(interval ?? "-"),
                .init((row.sites + open).joined(separator: ", ")))
        }
        return table.text
    }

    private static func milliseconds(_ time: Nanoseconds?) -> String { CatchmentTable.milliseconds(time) }

    static func histogram(_ gaps: Distribution) -> String {
        var table = TextTable("GAPS UP TO", "COUNT", "")
        let most = gaps.histogram.map(\.count).max() ?? 1
        for (end, count) in gaps.histogram {
            table.add(
                .init(milliseconds(end)), .init(String(count)),
                .init(String(repeating: "#", count: (count * 50 + most - 1) / max(1, most))))
        }
        return table.text
    }

    static func timeline(_ outcome: FailoverRun.Outcome) -> String {
        let zero = outcome.ledger.disturbedAt ?? outcome.ledger.start
        var table = TextTable("AT", "ROUTER", "PREFIX", "AS PATH", "BECAUSE")
        for change in outcome.changes {
            let path = change.asPath.map(String.init).joined(separator: " ")
            table.add(
                .init(milliseconds(change.time - zero)), .init(change.node), .init("\(change.prefix)"),
                .init(path.isEmpty ? "-" : path), .init(change.reason))
        }
        return table.text
    }
}
