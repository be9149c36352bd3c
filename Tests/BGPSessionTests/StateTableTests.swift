import BGPSession
import BGPWire
import TestSupport
import Testing

/// Every event in every state (RFC 4271, section 8.2.2), on a session whose own connection is the one that counts. The
/// state is the one of the furthest connection; actions are what others see of it.
@Suite("State table")
struct StateTableTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let event: SessionEvent
        /// The states that follow Idle, Connect, Active, OpenSent, OpenConfirm and Established.
        let next: [SessionState]
        var testDescription: String { "\(event)" }

        init(_ event: SessionEvent, _ next: SessionState...) {
            self.event = event
            self.next = next
        }
    }

    /// What ends with an error of the protocol is Idle for a while (DampPeerOscillations), what merely ends is Active, so
    /// that the neighbour can connect: RFC 4271 has Idle for both, and leaves Idle by AutomaticStart.
    static let rows: [Row] = [
        // 1, 3: "ignored" once started, but for Active, which a link that is up again need not wait in.
        Row(.manualStart, .connect, .connect, .active, .openSent, .openConfirm, .established),
        Row(.automaticStart, .idle, .connect, .connect, .openSent, .openConfirm, .established),
        // 2, 8
        Row(.manualStop(.shutdown), .idle, .idle, .idle, .idle, .idle, .idle),
        Row(.automaticStop(nil), .idle, .idle, .idle, .idle, .idle, .idle),
        Row(.automaticStop(.shutdown), .idle, .idle, .idle, .idle, .idle, .idle),
        // 17: another connection is taken until the first has got as far as OpenConfirm (section 6.8).
        Row(.connectionRequested, .idle, .openSent, .openSent, .openSent, .openConfirm, .established),
        // 16
        Row(.connected, .idle, .openSent, .active, .openSent, .openConfirm, .established),
        // 18
        Row(.connectionFailed(.outgoing), .idle, .active, .active, .active, .active, .active),
        Row(.connectionFailed(.incoming), .idle, .connect, .active, .openSent, .openConfirm, .established),
        // 19
        Row(.received(.open(peerOpen()), .outgoing), .idle, .connect, .active, .openConfirm, .idle, .idle),
        Row(.received(.open(peerOpen(asn: 9)), .outgoing), .idle, .connect, .active, .idle, .idle, .idle),
        // 26, 27, and ROUTE-REFRESH (RFC 2918)
        Row(.received(.keepalive, .outgoing), .idle, .connect, .active, .idle, .established, .established),
        Row(.received(.update, .outgoing), .idle, .connect, .active, .idle, .idle, .established),
        Row(.received(.routeRefresh, .outgoing), .idle, .connect, .active, .idle, .idle, .established),
        // 25, 24
        Row(
            .received(.notification(.shutdown), .outgoing), .idle, .connect, .active, .active, .active, .active),
        Row(
            .received(.notification(NotificationMessage(.unsupportedVersionNumber)), .outgoing), .idle, .connect,
            .active, .idle, .idle, .idle),
        Row(
            .received(.notification(NotificationMessage(.holdTimerExpired)), .outgoing), .idle, .connect, .active,
            .active, .active, .active),
        // 21, 22, 28
        Row(
            .malformed(NotificationMessage(.badMessageLength), .outgoing), .idle, .connect, .active, .idle, .idle, .idle
        ),
        Row(
            .malformed(NotificationMessage(.badPeerAS), .outgoing), .idle, .connect, .active, .idle, .idle, .idle),
        Row(
            .malformed(NotificationMessage(.malformedAttributeList), .outgoing), .idle, .connect, .active, .idle, .idle,
            .idle),
        // On the connection that does not exist nothing happens.
        Row(.received(.keepalive, .incoming), .idle, .connect, .active, .openSent, .openConfirm, .established),
        Row(
            .malformed(NotificationMessage(.badMessageType), .incoming), .idle, .connect, .active, .openSent,
            .openConfirm, .established),
        Row(.updateSent, .idle, .connect, .active, .openSent, .openConfirm, .established),
        Row(.sendProgressed(.outgoing), .idle, .connect, .active, .openSent, .openConfirm, .established),
        // No timer runs out at once.
        Row(.timer, .idle, .connect, .active, .openSent, .openConfirm, .established),
    ]

    @Test("The next state, and what is owed to the neighbour and the table", arguments: rows)
    func table(row: Row) {
        #expect(row.next.count == SessionState.allCases.count)
        for (state, expected) in zip(SessionState.allCases, row.next) {
            var session = Session.outgoing(state)
            let before = session.connectRetryCounter
            let actions = session.handle(row.event, now: 1)
            #expect(session.state == expected, "in \(state)")
            expectWhole(actions, from: state, to: expected)
            // ConnectRetryCounter: each end that nobody wanted counts; an operator's decision and Established do not.
            switch row.event {
            case .manualStop: #expect(session.connectRetryCounter == 0)
            case .connectionFailed(.outgoing) where state != .idle && state != .active,
                .malformed(_, .outgoing) where state >= .openSent:
                #expect(session.connectRetryCounter == before + 1, "in \(state)")
            default: break
            }
        }
    }

    /// The actions fit the change of state: an end is told once, with routes to delete if there were any; a NOTIFICATION is the
    /// last word of a connection.
    private func expectWhole(_ actions: [SessionAction], from state: SessionState, to next: SessionState) {
        let ends = actions.count { if case .ended = $0 { true } else { false } }
        #expect(ends == (state >= .openSent && next < state && next < .openSent ? 1 : 0), "in \(state): \(actions)")
        for case .ended(_, let wasEstablished) in actions { #expect(wasEstablished == (state == .established)) }
        #expect(
            actions.contains { if case .established = $0 { true } else { false } }
                == (next == .established && state != .established))
        for (index, action) in actions.enumerated() {
            guard case .sendNotification(_, let origin) = action else { continue }
            #expect(index + 1 < actions.count && actions[index + 1] == .disconnect(origin), "in \(state)")
        }
    }

    @Test("Each timer in each state in which it runs (events 9 to 11, and 13)")
    func timers() throws {
        // ConnectRetryTimer: Connect begins anew, Active connects.
        for state in [SessionState.connect, .active] {
            var session = Session.outgoing(state)
            let deadline = try #require(session.deadline)
            #expect(session.handle(.timer, now: deadline).contains(.connect) && session.state == .connect)
        }
        // HoldTimer: Hold Timer Expired is sent, and the session is tried again.
        for state in [SessionState.openSent, .openConfirm, .established] {
            var session = Session.outgoing(state)
            let actions = session.handle(.timer, now: 240 * second)
            #expect(
                actions.contains(.sendNotification(NotificationMessage(.holdTimerExpired), .outgoing)), "in \(state)")
            #expect(session.state == .active && session.connectRetryCounter == 1)
        }
        // KeepaliveTimer: in OpenConfirm and Established.
        for state in [SessionState.openConfirm, .established] {
            var session = Session.outgoing(state)
            let deadline = try #require(session.deadline)
            #expect(session.handle(.timer, now: deadline) == [.sendKeepalive(.outgoing)] && session.state == state)
        }
        // IdleHoldTimer: Idle after an error is left.
        var session = Session.outgoing(.established)
        _ = session.handle(.malformed(NotificationMessage(.badMessageType), .outgoing), now: 1)
        #expect(session.state == .idle)
        let deadline = try #require(session.deadline)
        #expect(session.handle(.timer, now: deadline) == [.connect])
    }

    @Test("Random events never trap, and never leave the states' invariants")
    func random() {
        for seed in UInt64(1)...300 {
            var generator = SeededGenerator(seed)
            var session = Session(
                configuration: .sample(isPassive: seed % 3 == 0), seed: seed)
            var now: UInt64 = 0
            for _ in 0..<200 {
                now += UInt64.random(in: 0...second, using: &generator)
                let event = Self.rows.randomElement(using: &generator)?.event ?? .timer
                let before = session.state
                let actions = session.handle(event, now: now)
                let isUp = actions.contains { if case .established = $0 { true } else { false } }
                let isDown = actions.contains { if case .ended(_, true) = $0 { true } else { false } }
                #expect((before == .established) != (session.state == .established) ? isUp || isDown : isUp == isDown)
                #expect(session.state != .established || session.state(of: .incoming) != session.state(of: .outgoing))
                if let deadline = session.deadline, deadline <= now { _ = session.handle(.timer, now: now) }
            }
        }
    }
}
