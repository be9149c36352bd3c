import Glibc
import Net
import Netlink

/// The kernel's routes that came by BGP. Daemons that write them themselves are only watched; for the others this writes
/// the best routes that they tell of.
final class ForwardingTable {
    private let session: NetlinkSession

    /// The origins that the daemons give their routes: BGP, and BIRD's own number (linux/rtnetlink.h).
    private static let origins: Set<KernelRoute.Origin> = [.bgp, KernelRoute.Origin(rawValue: 12)]

    /// Works in the namespace of the calling thread. Throws `NetlinkError`.
    init() throws {
        session = try NetlinkSession()
    }

    /// A route as far as it is compared.
    struct Entry: Hashable {
        let prefix: IPPrefix
        let gateways: [IPAddress]
        let interfaces: [UInt32]
    }

    /// The routes that came by BGP, in order. Throws `NetlinkError`.
    func entries() throws(NetlinkError) -> [Entry] {
        var entries: [Entry] = []
        for family in AddressFamily.allCases {
            for route in try session.routes(family) where Self.origins.contains(route.origin) {
                entries.append(Self.entry(route))
            }
        }
        return entries.sorted { $0.prefix < $1.prefix }
    }

    private static func entry(_ route: KernelRoute) -> Entry {
        Entry(
            prefix: route.destination, gateways: route.nextHops.compactMap(\.gateway),
            interfaces: route.nextHops.compactMap(\.interface))
    }

    /// Brings the kernel to the best routes of a daemon: what differs is replaced, what is no more is deleted. A next hop
    /// that no route leads to has no route itself. Throws `NetlinkError`.
    func write(_ best: [KnownRoute], except own: [IPPrefix]) throws(NetlinkError) {
        var wanted: [IPPrefix: KernelRoute] = [:]
        var resolved: [IPAddress: KernelRoute.NextHop?] = [:]
        for route in best where !own.contains(route.prefix) {
            guard let address = route.nextHop else { continue }
            if resolved[address] == nil { resolved[address] = .some(resolve(address)) }
            guard let hop = resolved[address] ?? nil else { continue }
            wanted[route.prefix] = KernelRoute(route.prefix, via: [hop], origin: .bgp)
        }
        var batch = NetlinkBatch()
        for family in AddressFamily.allCases {
            for present in try session.routes(family, origin: .bgp) {
                if let route = wanted[present.destination] {
                    if Self.entry(route) == Self.entry(present) { wanted[present.destination] = nil }
                } else {
                    batch.add(RouteChange(.delete, present), ignoring: .alreadyGone)
                }
            }
        }
        for route in wanted.values.sorted(by: { $0.destination < $1.destination }) {
            batch.add(RouteChange(.replace, route))
        }
        // A link that went down in between refuses; the next look asks again.
        _ = try session.attempt(batch)
    }

    /// The neighbour on a link by which packets for a next hop leave; nil when none does.
    private func resolve(_ address: IPAddress) -> KernelRoute.NextHop? {
        guard let route = try? session.lookup(RouteLookup(address)), route.kind == .unicast,
            let hop = route.nextHops.first
        else { return nil }
        return KernelRoute.NextHop(hop.gateway ?? address, interface: hop.interface)
    }
}
