import Glibc
import JSON
import LabModel
import LabObserve
import LabPlan
import LabRuntime
import Sys

/// A lab that is up for as long as something is tried with it, and goes away with this process, however that ends.
final class StagedLab {
    private(set) var lab: RunningLab
    private let bringUp: BringUp
    private(set) var control: ControlClient
    /// Who was answered by whom when it came up.
    let rows: [CatchmentRow]

    /// Brings a lab up under its own name. Throws ``Failure``, also when a lab of that name is there.
    init(_ topology: Topology, links: LinkBackend?, timeout: Int, isQuiet: Bool) throws {
        let name = topology.lab.name
        if Registry.state(name) == .stale { try Teardown.run(name) }
        guard Registry.state(name) == .absent, let presence = try LabPresence.announce(name) else {
            throw Failure(
                .badInput, "a lab '\(name)' is up already; nothing was changed",
                hint: "'lab down \(name)' first: a test brings up its own")
        }
        let backend = try Machine.prepare(links, for: topology.lab)
        try OtherDaemonPrograms.require(for: topology.lab)
        let stored = try StoredLab(topology.lab, backend)
        (bringUp, rows) = try Raising(stored: stored, topology: topology, timeout: timeout, isQuiet: isQuiet)
            .raise(presence, staysUp: false)
        do {
            lab = try RunningLab(name)
            control = try lab.connect()
        } catch {
            bringUp.abandon()
            throw error
        }
    }

    var observer: Observer { Observer(topology: lab.topology, namespacePath: lab.namespacePath) }

    /// Takes notice of a change of the lab. Throws ``Failure``.
    func reload() throws { lab = try RunningLab(lab.name) }

    /// Looks whether somebody wants an end, or the lab has ended by itself. Throws ``Failure``, after taking the lab down.
    func check() throws {
        do {
            try bringUp.check()
        } catch let failure as BringUp.Failure {
            var cause = Failure(.failedAtRunTime, "\(failure); the lab '\(lab.name)' is taken down")
            cause.isInterruption = failure.isInterruption
            throw cause
        }
    }

    /// Sleeps, so many nanoseconds at most, and looks. Throws as ``check()``.
    func pause(_ time: Nanoseconds) throws {
        let deadline = Clock.monotonic() + time
        while true {
            try check()
            let left = deadline - Clock.monotonic()
            guard left > 0 else { return }
            usleep(UInt32(clamping: min(left, 50_000_000) / 1000))
        }
    }

    /// Waits until routing has come to rest; false when it has not after `limit` nanoseconds. Throws ``Failure``.
    func rest(within limit: Nanoseconds) throws -> Bool {
        // A conversation of its own: one that was given up has an answer to come.
        try lab.connect().request([.init("do", "rest")], within: limit) != nil
    }

    /// Counts probes of all clients from now on. Throws `SystemError`.
    func ledger(interval: Nanoseconds = Ledger.usualInterval) throws -> Ledger {
        try Ledger(
            topology: lab.topology, namespaces: lab.topology.nodes.map { lab.namespacePath($0.name) },
            interval: interval)
    }

    /// Takes the lab down. Throws ``Failure``.
    func end() throws {
        do {
            try Teardown.run(lab.name)
        } catch {
            throw Failure(
                .failedAtRunTime, "the lab '\(lab.name)' is not all gone: \(error)",
                hint: "'lab down \(lab.name)' takes away the rest")
        }
    }
}
