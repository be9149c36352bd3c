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
        /// The node at the other end of the link; nil for interfaces that are no link of the lab.
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
