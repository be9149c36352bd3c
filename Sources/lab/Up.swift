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
        guard let presence = try announce(topology.lab) else { return try finish(try RunningLab(topology.lab.name)) }
        try OtherDaemonPrograms.require(for: topology.lab)
        let raising = Raising(
            stored: try StoredLab(topology.lab, try Machine.prepare(links, for: topology.lab)), topology: topology,
            timeout: timeout)
        if noWait { return try raising.start(presence) }
        show(try raising.raise(presence, staysUp: true).rows, topology)
    }

    private func printPlan(_ plan: Plan) {
        guard json else { return print(plan.lines.joined(separator: "\n")) }
        let steps = plan.steps.map { step -> JSON in
            let (verb, object) = plan.words(step.action)
            return ["step": .string(verb), "object": .string(object), "reason": .string(step.reason)]
        }
        Console.print(["lab": .string(plan.topology.lab.name), "steps": .array(steps)])
    }

    /// Announces the lab; nil when it is up. Throws ``Failure`` when another lab has its name.
    private func announce(_ lab: Lab) throws -> LabPresence? {
        if !LabPresence.isSettled(lab.name) {
            Console.write(error: "the lab '\(lab.name)' is just coming up or going away; waiting for it")
        }
        while true {
            try LabPresence.waitUntilSettled(lab.name)
            if try isUpAlready(lab) { return nil }
            if let presence = try LabPresence.announce(lab.name) { return presence }
        }
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
            let isSame = other.map { $0.lab == lab.withNumbers(keeping: $0.numbering) } ?? false
            if let other, isSame, other.backend == links ?? other.backend { return true }
            if let other, isSame {
                throw Failure(
                    .badInput, "the lab '\(name)' is up with \(other.backend.rawValue) links",
                    hint: "'lab down \(name)' first")
            }
            throw Failure(
                .badInput, "a lab '\(name)' is up, and \(file) differs from it; nothing was changed",
                hint: "'lab apply \(file)' changes it; or give the lab in \(file) another name")
        }
    }

    /// A lab that is up already: nothing is changed, and what it does is shown.
    private func finish(_ lab: RunningLab) throws {
        if !json { Console.write(error: "the lab '\(lab.name)' is up already; nothing was changed") }
        let observer = try lab.observer()
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
