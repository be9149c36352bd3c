import JSON
import LabModel
import LabPlan
import Sys

/// Faults begin, go on by themselves, and end. What they do is in ``settle(from:_:)``.
extension Supervisor {
    /// Makes a fault: `{"do":"fail","target":"london","how":"loss 5%"}`. `done` is called when it is in effect. Throws
    /// ``RequestError`` or `FaultError` when it makes no sense or is there already.
    func fail(_ request: JSON, done: @escaping (JSON) -> Void) throws {
        try refuseWhileChanging()
        let asked = Fault(request["target"]?.string ?? "", try FaultKind(request["how"]?.string ?? ""))
        let (fault, target) = try asked.checked(in: topology)
        let before = faults
        let id = try faults.begin(fault, target, time: Clock.monotonic(), wallTime: Clock.wall())
        record("fail", fault)
        settle(from: before) { [weak self] failure in
            guard let self else { return }
            guard let failure else {
                self.begun(id)
                return done(["ok": true, "target": .string(fault.target), "how": .string(fault.kind.text)])
            }
            self.end([id], because: "it could not be made")
            done(["error": .string("\(failure)")])
        }
    }

    /// Ends the faults of a target, of one kind or of all, or all of the lab:
    /// `{"do":"heal","target":"london","how":"loss"}`, `{"do":"heal"}`. Throws as ``fail(_:done:)``.
    func heal(_ request: JSON, done: @escaping (JSON) -> Void) throws {
        try refuseWhileChanging()
        let ended = try meant(by: request)
        end(ended.map(\.id)) { failure in
            if let failure { return done(["error": .string("\(failure)")]) }
            done(["ok": true, "healed": .array(ended.map { $0.fault.json })])
        }
    }

    /// Throws ``RequestError`` while the lab is changed to another file.
    func refuseWhileChanging() throws(RequestError) {
        guard !isChanging else { throw RequestError("the lab is being changed; try again when that is done") }
    }

    private func meant(by request: JSON) throws -> [Faults.Active] {
        guard let text = request["target"]?.string else { return faults.active }
        let there = try faults.meant(by: text, in: topology)
        guard let how = request["how"]?.string else { return there }
        let named = there.filter { $0.fault.kind.name.rawValue == how }
        guard !named.isEmpty else {
            let names = there.map(\.fault.kind.name.rawValue).joined(separator: ", ")
            throw RequestError("\(text) has no fault '\(how)'; it has \(names)")
        }
        return named
    }

    private func end(
        _ ids: [Int], because reason: String? = nil, _ done: @escaping ((any Error)?) -> Void = { _ in }
    ) {
        let before = faults
        for id in ids {
            guard let fault = faults[id]?.fault else { continue }
            faults.end(id)
            record("heal", fault, reason.map { [.init("reason", .string($0))] } ?? [])
        }
        settle(from: before, done)
    }

    /// Writes down what became of a fault.
    func record(_ event: String, _ fault: Fault, _ more: [JSON.Member] = []) {
        events.record(event, (fault.json.members ?? []) + more)
    }

    // MARK: Faults that go on by themselves

    /// A fault is in effect: what is to come of it is arranged.
    private func begun(_ id: Int) {
        switch faults[id]?.fault.kind {
        case .flap(let period, _): loop.schedule(after: period / 2) { [weak self] in self?.turn(id) }
        case .drain(let limit):
            // At rest every neighbour has taken in the last UPDATE, and sends its packets by other ways.
            whenAtRest { [weak self] in self?.silence(id) }
            loop.schedule(after: limit) { [weak self] in self?.silence(id) }
        default: break
        }
    }

    /// Links that flap go up, or down again.
    private func turn(_ id: Int) {
        guard let fault = faults[id], case .flap(let period, let count) = fault.fault.kind else { return }
        guard !isChanging else {
            loop.schedule(after: period / 2) { [weak self] in self?.turn(id) }
            return
        }
        let goesUp = !fault.isInSecondStage
        if goesUp, fault.rounds + 1 >= count { return end([id], because: "it flapped \(count) times") }
        let before = faults
        faults.change(id) {
            $0.isInSecondStage = goesUp
            if goesUp { $0.rounds += 1 }
        }
        record("flap", fault.fault, [.init("up", .bool(goesUp)), .init("round", .int(fault.rounds + 1))])
        settle(from: before) { _ in }
        loop.schedule(after: period / 2) { [weak self] in self?.turn(id) }
    }

    /// What is drained has been left by its neighbours, or they had time enough.
    private func silence(_ id: Int) {
        guard let fault = faults[id], !fault.isInSecondStage else { return }
        guard !isChanging else {
            loop.schedule(after: 100_000_000) { [weak self] in self?.silence(id) }
            return
        }
        let before = faults
        faults.change(id) { $0.isInSecondStage = true }
        record("drained", fault.fault)
        settle(from: before) { _ in }
    }
}

extension Fault {
    /// The fault as requests, events and `status` have it.
    var json: JSON { ["target": .string(target), "how": .string(kind.text)] }
}
