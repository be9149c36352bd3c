import ArgumentParser
import Glibc
import JSON
import LabModel
import LabPlan
import LabRuntime
import Sys

/// `lab apply FILE`.
struct Apply: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Changes a lab that is up to what its file now says.",
        discussion: """
            Only what differs is touched: what the change does not name keeps its addresses, its processes and its sessions. When a
            step fails, the lab is put back to what it was.

            Example:
              lab apply labs/hello.yaml --dry-run
              lab apply labs/hello.yaml
            """)

    @Argument(help: "The lab file; its `lab:` says which lab is changed.")
    var file: String
    @Flag(help: "Print what would be done and why, and do nothing.")
    var dryRun = false
    @Option(help: "Seconds to wait for rest.")
    var timeout = 60
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (1...86400).contains(timeout) else { throw ValidationError("--timeout is 1 to 86400 seconds") }
    }

    func run() throws {
        let start = Clock.monotonic()
        let wanted = try FileLoading.lab(file)
        guard case .running = Registry.state(wanted.name) else {
            throw Failure(.badInput, "the lab '\(wanted.name)' is not up", hint: "'lab up \(file)' brings it up")
        }
        let lab = try RunningLab(wanted.name)
        let difference = try compare(lab, wanted)
        if dryRun { return show(difference, [:]) }
        guard !difference.steps.isEmpty || lab.stored.lab != difference.new.topology.lab else {
            return show(difference, [:])
        }
        let client = try lab.connect()
        let reply: JSON
        do {
            let stored = try StoredLab(wanted, lab.stored.backend)
            reply = try client.request([.init("do", "apply"), .init("lab", stored.json)])
        } catch let error as RequestError {
            throw Failure(.failedAtRunTime, "the lab '\(lab.name)' was not changed: \(error)", hint: "it is as before")
        }
        if !difference.steps.isEmpty { try waitForRest(client, lab.name) }
        show(difference, reply, took: Clock.monotonic() - start)
    }

    private func compare(_ lab: RunningLab, _ wanted: Lab) throws -> Difference {
        do {
            let topology = try Topology(wanted, keeping: lab.topology.numbering)
            let backend = lab.stored.backend
            return Difference(
                from: Plan(lab.topology, backend: backend), to: Plan(topology, backend: backend),
                processors: ResourceLimits.processors)
        } catch {
            throw Failure(.badInput, "\(file): \(error); nothing was changed")
        }
    }

    private func waitForRest(_ client: ControlClient, _ name: String) throws {
        guard try client.request([.init("do", "rest")], within: Int64(timeout) * 1_000_000_000) != nil else {
            throw Failure(
                .failedAtRunTime, "the lab '\(name)' is changed, but its routing did not come to rest in \(timeout) s",
                hint: "'lab status \(name)' shows the sessions")
        }
    }

    private func show(_ difference: Difference, _ reply: JSON, took: Nanoseconds = 0) {
        let resets = (reply["reset"]?.array ?? []).compactMap(\.string)
        if json {
            let steps = difference.steps.map { step -> JSON in
                let (verb, object) = difference.words(step)
                return ["step": .string(verb), "object": .string(object), "reason": .string(step.reason)]
            }
            return Console.print([
                "lab": .string(difference.new.topology.lab.name), "steps": .array(steps),
                "sessions_reset": .array(resets.map { .string($0) }),
                "took_ms": .double(Double(took / 1000) / 1000),
            ])
        }
        guard !difference.steps.isEmpty else { return print("nothing to change") }
        print(difference.lines.joined(separator: "\n"))
        for session in resets { print("session reset: \(session)") }
        if took > 0 { print("\(difference.steps.count) steps, at rest after \(took / 1_000_000) ms") }
    }
}
