import BGPTable
import Net
import Netlink

/// What the kernel knows without BGP: links, addresses, connected routes, and the interior routes that the supervisor (or an
/// IGP) installs. From it follows how a BGP next hop is reached (RFC 4271, section 5.1.3).
struct InteriorRoutes {
    struct Link: Equatable {
        var name: String
        var isUp: Bool
        /// Whether packets can go out: set up, a carrier, and the kernel has noticed (RFC 2863). Before it has, packets are
        /// dropped, among them the ARP request for the neighbour, which is sent again only after a second.
        var isUsable: Bool
    }

    /// One route to a prefix. Routes of the kernel itself may have one metric on several links (fe80::/64); of others there
    /// is one for each metric.
    private struct Entry: Equatable {
        var metric: UInt32
        var link: UInt32
        var gateway: IPAddress?
        var isFromKernel: Bool
        /// Not so for blackholes and the like.
        var isForwarding: Bool

        func isSameRoute(as other: Entry) -> Bool {
            metric == other.metric && isFromKernel == other.isFromKernel && (!isFromKernel || link == other.link)
        }
    }

    private(set) var links: [UInt32: Link] = [:]
    private var addresses: Set<InterfaceAddress> = []
    private var routes: [IPPrefix: [Entry]] = [:]
    /// The addresses for which the kernel takes packets in, by its local routes.
    private(set) var delivered: Set<IPAddress> = []

    /// The index and state of a link.
    func link(named name: String) -> (index: UInt32, link: Link)? {
        links.first { $0.value.name == name }.map { ($0.key, $0.value) }
    }

    /// The addresses of a link.
    func addresses(on link: UInt32) -> [IPAddress] {
        addresses.filter { $0.interface == link }.map(\.address).sorted()
    }

    /// Takes the state of a link; returns what it was.
    mutating func set(_ interface: Interface) -> Link? {
        let old = links[interface.index]
        let isOperating = interface.operationalState == .up || interface.operationalState == .unknown
        links[interface.index] = Link(
            name: interface.name, isUp: interface.isUp,
            isUsable: interface.isUp && interface.hasCarrier && isOperating)
        return old
    }

    mutating func removeLink(_ index: UInt32) { links[index] = nil }
    mutating func insert(_ address: InterfaceAddress) { addresses.insert(address) }
    mutating func remove(_ address: InterfaceAddress) { addresses.remove(address) }

    /// Forgets addresses and routes, to be told them again.
    mutating func removeAll() {
        addresses = []
        routes = [:]
        delivered = []
    }

    /// Whether packets for an address of an interface are taken in. For IPv6 that is so only a moment after the kernel has told
    /// that the link can be used.
    func delivers(to address: IPAddress) -> Bool {
        address.family == .ipv4 || delivered.contains(address) || !addresses.contains { $0.address == address }
    }

    /// Takes a route unless BGP put it there. Returns whether it counts.
    @discardableResult
    mutating func insert(_ route: KernelRoute) -> Bool {
        if let address = route.deliveredAddress { delivered.insert(address) }
        guard let entry = Self.entry(route) else { return false }
        var entries = routes[route.destination] ?? []
        entries.removeAll { $0.isSameRoute(as: entry) }
        entries.append(entry)
        entries.sort { ($0.metric, $0.link) < ($1.metric, $1.link) }
        routes[route.destination] = entries
        return true
    }

    /// Removes a route unless BGP put it there. Returns whether it counts.
    mutating func remove(_ route: KernelRoute) -> Bool {
        if let address = route.deliveredAddress { delivered.remove(address) }
        guard let entry = Self.entry(route) else { return false }
        routes[route.destination]?.removeAll { $0.isSameRoute(as: entry) }
        if routes[route.destination]?.isEmpty == true { routes[route.destination] = nil }
        return true
    }

    private static func entry(_ route: KernelRoute) -> Entry? {
        guard route.table == KernelRoute.mainTable, route.origin != .bgp else { return nil }
        let hop = route.nextHops.first { !$0.isDead } ?? route.nextHops.first
        return Entry(
            metric: route.metric, link: hop?.interface ?? 0, gateway: hop?.gateway,
            isFromKernel: route.origin == .kernel,
            isForwarding: route.kind == .unicast)
    }

    /// The prefixes to which there is a route without BGP. BGP leaves these alone: what is connected or interior is nearer.
    var prefixes: Set<IPPrefix> { Set(routes.keys) }

    /// Whether there is a route to exactly this prefix without BGP.
    func hasRoute(to prefix: IPPrefix) -> Bool { routes[prefix] != nil }

    /// How packets for a link-local address on one link leave; nil when they cannot, and for an address of this machine.
    func resolve(_ address: IPAddress, onLink index: UInt32) -> NextHopResolution? {
        guard links[index]?.isUsable == true, !addresses(on: index).contains(address) else { return nil }
        let entries = routes[IPPrefix(address, length: 64)] ?? []
        guard let entry = entries.first(where: { $0.link == index && $0.isForwarding }) else { return nil }
        return NextHopResolution(metric: entry.metric, interfaceIndex: index)
    }

    /// How packets for `address` leave; nil when they cannot, and for addresses of this machine.
    func resolve(_ address: IPAddress) -> NextHopResolution? {
        guard !addresses.contains(where: { $0.address == address }) else { return nil }
        for length in (0...address.family.bitWidth).reversed() {
            guard let entry = routes[IPPrefix(address, length: length)]?.first else { continue }
            guard entry.isForwarding, links[entry.link]?.isUsable == true else { return nil }
            return NextHopResolution(
                metric: entry.metric, gateway: entry.gateway, interfaceIndex: entry.link)
        }
        return nil
    }
}

extension KernelRoute {
    /// The IPv6 address for which the kernel takes packets in by this route.
    var deliveredAddress: IPAddress? {
        guard table == Self.localTable, kind == .local, destination.family == .ipv6, destination.length == 128 else {
            return nil
        }
        return destination.address
    }
}
