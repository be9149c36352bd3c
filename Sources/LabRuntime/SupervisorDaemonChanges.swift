import JSON
import LabModel
import LabPlan
import Sys

/// What a change of the lab does to daemons: each is started, told its new configuration, or replaced.
extension Supervisor {
    func startDaemon(_ role: DaemonRole, _ node: Int) throws {
        if let known = leaving.removeValue(forKey: "\(topology.nodes[node].name).\(role.rawValue)") {
            known.node = node
            return daemons.append(known)
        }
        try addNodeDaemon(role, node)
        if let daemon = daemons.last { try startAsFaultsAllow(daemon) }
    }

    /// Tells a daemon its new configuration. Our speaker and our responder read it while they run; others are started again.
    func reconfigure(
        _ role: DaemonRole, _ node: Int, _ resets: Resets, _ next: @escaping ((any Error)?) -> Void
    ) throws {
        guard let daemon = daemons.first(where: { $0.node == node && $0.role == role }) else { return next(nil) }
        if role == .dns, daemon.state == .running { return try reload(daemon, node, next) }
        let isOurs = topology.otherDaemon(of: node) == nil && !daemon.isOfOthers
        let isThere = daemon.state == .running || daemon.state == .frozen
        let configuration = DaemonConfiguration.bgp(topology, node: node, load: bfdLoad)
        let file = paths.configuration(daemon.name)
        guard role == .bgp, isOurs, isThere, let told = try? JSON(parsing: Files.read(file)),
            DaemonConfiguration.canReload(configuration, after: told)
        else {
            try replace(daemon, role, node)
            return next(nil)
        }
        try Files.replace(file, configuration.description.utf8)
        guard daemon.state == .running else {
            // Who is stopped reads it when it goes on.
            daemon.send(["do": "reload"])
            return next(nil)
        }
        daemon.ask([.init("do", "reload")]) { [self] reply in
            if let reason = reply["error"]?.string {
                return next(RequestError("\(daemon.name): \(reason)"))
            }
            for name in reply["reset"]?.array ?? [] {
                if let name = name.string { resets.names.append("\(topology.nodes[node].name) -> \(name)") }
            }
            retellHealth(of: node)
            // It has all neighbours of the lab's file again.
            removed = removed.filter { $0.key.node != node }
            holdSessions()
            next(nil)
        }
    }

    /// Tells a responder its new configuration; it goes on answering meanwhile.
    private func reload(_ responder: Daemon, _ node: Int, _ next: @escaping ((any Error)?) -> Void) throws {
        try Files.replace(
            paths.configuration(responder.name), DaemonConfiguration.dns(topology, node: node).description.utf8)
        responder.ask([.init("do", "reload")]) { reply in
            if reply == .null { return next(RequestError("\(responder.name) ended")) }
            next(reply["error"]?.string.map { RequestError("\(responder.name): \($0)") })
        }
    }

    /// Ends a daemon and starts it anew with what it is told now. A speaker's sessions come up again.
    private func replace(_ daemon: Daemon, _ role: DaemonRole, _ node: Int) throws {
        daemon.kill()
        daemons.removeAll { $0 === daemon }
        if role == .bgp {
            convergence.lost(node: node)
            forgetControl(node: node)
        }
        try addNodeDaemon(role, node)
        if let daemon = daemons.last { try startAsFaultsAllow(daemon) }
    }
}
