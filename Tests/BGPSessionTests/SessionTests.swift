import BGPSession
import BGPWire
import Net
import Testing

@Suite("Session states")
struct SessionStateTests {
    @Test("The way up sends OPEN and KEEPALIVE and ends in Established")
    func wayUp() {
        var session = Session(configuration: .sample(), seed: 1)
        #expect(session.state == .idle && session.deadline == nil)
        #expect(session.handle(.manualStart, now: 0) == [.connect])
        #expect(session.state == .connect)
        #expect(session.handle(.connected, now: 1) == [.sendOpen(session.configuration.open, .outgoing)])
        #expect(session.state == .openSent)
        #expect(session.handle(.received(.open(peerOpen()), .outgoing), now: 2) == [.sendKeepalive(.outgoing)])
        #expect(session.state == .openConfirm)
        let actions = session.handle(.received(.keepalive, .outgoing), now: 3)
        guard case .established(let negotiated, .outgoing)? = actions.first, actions.count == 1 else {
            Issue.record("\(actions)")
            return
        }
        #expect(session.state == .established)
        #expect(negotiated.holdTime == 9 && negotiated.isFourOctetASN && negotiated.isRouteRefresh)
        #expect(negotiated.families == [.ipv4, .ipv6] && negotiated.identifier == v4("10.0.0.2"))
    }

