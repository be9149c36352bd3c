import JSON
import LabModel
import LabPlan
import Net
import Sys

/// Health decides the announcement (RFC 4786, section 4.4.1): a site that is down is drained as its service asks, and BGP stays up.
extension Supervisor {
    /// Checks every site whose service asks for it, from now on; what is checked already, in the same way, goes on.
    func followHealth() {
        var sites: [String: SiteHealth] = [:]
        for node in topology.nodes {
            guard let service = topology.service(of: node), let check = service.health else { continue }
            let namespace = executor.nodes[node.index]
            // What cannot be asked was refused when the file was read.
            guard let trial = try? trial(check, service, node) else { continue }
            // A zone's change changes what is right for an answer.
            if let known = health[node.name], known.check == check, known.trial == trial,
                known.addresses == node.services, known.namespace === namespace
            {
                sites[node.name] = known
                continue
            }
            let site = SiteHealth(loop, namespace, node.services, check, trial)
            site.onChange = { [weak self] in self?.healthChanged(node.name, $0) }
            // The golden ratio spreads any number of sites evenly.
            site.start(after: (Double(node.index) * 0.618).truncatingRemainder(dividingBy: 1))
            sites[node.name] = site
        }
        let ended = health.filter { sites[$0.key] !== $0.value }
        health = sites
        // Whose check ended while it was down is announced as the file says.
        for (name, site) in ended where !site.isUp { tellHealth(name, site.check.drain, isUp: true) }
    }

    private func trial(_ check: HealthCheck, _ service: Service, _ node: Node) throws -> HealthTrial {
        switch check.probe {
        case .dns(let question?): .dns(try DNSExpectation(question))
        case .dns(nil): .dns(try DNSExpectation(service.zone, site: node.name))
        case .http: .http(path: topology.healthPath(of: service))
        case .command(let command): .command(command)
        }
    }

    private func healthChanged(_ name: String, _ change: HealthJudge.Change) {
        guard let site = health[name] else { return }
        var members: [JSON.Member] = [.init("node", .string(name)), .init("state", .string(site.isUp ? "up" : "down"))]
        if let reason = site.reason { members.append(.init("reason", .string(reason))) }
        events.record("health", members)
        guard change != .reason else { return }
        tellHealth(name, site.check.drain, isUp: site.isUp)
    }

    /// Tells a speaker that has just read its configuration what health makes of it.
    func retellHealth(of node: Int) {
        let name = topology.nodes[node].name
        if let site = health[name], !site.isUp { tellHealth(name, site.check.drain, isUp: false) }
    }

    private func tellHealth(_ name: String, _ drain: HealthCheck.Drain, isUp: Bool) {
        guard let node = topology.node(named: name), let service = topology.service(of: node),
            let speaker = daemons.first(where: { $0.node == node.index && $0.role == .bgp })
        else { return }
        routingMayChange()
        // The announcement to other ASes is the whole site's: one server of several leaves it to the others.
        switch node.kind == .server ? .withdraw : drain {
        case .withdraw:
            for prefix in service.prefixes {
                speaker.send(["do": isUp ? "announce" : "withdraw", "prefix": .string(prefix.description)])
            }
        case .multiExitDiscriminator(let value):
            tellNeighbours(speaker, node) { relation in
                let value = isUp ? relation?.multiExitDiscriminator : value
                return [.init("do", "med")] + (value.map { [.init("value", .int(Int($0)))] } ?? [])
            }
        case .prepend(let count):
            tellNeighbours(speaker, node) { relation in
                let usual = Int(relation?.prepend ?? 0)
                return [.init("do", "prepend"), .init("count", .int(min(255, isUp ? usual : usual + Int(count))))]
            }
        }
        // Nothing follows from it, and nobody reports, while the speaker is stopped or dead.
        if speaker.state != .running { checkConvergence() }
    }

    /// A command for each session of a site, as its relation is.
    private func tellNeighbours(_ speaker: Daemon, _ node: Node, _ command: (Relation?) -> [JSON.Member]) {
        for session in topology.sessions where session.node == node.index {
            let peer = JSON.string(session.remoteAddress.description)
            speaker.send(.object(command(session.relation) + [.init("peer", peer)]))
        }
    }

    /// What `lab status` shows of a site's health; null for a node that nobody checks.
    func healthStatus(_ node: Node) -> JSON {
        guard let site = health[node.name] else { return .null }
        return [
            "state": site.isUp ? "up" : "down", "since_ns": .int(Int(site.since)),
            "reason": site.reason.map { .string($0) } ?? .null,
        ]
    }
}
