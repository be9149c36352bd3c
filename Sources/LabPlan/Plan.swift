public import LabModel

/// How the delay of a link is made.
public enum LinkBackend: String, Hashable, Sendable, Codable, CaseIterable {
    /// A veth pair with the kernel's `netem` on both ends.
    case netem
    /// A TAP device at each end, and `labd wire` between them.
    case wire
}

/// The daemons of a node.
public enum DaemonRole: String, Hashable, Sendable, Codable {
    /// The BGP speaker.
    case bgp
    /// The DNS responder.
    case dns
    /// The HTTP server.
    case http
    /// The delay line of all links; it belongs to no node.
    case wire
}

/// One thing to do, and why. Numbers are positions in ``Topology/nodes`` and ``Topology/links``.
public struct Step: Hashable, Sendable {
    /// What is done.
    public enum Action: Hashable, Sendable {
        /// A network namespace is made, pinned by name and tuned as a router or host.
        case createNamespace(node: Int)
        /// The namespace gets a hosts file, so that plain `traceroute` prints names.
        case writeHosts(node: Int)
        /// Both ends of a link are made in their namespaces, without addresses and down.
        case createLink(Int)
        /// The loopback interface goes up, with the node's own and its services' addresses; at an exchange point, the bridge.
        case addressNode(Int)
        /// Both ends get addresses and their neighbours' hardware addresses, and go up; a port becomes the bridge's.
        case addressLink(Int)
        /// The kernel is told the link's delay, jitter, loss and rate.
        case shapeLink(Int)
        /// A router begins to share out single packets among equal ways, or goes back to whole flows.
        case spreadPackets(node: Int)
        /// Routes that no protocol of the lab brings: a client's default, an AS's interior, an unused address.
        case installRoutes(node: Int)
        /// The routers of a multicast group forward it, and its members join; a position in ``Lab/multicast``.
        case routeMulticast(Int)
        /// A daemon is started; `node` is nil for the delay line.
        case startDaemon(node: Int?, DaemonRole)
        /// A daemon is told its new configuration.
        case reconfigure(node: Int, DaemonRole)
        /// A site is checked as its service says now, or no longer.
        case checkHealth(node: Int)
        /// A daemon is ended for good.
        case stopDaemon(node: Int, DaemonRole)
        /// Both ends of a link go.
        case removeLink(Int)
        /// A namespace goes, with all that is inside.
        case removeNamespace(node: Int)
    }
    /// What is done.
    public let action: Action
    /// Why, for people.
    public let reason: String

    /// Makes a step.
    public init(_ action: Action, because reason: String) {
        self.action = action
        self.reason = reason
    }
}

/// What has to be done to bring a lab up, in order: a value before it is a deed.
public struct Plan: Sendable {
    /// The topology that the steps speak of.
    public let topology: Topology
    /// How delays are made.
    public let backend: LinkBackend
    /// The steps. Those of one kind stand together, so that each kind can be carried out in one batch.
    public let steps: [Step]

    /// Plans a lab from nothing.
    public init(_ topology: Topology, backend: LinkBackend) {
        self.topology = topology
        self.backend = backend
        let nodes = topology.nodes
        var steps = nodes.map { Step(.createNamespace(node: $0.index), because: Self.purpose($0)) }
        steps += nodes.map { Step(.writeHosts(node: $0.index), because: "names in traceroute") }
        if backend == .wire, !topology.links.isEmpty {
            steps.append(Step(.startDaemon(node: nil, .wire), because: "delays without sch_netem"))
        }
        steps += topology.links.map { Step(.createLink($0.index), because: Self.purpose($0, topology)) }
        steps += nodes.map { Step(.addressNode($0.index), because: Self.addressing($0)) }
        steps += topology.links.map { Step(.addressLink($0.index), because: "packets need addresses") }
        if backend == .netem {
            steps += topology.links.map { Step(.shapeLink($0.index), because: "distance and quality of the link") }
        }
        steps += topology.spreadingRouters.map { Step(.spreadPackets(node: $0), because: Self.spreading) }
        steps += nodes.filter(Self.hasStandingRoutes).map {
            Step(.installRoutes(node: $0.index), because: Self.routing($0))
        }
        steps += topology.lab.multicast.indices.map { Step(.routeMulticast($0), because: Self.grouping($0, topology)) }
        for role in [DaemonRole.dns, .http, .bgp] {
            steps += nodes.filter { Self.daemons(of: $0).contains(role) }.map {
                Step(.startDaemon(node: $0.index, role), because: Self.task(role, $0))
            }
        }
        self.steps = steps
    }

    /// The daemons of a node. Every site has a responder: it says which site it is, which ledgers and floods ask at all services.
    static func daemons(of node: Node) -> [DaemonRole] {
        let servers: [DaemonRole] =
            switch node.serves {
            case .dns: [.dns]
            case .http: [.dns, .http]
            case nil: []
            }
        return servers + (node.runsBGP ? [.bgp] : [])
    }

    /// What a daemon does at a node, for people.
    static func task(_ role: DaemonRole, _ node: Node) -> String {
        switch role {
        case .bgp: "speaks for AS \(node.asn)"
        case .http: "serves \(node.network)"
        case .dns: node.serves == .http ? "says which site it is" : "answers for \(node.network)"
        case .wire: "carries all links"
        }
    }

    static let spreading = "multipath by packets"

    static func addressing(_ node: Node) -> String {
        if node.kind == .exchange { return "the LAN of \(node.name)" }
        return node.hasOwnAddress ? "its own address" : "its loopback interface"
    }

    /// Whether a node has routes that no protocol brings. What is at an exchange point needs no more than its LAN.
    static func hasStandingRoutes(_ node: Node) -> Bool { node.kind != .exchange && node.kind != .routeServer }

    static func purpose(_ node: Node) -> String {
        switch node.kind {
        case .router: "router of \(node.network) in \(node.place.label)"
        case .site: "site of \(node.network) in \(node.place.label)"
        case .server: "server of \(node.siteName)"
        case .client: "client of \(node.network) in \(node.place.label)"
        case .exchange: "exchange point in \(node.place.label)"
        case .routeServer: "route server of \(node.network)"
        }
    }

    static func purpose(_ link: Link, _ topology: Topology) -> String {
        let (a, b) = (topology.nodes[link.a.node], topology.nodes[link.b.node])
        switch link.kind {
        case .interior: return "interior of \(a.network)"
        case .access: return "\(b.name) is a client of \(a.network)"
        case .server: return "\(b.name) is a server of \(a.name)"
        case .port: return "port of \(b.name) at \(a.name)"
        case .exterior(let kind):
            return kind == .peer
                ? "\(a.network) and \(b.network) are peers" : "\(b.network) is a \(kind.rawValue) of \(a.network)"
        }
    }

    static func grouping(_ group: Int, _ topology: Topology) -> String {
        let group = topology.lab.multicast[group]
        return "from \(group.source) to \(group.members.joined(separator: ", "))"
    }

    static func routing(_ node: Node) -> String {
        switch node.kind {
        case .router: "the interior of AS \(node.asn)"
        case .site: "unused addresses of its prefixes"
        case .server: "default route, and unused addresses of its prefixes"
        case .client: "default route"
        case .exchange, .routeServer: "none"
        }
    }
}
