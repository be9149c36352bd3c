import JSON
import LabModel
import LabPlan
import Net
import Netlink

extension Supervisor {
    /// Makes a fault. `done` is called when it is in effect. Throws ``RequestError`` when it makes no sense or is there
    /// already, `NetlinkError` when the kernel refuses.
    func fail(_ name: String, _ kind: FaultKind, done: @escaping (JSON) -> Void) throws {
        let target = try FaultTarget(name, in: topology)
        let fault = Faults.Fault(name: name, target: target, kind: kind)
        guard !faults.contains(fault) else { throw RequestError("\(name) has the fault \(kind.rawValue) already") }
        if kind != .linkDown {
            guard case .node(let node) = target, daemons.contains(where: { $0.node == node && $0.role == .bgp }) else {
                throw RequestError("\(kind.rawValue) is for a site or router, and \(name) runs no BGP speaker")
            }
        }
        let before = topology.links.filter(faults.isUp)
        record(fault, "fail")
        faults.add(fault)
        convergence.held = heldSessions()
        isConverged = false
        try apply(fault, linksBefore: before) { [weak self] reply in
            done(reply)
            self?.checkConvergence()
        }
    }

    /// Ends the faults of `name`, of one kind or of all. Throws as ``fail(_:_:done:)``.
    func heal(_ name: String, done: @escaping (JSON) -> Void) throws {
        let target = try FaultTarget(name, in: topology)
        let ended = faults.active.filter { $0.target == target }
        guard !ended.isEmpty else { throw RequestError("\(name) has no fault") }
        let before = topology.links.filter(faults.isUp)
        var missing = ended.count
        for fault in ended { faults.remove(fault) }
        convergence.held = heldSessions()
        isConverged = false
        for fault in ended {
            record(fault, "heal")
            try apply(fault, linksBefore: before) { [weak self] reply in
                missing -= 1
                guard missing == 0 else { return }
                done(reply)
                self?.checkConvergence()
            }
        }
    }

    /// The sessions that cannot be up while the faults last: over a link that is down, of a speaker that is dead, or inside
    /// an AS that fell apart; and those that an operator has shut or taken away.
    func heldSessions() -> Set<Convergence.Key> {
        let reached = Set(
            InteriorRouting.routes(topology) { faults.isUp($0) }.map { NodePair(from: $0.node, to: $0.destination) })
        let held = topology.sessions.filter { session in
            if faults.isKilled(session.node) || faults.isKilled(session.remote) { return true }
            if !session.links.isEmpty { return session.links.contains { !faults.isUp(topology.links[$0]) } }
            return !reached.contains(NodePair(from: session.node, to: session.remote))
        }
        return Set(held.map { .init(node: $0.node, remoteAddress: $0.remoteAddress.description) }).union(
            shut.values.joined()
        ).union(removed.values.joined())
    }

    private struct NodePair: Hashable {
        let from: Int
        let to: Int
    }

    private func record(_ fault: Faults.Fault, _ event: String) {
        events.record(event, [.init("target", .string(fault.name)), .init("how", .string(fault.kind.rawValue))])
    }

    /// Brings what a fault concerns to what all faults together say: used when it begins and when it ends.
    private func apply(_ fault: Faults.Fault, linksBefore: [Link], _ done: @escaping (JSON) -> Void) throws {
        switch (fault.kind, fault.target) {
        case (.linkDown, _):
            try setLinks(from: linksBefore, at: fault.target, done)
        case (.withdraw, .node(let node)):
            let verb: JSON = faults.isWithdrawn(node) ? "withdraw" : "announce"
            for daemon in daemons where daemon.node == node && daemon.role == .bgp { daemon.send(["do": verb]) }
            done(["ok": true])
        case (.processKill, .node(let node)):
            for daemon in daemons where daemon.node == node {
                if faults.isKilled(node) { daemon.kill() } else { try daemon.start() }
            }
            if faults.isKilled(node) {
                convergence.lost(node: node)
                forgetControl(node: node)
            }
            done(["ok": true])
        default:
            done(["ok": true])
        }
    }

    private func setLinks(from before: [Link], at target: FaultTarget, _ done: @escaping (JSON) -> Void) throws {
        let after = Set(topology.links.filter(faults.isUp).map(\.index))
        let wasUp = Set(before.map(\.index))
        let changed = topology.links.filter { after.contains($0.index) != wasUp.contains($0.index) }
        if plan.backend == .netem {
            for link in changed {
                // The end that goes down is the failed node's: its neighbours see a lost carrier, as of a cut cable.
                let node = if case .node(let node) = target, link.end(at: node) != nil { node } else { link.a.node }
                if after.contains(link.index) {
                    try executor.raiseVeth(link)
                } else {
                    try executor.lowerVeth(link, at: node)
                }
            }
            try executor.updateInterior { self.faults.isUp($0) }
            return done(["ok": true])
        }
        var missing = changed.count
        guard missing > 0 else { return done(["ok": true]) }
        for link in changed {
            setWire(link, isUp: after.contains(link.index)) { [weak self] reply in
                guard let self else { return }
                missing -= 1
                do {
                    try self.executor.announceCarrier(link)
                    guard missing == 0 else { return }
                    try self.executor.updateInterior { self.faults.isUp($0) }
                    done(reply)
                } catch {
                    done(["error": .string("\(error)")])
                }
            }
        }
    }

    /// Gives a link of the wire its carrier, or takes it.
    func setWire(_ link: Link, isUp: Bool, _ done: @escaping (JSON) -> Void = { _ in }) {
        guard let wire = daemons.first(where: { $0.role == .wire }) else { return done(["error": "there is no wire"]) }
        wire.ask(
            [.init("do", "set"), .init("link", .int(link.number)), .init("up", .bool(isUp))]
        ) { reply in
            done(reply == .null ? ["error": "the wire ended"] : reply)
        }
    }
}
