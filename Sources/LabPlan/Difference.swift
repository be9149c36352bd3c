import LabModel
import Net

/// What leads from a lab that is up to what its file now says: the steps of both plans in which the two differ, and nothing else.
///
/// Nodes are the same when name, kind and addresses are, and both forward or neither does; links when both ends have the same names,
/// interfaces and addresses. What is the same is never taken away and made again. Numbers in ``Step/Action`` that take something
/// away are positions in the topology that is up, all others in the one to come.
public struct Difference: Sendable {
    /// What is up.
    public let old: Plan
    /// What is to be.
    public let new: Plan
    /// What has to be done, in order. Empty when there is nothing to do.
    public let steps: [Step]

    /// The position that each node of the old topology has in the new one; nil where it goes.
    public let nodes: [Int?]
    /// The position that each link of the old topology has in the new one; nil where it goes.
    public let links: [Int?]

    /// Compares two plans with the same kind of links, on a machine of so many processors. `new` should keep the numbers of `old`
    /// (``Numbering``), or everything differs.
    public init(from old: Plan, to new: Plan, processors: Int) {
        self.old = old
        self.new = new
        let comparison = Comparison(old.topology, new.topology, old.backend, processors)
        steps = comparison.steps()
        nodes = old.topology.nodes.map { comparison.successor(of: $0) }
        links = old.topology.links.map { comparison.successor(of: $0) }
    }
}

/// Two topologies side by side.
private struct Comparison {
    let old: Topology
    let new: Topology
    let backend: LinkBackend
    private let loads: (old: BFDLoad, new: BFDLoad)
    private let newNodes: [String: Int]
    private let oldNodes: [String: Int]
    private let newLinks: [[String]: Int]
    private let oldLinks: [[String]: Int]

    init(_ old: Topology, _ new: Topology, _ backend: LinkBackend, _ processors: Int) {
        self.old = old
        self.new = new
        self.backend = backend
        loads = (BFDLoad(old, processors: processors), BFDLoad(new, processors: processors))
        func nodes(_ topology: Topology) -> [String: Int] {
            Dictionary(topology.nodes.map { ($0.name, $0.index) }, uniquingKeysWith: { first, _ in first })
        }
        func links(_ topology: Topology) -> [[String]: Int] {
            Dictionary(
                topology.links.map { (Self.names($0, topology), $0.index) }, uniquingKeysWith: { first, _ in first })
        }
        (newNodes, oldNodes, newLinks, oldLinks) = (nodes(new), nodes(old), links(new), links(old))
    }

    private static func names(_ link: Link, _ topology: Topology) -> [String] {
        [topology.nodes[link.a.node].name, topology.nodes[link.b.node].name]
    }

    // MARK: What is the same

    func successor(of node: Node) -> Int? {
        newNodes[node.name].flatMap { isSame(node, new.nodes[$0]) ? $0 : nil }
    }

    func successor(of link: Link) -> Int? {
        newLinks[Self.names(link, old)].flatMap { isSame(link, new.links[$0]) ? $0 : nil }
    }

    private func isSame(_ node: Node, _ other: Node) -> Bool {
        guard node.kind == other.kind, node.forwards == other.forwards else { return false }
        // The address of some is that of their link.
        return node.kind.hasAddressOfLink || (node.address == other.address && node.address6 == other.address6)
    }

    private func isSame(_ link: Link, _ other: Link) -> Bool {
        func isSame(_ end: LinkEnd, _ other: LinkEnd) -> Bool {
            end.interface == other.interface && end.mac == other.mac && end.address == other.address
                && end.address6 == other.address6 && successor(of: old.nodes[end.node]) == other.node
        }
        return isSame(link.a, other.a) && isSame(link.b, other.b)
    }

    private func predecessor(of node: Node) -> Node? {
        oldNodes[node.name].map { old.nodes[$0] }.flatMap { isSame($0, node) ? $0 : nil }
    }

    private func predecessor(of link: Link) -> Link? {
        oldLinks[Self.names(link, new)].map { old.links[$0] }.flatMap { isSame($0, link) ? $0 : nil }
    }

    // MARK: Steps

    func steps() -> [Step] {
        removals() + additions() + changes()
    }

