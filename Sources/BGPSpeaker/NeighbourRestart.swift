import BGPSession
import BGPTable
import BGPWire
import Net
import Sys

/// Helping a neighbour that restarts: what RFC 4724, section 4.2, calls the Receiving Speaker.
///
///     session up ----- the connection ends without a NOTIFICATION; the neighbour had named families ----> routes kept
///     routes kept --- its Restart Time passes --------------------------------------------------------> routes withdrawn
///     routes kept --- session up again; F is not set for a family -----------------------> those of the family withdrawn
///     routes kept --- session up again; F is set; End-of-RIB ---------------------> those that did not come again withdrawn
///     routes kept --- a second failure before the End-of-RIB -------------------------------> as well, the others stay kept
///
/// A route whose link is down is not usable, kept or not: its next hop has no way in the kernel. What is noted of a session that
/// is not being restarted is an empty set.
struct RestartHelp {
    /// The families whose routes are those of an earlier session, or may be.
    var kept: AddressFamilies = []
    /// What has come of them since the neighbour is back.
    var fresh: [AddressFamily: Set<RouteKey>] = [:]
    /// Runs until the neighbour is back, and then until it has sent its table.
    var timer: Timer?
}

extension Neighbour {
    /// How long a neighbour that is back may take to send its table. RFC 4724, section 4.2, leaves the bound to us.
    private static let longestTable: Nanoseconds = 360_000_000_000

    /// The families whose routes outlive the session that ends now. A link that is down, a NOTIFICATION and what BFD says are no
    /// restarts.
    func familiesToKeep(_ reason: SessionEnd) -> AddressFamilies {
        guard case .connectionClosed = reason, let negotiated, let offer = negotiated.gracefulRestart,
            offer.restartTime > 0, isLinkUsable
        else { return [] }
        return offer.addressFamilies.intersection(negotiated.families)
    }

    private var isLinkUsable: Bool {
        guard let name = configuration.interface else { return true }
        return speaker.kernel.interior.link(named: name)?.link.isUsable == true
    }

    /// The session has ended; routes of `families` stay for as long as the neighbour asked.
    func keepRoutes(of families: AddressFamilies, for time: UInt16) {
        // What had not come again when the session failed a second time goes now.
        for family in restart.kept.elements { dropOld(family) }
        speaker.table.peerDown(id, keeping: families)
        restart.timer?.cancel()
        restart = RestartHelp(kept: families)
        guard !families.isEmpty else { return }
        log("restarts: its routes are kept for \(time) s")
        restart.timer = speaker.loop.schedule(after: Nanoseconds(time) * 1_000_000_000) { [weak self] in
            self?.giveUpKeptRoutes("did not come back in time")
        }
    }

    /// The session is Established again.
    func resumeKeptRoutes(_ negotiated: NegotiatedSession) {
        guard !restart.kept.isEmpty else { return }
        let preserved = negotiated.gracefulRestart?.preservedFamilies ?? []
        for family in restart.kept.elements {
            if preserved.contains(family), negotiated.families.contains(family) {
                restart.fresh[family] = []
            } else {
                speaker.table.dropKept(family, from: id)
                restart.kept.remove(AddressFamilies(family))
            }
        }
        restart.timer?.cancel()
        restart.timer = nil
        guard !restart.kept.isEmpty else { return }
        restart.timer = speaker.loop.schedule(after: Self.longestTable) { [weak self] in
            self?.giveUpKeptRoutes("did not send its table in time")
        }
    }

    /// The neighbour has sent all it has of a family: the End-of-RIB.
    func finishKeptRoutes(_ family: AddressFamily) {
        guard restart.kept.contains(family) else { return }
        dropOld(family)
        restart.kept.remove(AddressFamilies(family))
        guard restart.kept.isEmpty else { return }
        restart.timer?.cancel()
        restart = RestartHelp()
    }

    /// Ends the help: nobody waits for the neighbour any longer.
    func giveUpKeptRoutes(_ reason: String) {
        guard !restart.kept.isEmpty else { return }
        log("\(reason): what was kept of it is withdrawn")
        for family in restart.kept.elements {
            if negotiated == nil { speaker.table.dropKept(family, from: id) } else { dropOld(family) }
        }
        restart.timer?.cancel()
        restart = RestartHelp()
        speaker.hasChanged = true
        speaker.scheduleWork()
    }

    /// Withdraws what did not come again.
    private func dropOld(_ family: AddressFamily) {
        let fresh = restart.fresh.removeValue(forKey: family) ?? []
        count(family) { $0.withdraw(family, from: id, except: fresh) }
    }
}

extension GracefulRestart {
    /// The families that are named, as far as we know them.
    var addressFamilies: AddressFamilies {
        families.reduce(into: []) { set, entry in
            if let family = entry.identifier.family { set.insert(AddressFamilies(family)) }
        }
    }

    /// The families whose forwarding state was kept over the restart: those with the F bit.
    var preservedFamilies: AddressFamilies {
        families.reduce(into: []) { set, entry in
            if entry.flags & 0x80 != 0, let family = entry.identifier.family { set.insert(AddressFamilies(family)) }
        }
    }

    /// The R bit: the sender has restarted, and does not wait for an End-of-RIB before it sends its table.
    var isRestarting: Bool { flags & 8 != 0 }
}
