import LabObserve

/// What became of probes, a line for each client and address.
enum LedgerTable {
    static func text(_ ledger: LedgerReport) -> String {
        var table = TextTable(
            "CLIENT", "ADDRESS", "SENT", "ANSWERED", "LATE", "TWICE", "LOST", "LOOPED", "GAP", "SITES")
        for flow in ledger.flows {
            let sites = flow.sites.map(\.site) + (flow.gap?.isOpen == true ? ["nobody"] : [])
            let gap = flow.gap.map { CatchmentTable.milliseconds($0.length) } ?? "0.0 ms"
            table.add(
                .init(flow.client), .init("\(flow.address)"), .init(String(flow.sent)),
                .init(String(flow.answered.values.reduce(0, +))), .init(String(flow.late)),
                .init(String(flow.duplicated)), .init(String(flow.lost.values.reduce(0, +))),
                .init(String(flow.looped.values.reduce(0, +))), .init(gap),
                .init(sites.joined(separator: ", ")))
        }
        let losses = ledger.flows.flatMap { flow in
            flow.lost.sorted { $0.key.text < $1.key.text }.map { loss, count in
                "\(flow.client) to \(flow.address): \(count) lost, \(loss.text)"
            }
                + flow.looped.sorted { $0.key < $1.key }.map { node, count in
                    "\(flow.client) to \(flow.address): \(count) went round, their TTL ended at \(node)"
                }
        }
        return ([table.text] + losses).joined(separator: "\n")
    }
}
