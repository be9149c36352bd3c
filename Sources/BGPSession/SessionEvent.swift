public import BGPWire

/// The states of RFC 4271, section 8.2.2, in the order in which a session goes through them.
public enum SessionState: UInt8, Hashable, Sendable, Comparable, CaseIterable {
    /// No connection is wanted or accepted.
    case idle
    /// A TCP connection is being opened.
    case connect
    /// Waiting: for the neighbour to connect, or for the ConnectRetryTimer.
    case active
    /// OPEN was sent, the neighbour's is awaited.
    case openSent
    /// OPENs were exchanged, KEEPALIVE is awaited.
    case openConfirm
    /// Routes are exchanged.
    case established

    /// Orders the states by progress.
    public static func < (left: SessionState, right: SessionState) -> Bool { left.rawValue < right.rawValue }
}

extension SessionState: CustomStringConvertible {
    /// The name in RFC 4271.
    public var description: String {
        switch self {
        case .idle: "Idle"
        case .connect: "Connect"
        case .active: "Active"
        case .openSent: "OpenSent"
        case .openConfirm: "OpenConfirm"
        case .established: "Established"
        }
    }
}

/// Which of the two possible TCP connections with a neighbour is meant. Both exist during a collision
/// (RFC 4271, section 6.8).
public enum ConnectionOrigin: Hashable, Sendable {
    /// The one that this speaker opened.
    case outgoing
    /// The one that the neighbour opened.
    case incoming

    /// The other of the two.
    public var other: ConnectionOrigin { self == .outgoing ? .incoming : .outgoing }
}

/// A message as far as the state machine cares.
public enum SessionMessage: Hashable, Sendable {
    /// OPEN, decoded without error.
    case open(OpenMessage)
    /// UPDATE, decoded without an error that ends the session.
    case update
    /// NOTIFICATION.
    case notification(NotificationMessage)
    /// KEEPALIVE.
    case keepalive
    /// ROUTE-REFRESH.
    case routeRefresh

    /// The type of the message.
    public var type: MessageType {
        switch self {
        case .open: .open
        case .update: .update
        case .notification: .notification
        case .keepalive: .keepalive
        case .routeRefresh: .routeRefresh
        }
    }
}

/// What happens to a session; the numbers are those of RFC 4271, section 8.1.
public enum SessionEvent: Hashable, Sendable {
    /// ManualStart (1, and 4 when the session is passive).
    case manualStart
    /// ManualStop (2), with the Cease to send.
    case manualStop(NotificationMessage)
    /// AutomaticStart (3, 5): the reason for an automatic stop is gone, or there is no point in waiting longer.
    case automaticStart
    /// AutomaticStop (8): the session ends until an automatic start. Nil when nobody is there to read a NOTIFICATION.
    case automaticStop(NotificationMessage?)
    /// The neighbour's TCP connection was accepted (17).
    case connectionRequested
    /// The TCP connection that ``SessionAction/connect`` asked for is open (16).
    case connected
    /// A TCP connection could not be opened, or has ended (18).
    case connectionFailed(ConnectionOrigin)
    /// A message (19, 24 to 27).
    case received(SessionMessage, ConnectionOrigin)
    /// Bytes that are no acceptable message (21, 22, 28), or a message that goes beyond a limit (8), with the NOTIFICATION
    /// that says why.
    case malformed(NotificationMessage, ConnectionOrigin)
    /// An UPDATE was sent, which stands for a KEEPALIVE (RFC 4271, section 8.2.2).
    case updateSent
    /// TCP has taken something of what was to be sent: the SendHoldTimer starts anew (RFC 9687, section 4.3).
    case sendProgressed(ConnectionOrigin)
    /// ``Session/deadline`` has come: ConnectRetryTimer (9), HoldTimer (10), KeepaliveTimer (11), IdleHoldTimer (13),
    /// SendHoldTimer (29).
    case timer
}

/// What the owner of the sockets has to do, in this order.
public enum SessionAction: Hashable, Sendable {
    /// Open the outgoing TCP connection.
    case connect
    /// Take the connection of ``SessionEvent/connectionRequested`` as the incoming one.
    case accept
    /// Close the connection of ``SessionEvent/connectionRequested`` after this NOTIFICATION.
    case refuse(NotificationMessage)
    /// Send OPEN.
    case sendOpen(OpenMessage, ConnectionOrigin)
    /// Send KEEPALIVE.
    case sendKeepalive(ConnectionOrigin)
    /// Send NOTIFICATION; a ``disconnect(_:)`` follows.
    case sendNotification(NotificationMessage, ConnectionOrigin)
    /// Close the connection after what was sent, or stop opening it.
    case disconnect(ConnectionOrigin)
    /// The session is Established on this connection: send the table.
    case established(NegotiatedSession, ConnectionOrigin)
    /// An attempt or a session has ended. If it was Established, all routes of the neighbour are to be deleted.
    case ended(SessionEnd, wasEstablished: Bool)
}

/// Why a session or an attempt at one has ended.
public enum SessionEnd: Hashable, Sendable {
    /// This speaker sent a NOTIFICATION.
    case sent(NotificationMessage)
    /// The neighbour sent a NOTIFICATION.
    case received(NotificationMessage)
    /// The TCP connection ended.
    case connectionClosed
    /// An automatic stop without a NOTIFICATION: the link is down.
    case stopped
}

extension SessionEnd: CustomStringConvertible {
    /// The reason in words, for logs and events.
    public var description: String {
        switch self {
        case .sent(let message): "sent \(message)"
        case .received(let message): "received \(message)"
        case .connectionClosed: "connection closed"
        case .stopped: "link down"
        }
    }

    /// Whether the two speakers misunderstand each other, or one has more routes than the other takes (RFC 4486, section 4),
    /// so that trying again at once would only repeat it.
    var isProtocolError: Bool {
        switch self {
        case .sent(let message), .received(let message):
            switch message.reason {
            case .holdTimerExpired, .sendHoldTimerExpired: false
            case .maximumNumberOfPrefixesReached: true
            case let reason: !reason.isCease
            }
        case .connectionClosed, .stopped: false
        }
    }
}
