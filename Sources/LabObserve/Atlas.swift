import LabModel
import Net

/// Finds nodes by what kernels and probes say: an interface's name, an address, a site's name.
struct Atlas {
    let topology: Topology
    private var neighbours: [Port: Neighbour] = [:]
    private var nodes: [IPAddress: Int] = [:]
    private var sites: [String: Int] = [:]

    /// One end of a link, as the kernel of a node names it.
    private struct Port: Hashable {
        let node: Int
        let interface: String
    }

    /// What is at the other end of an interface.
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
        for link in topology.links {
            for (own, other) in [(link.a, link.b), (link.b, link.a)] {
                neighbours[Port(node: own.node, interface: own.interface)] =
                    Neighbour(node: topology.nodes[other.node], end: other)
                nodes[.v4(own.address)] = own.node
                nodes[.v6(own.address6)] = own.node
            }
        }
        for node in topology.nodes {
            nodes[.v4(node.address)] = node.index
            nodes[.v6(node.address6)] = node.index
            if node.kind == .site { sites[node.name] = node.index }
        }
    }

    func neighbour(of node: Int, by interface: String) -> Neighbour? {
        neighbours[Port(node: node, interface: interface)]
    }

    /// The one node that has the address; nil for the addresses of services, which many have.
    func node(at address: IPAddress) -> Node? { nodes[address].map { topology.nodes[$0] } }

    func site(named name: String) -> Node? { sites[name].map { topology.nodes[$0] } }
}
