public import BGPWire

/// The finite state machine of RFC 4271, section 8, for one neighbour.
///
/// It is a value that turns events into actions and owns no socket, clock or thread: whoever does calls
/// ``handle(_:now:)``, carries out the actions in their order, and comes back with ``SessionEvent/timer`` at ``deadline``.
///
/// Where it chooses among what the RFC allows:
/// - Both connections of a collision belong to one machine (`outgoing`, `incoming`); RFC 4271 would run a machine for each.
/// - A failed connection leads to Active and not to Idle, so that the neighbour can connect while the ConnectRetryTimer runs.
/// - Damping (DampPeerOscillations): only after an error of the protocol the session stays Idle, for a time that doubles
///   with each such error in a row. A neighbour that merely went away is called again after ConnectRetryTime.
/// - DelayOpen and TrackTcpState are not offered.
public struct Session: Sendable {
    /// One TCP connection.
    struct Connection: Sendable {
        var state = SessionState.idle
        var holdDeadline: UInt64?
        var keepaliveDeadline: UInt64?
        /// When the last KEEPALIVE was sent.
        var keepaliveSent: UInt64 = 0
        var sendHoldDeadline: UInt64?
        var negotiated: NegotiatedSession?
        /// KEEPALIVE came, but a better connection may still win the collision.
        var isConfirmed = false
    }

    /// What the operator decided.
    public private(set) var configuration: SessionConfiguration
    /// ConnectRetryCounter: attempts that have failed since the last Established or ManualStart.
    public internal(set) var connectRetryCounter = 0

    var outgoing = Connection()
    var incoming = Connection()
    var isStarted = false
    var isSuspended = false
    var connectRetryDeadline: UInt64?
    var idleHoldDeadline: UInt64?
    var connectTimeouts: UInt64 = 0
    var protocolErrors: UInt64 = 0
    var establishedSince: UInt64 = 0
    var randomState: UInt64
    var actions: [SessionAction] = []

    /// Makes a session in Idle. `seed` decides the jitter of its timers; neighbours should not share one.
    public init(configuration: SessionConfiguration, seed: UInt64) {
        self.configuration = configuration
        randomState = seed
    }

    /// Changes what the next OPEN says of graceful restart.
    public mutating func offer(_ gracefulRestart: GracefulRestart) { configuration.gracefulRestart = gracefulRestart }

    /// The state of the connection that is furthest.
    public var state: SessionState { max(outgoing.state, incoming.state) }

    /// The state of one of the connections.
    public func state(of origin: ConnectionOrigin) -> SessionState { self[origin].state }

    /// What was negotiated on a connection whose OPEN has come.
    public func negotiated(on origin: ConnectionOrigin) -> NegotiatedSession? { self[origin].negotiated }

    /// When to come back with ``SessionEvent/timer``; nil when nothing is waited for.
    public var deadline: UInt64? {
        var earliest = UInt64.max
        for candidate in [
            connectRetryDeadline, idleHoldDeadline, outgoing.holdDeadline, outgoing.keepaliveDeadline,
            outgoing.sendHoldDeadline, incoming.holdDeadline, incoming.keepaliveDeadline, incoming.sendHoldDeadline,
        ] {
            earliest = min(earliest, candidate ?? .max)
        }
        return earliest == .max ? nil : earliest
    }

    /// Takes one event. `now` is in nanoseconds of a clock that never goes back.
    public mutating func handle(_ event: SessionEvent, now: UInt64) -> [SessionAction] {
        switch event {
        case .manualStart: manualStart(now)
        case .manualStop(let message): stop(message, isManual: true, now)
        case .automaticStart: automaticStart(now)
        case .automaticStop(let message): stop(message, isManual: false, now)
        case .connectionRequested: connectionRequested(now)
        case .connected: connected(now)
        case .connectionFailed(let origin): connectionFailed(origin, now)
        case .received(let message, let origin): received(message, origin, now)
        case .malformed(let message, let origin):
            if self[origin].state >= .openSent { fail(origin, .sent(message), now) }
        case .updateSent: updateSent(now)
        case .sendProgressed(let origin): restartSendHoldTimer(origin, now)
        case .timer: timersExpired(now)
        }
        defer { actions = [] }
        return actions
    }

