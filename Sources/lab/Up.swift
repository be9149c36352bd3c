public import ArgumentParser
import Glibc
import JSON
import LabModel
import LabObserve
public import LabPlan
import LabRuntime
import Sys

/// `lab up FILE`.
struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Builds a lab, starts it, and returns when its routing has come to rest.",
        discussion: """
            The lab is up when every BGP session is established, no route change is under way, and every client has had an answer
            from every service address. Anything that goes wrong before takes all of it away again.

            Example:
              lab up labs/hello.yaml
              lab up labs/hello.yaml --dry-run
            """)

    @Argument(help: "The lab file.")
    var file: String
    @Flag(help: "Print what would be done, and do nothing.")
    var dryRun = false
    @Flag(help: "Return as soon as the daemons run, without waiting for their sessions.")
    var noWait = false
    @Option(help: "Seconds to wait for rest before giving up.")
    var timeout = 60
    @Option(
        help:
            "Where delays are made: in the kernel (netem) or in user space (wire). Without it, netem if the kernel has it."
    )
    var links: LinkBackend?
    @Flag(help: "Print the catchments as JSON.")
    var json = false

    func validate() throws {
        guard (1...86400).contains(timeout) else { throw ValidationError("--timeout is 1 to 86400 seconds") }
    }

    func run() throws {
        let topology = try FileLoading.topology(file)
        if let note = BFDLoad(topology, processors: ResourceLimits.processors).note { Console.write(error: note) }
        if dryRun { return printPlan(Plan(topology, backend: links ?? .netem)) }
        if try isUpAlready(topology.lab) { return try finish(try RunningLab(topology.lab.name)) }
        try OtherDaemonPrograms.require(for: topology.lab)
        // Asked first: in another mount namespace the kernel may not find the way to this program any more.
        let labd = try Machine.labd()
        try bringUp(try StoredLab(topology.lab, try Machine.prepare(links)), topology, labd)
    }

    private func printPlan(_ plan: Plan) {
        guard json else { return print(plan.lines.joined(separator: "\n")) }
        let steps = plan.steps.map { step -> JSON in
            let (verb, object) = plan.words(step.action)
            return ["step": .string(verb), "object": .string(object), "reason": .string(step.reason)]
        }
        Console.print(["lab": .string(plan.topology.lab.name), "steps": .array(steps)])
    }

    /// Whether this very lab is up; a lab of the same name that differs is an error. What a crash left is taken away.
    private func isUpAlready(_ lab: Lab) throws -> Bool {
        let name = lab.name
        switch Registry.state(name) {
        case .absent: return false
        case .stale:
            try Teardown.run(name)
            return false
        case .running:
            let other = try? StoredLab.read(name)
            if let other, other.lab == lab, other.backend == links ?? other.backend { return true }
            if let other, other.lab == lab {
                throw Failure(
                    .badInput, "the lab '\(name)' is up with \(other.backend.rawValue) links",
                    hint: "'lab down \(name)' first")
            }
            throw Failure(
                .badInput, "a lab '\(name)' is up, and \(file) differs from it; nothing was changed",
                hint: "'lab apply \(file)' changes it; or give the lab in \(file) another name")
        }
    }

    private func bringUp(_ stored: StoredLab, _ topology: Topology, _ labd: String) throws {
        let deadline = Clock.monotonic() + Int64(timeout) * 1_000_000_000
        let bringUp = try BringUp(stored, labd: labd)
        var line = ProgressLine()
        bringUp.onProgress = { line.show($0.what, $0.done, of: $0.total) }
        defer { line.clear() }
        do {
            if noWait {
                try bringUp.waitUntilStarted(timeout: deadline - Clock.monotonic())
                try bringUp.commit()
            } else {
                try bringUp.waitUntilConverged(timeout: deadline - Clock.monotonic())
                let rows = try proveAnswers(topology, deadline, bringUp)
                try bringUp.commit()
                line.clear()
                show(rows, topology)
            }
        } catch let failure as BringUp.Failure {
            line.clear()
            throw Failure(
                .failedAtRunTime, "the lab '\(stored.lab.name)' did not come up: \(failure)", hint: Self.restored)
        } catch {
            line.clear()
            bringUp.abandon()
            throw error
        }
    }

    private static let restored = "what was built is taken away again; the machine is as before"

    /// One probe of every client to every service address, answered.
    private func proveAnswers(_ topology: Topology, _ deadline: Nanoseconds, _ bringUp: BringUp) throws
        -> [CatchmentRow]
    {
        let paths = LabPaths(topology.lab.name)
        let observer = Observer(topology: topology, namespacePath: paths.namespace)
        while true {
            let rows = try observer.catchment(timeout: Self.probeRound)
            guard let silent = rows.first(where: { $0.site == nil }) else { return rows }
            try bringUp.check()
            if Clock.monotonic() < deadline { continue }
            let count = rows.count { $0.site == nil }
            throw Failure(
                .failedAtRunTime,
                "the lab '\(topology.lab.name)' did not come up: \(count) of \(rows.count) probes had no answer; "
                    + "\(silent.client.name) asked \(silent.address): \(silent.finding ?? "silence")",
                hint: Self.restored)
        }
    }

    /// How long one round of probes waits for answers, in nanoseconds: longer than any path on Earth takes.
    private static let probeRound: Nanoseconds = 3_000_000_000

    /// A lab that is up already: nothing is changed, and what it does is shown.
    private func finish(_ lab: RunningLab) throws {
        if !json { Console.write(error: "the lab '\(lab.name)' is up already; nothing was changed") }
        try lab.enter()
        let observer = Observer(topology: lab.topology, namespacePath: lab.namespacePath)
        show(try observer.catchment(timeout: Int64(timeout) * 1_000_000_000), lab.topology)
    }

    private func show(_ rows: [CatchmentRow], _ topology: Topology) {
        if json {
            Console.print(CatchmentRow.document(lab: topology.lab.name, rows))
        } else {
            print(CatchmentTable.text(rows))
        }
    }
}

extension LinkBackend: ExpressibleByArgument {}
