import JSON
import LabModel
import LabPlan
import Net

extension Supervisor {
    /// Hands a command of an operator on to the BGP speaker of a node, and its answer back. Throws ``RequestError``.
    ///
    /// Routing counts as moving from then on: the speaker reports when all that follows has been sent, and rest is proven anew.
    func control(_ command: JSON, of name: String, _ answer: @escaping (JSON) -> Void) throws {
        let speaker = try speaker(of: name)
        guard let node = speaker.node, let verb = command["do"]?.string else { throw RequestError("\"do\" expected") }
        let members = (command.members ?? []).filter { $0.name != "id" }
        let told = members.filter { $0.name != "do" && $0.name != "configuration" }
        routingMayChange()
        speaker.ask(members) { [weak self] reply in
            guard reply != .null else {
                return answer(["error": .string("the BGP speaker of \(name) ended or does not answer")])
            }
            if reply["error"] == nil {
                self?.note(verb, reply["peers"]?.array?.compactMap(\.string) ?? [], node: node)
                if verb == "reload" { self?.noteNeighbours(of: speaker) }
                self?.events.record(
                    "control", [.init("node", .string(name)), .init("command", .string(verb))] + told)
            }
            answer(.object((reply.members ?? []).filter { $0.name != "reply" }))
        }
    }

    /// The BGP speaker of a node. Throws ``RequestError`` when none runs there.
    func speaker(of name: String) throws -> Daemon {
        guard let node = topology.node(named: name) else { throw RequestError("there is no node '\(name)'") }
        guard let speaker = daemons.first(where: { $0.node == node.index && $0.role == .bgp }) else {
            throw RequestError("\(name) runs no BGP speaker")
        }
        guard speaker.state == .running else {
            throw RequestError("the BGP speaker of \(name) is \(speaker.state.rawValue)")
        }
        return speaker
    }

    /// Sessions that an operator has shut are not waited for, at either end.
    private func note(_ verb: String, _ peers: [String], node: Int) {
        guard verb == "shut" || verb == "unshut" else { return }
        for session in topology.sessions where session.node == node {
            let key = Convergence.Key(session)
            guard peers.contains(key.remoteAddress) else { continue }
            shut[key] = verb == "shut" ? bothEnds(of: session) : nil
        }
        holdSessions()
        checkConvergence()
    }

    /// Sessions whose neighbour a new configuration no longer has are not waited for, at either end; those that it has again
    /// are. The speaker says which it has.
    private func noteNeighbours(of speaker: Daemon) {
        guard let node = speaker.node else { return }
        speaker.ask([.init("do", "counters")]) { [weak self] reply in
            // Without an answer the speaker has ended, and forgotten all.
            guard let self, let sessions = reply["sessions"]?.array else { return }
            let known = Set(sessions.compactMap { $0["peer"]?.string })
            for session in self.topology.sessions where session.node == node {
                let key = Convergence.Key(session)
                let isKnown = known.contains(key.remoteAddress)
                self.removed[key] = isKnown ? nil : self.bothEnds(of: session)
                if !isKnown { self.shut[key] = nil }
            }
            self.holdSessions()
            self.checkConvergence()
        }
    }

    private func bothEnds(of session: Session) -> [Convergence.Key] {
        [
            .init(session),
            .init(node: session.remote, remoteAddress: session.localAddress.description),
        ]
    }

    /// A speaker that ended has forgotten what it was told.
    func forgetControl(node: Int) {
        guard shut.keys.contains(where: { $0.node == node }) || removed.keys.contains(where: { $0.node == node }) else {
            return
        }
        shut = shut.filter { $0.key.node != node }
        removed = removed.filter { $0.key.node != node }
        holdSessions()
    }
}

extension Convergence.Key {
    /// The end of a session at its own node.
    init(_ session: Session) { self.init(node: session.node, remoteAddress: session.remoteAddress.description) }
}
