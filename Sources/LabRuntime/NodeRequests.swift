import LabModel
import LabPlan
import Net
import Netlink

/// The netlink messages of a lab: what each step of a plan says to the kernel.
struct NodeRequests {
    let topology: Topology

    /// The number of the first interface: beyond those of tunnels that a new namespace may have from modules that are loaded.
    private static let firstIndex: UInt32 = 100
    /// The number of the bridge in the namespace of an exchange point: beyond those that the kernel gives to TAP devices, one
    /// after the other, and those of veth ends.
    private static let bridgeIndex: UInt32 = 1 << 30

    /// The metric of a route that any other of the same prefix comes before.
    private static let lastResort: UInt32 = 1 << 31

    /// The veth pair of a link, both ends in place. `reference` answers the namespace of a node. The ends get numbers of
    /// their own: left alone, both would often get the same one, and the kernel then takes up to a second to tell of a
    /// lost carrier.
    func veth(_ link: Link, reference: (Int) -> NamespaceReference) -> VethCreation {
        let first = Self.firstIndex &+ UInt32(truncatingIfNeeded: 2 * link.number)
        return VethCreation(
            .init(link.a.interface, in: reference(link.a.node), index: first, macAddress: link.a.mac),
            .init(link.b.interface, in: reference(link.b.node), index: first + 1, macAddress: link.b.mac))
    }

    /// The addresses of a node that belong to no link, on its loopback interface; at an exchange point, the bridge.
    func loopback(_ node: Node, interface: UInt32) -> [any NetlinkRequest] {
        var addresses: [IPAddress] = node.services
        if node.hasOwnAddress { addresses += [.v4(node.address), .v6(node.address6)] }
        if node.kind == .exchange { return bridge(interface) }
        return [LinkChange(.index(interface), isUp: true)]
            + addresses.map {
                AddressChange(.replace, InterfaceAddress($0, prefixLength: $0.family.bitWidth, interface: interface))
            }
    }

    /// The LAN of an exchange point.
    private func bridge(_ loopback: UInt32) -> [any NetlinkRequest] {
        [
            LinkChange(.index(loopback), isUp: true), BridgeCreation(Exchange.bridge, index: Self.bridgeIndex),
            LinkChange(.index(Self.bridgeIndex), isUp: true),
        ]
    }

    /// One end of a link: alias, up, addresses, and the other end's hardware address. With that known, no packet waits for
    /// address resolution, which on a long link would cost a round trip.
    ///
    /// The connected routes have the link's delay in microseconds for their metric, so that hot potato chooses the nearer
    /// exit of two that are both on links of the router itself (RFC 4271, section 9.1.2.2 e).
    func end(_ end: LinkEnd, of link: Link, interface: UInt32) -> [any NetlinkRequest] {
        guard link.addressedEnds.contains(end) else {
            // The switch's end of a port. It knows where everybody is from the start.
            return [
                LinkChange(.index(interface), isUp: true, alias: end.alias, master: Self.bridgeIndex),
                ForwardingEntryAddition(link.b.mac, behind: interface),
            ]
        }
        return [LinkChange(.index(interface), isUp: true, alias: end.alias)]
            + addresses(end, of: link, interface: interface)
            + neighbours(.replace, topology.neighbours(of: end, on: link), interface: interface)
    }

    /// The hardware addresses of the ends that one end of a link can reach.
    func neighbours(_ kind: ChangeKind, _ ends: [LinkEnd], interface: UInt32) -> [any NetlinkRequest] {
        ends.flatMap { other in
            AddressFamily.allCases.map {
                NeighbourChange(kind, NeighbourEntry(other.address($0), other.mac, interface: interface))
            }
        }
    }

    /// The addresses of one end of a link.
    func addresses(_ end: LinkEnd, of link: Link, interface: UInt32) -> [any NetlinkRequest] {
        let metric = UInt32(clamping: max(1, link.quality.delay / 1000))
        return AddressFamily.allCases.map { family in
            AddressChange(
                .replace,
                InterfaceAddress(
                    end.address(family), prefixLength: link.prefixLength(family), interface: interface, metric: metric))
        }
    }

