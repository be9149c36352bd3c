import LabModel
public import Net
public import Netlink

/// A route of a node's kernel, with its next hops named as the lab names them.
public struct NodeRoute: Hashable, Sendable {
    /// One way to go on.
    public struct NextHop: Hashable, Sendable {
        /// The address of the next router; nil when the destination is on the link.
        public let address: IPAddress?
        /// The interface; nil when the kernel names none.
        public let interface: String?
        /// The node at the other end of the link; on the LAN of an exchange point the one with that address, or without an address
        /// the exchange point. Nil for interfaces that are no link of the lab.
        public let neighbour: String?
        /// Whether the interface is down or has no carrier.
        public let isDead: Bool
    }

    /// Which packets it is for.
    public let prefix: IPPrefix
    /// What becomes of them.
    public let kind: KernelRoute.Kind
    /// Who put it there.
    public let origin: KernelRoute.Origin
    /// Among routes of one prefix the lowest wins.
    public let metric: UInt32
    /// Where the packets go; several for multipath, none for kinds that forward nothing.
    public let nextHops: [NextHop]

    /// The kind as ip(8) calls it.
    public var kindName: String {
        switch kind {
        case .unicast: "unicast"
        case .local: "local"
        case .broadcast: "broadcast"
        case .multicast: "multicast"
        case .blackhole: "blackhole"
        case .unreachable: "unreachable"
        case .prohibit: "prohibit"
        default: String(kind.rawValue)
        }
    }

    /// The protocol as ip(8) calls it.
    public var originName: String {
        switch origin {
        case .unspecified: "unspec"
        case .kernel: "kernel"
        case .boot: "boot"
        case .static: "static"
        case .bgp: "bgp"
        default: String(origin.rawValue)
        }
    }
}

extension NodeRoute {
    init(_ route: KernelRoute, interfaces: [String?], of node: Node, atlas: Atlas) {
        prefix = route.destination
        kind = route.kind
        origin = route.origin
        metric = route.metric
        nextHops = zip(route.nextHops, interfaces).map { hop, interface in
            NextHop(
                address: hop.gateway, interface: interface,
                neighbour: interface.flatMap { atlas.name(of: hop.gateway, by: $0, of: node.index) },
                isDead: hop.isDead)
        }
    }
}

extension NodeRoute: Comparable {
    /// Orders by prefix, then by metric, then by interface.
    public static func < (left: NodeRoute, right: NodeRoute) -> Bool {
        if left.prefix != right.prefix { return left.prefix < right.prefix }
        if left.metric != right.metric { return left.metric < right.metric }
        return (left.nextHops.first?.interface ?? "") < (right.nextHops.first?.interface ?? "")
    }
}
