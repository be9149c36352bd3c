import JSON
import LabModel
import LabPlan
import Netlink

/// What faults do. Whatever begins or ends, each link, process and speaker is brought to what all faults together say, so that
/// they can overlap and end in any order.
extension Supervisor {
    /// Brings the lab from what the faults were to what they are. Several of these may be under way at once: each tells what holds
    /// when it speaks.
    func settle(from before: Faults, _ done: @escaping ((any Error)?) -> Void) {
        holdSessions()
        isConverged = false
        let now = faults
        var carriers: [Chain.Part] = []
        for link in topology.links where before.isUp(link) != now.isUp(link) {
            let failedEnd = (now.isUp(link) ? before : now).failedEnd(of: link)
            carriers.append { [self] next in try setCarrier(link, failedEnd, next) }
        }
        var others: [Chain.Part] = []
        for link in topology.links {
            let base = qualities.current(link)
            let old = before.quality(link, base)
            if old != now.quality(link, base) { others.append { [self] next in try setQuality(link, from: old, next) } }
        }
        for node in topology.nodes where node.runsBGP {
            let parts = changes(at: node.index, from: before, to: now)
            if !parts.isEmpty { others.append { next in Chain.run(parts, next) } }
        }
        var stages: [Chain.Part] = [{ next in Chain.all(carriers, next) }, { next in Chain.all(others, next) }]
        if !carriers.isEmpty {
            stages.insert(
                { [self] next in
                    try executor.updateInterior { self.faults.isUp($0) }
                    next(nil)
                }, at: 1)
        }
        changesUnderWay += 1
        Chain.run(stages) { [weak self] failure in
            done(failure)
            self?.checkConvergence()
            self?.changeIsDone()
        }
    }

    /// Calls `body` when nothing waits for a daemon's answer that speaks of links and nodes by their numbers; that may be at once.
    func afterChangesUnderWay(_ body: @escaping () -> Void) {
        if changesUnderWay == 0 { body() } else { waitingForChanges.append(body) }
    }

    /// A change of links or faults is in force, or has failed.
    func changeIsDone() {
        changesUnderWay -= 1
        guard changesUnderWay == 0 else { return }
        let waiting = waitingForChanges
        waitingForChanges = []
        for body in waiting { body() }
    }

    private func changes(at node: Int, from before: Faults, to now: Faults) -> [Chain.Part] {
        var parts: [Chain.Part] = []
        for daemon in daemons where daemon.node == node {
            guard let process = FaultTarget.Process(rawValue: daemon.role.rawValue) else { continue }
            if before.isFrozen(node, process) != now.isFrozen(node, process) {
                parts.append { [self] next in
                    setFrozen(daemon, process, node)
                    next(nil)
                }
            }
            if before.isKilled(node, process) != now.isKilled(node, process) {
                parts.append { [self] next in
                    setKilled(daemon, process, node)
                    next(nil)
                }
            }
            guard process == .bgp else { continue }
            if before.isWithdrawn(node) != now.isWithdrawn(node) {
                parts.append { [self] next in
                    daemon.send(["do": faults.isWithdrawn(node) ? "withdraw" : "announce"])
                    next(nil)
                }
            }
            let old = before.imposition(on: node)
            if old != now.imposition(on: node) {
                parts.append { [self] next in try impose(on: daemon, before: old, next) }
            }
        }
        return parts
    }

    // MARK: Processes

    private func setFrozen(_ daemon: Daemon, _ process: FaultTarget.Process, _ node: Int) {
        daemon.setFrozen(faults.isFrozen(node, process))
        guard process == .bgp else { return }
        // Who is stopped has nothing established that counts; who goes on says what is left.
        if daemon.isFrozen { return convergence.lost(node: node) }
        daemon.ask([.init("do", "counters")]) { [weak self] reply in
            self?.report(reply["sessions"]?.array ?? [], node: node)
            self?.checkConvergence()
        }
    }