    @Test("The OPEN offers families, route refresh, extended messages and the four-octet number")
    func open() {
        #expect(
            SessionConfiguration.sample(local: 4_200_000_001).open.capabilities == [
                .multiprotocol(FamilyIdentifier(.ipv4)), .multiprotocol(FamilyIdentifier(.ipv6)), .routeRefresh,
                .extendedMessage, .gracefulRestart(GracefulRestart(restartTime: 0, families: [])),
                .fourOctetASN(ASN(4_200_000_001)), .enhancedRouteRefresh,
            ])
    }

    @Test("A passive session waits, and takes the neighbour's connection")
    func passive() {
        var session = Session(configuration: .sample(isPassive: true), seed: 1)
        #expect(session.handle(.manualStart, now: 0) == [])
        #expect(session.state == .active && session.deadline == nil)
        #expect(
            session.handle(.connectionRequested, now: 0) == [.accept, .sendOpen(session.configuration.open, .incoming)])
        #expect(
            session.handle(.connectionFailed(.incoming), now: 1) == [
                .disconnect(.incoming), .ended(.connectionClosed, wasEstablished: false),
            ])
        #expect(session.state == .active && session.deadline == nil)
    }

    @Test("In Idle every connection is refused")
    func idleRefuses() {
        var session = Session(configuration: .sample(), seed: 1)
        #expect(session.handle(.connectionRequested, now: 0) == [.refuse(NotificationMessage(.connectionRejected))])
    }

    @Test(
        "In Idle nothing else happens",
        arguments: [
            SessionEvent.connected, .connectionFailed(.outgoing), .connectionFailed(.incoming),
            .received(.keepalive, .outgoing),
            .received(.open(peerOpen()), .incoming), .malformed(.shutdown, .outgoing), .timer, .updateSent,
            .automaticStart, .manualStop(.shutdown),
        ])
    func idleIgnores(event: SessionEvent) {
        var session = Session(configuration: .sample(), seed: 1)
        #expect(session.handle(event, now: second) == [])
        #expect(session.state == .idle && session.deadline == nil)
    }

    @Test(
        "Start events are ignored on the way and when Established",
        arguments: [SessionState.connect, .openSent, .openConfirm, .established])
    func startIgnored(state: SessionState) {
        var session = Session.outgoing(state)
        #expect(session.handle(.manualStart, now: 1) == [] && session.handle(.automaticStart, now: 1) == [])
        #expect(session.state == state)
    }

    @Test(
        "ManualStop sends Cease where a NOTIFICATION can be read, and nothing starts again",
        arguments: SessionState.allCases)
    func manualStop(state: SessionState) {
        var session = Session.outgoing(state)
        let actions = session.handle(.manualStop(.shutdown), now: 1)
        switch state {
        case .idle, .active: #expect(actions == [])
        case .connect: #expect(actions == [.disconnect(.outgoing)])
        default:
            #expect(
                actions == [
                    .sendNotification(.shutdown, .outgoing), .disconnect(.outgoing),
                    .ended(.sent(.shutdown), wasEstablished: state == .established),
                ])
        }
        #expect(session.state == .idle && session.deadline == nil && session.connectRetryCounter == 0)
        #expect(session.handle(.automaticStart, now: 2) == [])
        #expect(session.handle(.manualStart, now: 3) == [.connect])
    }

    @Test(
        "A link that goes down ends the session at once, without a word, until it is up again",
        arguments: [SessionState.active, .connect, .openSent, .established])
    func linkDown(state: SessionState) {
        var session = Session.outgoing(state)
        let actions = session.handle(.automaticStop(nil), now: 1)
        #expect(actions.contains(.ended(.stopped, wasEstablished: true)) == (state == .established))
        #expect(!actions.contains { if case .sendNotification = $0 { true } else { false } })
        #expect(session.state == .idle && session.deadline == nil)
        #expect(session.handle(.connectionRequested, now: 2) == [.refuse(NotificationMessage(.connectionRejected))])
        #expect(session.handle(.automaticStart, now: 3) == [.connect])
    }

    @Test(
        "A message that the state does not expect is an FSM error with its type",
        arguments: [
            (SessionState.openSent, SessionMessage.keepalive, NotificationReason.unexpectedMessageInOpenSent),
            (.openSent, .update, .unexpectedMessageInOpenSent),
            (.openSent, .routeRefresh, .unexpectedMessageInOpenSent),
            (.openConfirm, .open(peerOpen()), .unexpectedMessageInOpenConfirm),
            (.openConfirm, .update, .unexpectedMessageInOpenConfirm),
            (.openConfirm, .routeRefresh, .unexpectedMessageInOpenConfirm),
            (.established, .open(peerOpen()), .unexpectedMessageInEstablished),
        ])
    func unexpected(state: SessionState, message: SessionMessage, reason: NotificationReason) {
        var session = Session.outgoing(state)
        let notification = NotificationMessage(reason, data: [message.type.rawValue])
        #expect(
            session.handle(.received(message, .outgoing), now: 1) == [
                .sendNotification(notification, .outgoing), .disconnect(.outgoing),
                .ended(.sent(notification), wasEstablished: state == .established),
            ])
        #expect(session.state == .idle && session.connectRetryCounter == 1)
    }

    @Test("A NOTIFICATION is never answered", arguments: [SessionState.openSent, .openConfirm, .established])
    func notification(state: SessionState) {
        var session = Session.outgoing(state)
        #expect(
            session.handle(.received(.notification(.shutdown), .outgoing), now: 1)
                == [.disconnect(.outgoing), .ended(.received(.shutdown), wasEstablished: state == .established)])
        #expect(session.state == .active)
    }

    @Test(
        "Bytes that are no message end the session with their NOTIFICATION",
        arguments: [SessionState.openSent, .openConfirm, .established])
    func malformed(state: SessionState) {
        var session = Session.outgoing(state)
        let error = NotificationMessage(.connectionNotSynchronized)
        #expect(
            session.handle(.malformed(error, .outgoing), now: 1)
                == [
                    .sendNotification(error, .outgoing), .disconnect(.outgoing),
                    .ended(.sent(error), wasEstablished: state == .established),
                ])
    }

    @Test(
        "An OPEN that does not fit is refused with its subcode",
        arguments: [
            (peerOpen(asn: 65003), NotificationMessage(.badPeerAS)),
            (
                OpenMessage(
                    asn: ASN(65002), holdTime: 90, identifier: v4("10.0.0.2"),
                    capabilities: [.multiprotocol(FamilyIdentifier(afi: 25, safi: 70))]),
                NotificationMessage(.unsupportedCapability, data: [1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1])
            ),
        ])
    func badOpen(open: OpenMessage, expected: NotificationMessage) {
        var session = Session.outgoing(.openSent)
        #expect(
            session.handle(.received(.open(open), .outgoing), now: 1).first == .sendNotification(expected, .outgoing))
    }

    @Test("Inside an AS identifiers must differ, outside they need not")
    func identifiers() {
        var inside = Session.outgoing(.openSent, .sample(remote: 65001))
        #expect(
            inside.handle(.received(.open(peerOpen(identifier: "10.0.0.1", asn: 65001)), .outgoing), now: 1).first
                == .sendNotification(NotificationMessage(.badBGPIdentifier), .outgoing))
        var outside = Session.outgoing(.openSent)
        #expect(
            outside.handle(.received(.open(peerOpen(identifier: "10.0.0.1")), .outgoing), now: 1) == [
                .sendKeepalive(.outgoing)
            ])
    }

    @Test("A neighbour without capabilities speaks IPv4 with two-octet numbers")
    func bareNeighbour() throws {
        let open = OpenMessage(asn: ASN(65002), holdTime: 30, identifier: v4("10.0.0.2"), capabilities: [])
        let negotiated = try NegotiatedSession(open, for: .sample())
        #expect(negotiated.families == .ipv4 && !negotiated.isFourOctetASN && !negotiated.isRouteRefresh)
    }
}