    private func removals() -> [Step] {
        let nodes = old.nodes.filter { successor(of: $0) == nil }
        let links = old.links.filter { successor(of: $0) == nil }
        func reason(_ node: Node) -> String {
            newNodes[node.name] == nil ? "not in the file" : "another kind of node, or other addresses"
        }
        return nodes.flatMap { node in
            Plan.daemons(of: node).map { Step(.stopDaemon(node: node.index, $0), because: reason(node)) }
        }
            + links.map { link in
                Step(
                    .removeLink(link.index),
                    because: newLinks[Self.names(link, old)] == nil ? "not in the file" : "its ends are others now")
            }
            + nodes.map { Step(.removeNamespace(node: $0.index), because: reason($0)) }
    }

    private func additions() -> [Step] {
        let nodes = new.nodes.filter { predecessor(of: $0) == nil }
        let links = new.links.filter { predecessor(of: $0) == nil }
        var steps = nodes.map { Step(.createNamespace(node: $0.index), because: Plan.purpose($0)) }
        steps += nodes.map { Step(.writeHosts(node: $0.index), because: "names in traceroute") }
        steps += links.map { Step(.createLink($0.index), because: Plan.purpose($0, new)) }
        steps += nodes.map { Step(.addressNode($0.index), because: Plan.addressing($0)) }
        steps += links.map { Step(.addressLink($0.index), because: "packets need addresses") }
        if backend == .netem {
            steps += links.map { Step(.shapeLink($0.index), because: "distance and quality of the link") }
        }
        return steps
    }

    private func changes() -> [Step] {
        var steps: [Step] = []
        for link in new.links {
            guard let before = predecessor(of: link), before.quality != link.quality else { continue }
            steps.append(Step(.shapeLink(link.index), because: "was \(before.quality.text)"))
            guard before.quality.delay != link.quality.delay else { continue }
            steps.append(Step(.addressLink(link.index), because: "its metric is its delay"))
        }
        for link in new.links where link.kind == .port {
            if let reason = portChange(link) { steps.append(Step(.addressLink(link.index), because: reason)) }
        }
        for node in new.nodes {
            guard let before = predecessor(of: node), before.services != node.services else { continue }
            steps.append(Step(.addressNode(node.index), because: "other service addresses"))
        }
        steps += spreadingSteps()
        for node in new.nodes where Plan.hasStandingRoutes(node) && hasOtherRoutes(node) {
            steps.append(Step(.installRoutes(node: node.index), because: Plan.routing(node)))
        }
        steps += multicastSteps()
        // A zone's primary has it first: a site that had it earlier would fetch the older one from there, where that has the
        // greater serial.
        for node in new.nodes.filter(isPrimary) + new.nodes.filter({ !isPrimary($0) }) {
            for role in Plan.daemons(of: node) { steps += daemonSteps(node, role) }
            guard let before = predecessor(of: node) else { continue }
            for role in Plan.daemons(of: before) where !Plan.daemons(of: node).contains(role) {
                steps.append(Step(.stopDaemon(node: before.index, role), because: "another kind of service"))
            }
        }
        return steps + healthSteps()
    }

    /// The sites that stay and are checked in another way from now on. A new one is checked as its service says from its start.
    private func healthSteps() -> [Step] {
        new.nodes.compactMap { node in
            guard let before = predecessor(of: node) else { return nil }
            let (had, has) = (old.service(of: before)?.health, new.service(of: node)?.health)
            guard had != has else { return nil }
            return Step(.checkHealth(node: node.index), because: had.map { "was \($0.text)" } ?? "was unchecked")
        }
    }

    /// Who has come to the LAN of a port, or left it: hardware addresses that its other end has to know, or no longer. Nil for a port
    /// that is new itself.
    private func portChange(_ link: Link) -> String? {
        guard let before = predecessor(of: link) else { return nil }
        func names(_ link: Link, _ topology: Topology) -> [String] {
            topology.neighbours(of: link.b, on: link).map { topology.nodes[$0.node].name + " " + $0.mac.description }
        }
        let (had, has) = (names(before, old), names(link, new))
        let changes =
            has.filter { !had.contains($0) }.map { "+" + $0 } + had.filter { !has.contains($0) }.map { "-" + $0 }
        return changes.isEmpty ? nil : "on the LAN " + changes.joined(separator: " ")
    }

