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
        if !isLinkUsable { handle(.automaticStop(nil)) }
    }

    /// Whether packets can go out to the neighbour, as far as its link says.
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
