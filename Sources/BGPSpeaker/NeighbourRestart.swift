import BGPSession
import BGPTable
import BGPWire
import Net
import Sys

/// Graceful restart of the neighbour (RFC 4724, section 4.2): its routes stay in use while it is away.
extension Neighbour {
    /// How long stale routes outlive the return of a neighbour that sends no End-of-RIB.
    private static let longestStaleTime: Nanoseconds = 360_000_000_000

    /// The families whose routes outlive a session that ends now: those for which the neighbour said so, when its connection
    /// ended without a word. A NOTIFICATION ends them (RFC 4271, section 6); so does a dead link.
    func familiesToKeep(_ reason: SessionEnd) -> AddressFamilies {
        guard reason == .connectionClosed || mayBeRestarting, let negotiated,
            let capability = negotiated.gracefulRestart, capability.restartTime > 0
        else { return [] }
        return capability.families { _ in true }.intersection(negotiated.families)
    }

    /// Takes the routes of the session that has ended out of the table, but for those of `families`, which are kept for
    /// `seconds`.
    func leave(keeping families: AddressFamilies, seconds: UInt16) {
        guard !families.isEmpty else {
            speaker.table.peerDown(id)
            return forgetStale()
        }
        speaker.table.peerLost(id, keeping: families)
        let count = speaker.table.staleCount(from: id)
        guard count > 0 else { return forgetStale() }
        log("\(count) routes are kept for \(seconds) s")
        removeStale(after: Nanoseconds(seconds) * 1_000_000_000)
    }

    /// The session is Established again: only what the neighbour has gone on forwarding stays until its End-of-RIB.
    func cameBack(_ negotiated: NegotiatedSession) {
        guard speaker.table.staleCount(from: id) > 0 else { return forgetStale() }
        let forwarded = negotiated.gracefulRestart?.families { $0 & GracefulRestart.Family.forwardingKept != 0 } ?? []
        let kept = forwarded.intersection(negotiated.families)
        speaker.table.removeStale(from: id, AddressFamilies([.ipv4, .ipv6]).subtracting(kept))
        // The limits hold for what is kept as well.
        if configuration.prefixLimits != PrefixLimits() { recountPrefixes() }
        removeStale(after: Self.longestStaleTime)
    }

    /// The neighbour has sent all of a family: what has not come again is gone.
    func receiveEndOfRIB(_ family: AddressFamily) {
        endOfRIBReceived.insert(AddressFamilies(family))
        let before = speaker.table.receivedCount(from: id)
        speaker.table.removeStale(from: id, AddressFamilies(family))
        let removed = before - speaker.table.receivedCount(from: id)
        if family == .ipv4 { receivedIPv4 -= removed } else { receivedIPv6 -= removed }
        if speaker.table.staleCount(from: id) == 0 { forgetStale() }
    }

    /// Removes what is stale, and the timer with it.
    func forgetStale() {
        restartTimer?.cancel()
        restartTimer = nil
        guard speaker.table.staleCount(from: id) > 0 else { return }
        speaker.table.removeStale(from: id)
        speaker.hasChanged = true
    }

    private func removeStale(after time: Nanoseconds) {
        restartTimer?.cancel()
        restartTimer = speaker.loop.schedule(after: time) { [weak self] in
            guard let self else { return }
            log("\(speaker.table.staleCount(from: id)) routes were kept and did not come again: they go")
            forgetStale()
        }
    }

    /// Whether our own restart need not wait for this neighbour: its table is here, or it does not say when it is, or it
    /// has restarted itself and waits for us (RFC 4724, section 4.1). Who cannot come, over a link without carrier, is no peer that
    /// could tell anything; when the link is back in time, it is waited for again.
    var isTableCompleteForRestart: Bool {
        guard let negotiated else { return isShut || !isLinkUsable }
        guard let capability = negotiated.gracefulRestart else { return true }
        return capability.flags & GracefulRestart.restarted != 0 || isTableComplete
    }
}

extension GracefulRestart {
    /// The families that are named with flags that `isMeant`.
    fileprivate func families(where isMeant: (UInt8) -> Bool) -> AddressFamilies {
        var result: AddressFamilies = []
        for entry in families where isMeant(entry.flags) {
            if let family = entry.identifier.family { result.insert(AddressFamilies(family)) }
        }
        return result
    }
}
