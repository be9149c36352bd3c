import LabModel
import LabPredict
import Net

/// Predicted catchments as people read them.
enum PredictionTable {
    static func text(_ rows: [PredictedCatchment]) -> String {
        var table = TextTable("CLIENT", "ADDRESS", "SITE", "RTT", "AS PATH", "HOPS")
        for row in rows {
            table.add(
                .init(row.client.name), .init("\(row.address)"), site(row),
                .init(CatchmentTable.milliseconds(row.rtt)),
                .init(row.asPath.map(\.description).joined(separator: " ")), .init(String(row.hops.count)))
        }
        let findings = rows.compactMap { row in
            row.finding.map { "\(row.client.name) to \(row.address): \($0)" }
        }
        return ([table.text] + findings).joined(separator: "\n")
    }

    /// The site, with others that share the client's flows by multipath.
    static func site(_ row: PredictedCatchment) -> TextTable.Cell {
        guard let site = row.site else { return .init("none", .red) }
        return .init(([site] + row.otherSites).map(\.name).joined(separator: "|"))
    }
}
