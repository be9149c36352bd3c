import BGPTable
import BGPWire
import Glibc
import Net
import Netlink
import Sys

/// The kernel as the speaker uses it: hears of links, addresses and routes, and writes best routes.
final class Kernel {
    private let session: NetlinkSession
    /// Links have a socket of their own: a lost carrier must not wait behind, or get lost in, a flood of routes.
    private let linkMonitor: NetlinkMonitor
    /// Hears nothing of what ``session`` writes: it would be a flood, in which the changes of others get lost.
    private let routeMonitor: NetlinkMonitor
    private let loop: EventLoop
    private let isWriting: Bool
    private(set) var interior = InteriorRoutes()

    private var batch = NetlinkBatch()
    /// The prefix of each route in ``batch``; nil for what is deleted.
    private var batched: [IPPrefix?] = []
    private var refused = RefusedRoutes()
    private var retrying: Timer?
    /// What is known of addresses and routes has to be read anew.
    private var isStale = false
    /// Routes may have gone without our hearing of it.
    private var isOverrun = false
    private var rereading: Timer?
    private static let rereadDelay: Nanoseconds = 200_000_000
    private var intruded: Set<IPPrefix> = []
    private var restoring: Timer?
    private var stale: [KernelRoute] = []

    /// A link can be used from now on, or no longer.
    var onLink: ((_ name: String, _ isUsable: Bool) -> Void)?

    /// Packets for an address of ours are taken in from now on.
    var onDelivery: ((IPAddress) -> Void)?

    /// What has happened in the kernel since the speaker last asked.
    struct Changes {
        /// Ways to next hops may have changed.
        var hasNextHops = true
        /// Prefixes whose route is to be looked at again.
        var suspects: Set<IPPrefix> = []
        /// Prefixes to which somebody else has written a route of BGP's, perhaps in place of ours, and those whose route the
        /// kernel has refused.
        var intruded: Set<IPPrefix> = []
        /// Links that were down for a moment, or had no IPv4 address: the kernel has dropped its IPv4 routes over them
        /// without a word.
        var flushedLinks: Set<UInt32> = []
        /// The routes of BGP that the kernel has, where not every change was heard.
        var present: [IPPrefix: KernelRoute]?
    }
    private var changes = Changes()

    init(_ loop: EventLoop, isWriting: Bool) throws {
        self.loop = loop
        self.isWriting = isWriting
        linkMonitor = try NetlinkMonitor([.links, .addresses])
        session = try NetlinkSession()
        routeMonitor = try NetlinkMonitor(.routes, except: session)
        for interface in try session.interfaces() { _ = interior.set(interface) }
        try readRoutes()
        if isWriting {
            for family in AddressFamily.allCases { stale += try session.routes(family, origin: .bgp) }
        }
        try loop.add(linkMonitor.descriptor, .read) { [weak self] _ in self?.hearLinks() }
        try loop.add(routeMonitor.descriptor, .read) { [weak self] _ in self?.hearRoutes() }
    }

    // MARK: Hearing

    private func hearLinks() {
        do {
            if case .lossy = try linkMonitor.receive({ take($0) }) { rereadLinks() }
        } catch {
            Diagnostics.write("notifications of links: \(error)")
        }
    }

    private func rereadLinks() {
        do {
            try readLinks()
        } catch {
            Diagnostics.write("reading the kernel's links: \(error)")
            loop.schedule(after: Self.rereadDelay) { [weak self] in self?.rereadLinks() }
        }
    }

    private func hearRoutes() {
        do {
            if case .lossy = try routeMonitor.receive({ take($0) }) { rereadRoutes() }
        } catch {
            Diagnostics.write("notifications of routes: \(error)")
        }
    }

    /// Compares the kernel's routes with the table's in a moment. A flood of notifications is likely to go on: once is enough.
    private func rereadRoutes() {
        guard rereading == nil else { return }
        rereading = loop.schedule(after: Self.rereadDelay) { [weak self] in
            self?.rereading = nil
            self?.isStale = true
            self?.isOverrun = true
        }
    }

    private func take(_ notification: Notification) {
        switch notification {
        case .interface(let interface): take(interface)
        case .interfaceRemoved(let interface):
            if let old = interior.links[interface.index], old.isUsable { onLink?(old.name, false) }
            interior.removeLink(interface.index)
            changes.hasNextHops = true
        case .address(let address):
            interior.insert(address)
            changes.hasNextHops = true
        case .addressRemoved(let address):
            interior.remove(address)
            changes.hasNextHops = true
            if address.address.family == .ipv4 { changes.flushedLinks.insert(address.interface) }
        case .route(let route):
            if interior.insert(route) { routeChanged(route) } else { intrude(route) }
            if let address = route.deliveredAddress { onDelivery?(address) }
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
            if old?.isUp == true { changes.flushedLinks.insert(interface.index) }
        }
        guard old != link else { return }
        changes.hasNextHops = true
        if old?.isUsable != link?.isUsable { onLink?(interface.name, link?.isUsable == true) }
    }