    private func setKilled(_ daemon: Daemon, _ process: FaultTarget.Process, _ node: Int) {
        // The fault is over even if there is no room for the process yet.
        guard faults.isKilled(node, process) else { return daemon.revive() }
        daemon.kill()
        guard process == .bgp else { return }
        convergence.lost(node: node)
        forgetControl(node: node)
    }

    /// Starts a daemon of a node, unless a fault keeps it dead. Throws `SystemError`.
    func startAsFaultsAllow(_ daemon: Daemon) throws {
        if let node = daemon.node, let process = FaultTarget.Process(rawValue: daemon.role.rawValue) {
            daemon.setFrozen(faults.isFrozen(node, process))
            if faults.isKilled(node, process) { return }
        }
        try daemon.start()
    }

    // MARK: Routes

    /// Tells a speaker what the faults make it do; its kernel lets no packet to a hijacked prefix go on.
    private func impose(on daemon: Daemon, before: Imposition, _ next: @escaping ((any Error)?) -> Void) throws {
        guard let node = daemon.node else { return next(nil) }
        let imposition = faults.imposition(on: node)
        try executor.catchPackets(to: imposition.prefixes, before: before.prefixes, at: node)
        // Who is stopped reads it later, and who is dead is told when it starts.
        guard daemon.state == .running || daemon.state == .starting else {
            daemon.send(.object(imposition.command))
            return next(nil)
        }
        daemon.ask(imposition.command) { reply in next(reply["error"]?.string.map { RequestError($0) }) }
    }

    /// A speaker that has started knows nothing of the faults.
    func restoreSpeaker(_ daemon: Daemon, _ node: Int) {
        if faults.isWithdrawn(node) { daemon.send(["do": "withdraw"]) }
        let imposition = faults.imposition(on: node)
        guard imposition != Imposition() else { return }
        daemon.send(.object(imposition.command))
        // A node that a change of the lab made anew has them not yet.
        try? executor.catchPackets(to: imposition.prefixes, before: [], at: node)
    }

    // MARK: Links

    /// What a link does now: what the file or an operator says, and what faults add to it.
    func effectiveQuality(_ link: Link) -> LinkQualities.Pair { faults.quality(link, qualities.current(link)) }

    /// Brings both directions of a link from what they did to what they should do now.
    func setQuality(_ link: Link, from old: LinkQualities.Pair, _ next: @escaping ((any Error)?) -> Void) throws {
        let quality = effectiveQuality(link)
        guard plan.backend == .netem else {
            return setWire(link, quality) { reply in next(reply["error"]?.string.map { RequestError($0) }) }
        }
        for end in [link.a, link.b] {
            let (new, old) = (quality.quality(from: end, of: link), old.quality(from: end, of: link))
            if new != old { try executor.reshape(end, new, before: old) }
        }
        next(nil)
    }

    private func setCarrier(_ link: Link, _ failedEnd: Int, _ next: @escaping ((any Error)?) -> Void) throws {
        let isUp = faults.isUp(link)
        guard plan.backend == .wire else {
            if isUp { try executor.raiseVeth(link) } else { try executor.lowerVeth(link, at: failedEnd) }
            return next(nil)
        }
        setWire(link, isUp: isUp) { [weak self] reply in
            if let reason = reply["error"]?.string { return next(RequestError(reason)) }
            do {
                try self?.executor.announceCarrier(link)
                next(nil)
            } catch {
                next(error)
            }
        }
    }

    /// Gives a link of the wire its carrier, or takes it.
    func setWire(_ link: Link, isUp: Bool, _ done: @escaping (JSON) -> Void = { _ in }) {
        guard let wire = daemons.first(where: { $0.role == .wire }) else { return done(["error": "there is no wire"]) }
        wire.ask(
            [.init("do", "set"), .init("link", .int(link.number)), .init("up", .bool(isUp))]
        ) { reply in
            done(reply == .null ? ["error": "the wire ended or does not answer"] : reply)
        }
    }
}