    subscript(origin: ConnectionOrigin) -> Connection {
        get { origin == .outgoing ? outgoing : incoming }
        set { if origin == .outgoing { outgoing = newValue } else { incoming = newValue } }
    }
}

// MARK: - Administrative events

extension Session {
    private mutating func manualStart(_ now: UInt64) {
        guard !isStarted else { return }
        isStarted = true
        isSuspended = false
        connectRetryCounter = 0
        protocolErrors = 0
        begin(now)
    }

    private mutating func automaticStart(_ now: UInt64) {
        isSuspended = false
        guard isStarted, state == .idle || state == .active else { return }
        begin(now)
    }

    private mutating func stop(_ message: NotificationMessage?, isManual: Bool, _ now: UInt64) {
        let wasEstablished = state == .established
        let wasOpen = state >= .openSent
        for origin in [ConnectionOrigin.outgoing, .incoming] { drop(origin, message) }
        outgoing.state = .idle
        connectRetryDeadline = nil
        idleHoldDeadline = nil
        if isManual {
            isStarted = false
            connectRetryCounter = 0
        } else {
            isSuspended = true
        }
        if wasOpen { actions.append(.ended(message.map(SessionEnd.sent) ?? .stopped, wasEstablished: wasEstablished)) }
    }

    /// Leaves Idle or Active.
    mutating func begin(_ now: UInt64) {
        idleHoldDeadline = nil
        if configuration.isPassive {
            outgoing.state = .active
        } else {
            openConnection(now)
        }
    }
}

// MARK: - TCP connection events

extension Session {
    private static var leastConnectTime: UInt64 { 250_000_000 }
    private static var longestConnectTime: UInt64 { 8_000_000_000 }

    /// ConnectRetryTime may be shorter than a round trip: the patience for one connection doubles with each that was given
    /// up. Trying anew is quicker than TCP, which sends a lost SYN again after a second.
    mutating func openConnection(_ now: UInt64) {
        let least = max(configuration.connectRetryTime, Self.leastConnectTime)
        let time = max(configuration.connectRetryTime, min(least << min(connectTimeouts, 5), Self.longestConnectTime))
        outgoing.state = .connect
        connectRetryDeadline = after(jittered(time), now)
        actions.append(.connect)
    }

    private mutating func connectionRequested(_ now: UInt64) {
        guard isStarted, !isSuspended, idleHoldDeadline == nil else {
            actions.append(.refuse(NotificationMessage(.connectionRejected)))
            return
        }
        endSessionOfRestarter(now)
        let collision = NotificationMessage(.connectionCollisionResolution)
        // A connection this far has a neighbour that knows us. Refusing the new one before OPEN is sent on it keeps the
        // neighbour from choosing it over the other, so the two ends cannot choose differently.
        guard state < .openConfirm else {
            actions.append(.refuse(collision))
            probe(now)
            return
        }
        // The neighbour opens a second connection only when it has given up the first.
        drop(.incoming, collision)
        actions.append(.accept)
        sendOpen(.incoming, now)
        if outgoing.state == .active { connectRetryDeadline = nil }
    }

    /// A neighbour that can restart and connects anew has restarted, and the end of its old connection did not get here (RFC
    /// 4724, section 5).
    private mutating func endSessionOfRestarter(_ now: UInt64) {
        for origin in [ConnectionOrigin.outgoing, .incoming] where self[origin].state == .established {
            guard self[origin].negotiated?.gracefulRestart?.families.isEmpty == false else { continue }
            fail(origin, .connectionClosed, now)
        }
    }

    /// A neighbour that connects anew may know nothing of its old connection any more: its link had failed, or it lost its power.
    /// A KEEPALIVE finds out at once instead of after up to a third of the hold time, for the neighbour's TCP answers it with a
    /// reset then. No more than one a second is allowed (RFC 4271, section 4.4).
    private mutating func probe(_ now: UInt64) {
        for origin in [ConnectionOrigin.outgoing, .incoming] where self[origin].state == .established {
            if now &- self[origin].keepaliveSent >= 1_000_000_000 { sendKeepalive(origin, now) }
        }
    }

