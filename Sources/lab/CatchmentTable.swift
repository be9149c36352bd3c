import LabModel
import LabObserve
import Net

/// The catchments as people read them: who is answered by which site, how fast and by which ASes.
enum CatchmentTable {
    static func text(_ rows: [CatchmentRow]) -> String {
        var table = TextTable("CLIENT", "ADDRESS", "SITE", "RTT", "AS PATH", "HOPS", "AGREES")
        for row in rows {
            table.add(
                .init(row.client.name), .init("\(row.address)"),
                row.site.map { .init($0) } ?? .init("no answer", .red), .init(milliseconds(row.rtt)),
                .init(row.asPath.map(\.description).joined(separator: " ")), .init(String(row.hops.count)),
                row.agrees ? .init("yes", .green) : .init("NO", .red))
        }
        let findings = rows.compactMap { row in
            row.finding.map { "\(row.client.name) to \(row.address): \($0)" }
        }
        return ([table.text] + findings).joined(separator: "\n")
    }

    /// `12.3 ms`, or `-` when it is not known.
    static func milliseconds(_ nanoseconds: Int64?) -> String {
        guard let nanoseconds else { return "-" }
        let tenths = (nanoseconds + 50_000) / 100_000
        return "\(tenths / 10).\(tenths % 10) ms"
    }
}
