import BGPSession
import BGPTable
import BGPWire
import Net
import Netlink
import Sys

/// What follows from all that has happened, before the loop sleeps.
extension Speaker {
    /// Prefixes decided before sockets and timers have their turn.
    private static let decisionsAtOnce = 2048

    func work() {
        if restart?.isDeferring == true, isStarted, neighbours.allSatisfy(\.isTableCompleteForRestart) {
            restart?.isDeferring = false
        }
        let isMore = converge()
        // Before the neighbours hear of it and send packets.
        kernel.flush()
        for neighbour in neighbours where neighbour.sendUpdates() { scheduleWork() }
        if observers?.work() == true { scheduleWork() }
        if isMore { return scheduleWork() }
        guard restart?.isDeferring != true else { return }
        if !isSwept, isStarted, restart?.hasRestarted == true || neighbours.allSatisfy(\.isTableComplete) { sweep() }
        guard neighbours.allSatisfy(\.isQuiet) else { return }
        guard hasChanged else { return }
        hasChanged = false
        for neighbour in neighbours { neighbour.digest() }
        onRest?()
    }

    /// Nothing is left to do and nothing is held back, by MinRouteAdvertisementInterval or a slow socket.
    var isIdle: Bool {
        !hasChanged && !table.needsDecision && restart?.isDeferring != true && neighbours.allSatisfy(\.isQuiet)
    }

    private func scheduleWork() {
        guard !isWorkScheduled else { return }
        isWorkScheduled = true
        loop.schedule(after: 0) { [weak self] in self?.isWorkScheduled = false }
    }

    /// Resolves next hops and decides. Answers whether there is more to decide.
    private func converge() -> Bool {
        let changes = kernel.takeChanges()
        endOverflowing()
        followDamping()
        for request in table.takeNextHopRequests() {
            switch request {
            case .track(let address):
                trackedNextHops.insert(address)
                table.nextHopChanged(address, to: kernel.interior.resolve(address))
            case .forget(let address): trackedNextHops.remove(address)
            case .trackOnLink(let address, let peer):
                trackedOnLinks.insert(LinkNextHop(address: address, peer: peer))
                table.nextHopChanged(address, onLinkOf: peer, to: resolve(address, onLinkOf: peer))
            case .forgetOnLink(let address, let peer):
                trackedOnLinks.remove(LinkNextHop(address: address, peer: peer))
            }
        }
        if changes.hasNextHops {
            for address in trackedNextHops { table.nextHopChanged(address, to: kernel.interior.resolve(address)) }
            for hop in trackedOnLinks {
                table.nextHopChanged(
                    hop.address, onLinkOf: hop.peer, to: resolve(hop.address, onLinkOf: hop.peer))
            }
        }
        // RFC 4724, section 4.1: no route is selected, and so none sent, before the neighbours have told theirs.
        guard restart?.isDeferring != true else {
            return false
        }
        let decided = table.decide(atMost: Self.decisionsAtOnce)
        observers?.station?.selected(decided)
        for change in decided {
            kernel.write(change.prefix, change.route)
            onBest?(change)
            hasChanged = true
        }
        rewrite(changes)
        return table.needsDecision
    }

    /// Ends the sessions with those whose routes no longer fit the table.
    private func endOverflowing() {
        for id in table.takeOverflows() {
            guard id != .local else {
                Diagnostics.write("\(configuration.node): the table is full: a prefix of our own is not announced")
                continue
            }
            guard let neighbour = neighbours.first(where: { $0.id == id }) else { continue }
            neighbour.log("the table is full: there was no room for a route")
            guard neighbour.negotiated != nil else { continue }
            neighbour.handle(.malformed(NotificationMessage(.outOfResources), neighbour.establishedOn))
        }
    }

    /// A link-local next hop is on the link to the neighbour that named it.
    private func resolve(_ address: IPAddress, onLinkOf peer: PeerID) -> NextHopResolution? {
        guard let name = neighbours.first(where: { $0.id == peer })?.configuration.interface,
            let link = kernel.interior.link(named: name)
        else { return nil }
        return kernel.interior.resolve(address, onLink: link.index)
    }

    /// Writes again what the kernel may have lost.
    private func rewrite(_ changes: Kernel.Changes) {
        for prefix in changes.suspects {
            if let best = table.best(for: prefix) { kernel.write(prefix, best) }
        }
        for prefix in changes.intruded { kernel.write(prefix, table.best(for: prefix)) }
        guard !changes.flushedLinks.isEmpty || changes.present != nil else { return }
        var present = changes.present
        for prefix in table.knownPrefixes {
            guard let best = table.best(for: prefix), best.peer != .local else { continue }
            let told = present?.removeValue(forKey: prefix)
            if best.ways.contains(where: { changes.flushedLinks.contains($0.interface) })
                || changes.present != nil && told.map(KernelRoute(to: prefix, best).fares(as:)) != true
            {
                kernel.write(prefix, best)
            }
        }
        // What an earlier life has left waits for its sweep.
        if isSwept, let present { for prefix in present.keys { kernel.write(prefix, nil) } }
    }

    func sweep() {
        guard !isSwept else { return }
        isSwept = true
        kernel.sweep { prefix in table.best(for: prefix).map { $0.peer != .local } ?? false }
    }
}

/// A link-local next hop, with the neighbour on whose link it is.
struct LinkNextHop: Hashable {
    let address: IPAddress
    let peer: PeerID
}
