public import LabModel
public import Net
public import Sys

/// One step of a way through the lab.
public struct Hop: Hashable, Sendable {
    /// The node; nil when nothing is known of it: nobody answered, or an address that no node of the lab has.
    public var node: Node?
    /// The address that a traceroute shows: on the way, that of the interface by which the packet comes in; at the end, the
    /// destination. Nil when nobody answered and nothing foretells it.
    public var address: IPAddress?
    /// From sending to the answer, in nanoseconds; nil when nothing was sent or nobody answered.
    public var rtt: Nanoseconds?

    /// Makes a hop of its parts.
    public init(node: Node?, address: IPAddress?, rtt: Nanoseconds? = nil) {
        self.node = node
        self.address = address
        self.rtt = rtt
    }

    /// The AS of the node.
    public var asn: ASN? { node?.asn }
}

/// The way of a packet as the kernels' forwarding tables say it, from node to node, without a packet being sent.
public struct Walk: Hashable, Sendable {
    /// How a way ends. Except with ``delivered(_:)``, packets do not arrive.
    public enum Outcome: Hashable, Sendable {
        /// The node takes the packet for its own.
        case delivered(Node)
        /// The node has no route, and tells the sender.
        case noRoute(Node)
        /// The node has a route that says "unreachable" or "prohibited", or does not forward, or its neighbour on that link
        /// is not the next hop.
        case unreachable(Node)
        /// The node has a route that drops without a word.
        case blackhole(Node)
        /// The nodes send the packet around in this order until its TTL ends.
        case loop([Node])
        /// The node's interface of the route has no carrier; at an exchange point, the port of the next hop.
        case linkDown(Node)
    }

    /// Where the way begins.
    public let source: Node
    /// Where it is to lead.
    public let destination: IPAddress
    /// The nodes after the source, in order. A loop is here once.
    public let hops: [Hop]
    /// How it ends.
    public let outcome: Outcome
    /// Where else its packets go.
    public var spread = Spread()

    /// The node that takes the packet for its own; nil when none does.
    public var end: Node? { if case .delivered(let node) = outcome { node } else { nil } }

    /// The ASes on the way, the source's own first, each once for all of its nodes in a row.
    public var asPath: [ASN] {
        var path = [source.asn]
        for asn in hops.compactMap(\.asn) where path.last != asn { path.append(asn) }
        return path
    }
}

extension Walk.Outcome: CustomStringConvertible {
    /// The end of the way in words, as the second half of a sentence about it.
    public var description: String {
        switch self {
        case .delivered(let node): "leads to \(node.name)"
        case .noRoute(let node): "ends at \(node.name), which has no route"
        case .unreachable(let node): "ends at \(node.name), from where it cannot be reached"
        case .blackhole(let node): "ends at \(node.name), which drops it"
        case .loop(let nodes): "goes round: " + (nodes + nodes.prefix(1)).map(\.name).joined(separator: ", ")
        case .linkDown(let node): "ends at \(node.name), whose link onward is down"
        }
    }
}
