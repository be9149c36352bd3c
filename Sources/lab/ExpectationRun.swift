import JSON
import LabModel
import LabObserve
import LabRuntime
import Net
import Sys

/// Looks at a lab until it is as expected, or the time is over.
struct ExpectationRun {
    private let staged: StagedLab
    private let expectation: Expectation
    private let ledger: LedgerReport?
    private let flows: HeldFlowReport?
    private let flood: FloodOutcome?
    private let deadline: Nanoseconds

    /// What the probes, held connections and floods tell, in `ledger`, `flows` and `flood`, is settled; for the rest there is time
    /// until `deadline`.
    init(
        _ staged: StagedLab, _ expectation: Expectation, _ ledger: LedgerReport?, _ flows: HeldFlowReport?,
        _ flood: FloodOutcome?, deadline: Nanoseconds
    ) {
        (self.staged, self.expectation, self.deadline) = (staged, expectation, deadline)
        (self.ledger, self.flows, self.flood) = (ledger, flows, flood)
    }

    /// How long a probe that nobody answers is waited for, in nanoseconds.
    private static let patience: Nanoseconds = 1_000_000_000
    /// The pause between two looks, in nanoseconds, unless something happens before.
    private static let pause: Nanoseconds = 50_000_000

    /// Throws ``Failure`` when the lab cannot be looked at.
    func result(_ step: Scenario.Step) throws -> StepResult {
        let isHopeless = isHopeless
        let events = expectation.within == nil ? nil : try staged.lab.connect()
        events?.subscribe([.init("do", "follow")])
        var heldSince: Nanoseconds?
        while true {
            try staged.check()
            let begin = Clock.monotonic()
            let isLate = isHopeless || begin >= deadline
            events?.skip()
            let (evidence, objections) = try look(isLast: isLate)
            if objections.isEmpty {
                heldSince = heldSince ?? begin
                guard let duration = expectation.duration, begin - (heldSince ?? begin) < duration else {
                    return StepResult(
                        step: step.action.description, line: step.line, isOK: true, detail: summary(evidence))
                }
                try staged.pause(Self.pause / 2)
            } else if isLate {
                return failed(step, evidence, objections, heldSince.map { begin - $0 })
            } else {
                heldSince = nil
                _ = try events?.next(within: Self.pause)
            }
        }
    }

    /// Whether it cannot come true any more: nothing changes what became of the probes, the connections and the floods.
    private var isHopeless: Bool {
        var evidence = Evidence()
        (evidence.ledger, evidence.flows, evidence.flood) = (ledger, flows, flood)
        let settled = expectation.claims.filter {
            ($0.isAboutLedger && ledger != nil) || ($0.isAboutFlows && flows != nil) || $0.isAboutFlood
        }
        return !objections(evidence, to: settled).isEmpty
    }

    // MARK: Looking

    /// The routing tables are looked at first, which takes no round trip; probes follow when they are as expected, or when it
    /// is the last time.
    private func look(isLast: Bool) throws -> (Evidence, [String]) {
        var evidence = Evidence()
        (evidence.ledger, evidence.flows, evidence.flood) = (ledger, flows, flood)
        let claims = expectation.claims
        if claims.contains(where: \.isAboutRows) || isAboutWalks {
            let (rows, walks) = try staged.observer.foreseen()
            evidence.rows = rows
            if isAboutWalks { evidence.walks = walks }
        }
        if claims.contains(where: \.isAboutSessions) { evidence.sessions = try sessions() }
        let early = objections(evidence, to: claims.filter { !$0.needsAnswers })
        if !early.isEmpty, !isLast { return (evidence, early) }
        if claims.contains(where: \.isAboutRows) {
            evidence.rows = try staged.observer.catchment(timeout: Self.patience)
        }
        evidence.lookups = try lookups()
        return (evidence, objections(evidence, to: claims))
    }

    /// Without a disturbance there are no probes to say that nothing went round: the tables do.
    private var isAboutWalks: Bool {
        ledger == nil && expectation.claims.contains { if case .never = $0 { true } else { false } }
    }

    private func objections(_ evidence: Evidence, to claims: [Claim]) -> [String] {
        let judge = Judge(staged.lab.topology, service: expectation.service, evidence)
        return claims.flatMap(judge.objections)
    }

    private func sessions() throws -> [Evidence.SessionEnd] {
        let status = try staged.control.request([.init("do", "status")])
        return (status["sessions"]?.array ?? []).map { session in
            .init(
                local: session["local"]?.string ?? "", remote: session["remote"]?.string ?? "",
                family: session["family"]?.string ?? "", state: session["state"]?.string ?? "")
        }
    }

    private func lookups() throws -> [Lookup] {
        let services = staged.lab.topology.lab.services.filter { service in
            expectation.service.map { $0 == service.name } ?? true
        }
        let addresses = services.flatMap(\.addresses)
        return try expectation.claims.flatMap { claim -> [Lookup] in
            guard case .resolved(let name, let wanted) = claim, let client = staged.lab.topology.node(named: name)
            else {
                return []
            }
            return try staged.observer.lookUp(wanted, from: client, at: addresses)
        }
    }

    // MARK: What is told

    /// What a good ledger has to say, or connections that are as expected.
    private func summary(_ evidence: Evidence) -> String? {
        if let flows, expectation.claims.contains(where: \.isAboutFlows) {
            return "\(flows.broken()) of \(flows.count()) connections are broken"
        }
        let parts = [ledgerSummary(evidence), flood.map { FloodTables.summary($0) }].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    private func ledgerSummary(_ evidence: Evidence) -> String? {
        guard expectation.claims.contains(where: \.isAboutLedger), let ledger = evidence.ledger else { return nil }
        let longest = ledger.flows.compactMap(\.gap).max { $0.length < $1.length }
        return "\(ledger.unserved) of \(ledger.sent) probes were not answered"
            + (longest.map { ", the longest gap is \($0.length / 1_000_000) ms" } ?? "")
    }

    private func failed(
        _ step: Scenario.Step, _ evidence: Evidence, _ objections: [String], _ held: Nanoseconds?
    ) -> StepResult {
        var lines = objections
        if let held, let duration = expectation.duration {
            lines.append("it held for \(TestResult.rounded(held)), and \(duration.asDuration) is expected")
        }
        let sight = FailureSight(staged, expectation, evidence)
        return StepResult(
            step: step.action.description, line: step.line, isOK: false, detail: lines.joined(separator: "\n"),
            seen: sight.text, pictures: ReportPictures.of(staged.lab.topology, evidence))
    }
}

extension Claim {
    /// Whether it is about who answers whom by which way.
    var isAboutRows: Bool {
        switch self {
        case .catchment, .share, .roundTrip, .path: true
        default: false
        }
    }

    var isAboutSessions: Bool { if case .session = self { true } else { false } }

    /// Whether the tables alone say nothing about it.
    var needsAnswers: Bool {
        switch self {
        case .roundTrip, .resolved: true
        default: false
        }
    }
}
