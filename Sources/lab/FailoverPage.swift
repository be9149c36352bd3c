import LabModel
import LabObserve
import Picture

/// The results of `lab failover` as one HTML page.
struct FailoverPage {
    private let topology: Topology
    private let fault: Fault
    private let runs: [(ledger: LedgerReport, changes: [PathChange])]
    private let text: String

    /// So many clients have a line in the distribution of gaps.
    private static let mostLines = 8

    init(
        _ topology: Topology, _ fault: Fault, _ runs: [(ledger: LedgerReport, changes: [PathChange])], _ text: String
    ) {
        (self.topology, self.fault, self.runs, self.text) = (topology, fault, runs, text)
    }

    var document: String {
        let title = "lab failover: \(topology.lab.name), \(fault.target), \(fault.kind.text)"
        return HTMLPage.document(
            title: title,
            """
            <h1>\(Markup.escaped(title))</h1>
            \(gaps.map(HTMLPage.figure) ?? "")
            <h2>The first time</h2>
            \(first.map(HTMLPage.figure).joined(separator: "\n"))
            <h2>All of it</h2>
            <pre>\(Markup.escaped(Console.plain(text)))</pre>
            """)
    }

    private var first: [String] {
        runs.first.map {
            LedgerPictures(topology, $0.ledger, $0.changes, "\(fault.target), \(fault.kind.text)").all
        } ?? []
    }

    /// In which part of all times the gap of each client was no longer than what; nil when there never was one.
    private var gaps: String? {
        let rows = FailoverStatistics.of(runs.map(\.ledger)).filter { ($0.gaps.sorted.last ?? 0) > 0 }.sorted {
            ($0.gaps.percentile(0.5) ?? 0) > ($1.gaps.percentile(0.5) ?? 0)
        }
        guard !rows.isEmpty else { return nil }
        let shown = rows.prefix(Self.mostLines)
        return RTTDistribution.svg(
            title: "Gaps, \(runs.count == 1 ? "once" : "\(runs.count) times")"
                + (rows.count > shown.count ? "; the longest of \(rows.count) rows" : ""),
            shown.map { row in
                .init(
                    name: "\(row.client) to \(row.address)", milliseconds: row.gaps.sorted.map { Double($0) / 1e6 })
            })
    }
}
