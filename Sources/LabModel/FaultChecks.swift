import Net

extension Fault {
    /// Finds the target, and whether the fault makes sense there. A hijack that names no prefix gets those of the only service.
    /// Throws ``FaultError``.
    public func checked(in topology: Topology) throws(FaultError) -> (fault: Fault, target: FaultTarget) {
        let found = try FaultTarget(target, in: topology)
        var checked = self
        if case .hijack(let prefixes) = kind, prefixes.isEmpty { checked.kind = .hijack(try onlyService(topology)) }
        try checked.check(found, topology)
        return (checked, found)
    }

    private func onlyService(_ topology: Topology) throws(FaultError) -> [IPPrefix] {
        guard topology.lab.services.count == 1 else {
            throw FaultError(
                "hijack: the lab has \(topology.lab.services.count) services: say which prefix, like --prefix 192.0.2.0/24"
            )
        }
        return topology.lab.services[0].prefixes
    }

    private func check(_ found: FaultTarget, _ topology: Topology) throws(FaultError) {
        switch (kind.name, found) {
        case (.linkDown, .process), (.flap, .process), (.blackhole, .process), (.loss, .process), (.delay, .process):
            throw refusal("nodes and links", "a process")
        case (.linkDown, _), (.flap, _), (.blackhole, _), (.loss, _), (.delay, _): break
        case (.processKill, .process), (.freeze, .process): break
        case (.processKill, .links), (.freeze, .links): throw refusal("sites, routers and processes", "a link")
        case (_, .links): throw refusal("nodes", "a link")
        case (_, .process): throw refusal("nodes", "a process")
        case (_, .nodes(let indices)): try check(indices.sorted().map { topology.nodes[$0] }, found, topology)
        }
    }

    private func refusal(_ meant: String, _ given: String) -> FaultError {
        FaultError("\(kind.name.rawValue) is for \(meant), and \(target) is \(given)")
    }

    private func check(_ nodes: [Node], _ found: FaultTarget, _ topology: Topology) throws(FaultError) {
        switch kind.name {
        case .partition:
            guard topology.links.contains(where: found.parts) else {
                throw FaultError("partition: nothing joins \(target) to other nodes")
            }
        case .dnsDead:
            // The router of a site stands for its servers.
            let nodes = nodes.filter { node in !nodes.contains { $0.site == node.name } }
            try all(nodes, "runs a DNS responder", FaultTarget.Process.dns.runs)
            // It has one, which nobody asks for anything but its name.
            if let web = nodes.first(where: { $0.serves == .http }) {
                throw FaultError(
                    "dns-dead is for name servers, and \(web.name) is a web server: process-kill of \(web.name).http stops it"
                )
            }
        case .processKill, .freeze, .withdraw:
            try all(nodes, "runs a BGP speaker", FaultTarget.Process.bgp.runs)
        case .drain, .prepend, .leak, .hijack:
            try all(nodes, "runs a BGP speaker", FaultTarget.Process.bgp.runs)
            if let other = nodes.lazy.compactMap({ node in topology.otherDaemon(of: node.index).map { (node, $0) } })
                .first
            {
                throw FaultError(
                    "\(kind.name.rawValue) is for our own speaker, and \(other.0.name) runs \(other.1.rawValue)")
            }
            if [.prepend, .drain].contains(kind.name), nodes.allSatisfy({ $0.kind == .server }),
                let server = nodes.first
            {
                throw FaultError(
                    "\(kind.name.rawValue) is about routes to other ASes, and \(server.name) speaks with \(server.siteName) alone: "
                        + "withdraw takes a server out, and \(server.siteName) is the whole site")
            }
            if [.prepend, .hijack].contains(kind.name) {
                try all(nodes, "is on AS paths") { $0.kind != .routeServer }
            }
            try checkRoutes(nodes, topology)
        case .linkDown, .flap, .blackhole, .loss, .delay: break
        }
    }

    private func all(_ nodes: [Node], _ what: String, _ holds: (Node) -> Bool) throws(FaultError) {
        guard let other = nodes.first(where: { !holds($0) }) else { return }
        throw FaultError(
            "\(kind.name.rawValue) is for what \(what), and \(other.name) is a \(other.kind.rawValue) that does not")
    }

    private func checkRoutes(_ nodes: [Node], _ topology: Topology) throws(FaultError) {
        if case .hijack(let prefixes) = kind {
            for node in nodes {
                guard let own = prefixes.first(where: node.prefixes.contains) else { continue }
                throw FaultError("hijack: \(own) is \(node.name)'s own")
            }
        }
        guard kind == .leak else { return }
        try all(nodes, "forwards packets of others") { $0.kind == .router }
        let numbers = Set(nodes.map(\.asn))
        let above = topology.sessions.filter { session in
            guard numbers.contains(topology.nodes[session.node].asn) else { return false }
            return [.external(.provider), .external(.peer), .routeServer].contains(session.neighbour)
        }
        guard Set(above.map { topology.nodes[$0.remote].asn }).count > 1 else {
            throw FaultError("leak: \(target) has one provider or peer at most, and nobody to leak its routes to")
        }
    }
}
