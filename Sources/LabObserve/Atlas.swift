import LabModel
import Net

/// Finds nodes by what kernels and probes say: an interface's name, an address, a site's name.
struct Atlas {
    let topology: Topology
    private var neighbours: [Port: Neighbour] = [:]
    /// The exchange point whose LAN an interface is on, and who is on each LAN.
    private var exchanges: [Port: Int] = [:]
    private var members: [Member: Neighbour] = [:]
    private var nodes: [IPAddress: Int] = [:]
    private var sites: [String: Int] = [:]
    /// See ``LabModel/Topology/spreadingRouters``.
    let spreadingRouters: Set<Int>

    /// One end of a link, as the kernel of a node names it.
    private struct Port: Hashable {
        let node: Int
        let interface: String
    }

    private struct Member: Hashable {
        let exchange: Int
        let address: IPAddress
    }

    /// What an interface leads to.
    struct Neighbour {
        let node: Node
        private let end: LinkEnd

        init(node: Node, end: LinkEnd) {
            self.node = node
            self.end = end
        }

        /// Its own name of the interface at this link.
        var interface: String { end.interface }

        func address(_ family: AddressFamily) -> IPAddress { end.address(family) }

        /// Whether a packet for `gateway` on this link comes to the neighbour.
        func isReached(as gateway: IPAddress) -> Bool {
            if case .v6(let v6) = gateway, v6.isLinkLocal { return true }
            return end.address(gateway.family) == gateway
        }
    }

    init(_ topology: Topology) {
        self.topology = topology
        spreadingRouters = Set(topology.spreadingRouters)
        for link in topology.links {
            for end in link.addressedEnds {
                nodes[.v4(end.address)] = end.node
                nodes[.v6(end.address6)] = end.node
            }
            if link.kind == .port {
                let port = Port(node: link.b.node, interface: link.b.interface)
                exchanges[port] = link.a.node
                for family in AddressFamily.allCases {
                    members[Member(exchange: link.a.node, address: link.b.address(family))] =
                        Neighbour(node: topology.nodes[link.b.node], end: link.b)
                }
                continue
            }
            for (own, other) in [(link.a, link.b), (link.b, link.a)] {
                neighbours[Port(node: own.node, interface: own.interface)] =
                    Neighbour(node: topology.nodes[other.node], end: other)
            }
        }
        for node in topology.nodes {
            if node.hasOwnAddress || node.kind.hasAddressOfLink {
                nodes[.v4(node.address)] = node.index
                nodes[.v6(node.address6)] = node.index
            }
            if node.serves != nil { sites[node.name] = node.index }
        }
    }

    /// Who gets a packet that leaves a node by an interface for `gateway`; nil when nobody does.
    func neighbour(of node: Int, by interface: String, gateway: IPAddress) -> Neighbour? {
        let port = Port(node: node, interface: interface)
        if let exchange = exchanges[port] { return members[Member(exchange: exchange, address: gateway)] }
        return neighbours[port].flatMap { $0.isReached(as: gateway) ? $0 : nil }
    }

    /// The exchange point whose LAN an interface is on.
    func exchange(at node: Int, interface: String) -> Node? {
        exchanges[Port(node: node, interface: interface)].map { topology.nodes[$0] }
    }

    /// What an interface leads to, and on the LAN of an exchange point who has the address of the next hop there, if any.
    func name(of gateway: IPAddress?, by interface: String, of node: Int) -> String? {
        guard let exchange = exchange(at: node, interface: interface) else {
            return neighbours[Port(node: node, interface: interface)]?.node.name
        }
        guard let gateway else { return exchange.name }
        return neighbour(of: node, by: interface, gateway: gateway)?.node.name
    }

    /// The one node that has the address; nil for the addresses of services, which many have.
    func node(at address: IPAddress) -> Node? { nodes[address].map { topology.nodes[$0] } }

    /// The site of one server, or the server of a site, that answers by this name.
    func site(named name: String) -> Node? { sites[name].map { topology.nodes[$0] } }
}