    private mutating func connected(_ now: UInt64) {
        guard outgoing.state == .connect else { return }
        connectRetryDeadline = nil
        connectTimeouts = 0
        if incoming.state >= .openConfirm {
            drop(.outgoing, nil)
        } else {
            sendOpen(.outgoing, now)
        }
    }

    private mutating func connectionFailed(_ origin: ConnectionOrigin, _ now: UInt64) {
        if origin == .outgoing, outgoing.state == .connect {
            actions.append(.disconnect(.outgoing))
            connectRetryCounter += 1
            retry(now)
        } else if self[origin].state >= .openSent {
            fail(origin, .connectionClosed, now)
        }
    }

    private mutating func sendOpen(_ origin: ConnectionOrigin, _ now: UInt64) {
        self[origin] = Connection()
        self[origin].state = .openSent
        // RFC 4271, section 8.2.2: "a HoldTimer value of 4 minutes is suggested" until one is negotiated.
        self[origin].holdDeadline = after(240_000_000_000, now)
        actions.append(.sendOpen(configuration.open, origin))
    }
}

// MARK: - Messages

extension Session {
    private mutating func received(_ message: SessionMessage, _ origin: ConnectionOrigin, _ now: UInt64) {
        let state = self[origin].state
        guard state >= .openSent else { return }
        switch (message, state) {
        case (.notification(let notification), _):
            fail(origin, .received(notification), now)
        case (.open(let open), .openSent):
            openReceived(open, origin, now)
        case (.keepalive, .openConfirm):
            restartHoldTimer(origin, now)
            self[origin].isConfirmed = true
            // The neighbour may be about to choose the other connection: its OPEN, or its end, decides.
            if self[origin.other].state != .openSent || !prefers(origin.other, over: origin) { establish(origin, now) }
        case (.keepalive, .established), (.update, .established), (.routeRefresh, .established):
            restartHoldTimer(origin, now)
        case (.update, .openConfirm) where self[origin].isConfirmed,
            (.routeRefresh, .openConfirm) where self[origin].isConfirmed:
            establish(origin, now)
        default:
            fail(origin, .sent(Self.unexpected(message.type, in: state)), now)
        }
    }

    /// RFC 6608, section 4.
    private static func unexpected(_ type: MessageType, in state: SessionState) -> NotificationMessage {
        let reason: NotificationReason =
            switch state {
            case .openSent: .unexpectedMessageInOpenSent
            case .openConfirm: .unexpectedMessageInOpenConfirm
            case .established: .unexpectedMessageInEstablished
            case .idle, .connect, .active: .finiteStateMachineError
            }
        return NotificationMessage(reason, data: [type.rawValue])
    }

    private mutating func openReceived(_ open: OpenMessage, _ origin: ConnectionOrigin, _ now: UInt64) {
        let negotiated: NegotiatedSession
        do throws(NotificationMessage) {
            negotiated = try NegotiatedSession(open, for: configuration)
        } catch {
            fail(origin, .sent(error), now)
            return
        }
        self[origin].negotiated = negotiated
        guard survivesCollision(origin) else { return }
        self[origin].state = .openConfirm
        sendKeepalive(origin, now)
        restartHoldTimer(origin, now)
    }

    mutating func establish(_ origin: ConnectionOrigin, _ now: UInt64) {
        guard let negotiated = self[origin].negotiated else { return }
        drop(origin.other, NotificationMessage(.connectionCollisionResolution))
        connectRetryDeadline = nil
        connectRetryCounter = 0
        establishedSince = now
        self[origin].state = .established
        restartSendHoldTimer(origin, now)
        actions.append(.established(negotiated, origin))
    }

    private mutating func updateSent(_ now: UInt64) {
        let origin: ConnectionOrigin = incoming.state == .established ? .incoming : .outgoing
        if self[origin].state == .established { restartKeepaliveTimer(origin, now) }
    }
}
