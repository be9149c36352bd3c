import JSON
import LabModel
import LabObserve
import LabRuntime
import Net

/// What was seen when an expectation failed: the table that the claims are about, the path of the clients, and why the routers on
/// it chose as they did.
struct FailureSight {
    private let staged: StagedLab
    private let expectation: Expectation
    private let evidence: Evidence

    init(_ staged: StagedLab, _ expectation: Expectation, _ evidence: Evidence) {
        (self.staged, self.expectation, self.evidence) = (staged, expectation, evidence)
    }

    var text: String? {
        let failed = failedClaims
        var parts: [String] = []
        if failed.contains(where: \.isAboutRows) { parts.append(CatchmentTable.text(evidence.rows)) }
        for row in differentWays(failedRows(failed)).prefix(2) {
            parts.append(Self.path(row))
            if let reasons = reasons(row) { parts.append(reasons) }
        }
        if failed.contains(where: \.isAboutSessions) { parts.append(sessions(failed)) }
        if let ledger = evidence.ledger, failed.contains(where: \.isAboutLedger) {
            parts.append(LedgerTable.text(ledger.limited(to: expectation.service)))
        }
        if let flows = evidence.flows, failed.contains(where: \.isAboutFlows) {
            parts.append(HeldFlowTable.text(flows))
        }
        if let flood = evidence.flood, failed.contains(where: \.isAboutFlood) { parts.append(FloodTables.text(flood)) }
        return parts.isEmpty ? nil : Console.plain(parts.joined(separator: "\n\n"))
    }

    private var failedClaims: [Claim] {
        let judge = Judge(staged.lab.topology, service: expectation.service, evidence)
        return expectation.claims.filter { !judge.objections(to: $0).isEmpty }
    }

    /// The rows of the clients about which something is not as expected.
    private func failedRows(_ failed: [Claim]) -> [CatchmentRow] {
        let names = failed.compactMap { claim -> String? in
            switch claim {
            case .catchment(let client, _), .roundTrip(let client, _), .path(let client, _, _): client
            default: nil
            }
        }
        return evidence.rows.filter { names.contains($0.client.name) }
    }

    /// IPv4 and IPv6 mostly go the same way, which need not be shown twice.
    private func differentWays(_ rows: [CatchmentRow]) -> [CatchmentRow] {
        var ways: Set<[Int]> = []
        return rows.filter { ways.insert([$0.client.index] + $0.hops.map { $0.node?.index ?? -1 }).inserted }
    }

    private static func path(_ row: CatchmentRow) -> String {
        var table = TextTable("HOP", "NODE", "AS", "CITY", "COUNTRY", "RTT")
        for (index, hop) in row.hops.enumerated() {
            table.add(
                .init(String(index + 1)), .init(hop.node?.name ?? "*"), .init(hop.node?.asn.description ?? "-"),
                .init(hop.node?.place.label ?? "-"), .init(hop.node?.place.country ?? "-"),
                .init(CatchmentTable.milliseconds(hop.rtt)))
        }
        return "the path of \(row.client.name) to \(row.address):\n" + table.text
    }

    /// What the BGP speakers on the path chose, and of what; nil when none can be asked.
    private func reasons(_ row: CatchmentRow) -> String? {
        let decisions = row.hops.compactMap(\.node).filter(\.forwards).compactMap { node in
            try? RouterDecision(node, row.address, SpeakerQuestions(staged.control, target: node.name))
        }
        return decisions.isEmpty ? nil : "why the routers on it chose so:\n" + RouterDecision.table(decisions)
    }

    private func sessions(_ failed: [Claim]) -> String {
        var table = TextTable("SESSION", "FAMILY", "STATE")
        for end in evidence.sessions {
            let isMeant = failed.contains { claim in
                guard case .session(let first, let second, _) = claim,
                    let local = staged.lab.topology.node(named: end.local),
                    let remote = staged.lab.topology.node(named: end.remote)
                else { return false }
                return LinkRule(between: first, and: second).joins(local, remote)
            }
            if isMeant { table.add(.init("\(end.local) -> \(end.remote)"), .init(end.family), .init(end.state)) }
        }
        return table.text
    }
}
