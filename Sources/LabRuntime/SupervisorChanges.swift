import JSON
import LabModel
import LabPlan
import Sys

/// Changing a lab that is up to what its file now says: the steps of the ``Difference``, and nothing else.
///
/// Whatever can fail comes before anything is taken away for good. When a step fails, the same is done from the new lab to the old
/// one; every step can be carried out again, so it does not matter how far the change had come.
extension Supervisor {
    /// Changes the lab. `done` is called when all is carried out, with the sessions that had to be reset, or with the reason why
    /// the lab is as before. Throws when nothing was begun.
    func apply(_ request: JSON, done: @escaping (JSON) -> Void) throws {
        guard !isChanging else { throw RequestError("the lab is being changed by somebody else") }
        guard let text = request["lab"] else { throw RequestError("\"lab\": a lab expected") }
        let stored = try StoredLab(parsing: text.description.utf8)
        guard stored.lab.name == paths.name, stored.backend == plan.backend else {
            throw RequestError("a lab keeps its name and its kind of links while it is up")
        }
        let topology = try Topology(stored.lab, keeping: topology.numbering)
        let difference = Difference(
            from: plan, to: Plan(topology, backend: plan.backend),
            processors: ResourceLimits.processors)
        isChanging = true
        afterChangesUnderWay { [self] in
            let resets = Resets()
            carryOut(difference, resets) { [self] failure in
                if let failure { return turnBack(difference, failure, done) }
                isChanging = false
                for fault in faults.endLost() {
                    record("heal", fault, [.init("reason", "what it was about is gone")])
                }
                if !difference.steps.isEmpty {
                    events.record("apply", [.init("steps", .int(difference.steps.count))])
                }
                done(["ok": true, "reset": .array(resets.names.map { .string($0) })])
            }
        }
    }

    private func turnBack(_ difference: Difference, _ failure: any Error, _ done: @escaping (JSON) -> Void) {
        let reason = "\(failure)"
        guard plan.topology.lab == difference.new.topology.lab else {
            isChanging = false
            return done(["error": .string(reason + "; it is as before")])
        }
        let back = Difference(from: difference.new, to: difference.old, processors: ResourceLimits.processors)
        carryOut(back, Resets()) { [self] second in
            isChanging = false
            events.record("apply", [.init("failed", .string(reason))])
            let end = second.map { "; going back failed too: \($0); take it down and up" } ?? "; it is as before"
            done(["error": .string(reason + end)])
        }
    }

    /// The sessions that a change has reset, as `NODE -> NEIGHBOUR`.
    final class Resets {
        var names: [String] = []
    }

    private func carryOut(_ difference: Difference, _ resets: Resets, _ done: @escaping ((any Error)?) -> Void) {
        guard !difference.steps.isEmpty else { return followOrder(difference, done) }
        var parts: [Chain.Part] = [
            { [self] next in
                try adopt(difference)
                next(nil)
            }
        ]
        // Daemons and namespaces that go come last: until then, everything can be turned back.
        parts += links(difference)
        for step in difference.steps { parts += [part(step, difference, resets)].compactMap(\.self) }
        parts.append { [self] next in
            try executor.updateInterior { self.faults.isUp($0) }
            for daemon in leaving.values { daemon.kill() }
            leaving = [:]
            try executor.removeNodes(journal)
            if topology.links.isEmpty { endWire() } else { try writeWireConfiguration() }
            next(nil)
        }
        Chain.run(parts) { [self] failure in
            if let failure { return done(failure) }
            finish(difference, done)
        }
    }

    /// Nothing of the lab differs but its description, or the order of the file.
    private func followOrder(_ difference: Difference, _ done: ((any Error)?) -> Void) {
        do {
            try adopt(difference)
            finish(difference, done)
            checkConvergence()
        } catch {
            done(error)
        }
    }