@Suite("Session timers")
struct SessionTimerTests {
    @Test("A failed connection is tried again after ConnectRetryTime with jitter, and connections are taken meanwhile")
    func connectRetry() throws {
        var waits: Set<UInt64> = []
        for seed in 0..<50 {
            var session = Session(configuration: .sample(), seed: UInt64(seed))
            _ = session.handle(.manualStart, now: 0)
            #expect(session.handle(.connectionFailed(.outgoing), now: second) == [.disconnect(.outgoing)])
            #expect(session.state == .active)
            let deadline = try #require(session.deadline)
            #expect(deadline >= second + 187 * millisecond && deadline <= second + 250 * millisecond)
            waits.insert(deadline)
            #expect(session.handle(.timer, now: deadline - 1) == [])
            var other = session
            #expect(other.handle(.connectionRequested, now: second + 1).first == .accept)
            #expect(session.handle(.timer, now: deadline) == [.connect])
        }
        #expect(waits.count > 40)
    }

    @Test("A connection that takes too long is tried anew, each time with more patience, so that any round trip fits")
    func connectTimeout() throws {
        var session = Session.outgoing(.connect)
        var now: UInt64 = 0
        var waits: [UInt64] = []
        for _ in 0..<8 {
            let deadline = try #require(session.deadline)
            waits.append(deadline - now)
            now = deadline
            #expect(session.handle(.timer, now: now) == [.disconnect(.outgoing), .connect])
        }
        #expect(waits[0] <= 250 * millisecond && waits[3] <= 2 * second && waits[3] >= 1500 * millisecond)
        #expect(waits[7] <= 8 * second && waits[7] >= 6 * second)
        _ = session.handle(.connected, now: now)
        _ = session.handle(.connectionFailed(.outgoing), now: now)
        now = try #require(session.deadline)
        _ = session.handle(.timer, now: now)
        #expect(try #require(session.deadline) - now <= 250 * millisecond)
    }