    /// Whether the routes that no protocol brings differ: those of its prefixes, a client's default, and the interior.
    private func hasOtherRoutes(_ node: Node) -> Bool {
        guard let before = predecessor(of: node) else { return true }
        if before.prefixes != node.prefixes || hasOtherWayToSites(before, node) { return true }
        guard node.kind.hasDefaultRoute else { return false }
        return new.links(of: node.index).contains { predecessor(of: $0.link) == nil }
    }

    /// Whether a site reaches the other sites of its service in another way, or over a link that is made anew: the kernel took the
    /// route away with the old one.
    private func hasOtherWayToSites(_ before: Node, _ node: Node) -> Bool {
        let (had, has) = (old.wayToOtherSites(of: before), new.wayToOtherSites(of: node))
        guard let had, let has else { return (had == nil) != (has == nil) }
        return successor(of: had.link) != has.link.index || had.neighbour.address != has.neighbour.address
            || had.neighbour.address6 != has.neighbour.address6
    }

    private func isPrimary(_ node: Node) -> Bool {
        new.lab.services.contains { $0.name == node.network && $0.zone?.primary == node.name }
    }

    /// The routers that begin to share out single packets, or have a new interface to do it at, and those that end it.
    private func spreadingSteps() -> [Step] {
        let (had, has) = (Set(old.spreadingRouters), Set(new.spreadingRouters))
        guard !had.isEmpty || !has.isEmpty else { return [] }
        return new.nodes.compactMap { node in
            let did = predecessor(of: node).map { had.contains($0.index) } ?? false
            guard has.contains(node.index) else {
                return did ? Step(.spreadPackets(node: node.index), because: "multipath by flows") : nil
            }
            let isMoved = new.links(of: node.index).contains { predecessor(of: $0.link) == nil }
            return did && !isMoved ? nil : Step(.spreadPackets(node: node.index), because: Plan.spreading)
        }
    }

    /// The groups that are new or others now. Where links come or go, all trees are looked at.
    private func multicastSteps() -> [Step] {
        let isMoved =
            new.links.contains { predecessor(of: $0) == nil } || old.links.contains { successor(of: $0) == nil }
        let isOther = isMoved || old.lab.multicast != new.lab.multicast
        guard isOther else { return [] }
        return new.lab.multicast.indices.map { Step(.routeMulticast($0), because: Plan.grouping($0, new)) }
    }

    private func daemonSteps(_ node: Node, _ role: DaemonRole) -> [Step] {
        guard let before = predecessor(of: node), Plan.daemons(of: before).contains(role) else {
            return [Step(.startDaemon(node: node.index, role), because: Plan.task(role, node))]
        }
        let reason: String?
        switch role {
        case .bgp: reason = speakerChange(before, node)
        case .dns:
            reason =
                DaemonConfiguration.dns(old, node: before.index) == DaemonConfiguration.dns(new, node: node.index)
                ? nil : "other zones or addresses"
        case .http:
            reason =
                DaemonConfiguration.http(old, node: before.index) == DaemonConfiguration.http(new, node: node.index)
                ? nil : "other objects, origin or addresses"
        case .wire: reason = nil
        }
        return reason.map { [Step(.reconfigure(node: node.index, role), because: $0)] } ?? []
    }

    /// What a speaker has to be told, in words; nil for nothing.
    private func speakerChange(_ before: Node, _ node: Node) -> String? {
        let daemons = (old.otherDaemon(of: before.index), new.otherDaemon(of: node.index))
        guard daemons.0 == daemons.1 else { return "another daemon" }
        guard
            DaemonConfiguration.bgp(old, node: before.index, load: loads.old)
                != DaemonConfiguration.bgp(new, node: node.index, load: loads.new)
        else { return nil }
        guard before.asn == node.asn else { return "another AS number" }
        func names(_ topology: Topology, _ node: Node) -> [String] {
            // Each neighbour once: one that takes IPv6 next hops has a session over IPv6 alone.
            topology.sessions.lazy.filter { $0.node == node.index && ($0.family == .ipv4 || $0.hasExtendedNextHop) }
                .map { topology.nodes[$0.remote].name }
        }
        let (had, has) = (names(old, before), names(new, node))
        let added = has.filter { !had.contains($0) }.map { "+" + $0 }
        let removed = had.filter { !has.contains($0) }.map { "-" + $0 }
        guard added.isEmpty && removed.isEmpty else {
            return "neighbours " + (added + removed).joined(separator: " ")
        }
        return before.prefixes == node.prefixes ? "other policy or timers" : "other prefixes"
    }
}
