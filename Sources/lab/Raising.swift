import LabModel
import LabObserve
import LabRuntime
import Sys

/// Brings a lab up. Whatever goes wrong takes all of it away again.
struct Raising {
    let stored: StoredLab
    let topology: Topology
    /// Seconds to wait for rest before giving up.
    let timeout: Int
    var isQuiet = false

    /// Returns when the daemons run, without waiting for their sessions. Throws ``Failure``.
    func start(_ presence: consuming LabPresence) throws {
        try attempt(presence) { bringUp, deadline in
            try bringUp.waitUntilStarted(timeout: deadline - Clock.monotonic())
            try bringUp.commit()
        }
    }

    /// Returns when every session is established, no route change is under way, and every client has had an answer from
    /// every service address, which are the rows. A lab that does not stay up goes away with this process. Throws ``Failure``.
    func raise(
        _ presence: consuming LabPresence, staysUp: Bool
    ) throws -> (bringUp: BringUp, rows: [CatchmentRow]) {
        try attempt(presence) { bringUp, deadline in
            try bringUp.waitUntilConverged(timeout: deadline - Clock.monotonic())
            let rows = try proveAnswers(deadline, bringUp)
            try bringUp.commit(staysUp: staysUp)
            return (bringUp, rows)
        }
    }

    private func attempt<Result>(
        _ presence: consuming LabPresence, _ body: (BringUp, Nanoseconds) throws -> Result
    ) throws -> Result {
        let deadline = Clock.monotonic() + Int64(timeout) * 1_000_000_000
        let bringUp = try BringUp(stored, labd: try Machine.labd(), presence: presence)
        var line = ProgressLine()
        if !isQuiet { bringUp.onProgress = { line.show($0.what, $0.done, of: $0.total) } }
        defer {
            line.clear()
            bringUp.onProgress = nil
        }
        do {
            return try body(bringUp, deadline)
        } catch let failure as BringUp.Failure {
            line.clear()
            var cause = Failure(
                .failedAtRunTime, "the lab '\(stored.lab.name)' did not come up: \(failure)", hint: Self.restored)
            cause.isInterruption = failure.isInterruption
            throw cause
        } catch {
            line.clear()
            bringUp.abandon()
            throw error
        }
    }

    private static let restored = "what was built is taken away again; the machine is as before"

    /// One probe of every client to every service address, answered.
    private func proveAnswers(_ deadline: Nanoseconds, _ bringUp: BringUp) throws -> [CatchmentRow] {
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
}