    private func routeChanged(_ route: KernelRoute) {
        changes.hasNextHops = true
        if route.table == KernelRoute.mainTable { changes.suspects.insert(route.destination) }
    }

    /// Takes a route of BGP's that somebody else has written. Those of the table go back to their places a moment later: who
    /// does the same to us is not to keep both busy.
    private func intrude(_ route: KernelRoute) {
        guard isWriting, route.origin == .bgp, route.table == KernelRoute.mainTable else { return }
        if route.metric != KernelRoute.metricOfBGP { delete(route) }
        intruded.insert(route.destination)
        guard restoring == nil else { return }
        restoring = loop.schedule(after: Self.rereadDelay) { [weak self] in
            guard let self else { return }
            restoring = nil
            changes.intruded.formUnion(intruded)
            intruded = []
        }
    }

    private func readLinks() throws {
        let before = interior.links
        let interfaces = try session.interfaces()
        for interface in interfaces { take(interface) }
        let present = Set(interfaces.map(\.index))
        for (index, link) in before where !present.contains(index) {
            if link.isUsable { onLink?(link.name, false) }
            interior.removeLink(index)
        }
        changes.flushedLinks.formUnion(present)
        isStale = true
    }

    private func readRoutes() throws {
        let before = interior
        let addresses = try session.addresses()
        var routes: [KernelRoute] = []
        for family in AddressFamily.allCases { routes += try session.routes(family) }
        routes += try session.routes(.ipv6, table: KernelRoute.localTable)
        interior.removeAll()
        for address in addresses { interior.insert(address) }
        for route in routes { interior.insert(route) }
        changes.suspects.formUnion(before.prefixes.symmetricDifference(interior.prefixes))
        for address in interior.delivered.subtracting(before.delivered) { onDelivery?(address) }
        if isOverrun {
            let told = routes.lazy.filter { $0.origin == .bgp && $0.metric == KernelRoute.metricOfBGP }
            changes.present = Dictionary(told.map { ($0.destination, $0) }) { first, _ in first }
        }
        changes.hasNextHops = true
        isStale = false
        isOverrun = false
    }

    /// Takes what has happened since the last time.
    func takeChanges() -> Changes {
        if isStale {
            do {
                try readRoutes()
            } catch {
                Diagnostics.write("reading the kernel's routes: \(error)")
                rereadRoutes()
            }
        }
        defer { changes = Changes(hasNextHops: false) }
        return changes
    }

    // MARK: Writing

    /// Whether an earlier life has left routes.
    var hasEarlierRoutes: Bool { !stale.isEmpty }

    /// Whether nothing waits to be written.
    var isClean: Bool { batch.isEmpty }

    /// Queues the best route to a prefix. Routes of our own, and prefixes that the kernel reaches without BGP, have none.
    func write(_ prefix: IPPrefix, _ best: SelectedRoute?) {
        guard isWriting else { return }
        if let best, best.peer != .local, !interior.hasRoute(to: prefix) {
            batch.add(Netlink.RouteChange(.replace, KernelRoute(to: prefix, best)))
            batched.append(prefix)
        } else {
            delete(KernelRoute(prefix, origin: .bgp, metric: KernelRoute.metricOfBGP))
        }
    }

    private func delete(_ route: KernelRoute) {
        var route = route
        route.nextHops = []
        route.kind = .any
        batch.add(Netlink.RouteChange(.delete, route), ignoring: .alreadyGone)
        batched.append(nil)
    }

    /// Writes what is queued.
    func flush() {
        guard !batch.isEmpty else { return }
        do {
            let refusals = try session.attempt(batch)
            for refusal in refusals { Diagnostics.write("\(refusal.error)") }
            refused.answered(refused: refusals.compactMap { batched[$0.position] })
        } catch {
            Diagnostics.write("\(error)")
            // Nobody knows how much of it was done.
            rereadRoutes()
        }
        clearBatch()
        if let time = refused.retryTime, retrying == nil {
            retrying = loop.schedule(after: time) { [weak self] in
                guard let self else { return }
                retrying = nil
                changes.intruded.formUnion(refused.take())
            }
        }
    }

    private func clearBatch() {
        batch.removeAll()
        batched.removeAll(keepingCapacity: true)
    }

    /// Removes the routes that an earlier life left and that this one does not want.
    func sweep(isWanted: (IPPrefix) -> Bool) {
        for route in stale where route.metric != KernelRoute.metricOfBGP || !isWanted(route.destination) {
            delete(route)
        }
        stale = []
        flush()
    }

    /// Removes all routes of BGP.
    func removeAll() {
        guard isWriting else { return }
        clearBatch()
        for family in AddressFamily.allCases {
            for route in (try? session.routes(family, origin: .bgp)) ?? [] { delete(route) }
        }
        flush()
    }
}
