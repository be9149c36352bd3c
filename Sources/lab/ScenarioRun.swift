import JSON
import LabModel
import LabObserve
import LabPlan
import LabRuntime
import Sys

/// Carries out a scenario on a lab that is up. An expectation that fails is noted and the scenario goes on; anything else that
/// cannot be done ends it.
final class ScenarioRun {
    private let staged: StagedLab
    private let folder: String
    /// Called with every step that is done.
    var onStep: (StepResult) -> Void = { _ in }
    private(set) var results: [StepResult] = []
    /// Counts probes since the last disturbance, if anything is expected of them.
    private var ledger: Ledger?
    private var report: LedgerReport?
    /// What is done, and which paths change since.
    private var disturbance: (words: String, events: PathEvents)?
    /// The connections that are held.
    private var held: HeldConnections?
    private let floods: ScenarioFloods

    /// Files that the scenario names are relative to `folder`.
    init(_ staged: StagedLab, folder: String) {
        self.staged = staged
        self.folder = folder
        floods = ScenarioFloods(staged)
    }

    /// Throws ``Failure`` when a step cannot be done.
    func run(_ scenario: Scenario) throws {
        defer { floods.stop() }
        let steps = scenario.unrolled
        defer { held?.close() }
        for (index, step) in steps.enumerated() {
            let start = Clock.monotonic()
            do {
                try staged.check()
                var result = try perform(step, isCounted: Self.isCounted(steps[(index + 1)...]))
                result.took = Clock.monotonic() - start
                note(result)
            } catch {
                let cause = error as? Failure ?? Failure(.failedAtRunTime, "\(error)")
                var result = StepResult(
                    step: step.action.description, line: step.line, isOK: false, isBroken: true,
                    took: Clock.monotonic() - start)
                result.detail = cause.message
                note(result)
                for rest in steps[(index + 1)...] {
                    note(StepResult(step: rest.action.description, line: rest.line, isOK: nil))
                }
                // Whatever it is, the lab is up by now, and is taken down.
                var end = Failure(.failedAtRunTime, "line \(step.line): \(cause.message)", hint: cause.hint)
                end.isInterruption = cause.isInterruption
                throw end
            }
        }
    }

    private func note(_ result: StepResult) {
        results.append(result)
        onStep(result)
    }

    /// Whether anything is expected of the probes of a disturbance before the next one.
    private static func isCounted(_ rest: ArraySlice<Scenario.Step>) -> Bool {
        for step in rest {
            if step.action.isDisturbance { return false }
            if case .expect(let expectation) = step.action, expectation.claims.contains(where: \.isAboutLedger) {
                return true
            }
        }
        return false
    }

    private func perform(_ step: Scenario.Step, isCounted: Bool) throws -> StepResult {
        if step.action.isDisturbance { try begin(step.action.description, isCounted: isCounted) }
        var result = StepResult(step: step.action.description, line: step.line, isOK: true)
        switch step.action {
        case .expect(let expectation):
            let deadline = Clock.monotonic() + (expectation.within ?? 0)
            var pictures: [String] = []
            if expectation.claims.contains(where: \.isAboutLedger) { pictures = try closeLedger(expectation.within) }
            let flows = expectation.claims.contains(where: \.isAboutFlows) ? try flows(expectation.within) : nil
            let flood = expectation.claims.contains(where: \.isAboutFlood) ? try floods.outcome() : nil
            result = try ExpectationRun(staged, expectation, report, flows, flood, deadline: deadline).result(step)
            result.pictures = pictures + result.pictures
        case .fail(let fault): try fail(fault)
        case .drain(let target): try fail(Fault(target, .drain(limit: FaultKind.drainLimit)))
        case .heal(let target): try request([.init("do", "heal"), .init("target", .string(target))])
        case .apply(let path): result.detail = try apply(path)
        case .flood(let flood): result.detail = try floods.begin(flood)
        case .run(let command): return try CommandRun(staged, command).result(step)
        case .wait(let time): try staged.pause(time)
        case .connect(let connections): return try connect(connections, step)
        case .repeat: break
        }
        return result
    }

    private func fail(_ fault: Fault) throws {
        try request([
            .init("do", "fail"), .init("target", .string(fault.target)), .init("how", .string(fault.kind.text)),
        ])
    }

    private func request(_ members: [JSON.Member]) throws {
        do {
            _ = try staged.control.request(members)
        } catch let error as RequestError {
            throw Failure(.failedAtRunTime, error.description)
        }
    }

    private func apply(_ path: String) throws -> String {
        let file = path.hasPrefix("/") ? path : folder + "/" + path
        let change = try LabChange(staged.lab, to: try FileLoading.lab(file), file: file)
        guard !change.isEmpty else { return "nothing to change" }
        _ = try change.carryOut(timeout: 60)
        try staged.reload()
        return "\(change.difference.steps.count) changes"
    }

    // MARK: Connections

    private func connect(_ connections: Scenario.Connections, _ step: Scenario.Step) throws -> StepResult {
        held?.close()
        let held = try HeldConnections(staged, connections)
        self.held = held
        let report = try held.wait()
        let (name, line) = (step.action.description, step.line)
        guard report.unmade == 0, report.count() > 0 else {
            return StepResult(
                step: name, line: line, isOK: false,
                detail: "\(report.unmade) of \(report.count()) connections could not be made",
                seen: HeldFlowTable.text(report))
        }
        let broken = report.broken() > 0 ? "\(report.broken()) broken already" : nil
        let detail = [report.sites, broken].compactMap(\.self).joined(separator: ", ")
        return StepResult(step: name, line: line, isOK: true, detail: detail)
    }

    /// What became of them, once routing is at rest again.
    private func flows(_ limit: Nanoseconds?) throws -> HeldFlowReport? {
        guard let held else { return nil }
        _ = try staged.rest(within: limit ?? Self.after)
        return try held.report()
    }

    // MARK: Counting probes

    /// How long a ledger waits for a steady state before a disturbance, and after one unless the scenario says, in nanoseconds.
    /// The second is longer than the hold time of `timers: fast`.
    private static let (before, after): (Nanoseconds, Nanoseconds) = (5_000_000_000, 15_000_000_000)

    private func begin(_ words: String, isCounted: Bool) throws {
        (ledger, report, disturbance) = (nil, nil, nil)
        guard isCounted else { return }
        let ledger = try staged.ledger()
        self.ledger = ledger
        try waitUntilSteady(ledger, Self.before)
        disturbance = (words, PathEvents(staged.lab))
        ledger.markDisturbance()
    }

    /// Answers the pictures of it, the first time.
    private func closeLedger(_ limit: Nanoseconds?) throws -> [String] {
        guard let ledger else { return [] }
        let deadline = Clock.monotonic() + (limit ?? Self.after)
        _ = try staged.rest(within: deadline - Clock.monotonic())
        try waitUntilSteady(ledger, deadline - Clock.monotonic())
        let report = try ledger.close()
        self.report = report
        self.ledger = nil
        guard let disturbance else { return [] }
        var events = disturbance.events
        let changes = events.changes(since: report.disturbedAt ?? report.start)
        return LedgerPictures(staged.lab.topology, report, changes, disturbance.words).all
    }

    private func waitUntilSteady(_ ledger: Ledger, _ limit: Nanoseconds) throws {
        let deadline = Clock.monotonic() + limit
        while !ledger.isSteady, Clock.monotonic() < deadline { try staged.pause(10_000_000) }
    }
}
