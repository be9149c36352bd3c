import LabModel
import LabPlan

/// Which sessions rest does not wait for.
extension Supervisor {
    /// Tells the proof of rest which sessions cannot be up while the faults last: over a link that is down or silent, of a speaker
    /// that is dead or stopped, or inside an AS that fell apart; and those that an operator has shut or taken away.
    func holdSessions() {
        let paths = InteriorPaths(topology) { faults.isUp($0) }
        var held: Set<Convergence.Key> = []
        var falling: Set<Convergence.Key> = []
        let silent = Set(topology.links.filter { isSilent($0) }.map(\.index))
        for session in topology.sessions {
            let ends = [session.node, session.remote]
            let isStopped = ends.contains { faults.isFrozen($0, .bgp) }
            let isSilent = !silent.isEmpty && paths.links(session).contains(where: silent.contains)
            let down = session.links.filter { !faults.isUp(topology.links[$0]) }
            // Over the LAN of an exchange point, the neighbour's port: nobody hears of it but the neighbour.
            let isUnseen = !down.isEmpty && !down.contains { $0 == session.link }
            if isStopped || isSilent || isUnseen, session.timers.hold > 0 || session.timers.bfd != nil {
                falling.insert(Convergence.Key(session))
            }
            let isDead = ends.contains { faults.isKilled($0, .bgp) }
            let isCut = session.links.isEmpty ? !paths.reach(session) : !down.isEmpty
            guard isStopped || isSilent || isDead || isCut else { continue }
            held.insert(Convergence.Key(session))
            // A daemon of others may take until its hold timer to see that the neighbour is gone.
            if isOfOthers(session.node), session.timers.hold > 0 { falling.insert(Convergence.Key(session)) }
        }
        // These end by a message.
        let ended = Set(shut.values.joined()).union(removed.values.joined()).subtracting(held)
        falling.formUnion(ended.filter { isOfOthers($0.node) })
        convergence.hold(held.union(ended), falling: falling.filter { !faults.isFrozen($0.node, .bgp) })
    }

    private func isOfOthers(_ node: Int) -> Bool { topology.otherDaemon(of: node) != nil }

    /// Whether a link lets nothing through in one of its directions: no session lives over it.
    private func isSilent(_ link: Link) -> Bool {
        let quality = effectiveQuality(link)
        return quality.aToB.loss >= 1 || quality.bToA.loss >= 1
    }
}

/// The ways of the interior protocol, which looks at carriers only.
private struct InteriorPaths {
    private struct Pair: Hashable {
        let from: Int
        let to: Int
    }

    private let topology: Topology
    private let firstLinks: [Pair: Int]

    init(_ topology: Topology, isUp: (Link) -> Bool) {
        self.topology = topology
        firstLinks = Dictionary(
            InteriorRouting.routes(topology, isUp: isUp).map { (Pair(from: $0.node, to: $0.destination), $0.link) },
            uniquingKeysWith: { first, _ in first })
    }

    func reach(_ session: Session) -> Bool { firstLinks[Pair(from: session.node, to: session.remote)] != nil }

    /// The links that the packets of a session pass, there and back.
    func links(_ session: Session) -> [Int] {
        if !session.links.isEmpty { return session.links }
        return links(from: session.node, to: session.remote) + links(from: session.remote, to: session.node)
    }

    private func links(from start: Int, to end: Int) -> [Int] {
        var links: [Int] = []
        var node = start
        // Shortest paths have no loops; a bound costs nothing.
        while node != end, links.count < topology.nodes.count, let link = firstLinks[Pair(from: node, to: end)] {
            links.append(link)
            node = topology.links[link].end(oppositeTo: node).node
        }
        return links
    }
}
