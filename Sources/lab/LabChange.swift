import JSON
import LabModel
import LabPlan
import LabRuntime
import Sys

/// Changing a lab that is up to another file.
struct LabChange {
    let lab: RunningLab
    let wanted: Lab
    let difference: Difference

    /// Compares what is up with what is wanted. Throws ``Failure``.
    init(_ lab: RunningLab, to wanted: Lab, file: String) throws {
        self.lab = lab
        self.wanted = wanted
        do {
            let topology = try Topology(wanted, keeping: lab.topology.numbering)
            let backend = lab.stored.backend
            difference = Difference(
                from: Plan(lab.topology, backend: backend), to: Plan(topology, backend: backend),
                processors: ResourceLimits.processors)
        } catch {
            throw Failure(.badInput, "\(file): \(error); nothing was changed")
        }
    }

    /// Whether there is nothing to do.
    var isEmpty: Bool { difference.steps.isEmpty && lab.stored.lab == difference.new.topology.lab }

    /// Does it, and waits for rest, so many seconds at most. Answers what the supervisor says. Throws ``Failure``.
    func carryOut(timeout: Int) throws -> JSON {
        let client = try lab.connect()
        let reply: JSON
        do {
            let stored = try StoredLab(wanted, lab.stored.backend)
            reply = try client.request([.init("do", "apply"), .init("lab", stored.json)])
        } catch let error as RequestError {
            throw Failure(.failedAtRunTime, "the lab '\(lab.name)' was not changed: \(error)")
        }
        guard !difference.steps.isEmpty else { return reply }
        guard try client.request([.init("do", "rest")], within: Int64(timeout) * 1_000_000_000) != nil else {
            throw Failure(
                .failedAtRunTime,
                "the lab '\(lab.name)' is changed, but its routing did not come to rest in \(timeout) s",
                hint: "'lab status \(lab.name)' shows the sessions")
        }
        return reply
    }
}
