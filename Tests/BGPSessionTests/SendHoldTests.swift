import BGPSession
import BGPWire
import Net
import Testing

/// RFC 9687.
@Suite("Send hold timer")
struct SendHoldTests {
    private static let expired = NotificationMessage(.sendHoldTimerExpired)

    /// Lets time pass while the neighbour says KEEPALIVE every second; answers when the session ended on this timer.
    private func expiry(_ session: inout Session, from start: UInt64 = 0, until end: UInt64) -> UInt64? {
        for now in stride(from: start + second, through: end, by: Int(second)) {
            _ = session.handle(.received(.keepalive, .outgoing), now: now)
            let actions = session.handle(.timer, now: now)
            if actions.contains(.ended(.sent(Self.expired), wasEstablished: true)) {
                #expect(actions.contains(.disconnect(.outgoing)) && session.state == .active)
                return now
            }
        }
        return nil
    }

    private func established(sendHold: UInt64?, holdTime: UInt16 = 9, peerHold: UInt16 = 90) -> Session {
        var configuration = SessionConfiguration.sample(holdTime: holdTime)
        configuration.sendHoldTime = sendHold
        return .outgoing(.established, configuration, peer: peerOpen(holdTime: peerHold))
    }

    @Test("A neighbour that talks and takes nothing is given up after SendHoldTime, and called again")
    func expires() throws {
        var session = established(sendHold: 20 * second)
        #expect(expiry(&session, until: 60 * second) == 20 * second)
        #expect(Self.expired.reason.code == 8 && Self.expired.reason.subcode == 0 && Self.expired.data.isEmpty)
        #expect(session.connectRetryCounter == 1)
        #expect(try #require(session.deadline) <= 21 * second, "an end that TCP may cause is not damped")
    }

    @Test("Whatever TCP takes puts it off")
    func progress() {
        var session = established(sendHold: 20 * second)
        #expect(expiry(&session, until: 19 * second) == nil)
        _ = session.handle(.sendProgressed(.outgoing), now: 19 * second)
        _ = session.handle(.sendProgressed(.incoming), now: 30 * second)
        #expect(expiry(&session, from: 19 * second, until: 60 * second) == 39 * second)
    }

    @Test("The default is eight minutes, or twice a hold time that is longer")
    func defaults() {
        var short = established(sendHold: nil)
        #expect(expiry(&short, until: 2000 * second) == 480 * second)
        var long = established(sendHold: nil, holdTime: 600, peerHold: 500)
        #expect(expiry(&long, until: 2000 * second) == 1000 * second)
    }

    @Test("0 switches it off, and so does a hold time of 0")
    func off() {
        var off = established(sendHold: 0)
        #expect(expiry(&off, until: 2000 * second) == nil)
        let noHold = established(sendHold: 20 * second, peerHold: 0)
        #expect(noHold.deadline == nil)
    }

    @Test(
        "It does not run before Established, and not after the end", arguments: [SessionState.openSent, .openConfirm])
    func states(state: SessionState) {
        var configuration = SessionConfiguration.sample(holdTime: 9)
        configuration.sendHoldTime = 10 * second
        var session = Session.outgoing(state, configuration, peer: peerOpen())
        _ = session.handle(.sendProgressed(.outgoing), now: 0)
        let actions = session.handle(.timer, now: 300 * second)
        #expect(!actions.contains(.ended(.sent(Self.expired), wasEstablished: false)))
        session = .outgoing(.established, configuration)
        _ = session.handle(.manualStop(.shutdown), now: 1)
        #expect(session.deadline == nil)
    }

    @Test("Too many prefixes are damped like an error; other Ceases are not")
    func prefixLimitDamping() throws {
        for (reason, isDamped) in [
            (NotificationReason.maximumNumberOfPrefixesReached, true), (.administrativeReset, false),
        ] {
            for event in [
                SessionEvent.malformed(NotificationMessage(reason), .outgoing),
                .received(.notification(NotificationMessage(reason)), .outgoing),
            ] {
                var session = Session.outgoing(.established)
                _ = session.handle(event, now: second)
                #expect((session.state == .idle) == isDamped)
                #expect(try #require(session.deadline) - second >= (isDamped ? 750 : 187) * millisecond)
            }
        }
    }
}
