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
        let change = try LabChange(lab, to: wanted, file: file)
        if dryRun || change.isEmpty { return show(change.difference, [:]) }
        show(change.difference, try change.carryOut(timeout: timeout), took: Clock.monotonic() - start)
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
