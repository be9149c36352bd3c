import JSON
import LabPlan
import Sys

/// When routing has come to rest (``Convergence``), and who waits for it.
extension Supervisor {
    func report(_ sessions: [JSON], node: Int) {
        for session in sessions {
            guard let peer = session["peer"]?.string else { continue }
            convergence.report(
                .init(node: node, remoteAddress: peer),
                .init(
                    isEstablished: session["state"]?.string == "Established", sent: session["sent"]?.int ?? 0,
                    received: session["received"]?.int ?? 0, hasEndOfRIB: session["end_of_rib"]?.bool ?? false,
                    isSettled: session["settled"]?.bool))
        }
    }

    /// Looks whether routing has come to rest, and says so to whoever brings the lab up.
    func checkConvergence() {
        guard isStarted || daemons.allSatisfy({ $0.role == .wire }) else { return }
        let progress = convergence.progress
        if progress != toldProgress { tell("sessions", progress.established, of: progress.expected) }
        toldProgress = progress
        guard convergence.evaluate() == .ask else {
            hasNews = true
            return
        }
        hasNews = false
        let speakers = daemons.filter { $0.role == .bgp && $0.state == .running }
        rounds += 1
        var round = Round(number: rounds, missing: speakers.count)
        guard round.missing > 0 else { return finish(round) }
        for speaker in speakers {
            speaker.ask([.init("do", "counters")]) { [weak self] reply in
                if let node = speaker.node { self?.report(reply["sessions"]?.array ?? [], node: node) }
                if reply == .null {
                    round.isComplete = false
                } else if reply["idle"]?.bool != true {
                    round.isIdle = false
                }
                round.missing -= 1
                if round.missing == 0 { self?.finish(round) }
            }
        }
    }

    /// One time that all speakers are asked.
    private struct Round {
        let number: Int
        var missing: Int
        /// Whether all that answered have nothing left to send.
        var isIdle = true
        /// Whether all answered: a speaker that is stopped or dead now does not.
        var isComplete = true
    }

    private func finish(_ round: Round) {
        // A change of the lab may have begun anew meanwhile; then this round says nothing.
        guard round.number == rounds else { return }
        switch (convergence.confirm(), round.isComplete, round.isIdle) {
        case (true, true, true): cameToRest()
        // Who holds a change back, for MinRouteAdvertisementInterval say, reports again when it is out. It may have done so already,
        // while others were still to answer.
        case (true, true, false): if hasNews { checkConvergence() }
        // Nobody may have more to report. The next round is without those who did not answer, as soon as it is known what became of
        // them.
        case (_, false, _): loop.schedule(after: 0) { [weak self] in self?.checkConvergence() }
        case (false, true, _): checkConvergence()
        }
    }

    /// Something was said that may move routes.
    func routingMayChange() { isConverged = false }

    private func cameToRest() {
        if !isConverged { events.record("converged", []) }
        isConverged = true
        builder?.send(JSON.object([.init("converged", true)]).description.utf8)
        let waiting = waitingForRest
        waitingForRest = []
        for isAtRest in waiting { isAtRest() }
    }

    /// Calls `done` when routing has come to rest, which may be at once.
    func whenAtRest(_ done: @escaping () -> Void) {
        waitingForRest.append(done)
        isConverged = false
        checkConvergence()
    }
}