    /// A delay line that has to be started again finds the links that there are now.
    private func writeWireConfiguration() throws {
        guard daemons.contains(where: { $0.role == .wire }) else { return }
        let configuration = DaemonConfiguration.wire(topology) { self.paths.namespace(self.topology.nodes[$0].name) }
        try Files.replace(paths.configuration(DaemonRole.wire.rawValue), configuration.description.utf8)
    }

    private func finish(_ difference: Difference, _ done: ((any Error)?) -> Void) {
        do {
            let stored = try StoredLab(topology.lab, plan.backend, numbering: topology.numbering)
            try Files.replace(paths.lab, stored.json.description.utf8)
            forgetReplacedZones()
            followHealth()
            done(nil)
        } catch {
            done(error)
        }
    }

    /// Goes over to the new numbers of nodes and links.
    private func adopt(_ difference: Difference) throws {
        try executor.leaveInterior(difference) { self.faults.isUp($0) }
        do {
            try executor.adopt(difference, journal)
        } catch {
            try executor.updateInterior { self.faults.isUp($0) }
            throw error
        }
        plan = difference.new
        bfdLoad = BFDLoad(topology, processors: ResourceLimits.processors)
        var staying: [Daemon] = []
        let ending = Set(difference.steps.map(\.action))
        for daemon in daemons {
            guard let node = daemon.node else {
                staying.append(daemon)
                continue
            }
            daemon.node = difference.nodes[node]
            if daemon.node == nil || ending.contains(.stopDaemon(node: node, daemon.role)) {
                leaving[daemon.name] = daemon
            } else {
                staying.append(daemon)
            }
        }
        daemons = staying
        faults.find(in: topology)
        qualities.renumber(difference.links)
        let before = convergence
        convergence = Convergence(pairs: Supervisor.pairs(topology))
        convergence.takeOver(before, nodes: difference.nodes)
        shut = Self.renumbered(shut, difference.nodes)
        removed = Self.renumbered(removed, difference.nodes)
        holdSessions()
        isConverged = false
        try executor.writeHosts()
    }

