import Glibc
import LabModel
package import LabPlan
import Net
import Netlink
import Sys

/// Carries out the steps of a plan that concern the kernel, kind by kind, each kind in as few calls as it takes.
///
/// Runs on the supervisor's one thread, which goes into each namespace in turn and comes home.
package final class PlanExecutor {
    private(set) var plan: Plan
    let paths: LabPaths
    private(set) var requests: NodeRequests
    private(set) var nodes: [NodeNamespace] = []
    /// Nodes that the lab is about to lose, by name.
    private var leaving: [String: NodeNamespace] = [:]
    /// The interior routes that the kernels have now.
    private var interior: Set<InteriorRoute> = []
    private let multicast = MulticastRouting()
    /// Made when the first router shares out single packets.
    private var spreading: PacketSpreading?
    /// The veth links that are down, and at which node they were taken down.
    private var loweredEnds: [Int: Int] = [:]

    var topology: Topology { plan.topology }

    package init(_ plan: Plan, paths: LabPaths) {
        self.plan = plan
        self.paths = paths
        requests = NodeRequests(topology: plan.topology)
    }

    /// Makes the namespaces, with their names in the journal first. `progress` is told how many there are so far.
    /// Throws `SystemError`, `NetlinkError`.
    package func createNamespaces(_ journal: borrowing Journal, progress: (Int) -> Void) throws {
        nodes = try make(topology.nodes, journal, progress: progress)
    }

    /// Makes the namespaces of `nodes`, all or none. Throws as ``createNamespaces(_:progress:)``.
    private func make(
        _ nodes: [Node], _ journal: borrowing Journal, progress: (Int) -> Void
    ) throws -> [NodeNamespace] {
        for node in nodes {
            for path in [paths.namespace(node.name), paths.overlayLink(node.name)].compactMap(\.self)
            where Files.exists(path) {
                throw RequestError(
                    "\(path) is there already and belongs to no lab: remove it, or give the lab or the node another name"
                )
            }
        }
        try journal.record(nodes.flatMap { entries(of: $0.name) })
        let home = try NetworkNamespace.current()
        let settings = KernelSettings()
        var made: [NodeNamespace] = []
        do {
            for node in nodes {
                made.append(try NodeNamespace(creating: node, at: paths.namespace(node.name), settings))
                if let link = paths.overlayLink(node.name) { try Files.makeLink(link, to: paths.overlay) }
                progress(made.count)
            }
            try home.enter()
            return made
        } catch {
            try home.enter()
            takeBack(made, of: nodes, after: error, journal)
            throw error
        }
    }

    /// Takes away what was made before `error`, and nothing that somebody else made meanwhile: that is what EEXIST says.
    private func takeBack(
        _ made: [NodeNamespace], of nodes: [Node], after error: any Error, _ journal: borrowing Journal
    ) {
        let isOfOthers = (error as? SystemError)?.code == EEXIST
        var gone: [Journal.Entry] = []
        for (position, node) in nodes.enumerated() {
            let isOurs = position < made.count || (position == made.count && !isOfOthers)
            for entry in entries(of: node.name) {
                if !isOurs || (try? Teardown.undo(entry)) != nil { gone.append(entry) }
            }
        }
        try? journal.recordRemoval(of: gone)
    }

    /// What the journal says of a node.
    private func entries(of node: String) -> [Journal.Entry] {
        [.namespace(path: paths.namespace(node))]
            + (paths.overlayLink(node).map { [.link(path: $0, target: paths.overlay)] } ?? [])
    }

    /// Writes the hosts file that all nodes share.
    func writeHosts() throws {
        if !Files.exists(paths.overlay) { try Files.makeDirectory(paths.overlay) }
        try Files.write(paths.overlay + "/hosts", HostsFile.text(topology).utf8)
    }

    /// Makes the links as veth pairs. With the wire, the devices are there already.
    package func createLinks() throws {
        let session = try NetlinkSession()
        var batch = NetlinkBatch()
        for link in topology.links {
            batch.add(
                requests.veth(link) { index in
                    NamespaceReference(nodes[index].namespace, name: topology.namespace(of: index))
                })
        }
        try session.send(batch)
    }

    /// Gives every node and link its addresses and brings all up.
    package func address() throws {
        for node in nodes {
            try node.refreshInterfaces()
            var batch = NetlinkBatch(requests.loopback(node.node, interface: try node.index(of: "lo")))
            for (link, end, _) in topology.links(of: node.node.index) {
                for request in requests.end(end, of: link, interface: try node.index(of: end.interface)) {
                    batch.add(request)
                }
            }
            try node.netlink.send(batch)
        }
    }

    /// Has the routers share out single packets that are to do so. Throws `SystemError`, ``RequestError``.
    func spreadPackets() throws {
        for router in topology.spreadingRouters { try spreadPackets(at: topology.nodes[router], true) }
    }

    /// Has a router share out single packets, by all of its links, or whole flows. Throws as ``spreadPackets()``.
    func spreadPackets(at node: Node, _ isOn: Bool) throws {
        guard isOn || spreading != nil else { return }
        let spreading = try self.spreading ?? Self.loadSpreading(node)
        self.spreading = spreading
        let own = nodes[node.index]
        try own.refreshInterfaces()
        try own.namespace.perform {
            for (_, end, _) in topology.links(of: node.index) {
                let interface = try own.index(of: end.interface)
                if isOn { try spreading.begin(on: interface) } else { try spreading.end(on: interface) }
            }
        }
    }

    private static func loadSpreading(_ node: Node) throws(RequestError) -> PacketSpreading {
        do {
            return try PacketSpreading()
        } catch {
            throw RequestError("\(node.name) cannot share out single packets: \(error.reason); \(PacketSpreading.need)")
        }
    }

    /// Tells the kernel the quality of every link, at both ends.
    func shape() throws {
        for node in nodes {
            var batch = NetlinkBatch()
            for (link, end, _) in topology.links(of: node.node.index) {
                let none = LinkQuality(delay: 0)
                let interface = try node.index(of: end.interface)
                if let request = requests.shape(link.quality, before: none, interface: interface) { batch.add(request) }
            }
            if !batch.isEmpty { try node.netlink.send(batch) }
        }
    }

    /// Changes the quality of what one end of a link sends.
    func reshape(_ end: LinkEnd, _ quality: LinkQuality, before: LinkQuality) throws {
        let node = nodes[end.node]
        let interface = try node.index(of: end.interface)
        guard let request = requests.shape(quality, before: before, interface: interface) else { return }
        try node.netlink.send(NetlinkBatch([request]))
    }

    /// Installs defaults, unreachable routes and the interior of every AS.
    func installRoutes() throws {
        for node in nodes {
            let routes = try requests.standingRoutes(node.node) { try node.index(of: $0) }
            if !routes.isEmpty { try node.netlink.send(NetlinkBatch(routes)) }
        }
        try updateInterior { _ in true }
    }

    /// Brings the interior routes to what the links that are up give: new ones first, so that nothing is unreachable in
    /// between. Only what differs is touched. The trees of multicast groups follow.
    func updateInterior(isUp: (Link) -> Bool) throws {
        let wanted = Set(InteriorRouting.routes(topology, isUp: isUp))
        var batches: [Int: NetlinkBatch] = [:]
        func add(_ kind: ChangeKind, _ route: InteriorRoute, _ tolerance: Tolerance) throws {
            let node = nodes[route.node]
            for request in try requests.interior(kind, route, interfaceIndex: { try node.index(of: $0) }) {
                batches[route.node, default: NetlinkBatch()].add(request, ignoring: tolerance)
            }
        }
        for route in wanted.subtracting(interior) { try add(.replace, route, []) }
        for route in interior.subtracting(wanted) {
            // A route of the same metric was replaced just now, not added beside it.
            let isReplaced = wanted.contains {
                $0.node == route.node && $0.destination == route.destination && $0.metric == route.metric
            }
            if !isReplaced { try add(.delete, route, .alreadyGone) }
        }
        for (node, batch) in batches { try nodes[node].netlink.send(batch) }
        interior = wanted
        try updateMulticast(isUp: isUp)
    }

    /// Brings the trees of multicast groups to what the links that are up give.
    func updateMulticast(isUp: (Link) -> Bool) throws {
        try multicast.follow(topology, nodes, isUp: isUp)
    }

    /// Makes the kernel tell of a carrier that changed just now. It tells by itself too, but of a TAP device up to a second
    /// later when any other device of the machine changed shortly before.
    func announceCarrier(_ link: Link) throws {
        for end in [link.a, link.b] {
            let node = nodes[end.node]
            try node.netlink.send(LinkChange(.index(try node.index(of: end.interface)), alias: end.alias))
        }
    }

    /// Takes a veth link down at one end; its other end loses its carrier.
    func lowerVeth(_ link: Link, at node: Int) throws {
        guard let end = link.end(at: node) else { return }
        let own = nodes[node]
        try own.netlink.send(LinkChange(.index(try own.index(of: end.interface)), isUp: false))
        loweredEnds[link.index] = node
    }

    /// Brings a veth link up again at the end where it was taken down. The kernel dropped routes and neighbours of the
    /// interface, so they are put back.
    func raiseVeth(_ link: Link) throws {
        guard let node = loweredEnds.removeValue(forKey: link.index), let end = link.end(at: node) else { return }
        let own = nodes[node]
        try own.netlink.send(
            NetlinkBatch(requests.end(end, of: link, interface: try own.index(of: end.interface))))
        let routes = try requests.standingRoutes(own.node) { try own.index(of: $0) }
        if !routes.isEmpty { try own.netlink.send(NetlinkBatch(routes)) }
        interior = interior.filter { $0.node != node || $0.link != link.index }
    }

    /// Has the kernel of a node refuse packets to prefixes that it has hijacked, which a wider route would send on to where they
    /// belong; and no longer those to prefixes that it had `before`.
    func catchPackets(to prefixes: [IPPrefix], before: [IPPrefix], at node: Int) throws(NetlinkError) {
        let own = nodes[node]
        var batch = NetlinkBatch()
        for prefix in prefixes { batch.add(requests.absence(of: prefix, kind: .replace)) }
        for prefix in before where !prefixes.contains(prefix) && !own.node.prefixes.contains(prefix) {
            batch.add(requests.absence(of: prefix, kind: .delete), ignoring: .alreadyGone)
        }
        if !batch.isEmpty { try own.netlink.send(batch) }
    }

    // MARK: Changing a lab that is up

    /// Goes over to another plan: makes the namespaces that it has more, keeps those that stay under their new numbers, and
    /// sets aside those that go until ``removeNodes(_:)``. Throws as ``createNamespaces(_:progress:)``; then nothing has changed.
    func adopt(_ difference: Difference, _ journal: borrowing Journal) throws {
        var known = leaving
        for node in nodes { known[node.node.name] = node }
        let staying = Set(difference.nodes.compactMap(\.self))
        var made: [String: NodeNamespace] = [:]
        let missing = difference.new.topology.nodes.filter { !staying.contains($0.index) && leaving[$0.name] == nil }
        if let other = missing.first(where: { known[$0.name] != nil }) {
            throw RequestError(
                "'\(other.name)' would become another kind of node: give it another name, or take the lab down")
        }
        for node in try make(missing, journal, progress: { _ in }) { made[node.node.name] = node }
        plan = difference.new
        requests = NodeRequests(topology: plan.topology)
        nodes = topology.nodes.compactMap { node in
            guard let namespace = known.removeValue(forKey: node.name) ?? made[node.name] else { return nil }
            namespace.node = node
            return namespace
        }
        leaving = known
        interior = Set(
            interior.compactMap { route in
                guard let node = difference.nodes[route.node], let destination = difference.nodes[route.destination],
                    let link = difference.links[route.link]
                else { return nil }
                return InteriorRoute(node: node, destination: destination, link: link, metric: route.metric)
            })
        loweredEnds = Dictionary(
            loweredEnds.compactMap { link, node in
                guard let link = difference.links[link], let node = difference.nodes[node] else { return nil }
                return (link, node)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// The namespace of a node that the lab has, or is about to lose.
    func namespace(called name: String) -> NodeNamespace? {
        leaving[name] ?? nodes.first { $0.node.name == name }
    }

    /// Takes away the namespaces that the plan no longer has, and what is pinned of them. Throws `SystemError`.
    func removeNodes(_ journal: borrowing Journal) throws(SystemError) {
        let names = leaving.keys.sorted()
        leaving = [:]
        try removeFiles(of: names, journal)
    }

    private func removeFiles(of names: [String], _ journal: borrowing Journal) throws(SystemError) {
        guard !names.isEmpty else { return }
        let gone = names.flatMap { entries(of: $0) }
        for entry in gone.reversed() { try Teardown.undo(entry) }
        try journal.recordRemoval(of: gone)
    }

    /// Takes the interior routes of the plan before it out of the kernel that lead to routers which go, or over links which go.
    func leaveInterior(_ difference: Difference, isUp: (Link) -> Bool) throws {
        try updateInterior { link in
            isUp(link) && difference.links[link.index] != nil
        }
    }
}
