import BGPSession
import BGPWire

/// A request over the control channel that cannot be followed.
struct CommandError: Error, Equatable {
    let reason: String
}

/// What an operator does to one neighbour.
extension Neighbour {
    /// Starts the session, unless the neighbour was shut; on a link that is down it waits.
    func start() {
        guard !isShut else { return }
        handle(.manualStart)
        if !isPossible { handle(.automaticStop(nil)) }
    }

    /// Starts the session if it was stopped only because it was not possible.
    func startIfPossible() {
        if isPossible { handle(.automaticStart) }
    }

    /// Whether packets of the session can leave and come in. The kernel tells when that changes. A Neighbor Advertisement that
    /// comes in before our address is delivered to is dropped, and asked for again only after a second (RFC 4861, RetransTimer).
    private var isPossible: Bool {
        guard configuration.interface != nil else { return true }
        return isLinkUsable && speaker.kernel.interior.delivers(to: configuration.localAddress)
    }

    /// Whether packets can leave by the link of the session, if it has one.
    var isLinkUsable: Bool {
        guard let name = configuration.interface else { return true }
        return speaker.kernel.interior.link(named: name)?.link.isUsable == true
    }

    /// Ends the session until ``unshut()``, with a text for the neighbour's operator (RFC 9003). Throws when the text is longer
    /// than the 255 octets that a shutdown communication holds.
    func shut(_ message: String) throws(CommandError) {
        guard message.utf8.count <= 255 else { throw CommandError(reason: "a message of at most 255 octets expected") }
        isShut = true
        handle(.manualStop(NotificationMessage(.administrativeShutdown, communication: message)))
        forgetStale()
    }

    /// Lets the session come back.
    func unshut() {
        isShut = false
        if speaker.isStarted { start() }
    }

    /// Asks the neighbour for its routes again (RFC 2918, section 4).
    func requestRefresh() throws(CommandError) {
        guard let negotiated else { throw CommandError(reason: "the session is \(state)") }
        guard negotiated.isRouteRefresh else { throw CommandError(reason: "the neighbor does not know route refresh") }
        for family in negotiated.families.elements {
            send(.routeRefresh, establishedOn) { RouteRefreshMessage(FamilyIdentifier(family)).encode(to: &$0) }
        }
    }
}
