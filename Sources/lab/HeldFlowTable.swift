import LabObserve

/// What became of connections that clients hold, as a table.
enum HeldFlowTable {
    static func text(_ report: HeldFlowReport) -> String {
        var table = TextTable("CLIENT", "ADDRESS", "SITE", "FLOWS", "FATE")
        for row in report.rows {
            table.add(
                .init(row.client), .init(row.address), .init(row.site ?? "-"), .init(String(row.count)),
                .init(row.reason.map { "broken, " + $0 } ?? "alive"))
        }
        return table.text
    }
}