    /// The route that keeps what leads nowhere inside `prefix` from going round outside.
    func absence(of prefix: IPPrefix, kind: ChangeKind) -> RouteChange {
        RouteChange(kind, KernelRoute(prefix, kind: .unreachable, metric: Self.lastResort))
    }

    /// The routes of a node that no BGP speaker brings, except those of the interior protocol. A client or server has a default
    /// route. A router, site or server answers for all of its prefixes: what leads nowhere inside must not go round outside.
    func standingRoutes(_ node: Node, interfaceIndex: (String) throws -> UInt32) throws -> [any NetlinkRequest] {
        let absences = node.prefixes.map { absence(of: $0, kind: .replace) }
        guard node.kind.hasDefaultRoute else {
            return absences + (try routesToOtherSites(node, interfaceIndex: interfaceIndex))
        }
        return try absences
            + topology.links(of: node.index).flatMap { _, end, other -> [any NetlinkRequest] in
                let interface = try interfaceIndex(end.interface)
                return AddressFamily.allCases.map { family in
                    let everything = IPPrefix(family == .ipv4 ? .v4(.any) : .v6(.any), length: 0)
                    return RouteChange(
                        .replace,
                        KernelRoute(everything, via: [.init(other.address(family), interface: interface)]))
                }
            }
    }

    /// The routes of the last resort by which a site that fetches zones reaches the other sites.
    private func routesToOtherSites(
        _ node: Node, interfaceIndex: (String) throws -> UInt32
    ) throws -> [any NetlinkRequest] {
        guard let way = topology.wayToOtherSites(of: node) else { return [] }
        let interface = try interfaceIndex(way.end.interface)
        return AddressFamily.allCases.map { family in
            routeToOtherSites(.replace, family, [.init(way.neighbour.address(family), interface: interface)])
        }
    }

    /// Takes those routes away, for a site that has had them and needs them no longer.
    func removalOfRoutesToOtherSites() -> [any NetlinkRequest] {
        AddressFamily.allCases.map { routeToOtherSites(.delete, $0, []) }
    }

    private func routeToOtherSites(
        _ kind: ChangeKind, _ family: AddressFamily, _ hops: [KernelRoute.NextHop]
    ) -> RouteChange {
        RouteChange(kind, KernelRoute(Addressing.sites(family), via: hops, metric: Self.lastResort))
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

    /// What the kernel is told of a link's quality at one end, where `before` was in force. Each end delays what it sends. A
    /// quality that does nothing leaves no queueing discipline behind.
    func shape(_ quality: LinkQuality, before: LinkQuality, interface: UInt32) -> (any NetlinkRequest)? {
        if quality.isNone { return before.isNone ? nil : QdiscDeletion(on: interface) }
        return QdiscReplacement(
            Qdisc(
                .netem(
                    Netem(
                        delay: quality.delay, jitter: quality.jitter, loss: quality.loss, duplicate: quality.duplicate,
                        reorder: quality.reorder, limit: Self.limit(quality),
                        rate: quality.rate == 0 ? nil : quality.rate)),
                on: interface))
    }

    /// How many packets netem may hold: netem's own 1,000 are 12 Mbit of full packets, which at 200 ms of delay would cap
    /// a flow at 60 Mbit/s. A link without a rate gets room for 10 Gbit/s of full packets over its delay. One with a rate
    /// queues as much as on the wire: 50 ms, and at least two of the largest frames that a sender's kernel hands over.
    private static func limit(_ quality: LinkQuality) -> UInt32 {
        func packets(_ bits: Double) -> Double { bits / 12000 }
        let seconds = Double(quality.delay + quality.jitter) / 1e9
        guard quality.rate > 0 else { return UInt32(max(1000, packets(10e9 * seconds) * 1.2)) }
        let rate = Double(quality.rate)
        return UInt32(min(1e9, packets(rate * seconds) + packets(max(rate * 0.05, 2 * 65536 * 8)) + 1))
    }
}
