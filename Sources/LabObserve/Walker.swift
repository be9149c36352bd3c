import LabModel
import Net
import Netlink

/// Follows a packet through the forwarding tables.
struct Walker {
    let atlas: Atlas
    /// Asks the kernel of a node whether an interface has a carrier.
    var hasCarrier: (Node, String) throws(ObservationError) -> Bool = { _, _ throws(ObservationError) in true }
    /// Asks the kernel of a node for all that may become of a packet, where it shares out single packets.
    var askAll: (Node, RouteLookup, _ incoming: String?) throws(ObservationError) -> [Forwarding] = {
        _, _, _ throws(ObservationError) in []
    }
    /// Asks the kernel of a node about a packet that comes in by an interface, or that the node sends itself.
    let ask: (Node, RouteLookup, _ incoming: String?) throws(ObservationError) -> Forwarding

    func walk(_ packet: Packet, from source: Node) throws(ObservationError) -> Walk {
        var way = Way(source: source, destination: packet.destination)
        var question = RouteLookup(packet.destination, from: packet.source, flow: packet.flow)
        var incoming: String?
        var fork: Fork?
        while true {
            let node = way.last
            if fork == nil, atlas.spreadingRouters.contains(node.index) {
                let first = Fork(node: node, incoming: incoming, depth: way.count)
                fork = first
                way.spread = try spread(first, question)
            }
            switch try ask(node, question, incoming) {
            case .local: return way.ended(.delivered(node))
            case .noRoute: return way.ended(.noRoute(node))
            case .unreachable: return way.ended(.unreachable(node))
            case .blackhole: return way.ended(.blackhole(node))
            case .onward(let interface, let gateway, let hasCarrier, let own):
                // Servers and clients do not pass on what is not theirs.
                guard node.forwards || node.index == source.index,
                    let next = atlas.neighbour(
                        of: node.index, by: interface, gateway: gateway ?? packet.destination)
                else { return way.ended(.unreachable(node)) }
                guard hasCarrier else { return way.ended(.linkDown(node)) }
                // A switch drops what is for a port without a carrier, and its other ports know nothing of it.
                if let exchange = atlas.exchange(at: node.index, interface: interface),
                    try !self.hasCarrier(next.node, next.interface)
                {
                    return way.ended(.linkDown(exchange))
                }
                if let loop = way.loop(from: next.node) { return way.ended(.loop(loop)) }
                way.append(next.node, next.address(packet.destination.family))
                question.source = question.source ?? own
                incoming = next.interface
            }
        }
    }
}

/// A walk that is under way.
private struct Way {
    let source: Node
    let destination: IPAddress
    private var hops: [Hop] = []
    private var nodes: [Node]
    var spread = Spread()

    init(source: Node, destination: IPAddress) {
        self.source = source
        self.destination = destination
        nodes = [source]
    }

    var count: Int { hops.count }
    var last: Node { nodes[nodes.count - 1] }

    mutating func append(_ node: Node, _ address: IPAddress) {
        hops.append(Hop(node: node, address: address))
        nodes.append(node)
    }

    /// The nodes that a packet goes around when it comes to `node` again; nil when it was not there yet. A table does not
    /// look at where a packet comes from.
    func loop(from node: Node) -> [Node]? {
        nodes.firstIndex { $0.index == node.index }.map { Array(nodes[$0...]) }
    }

    func ended(_ outcome: Walk.Outcome) -> Walk {
        var hops = hops
        // The destination answers as itself, not as the interface by which the packet came.
        if case .delivered = outcome, let last = hops.indices.last { hops[last].address = destination }
        return Walk(source: source, destination: destination, hops: hops, outcome: outcome, spread: spread)
    }
}
