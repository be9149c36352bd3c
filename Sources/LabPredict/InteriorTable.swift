import BGPTable
import LabModel
import LabPlan
import Net

/// The routes of a node without BGP, as the supervisor would write them: its links, the interior of its AS, and what leads
/// nowhere.
struct InteriorTable: Sendable {
    struct Route: Hashable, Sendable {
        /// The interior metric in microseconds.
        let metric: UInt32
        /// The link that packets leave by.
        let link: Int
        /// The neighbour on the link; nil for what is itself on the link.
        let gateway: IPAddress?
    }

    private var own: Set<IPAddress> = []
    private var routes: [IPPrefix: Route] = [:]
    private var lengths: [AddressFamily: [UInt8]] = [:]

    init(_ node: Node, _ topology: Topology, _ interior: [InteriorRoute], _ conditions: Conditions) {
        own.formUnion(node.services)
        if node.hasOwnAddress { own.formUnion([.v4(node.address), .v6(node.address6)]) }
        for (link, end, other) in topology.links(of: node.index) where link.addressedEnds.contains(end) {
            own.formUnion([.v4(end.address), .v6(end.address6)])
            guard !conditions.deadLinks.contains(link.index) else { continue }
            let metric = UInt32(clamping: max(1, link.quality.delay / 1000))
            for address in AddressFamily.allCases.map(end.address) {
                let prefix = IPPrefix(address, length: link.prefixLength(address.family))
                insert(prefix, Route(metric: metric, link: link.index, gateway: nil))
                guard node.kind.hasDefaultRoute else { continue }
                let everything = IPPrefix(address.family == .ipv4 ? .v4(.any) : .v6(.any), length: 0)
                insert(
                    everything, Route(metric: metric, link: link.index, gateway: other.address(address.family)))
            }
        }
        for route in interior {
            let other = topology.links[route.link].end(oppositeTo: node.index)
            for prefix in topology.routerBlock(of: route.destination) {
                insert(
                    prefix,
                    Route(metric: route.metric, link: route.link, gateway: other.address(prefix.family)))
            }
        }
        for (family, known) in lengths { lengths[family] = known.sorted(by: >) }
    }

    private mutating func insert(_ prefix: IPPrefix, _ route: Route) {
        routes[prefix] = route
        if lengths[prefix.family]?.contains(prefix.length) != true {
            lengths[prefix.family, default: []].append(prefix.length)
        }
    }

    /// Whether the node takes packets for the address for its own.
    func isOwn(_ address: IPAddress) -> Bool { own.contains(address) }

    /// The longest match of an address.
    func match(_ address: IPAddress) -> (length: UInt8, route: Route)? {
        for length in lengths[address.family] ?? [] {
            if let route = routes[IPPrefix(address, length: length)] { return (length, route) }
        }
        return nil
    }

    /// How a BGP next hop is reached (RFC 4271, section 5.1.3); nil if it is not. Interfaces go by the number of their link.
    func resolve(_ address: IPAddress) -> NextHopResolution? {
        guard !isOwn(address), let route = match(address)?.route else { return nil }
        return NextHopResolution(
            metric: route.metric, gateway: route.gateway, interfaceIndex: UInt32(clamping: route.link))
    }
}
