import BFD
import BGPSession
import BGPWire
import JSON
import Net
import Sys

extension Neighbour {
    /// The interface that a link-local address needs; else 0.
    var scope: UInt32 {
        guard case .v6(let address) = configuration.address, address.isLinkLocal, let name = configuration.interface
        else { return 0 }
        return speaker.kernel.interior.link(named: name)?.index ?? 0
    }

    /// BFD says that the path has failed: the session ends at once. `isPath` is the neighbour's C bit: without it, BFD may have
    /// ended with the neighbour's BGP, which may be about to come back (RFC 5882, section 4.3).
    func pathFailed(isPath: Bool) {
        guard state >= .openSent else { return }
        mayBeRestarting = !isPath
        defer { mayBeRestarting = false }
        handle(.automaticStop(NotificationMessage(.bfdDown)))
        startIfPossible()
    }

    /// BFD says that the path works: there is no point in waiting for a connection that was begun when it did not.
    func pathWorks() {
        guard state == .connect || state == .active else { return }
        handle(.automaticStop(nil))
        startIfPossible()
    }
}

extension JSON {
    /// The event of a change of a BFD session.
    init(_ neighbour: Neighbour, _ change: BFDChange) {
        self = [
            "event": "bfd", "peer": .string(neighbour.configuration.address.description),
            "name": .string(neighbour.configuration.name), "state": .string(change.to.description),
            "diagnostic": .string(change.diagnostic.description), "time_ns": .int(Int(Clock.monotonic())),
        ]
    }
}
