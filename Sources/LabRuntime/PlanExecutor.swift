import Glibc
import LabModel
package import LabPlan
import Netlink
import Sys

/// Carries out the steps of a plan that concern the kernel, kind by kind, each kind in as few calls as it takes.
///
/// Runs on the supervisor's one thread, which goes into each namespace in turn and comes home.
package final class PlanExecutor {
    let plan: Plan
    private let paths: LabPaths
    private let requests: NodeRequests
    private(set) var nodes: [NodeNamespace] = []
    /// The interior routes that the kernels have now.
    private var interior: Set<InteriorRoute> = []
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
        for node in topology.nodes {
            for path in [paths.namespace(node.name), paths.overlayLink(node.name)] where Files.exists(path) {
                throw RequestError(
                    "\(path) is there already and belongs to no lab: remove it, or give the lab or the node another name"
                )
            }
        }
        try journal.record(
            topology.nodes.flatMap { node -> [Journal.Entry] in
                [
                    .namespace(path: paths.namespace(node.name)),
                    .link(path: paths.overlayLink(node.name), target: paths.overlay),
                ]
            })
        let home = try NetworkNamespace.current()
        let settings = KernelSettings()
        do {
            for node in topology.nodes {
                nodes.append(try NodeNamespace(creating: node, at: paths.namespace(node.name), settings))
                try Files.makeLink(paths.overlayLink(node.name), to: paths.overlay)
                progress(nodes.count)
            }
            try home.enter()
        } catch {
            try home.enter()
            throw error
        }
    }

    /// Writes the hosts file that all nodes share.
    func writeHosts() throws {
        try Files.makeDirectory(paths.overlay)
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
    /// between. Only what differs is touched.
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
}
