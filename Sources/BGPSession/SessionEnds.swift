import BGPWire

// MARK: - Collision detection (RFC 4271, section 6.8)

extension Session {
    /// Decides between the connection whose OPEN has come and another one on which an OPEN has come before. Returns whether
    /// this one lives.
    mutating func survivesCollision(_ origin: ConnectionOrigin) -> Bool {
        guard self[origin.other].state >= .openConfirm else { return true }
        let isWinner = self[origin.other].state != .established && prefers(origin, over: origin.other)
        drop(isWinner ? origin.other : origin, NotificationMessage(.connectionCollisionResolution))
        return isWinner
    }

    /// Whether `origin` is the connection that the speaker with the higher BGP Identifier has opened. With equal identifiers
    /// the higher AS number decides (RFC 6286, section 2.3).
    func prefers(_ origin: ConnectionOrigin, over other: ConnectionOrigin) -> Bool {
        guard let identifier = self[origin].negotiated?.identifier ?? self[other].negotiated?.identifier else {
            return false
        }
        let isLocalHigher =
            configuration.identifier == identifier
            ? configuration.localASN > configuration.remoteASN : configuration.identifier > identifier
        return origin == (isLocalHigher ? .outgoing : .incoming)
    }
}

// MARK: - Ends

extension Session {
    /// Closes a connection without a word to anyone about the session.
    mutating func drop(_ origin: ConnectionOrigin, _ message: NotificationMessage?) {
        let state = self[origin].state
        guard state >= .openSent || state == .connect else { return }
        if state >= .openSent, let message { actions.append(.sendNotification(message, origin)) }
        actions.append(.disconnect(origin))
        self[origin] = Connection()
        if origin == .outgoing {
            outgoing.state = .active
            connectRetryDeadline = nil
        }
    }

    /// A connection that is at least in OpenSent has come to its end.
    mutating func fail(_ origin: ConnectionOrigin, _ end: SessionEnd, _ now: UInt64) {
        let wasEstablished = self[origin].state == .established
        if case .sent(let message) = end { drop(origin, message) } else { drop(origin, nil) }
        connectRetryCounter += 1
        let other = origin.other
        if self[other].state >= .openSent {
            if self[other].isConfirmed { establish(other, now) }
            return
        }
        actions.append(.ended(end, wasEstablished: wasEstablished))
        if wasEstablished, now &- establishedSince >= Self.longestIdleHold { protocolErrors = 0 }
        if end.isProtocolError {
            holdIdle(now)
        } else if outgoing.state != .connect {
            retry(now)
        }
    }

    mutating func retry(_ now: UInt64) {
        outgoing.state = .active
        let isOpening = incoming.state >= .openSent
        connectRetryDeadline =
            configuration.isPassive || isOpening ? nil : after(jittered(configuration.connectRetryTime), now)
    }

    private static var shortestIdleHold: UInt64 { 1_000_000_000 }
    private static var longestIdleHold: UInt64 { 120_000_000_000 }

    private mutating func holdIdle(_ now: UInt64) {
        if outgoing.state == .connect { actions.append(.disconnect(.outgoing)) }
        outgoing.state = .idle
        connectRetryDeadline = nil
        let first = min(max(configuration.connectRetryTime, Self.shortestIdleHold), Self.longestIdleHold)
        let time = min(first << protocolErrors, Self.longestIdleHold)
        protocolErrors = min(protocolErrors + 1, 7)
        idleHoldDeadline = after(jittered(time), now)
    }
}

// MARK: - Timers

extension Session {
    mutating func timersExpired(_ now: UInt64) {
        if let deadline = idleHoldDeadline, deadline <= now { begin(now) }
        if let deadline = connectRetryDeadline, deadline <= now {
            if outgoing.state == .connect {
                actions.append(.disconnect(.outgoing))
                connectTimeouts = min(connectTimeouts + 1, 5)
            }
            openConnection(now)
        }
        for origin in [ConnectionOrigin.outgoing, .incoming] {
            if let deadline = self[origin].holdDeadline, deadline <= now {
                fail(origin, .sent(NotificationMessage(.holdTimerExpired)), now)
            }
            if let deadline = self[origin].sendHoldDeadline, deadline <= now {
                fail(origin, .sent(NotificationMessage(.sendHoldTimerExpired)), now)
            }
            if let deadline = self[origin].keepaliveDeadline, deadline <= now { sendKeepalive(origin, now) }
        }
    }

    mutating func restartHoldTimer(_ origin: ConnectionOrigin, _ now: UInt64) {
        let seconds = self[origin].negotiated?.holdTime ?? 0
        self[origin].holdDeadline = seconds == 0 ? nil : after(UInt64(seconds) * 1_000_000_000, now)
    }

    mutating func sendKeepalive(_ origin: ConnectionOrigin, _ now: UInt64) {
        actions.append(.sendKeepalive(origin))
        self[origin].keepaliveSent = now
        restartKeepaliveTimer(origin, now)
    }

    /// A third of the hold time (RFC 4271, section 10), so that one lost message costs nothing.
    mutating func restartKeepaliveTimer(_ origin: ConnectionOrigin, _ now: UInt64) {
        let seconds = self[origin].negotiated?.holdTime ?? 0
        self[origin].keepaliveDeadline = seconds == 0 ? nil : after(jittered(UInt64(seconds) * 1_000_000_000 / 3), now)
    }

    /// SendHoldTimer (RFC 9687): it runs while the session is Established, unless a hold time of 0 wants no timers.
    mutating func restartSendHoldTimer(_ origin: ConnectionOrigin, _ now: UInt64) {
        guard self[origin].state == .established else { return }
        let holdTime = UInt64(self[origin].negotiated?.holdTime ?? 0) * 1_000_000_000
        let time = configuration.sendHoldTime ?? max(480_000_000_000, 2 * holdTime)
        self[origin].sendHoldDeadline = holdTime == 0 || time == 0 ? nil : after(time, now)
    }

    func after(_ time: UInt64, _ now: UInt64) -> UInt64 {
        let (sum, overflow) = now.addingReportingOverflow(time)
        return overflow ? .max : sum
    }

    /// Three quarters of the time to all of it (RFC 4271, section 10). The numbers are SplitMix64's.
    mutating func jittered(_ time: UInt64) -> UInt64 {
        randomState &+= 0x9E37_79B9_7F4A_7C15
        var mixed = randomState
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return time - (time / 4).multipliedFullWidth(by: mixed).high
    }
}
