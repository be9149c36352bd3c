import LabModel
import LabPlan
import Net
import Netlink

/// The netlink messages of a lab: what each step of a plan says to the kernel.
struct NodeRequests {
    let topology: Topology

    /// The metric of a route that any other of the same prefix comes before.
    private static let lastResort: UInt32 = 1 << 31

    /// The veth pair of a link, both ends in place. `reference` answers the namespace of a node.
    func veth(_ link: Link, reference: (Int) -> NamespaceReference) -> VethCreation {
        VethCreation(
            .init(link.a.interface, in: reference(link.a.node), macAddress: link.a.mac),
            .init(link.b.interface, in: reference(link.b.node), macAddress: link.b.mac))
    }

    /// The addresses of a node that belong to no link, on its loopback interface.
    func loopback(_ node: Node, interface: UInt32) -> [any NetlinkRequest] {
        var addresses: [IPAddress] = node.services
        if node.kind != .client { addresses += [.v4(node.address), .v6(node.address6)] }
        return [LinkChange(.index(interface), isUp: true)]
            + addresses.map {
                AddressChange(.replace, InterfaceAddress($0, prefixLength: $0.family.bitWidth, interface: interface))
            }
    }

    /// One end of a link: alias, up, addresses, and the other end's hardware address. With that known, no packet waits for
    /// address resolution, which on a long link would cost a round trip.
    func end(_ end: LinkEnd, other: LinkEnd, interface: UInt32) -> [any NetlinkRequest] {
        [
            LinkChange(.index(interface), isUp: true, alias: end.alias),
            AddressChange(.replace, InterfaceAddress(.v4(end.address), prefixLength: 31, interface: interface)),
            AddressChange(.replace, InterfaceAddress(.v6(end.address6), prefixLength: 127, interface: interface)),
            NeighbourChange(.replace, NeighbourEntry(.v4(other.address), other.mac, interface: interface)),
            NeighbourChange(.replace, NeighbourEntry(.v6(other.address6), other.mac, interface: interface)),
        ]
    }

    /// The routes of a node that no BGP speaker brings, except those of the interior protocol. A client has a default
    /// route. A router or site answers for all of its prefixes: what leads nowhere inside must not go round outside.
    func standingRoutes(_ node: Node, interfaceIndex: (String) throws -> UInt32) throws -> [any NetlinkRequest] {
        guard node.kind == .client else {
            return node.prefixes.map {
                RouteChange(.replace, KernelRoute($0, kind: .unreachable, metric: Self.lastResort))
            }
        }
        return try topology.links(of: node.index).flatMap { _, end, other -> [any NetlinkRequest] in
            let interface = try interfaceIndex(end.interface)
            return AddressFamily.allCases.map { family in
                let everything = IPPrefix(family == .ipv4 ? .v4(.any) : .v6(.any), length: 0)
                return RouteChange(
                    .replace,
                    KernelRoute(everything, via: [.init(other.address(family), interface: interface)]))
            }
        }
    }

    /// A route of the interior protocol: the block of `route.destination` by `route.link`.
    func interior(
        _ kind: ChangeKind, _ route: InteriorRoute, interfaceIndex: (String) throws -> UInt32
    ) throws -> [any NetlinkRequest] {
        let link = topology.links[route.link]
        guard let end = link.end(at: route.node) else { return [] }
        let interface = try interfaceIndex(end.interface)
        let other = link.end(oppositeTo: route.node)
        return topology.routerBlock(of: route.destination).map { prefix in
            RouteChange(
                kind,
                KernelRoute(
                    prefix, via: [.init(other.address(prefix.family), interface: interface)], metric: route.metric))
        }
    }

    /// What the kernel is told of a link's quality at one end. Each end delays what it sends.
    func shape(_ quality: LinkQuality, interface: UInt32) -> QdiscReplacement {
        QdiscReplacement(
            Qdisc(
                .netem(
                    Netem(
                        delay: quality.delay, jitter: quality.jitter, loss: quality.loss, duplicate: quality.duplicate,
                        reorder: quality.reorder, limit: Self.limit(quality),
                        rate: quality.rate == 0 ? nil : quality.rate)),
                on: interface))
    }

    /// How many packets netem may hold: netem's own 1,000 are 12 Mbit of full packets, which at 200 ms of delay would cap
    /// a flow at 60 Mbit/s. A link without a rate gets room for 10 Gbit/s of full packets over its delay.
    private static func limit(_ quality: LinkQuality) -> UInt32 {
        let rate = quality.rate == 0 ? 10_000_000_000 : min(quality.rate, 10_000_000_000)
        let bits = Double(rate) * Double(quality.delay + quality.jitter) / 1e9
        return UInt32(max(1000, bits / 12000 * 1.2))
    }
}
