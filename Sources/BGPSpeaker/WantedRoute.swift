import BGPTable
import BGPWire
import Net
import Netlink

extension KernelRoute {
    /// What FRR gives its BGP routes. There is no route of another origin to a prefix that BGP writes, so the number
    /// never decides anything; it keeps ours from replacing one that somebody adds at the same time.
    static let metricOfBGP: UInt32 = 20

    /// The kernel's route for the best one to a prefix: with the routes that carry packets together with it, or a blackhole
    /// (RFC 7999).
    init(to prefix: IPPrefix, _ best: SelectedRoute) {
        let hops = best.isBlackhole ? [] : best.ways.map { NextHop($0.gateway, interface: $0.interface) }
        self.init(
            prefix, via: hops, kind: best.isBlackhole ? .blackhole : .unicast, origin: .bgp, metric: Self.metricOfBGP)
    }

    /// Whether packets fare the same by a route that the kernel tells of, which may order the next hops in another way.
    func fares(as told: KernelRoute) -> Bool {
        guard kind == told.kind, metric == told.metric else { return false }
        // A blackhole of IPv6 is told with the interface lo.
        guard kind == .unicast else { return true }
        let ways = told.nextHops.map { NextHop($0.gateway, interface: $0.interface, weight: $0.weight) }
        return Set(nextHops) == Set(ways)
    }
}

extension SelectedRoute {
    /// The ways that packets take, the best route's first.
    var ways: [(gateway: IPAddress, interface: UInt32)] {
        [(resolution.gateway ?? nextHop.address, resolution.interfaceIndex)]
            + equalPaths.map { ($0.resolution.gateway ?? $0.nextHop.address, $0.resolution.interfaceIndex) }
    }
}