    @Test(
        "The hold timer ends a silent neighbour, and every message puts it off",
        arguments: [SessionMessage.keepalive, .update, .routeRefresh])
    func hold(message: SessionMessage) {
        var session = Session.outgoing(.established)
        _ = session.handle(.received(message, .outgoing), now: 5 * second)
        var actions = session.handle(.timer, now: 14 * second - 1)
        #expect(!actions.contains { if case .ended = $0 { true } else { false } })
        actions = session.handle(.timer, now: 14 * second)
        let expired = NotificationMessage(.holdTimerExpired)
        #expect(
            actions == [
                .sendNotification(expired, .outgoing), .disconnect(.outgoing),
                .ended(.sent(expired), wasEstablished: true),
            ])
        #expect(session.state == .active)
    }

    @Test("Before OPEN the hold timer is four minutes")
    func openHold() {
        var session = Session.outgoing(.openSent)
        #expect(session.handle(.timer, now: 240 * second - 1) == [])
        #expect(
            session.handle(.timer, now: 240 * second).first
                == .sendNotification(NotificationMessage(.holdTimerExpired), .outgoing))
    }

    @Test("KEEPALIVE goes out every third of the hold time, earlier by jitter, and UPDATE stands for it")
    func keepalive() throws {
        var session = Session.outgoing(.established)
        let first = try #require(session.deadline)
        #expect(first >= 2250 * millisecond && first <= 3 * second)
        _ = session.handle(.updateSent, now: 2 * second)
        let second2 = try #require(session.deadline)
        #expect(second2 >= 4250 * millisecond && second2 <= 5 * second)
        #expect(session.handle(.timer, now: second2) == [.sendKeepalive(.outgoing)])
        #expect(try #require(session.deadline) > second2)
    }

    @Test("A hold time of 0 from either side stops both timers", arguments: [(UInt16(0), UInt16(9)), (9, 0)])
    func noHold(ours: UInt16, theirs: UInt16) {
        var session = Session.outgoing(.established, .sample(holdTime: ours), peer: peerOpen(holdTime: theirs))
        #expect(session.deadline == nil)
        #expect(
            session.handle(.received(.update, .outgoing), now: 1) == [] && session.handle(.updateSent, now: 1) == [])
        #expect(session.deadline == nil)
    }

    @Test("Errors of the protocol are damped ever longer, up to two minutes; a lost connection is not")
    func damping() throws {
        var session = Session(configuration: .sample(), seed: 3)
        _ = session.handle(.manualStart, now: 0)
        var now: UInt64 = 0
        var waits: [UInt64] = []
        for _ in 0..<10 {
            _ = session.handle(.connected, now: now)
            _ = session.handle(.received(.open(peerOpen(asn: 9)), .outgoing), now: now)
            #expect(session.state == .idle)
            #expect(
                session.handle(.connectionRequested, now: now) == [.refuse(NotificationMessage(.connectionRejected))])
            let deadline = try #require(session.deadline)
            waits.append(deadline - now)
            now = deadline
            #expect(session.handle(.timer, now: now) == [.connect])
        }
        #expect(waits[0] <= second && waits[0] >= second * 3 / 4)
        #expect(waits[3] <= 8 * second && waits[3] >= 6 * second)
        #expect(waits[9] <= 120 * second && waits[9] >= 90 * second)
        for _ in 0..<10 {
            _ = session.handle(.connected, now: now)
            _ = session.handle(.connectionFailed(.outgoing), now: now)
            let deadline = try #require(session.deadline)
            #expect(deadline - now <= 250 * millisecond)
            now = deadline
            _ = session.handle(.timer, now: now)
        }
    }

    @Test("A clock at its end and absurd times do not trap")
    func extremes() {
        var configuration = SessionConfiguration.sample()
        configuration.connectRetryTime = .max
        var session = Session(configuration: configuration, seed: 1)
        _ = session.handle(.manualStart, now: .max - 1)
        _ = session.handle(.connectionFailed(.outgoing), now: .max)
        _ = session.handle(.timer, now: .max)
        _ = session.handle(.connected, now: .max)
        _ = session.handle(.received(.open(peerOpen(asn: 9)), .outgoing), now: .max)
        #expect(session.state == .idle)
    }
}
