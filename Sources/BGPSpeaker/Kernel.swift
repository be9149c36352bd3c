import BGPTable
import BGPWire
import Glibc
import Net
import Netlink
import Sys

/// The kernel as the speaker uses it: hears of links, addresses and routes, and writes best routes.
final class Kernel {
    /// What FRR gives its BGP routes. There is no route of another origin to a prefix that BGP writes, so the number
    /// never decides anything; it keeps ours from replacing one that somebody adds at the same time.
    static let metric: UInt32 = 20

    private let session: NetlinkSession
    private let monitor: NetlinkMonitor
    private let loop: EventLoop
    private let isWriting: Bool
    private(set) var interior = InteriorRoutes()

    private var batch = NetlinkBatch()
    private var isStale = false
    private var stale: [KernelRoute] = []

    /// A link can be used from now on, or no longer.
    var onLink: ((_ name: String, _ isUsable: Bool) -> Void)?
    /// Ways to next hops may have changed.
    private(set) var hasChanged = true
    /// Prefixes whose kernel route is to be looked at again.
    private(set) var suspects: Set<IPPrefix> = []
    /// Links that were down for a moment, in which the kernel has dropped its IPv4 routes over them without a word.
    private(set) var flushedLinks: Set<UInt32> = []

    init(_ loop: EventLoop, isWriting: Bool) throws {
        self.loop = loop
        self.isWriting = isWriting
        monitor = try NetlinkMonitor([.links, .addresses, .routes])
        session = try NetlinkSession()
        for interface in try session.interfaces() { _ = interior.set(interface) }
        try readRoutes()
        if isWriting {
            for family in AddressFamily.allCases { stale += try session.routes(family, origin: .bgp) }
        }
        try loop.add(monitor.descriptor, .read) { [weak self] _ in self?.hear() }
    }

    // MARK: Hearing

    private func hear() {
        do {
            if case .lossy = try monitor.receive({ take($0) }) { try readAll() }
        } catch {
            Diagnostics.write("notifications of the kernel: \(error)")
        }
    }

    private func take(_ notification: Notification) {
        switch notification {
        case .interface(let interface): take(interface)
        case .interfaceRemoved(let interface):
            if let old = interior.links[interface.index], old.isUsable { onLink?(old.name, false) }
            interior.removeLink(interface.index)
            hasChanged = true
        case .address(let address):
            interior.insert(address)
            hasChanged = true
        case .addressRemoved(let address):
            interior.remove(address)
            hasChanged = true
        case .route(let route):
            if interior.insert(route) { routeChanged(route) }
        case .routeRemoved(let route):
            // A route of ours that somebody else has removed comes back.
            if interior.remove(route) || route.origin == .bgp { routeChanged(route) }
        }
    }

    private func take(_ interface: Interface) {
        let old = interior.set(interface)
        let link = interior.links[interface.index]
        if old?.isUp != link?.isUp {
            isStale = true
            if old?.isUp == true { flushedLinks.insert(interface.index) }
        }
        guard old != link else { return }
        hasChanged = true
        if old?.isUsable != link?.isUsable { onLink?(interface.name, link?.isUsable == true) }
    }

    private func routeChanged(_ route: KernelRoute) {
        hasChanged = true
        if route.table == KernelRoute.mainTable { suspects.insert(route.destination) }
    }

    private func readAll() throws {
        let before = interior.links
        let interfaces = try session.interfaces()
        for interface in interfaces { take(interface) }
        let present = Set(interfaces.map(\.index))
        for (index, link) in before where !present.contains(index) {
            if link.isUsable { onLink?(link.name, false) }
            interior.removeLink(index)
        }
        flushedLinks.formUnion(present)
        try readRoutes()
    }

    private func readRoutes() throws {
        let before = interior.prefixes
        let addresses = try session.addresses()
        var routes: [KernelRoute] = []
        for family in AddressFamily.allCases { routes += try session.routes(family) }
        interior.removeAll()
        for address in addresses { interior.insert(address) }
        for route in routes { interior.insert(route) }
        suspects.formUnion(before.symmetricDifference(interior.prefixes))
        hasChanged = true
        isStale = false
    }

    /// Takes what has changed since the last time: whether next hops are to be resolved anew, which prefixes to write again,
    /// and which links have lost their routes.
    func takeChanges() -> (hasChanged: Bool, suspects: Set<IPPrefix>, flushedLinks: Set<UInt32>) {
        if isStale {
            do {
                try readRoutes()
            } catch {
                Diagnostics.write("reading the kernel's routes: \(error)")
            }
        }
        defer {
            hasChanged = false
            suspects = []
            flushedLinks = []
        }
        return (hasChanged, suspects, flushedLinks)
    }

    // MARK: Writing

    /// Whether nothing waits to be written.
    var isClean: Bool { batch.isEmpty }

    /// Queues the best route to a prefix. Routes of our own, and prefixes that the kernel reaches without BGP, have none.
    func write(_ prefix: IPPrefix, _ best: SelectedRoute?) {
        guard isWriting else { return }
        if let best, best.peer != .local, !interior.hasRoute(to: prefix) {
            let hop = KernelRoute.NextHop(
                best.resolution.gateway ?? best.nextHop.address, interface: best.resolution.interfaceIndex)
            batch.add(
                Netlink.RouteChange(
                    .replace, KernelRoute(prefix, via: [hop], origin: .bgp, metric: Self.metric)))
        } else {
            batch.add(delete(KernelRoute(prefix, origin: .bgp, metric: Self.metric)), ignoring: .alreadyGone)
        }
    }

    private func delete(_ route: KernelRoute) -> Netlink.RouteChange {
        var route = route
        route.nextHops = []
        return Netlink.RouteChange(.delete, route)
    }

    /// Writes what is queued.
    func flush() {
        guard !batch.isEmpty else { return }
        do {
            for refusal in try session.attempt(batch) { Diagnostics.write("\(refusal.error)") }
        } catch {
            Diagnostics.write("\(error)")
        }
        batch.removeAll()
    }

    /// Removes the routes that an earlier life left and that this one does not want.
    func sweep(isWanted: (IPPrefix) -> Bool) {
        for route in stale where route.metric != Self.metric || !isWanted(route.destination) {
            batch.add(delete(route), ignoring: .alreadyGone)
        }
        stale = []
        flush()
    }

    /// Removes all routes of BGP.
    func removeAll() {
        guard isWriting else { return }
        batch.removeAll()
        for family in AddressFamily.allCases {
            for route in (try? session.routes(family, origin: .bgp)) ?? [] {
                batch.add(delete(route), ignoring: .alreadyGone)
            }
        }
        flush()
    }
}