    private static func renumbered(
        _ sessions: [Convergence.Key: [Convergence.Key]], _ nodes: [Int?]
    ) -> [Convergence.Key: [Convergence.Key]] {
        Dictionary(
            sessions.compactMap { key, ends in
                key.renumbered(nodes).map { ($0, ends.compactMap { $0.renumbered(nodes) }) }
            }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Links

    /// The links that go and those that come, before anything uses them.
    private func links(_ difference: Difference) -> [Chain.Part] {
        var parts: [Chain.Part] = []
        let (old, new) = (difference.old.topology, difference.new.topology)
        for case .removeLink(let index) in difference.steps.map(\.action) {
            let link = old.links[index]
            parts.append { [self] next in
                guard plan.backend == .wire else {
                    try executor.remove(link.a.interface, at: old.nodes[link.a.node].name)
                    return next(nil)
                }
                askWire([.init("do", "remove"), .init("link", .int(link.number))], isTolerant: true, next)
            }
        }
        if plan.backend == .wire, !new.links.isEmpty, !daemons.contains(where: { $0.role == .wire }) {
            return parts + [startWire]
        }
        for case .createLink(let index) in difference.steps.map(\.action) {
            let link = new.links[index]
            parts.append { [self] next in
                guard plan.backend == .wire else {
                    try executor.create(link)
                    return next(nil)
                }
                let request = DaemonConfiguration.link(link, isUp: faults.isUp(link)) {
                    self.paths.namespace(new.nodes[$0].name)
                }
                askWire([.init("do", "add"), .init("link", request)]) { [self] failure in
                    if let failure { return next(failure) }
                    guard effectiveQuality(link) != .init(link.quality) else { return next(nil) }
                    setWire(link, effectiveQuality(link)) { _ in next(nil) }
                }
            }
        }
        return parts
    }

    /// The first links of a lab come with the delay line that has them.
    private func startWire(_ next: @escaping ((any Error)?) -> Void) throws {
        let wire = try addWire()
        var isFirst = true
        wire.onReady = { [weak self] in
            // Also the first time: faults may be older than the first link.
            self?.restoreWire()
            if isFirst { next(nil) }
            isFirst = false
        }
        let told = wire.onEnd
        wire.onEnd = { [weak self] end in
            told?(end)
            guard isFirst else { return }
            isFirst = false
            self?.endWire()
            next(RequestError("\(DaemonRole.wire.rawValue) \(end)"))
        }
        try wire.start()
    }

    /// With the last link goes the delay line.
    private func endWire() {
        for wire in daemons where wire.role == .wire { wire.kill() }
        daemons.removeAll { $0.role == .wire }
    }

    private func askWire(
        _ question: [JSON.Member], isTolerant: Bool = false, _ next: @escaping ((any Error)?) -> Void
    ) {
        guard let wire = daemons.first(where: { $0.role == .wire }) else {
            return next(RequestError("there is no wire"))
        }
        wire.ask(question) { reply in
            if reply == .null { return next(RequestError("the wire ended or does not answer")) }
            let reason = reply["error"]?.string
            next(isTolerant ? nil : reason.map { RequestError($0) })
        }
    }

    // MARK: Everything else

    private func part(_ step: Step, _ difference: Difference, _ resets: Resets) -> Chain.Part? {
        let new = difference.new.topology
        func before(_ node: Int) -> Node? {
            difference.nodes.firstIndex(of: node).map { difference.old.topology.nodes[$0] }
        }
        switch step.action {
        case .addressNode(let node):
            return now { try $0.executor.address(new.nodes[node], before: before(node)?.services ?? []) }
        case .spreadPackets(let node):
            let isOn = new.spreadingRouters.contains(node)
            return now { try $0.executor.spreadPackets(at: new.nodes[node], isOn) }
        case .installRoutes(let node):
            return now { try $0.executor.installRoutes(new.nodes[node], before: before(node)?.prefixes ?? []) }
        case .routeMulticast:
            return now { supervisor in try supervisor.executor.updateMulticast { supervisor.faults.isUp($0) } }
        case .addressLink(let link):
            let link = new.links[link]
            guard let before = difference.links.firstIndex(of: link.index).map({ difference.old.topology.links[$0] })
            else {
                return now { supervisor in
                    try supervisor.executor.address(link)
                    guard supervisor.plan.backend == .netem, !supervisor.faults.isUp(link) else { return }
                    try supervisor.executor.lowerVeth(link, at: supervisor.faults.failedEnd(of: link))
                }
            }
            let reachable = new.neighbours(of: link.b, on: link).map(\.address)
            let gone = difference.old.topology.neighbours(of: before.b, on: before).filter {
                !reachable.contains($0.address)
            }
            return now { try $0.executor.refresh(link, gone: gone) }
        case .shapeLink(let link):
            let link = new.links[link]
            let inFile = difference.links.firstIndex(of: link.index).map { difference.old.topology.links[$0].quality }
            return { [self] next in
                // What an operator had changed since gives way to what the file says now.
                let before = inFile.map { faults.quality(link, qualities.current(link, inFile: $0)) }
                qualities.set(link, .init(link.quality))
                try setQuality(link, from: before ?? .init(LinkQuality(delay: 0)), next)
            }
        case .startDaemon(let node?, let role):
            return now { try $0.startDaemon(role, node) }
        case .reconfigure(let node, let role):
            return { [self] next in try reconfigure(role, node, resets, next) }
        // The checks are followed when all else is done.
        case .createNamespace, .writeHosts, .createLink, .removeLink, .removeNamespace, .stopDaemon, .checkHealth,
            .startDaemon(nil, _):
            return nil
        }
    }

    /// A part that is done when it returns.
    private func now(_ body: @escaping (Supervisor) throws -> Void) -> Chain.Part {
        { [self] next in
            try body(self)
            next(nil)
        }
    }
}
