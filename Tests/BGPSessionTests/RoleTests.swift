import BGPSession
import BGPWire
import Net
import Testing

@Suite("BGP roles")
struct RoleTests {
    /// What becomes of a session with our role when the neighbour names these.
    private func mismatches(_ own: Role?, _ theirs: [Role], isStrict: Bool = false) -> Bool {
        var configuration = SessionConfiguration.sample()
        configuration.role = own
        configuration.isRoleStrict = isStrict
        var session = Session.outgoing(.openSent, configuration)
        var open = peerOpen()
        open.capabilities += theirs.map { .role($0) }
        let actions = session.handle(.received(.open(open), .outgoing), now: 1)
        let mismatch = NotificationMessage(.roleMismatch)
        #expect(mismatch.reason.code == 2 && mismatch.reason.subcode == 11 && mismatch.data.isEmpty)
        guard actions != [.sendKeepalive(.outgoing)] else { return false }
        #expect(
            actions == [
                .sendNotification(mismatch, .outgoing), .disconnect(.outgoing),
                .ended(.sent(mismatch), wasEstablished: false),
            ])
        return true
    }

    private static let all = (UInt8(0)...5).map { Role(rawValue: $0) }

    @Test("The OPEN names our role once, and none where there is none")
    func offered() {
        var configuration = SessionConfiguration.sample()
        configuration.role = .customer
        #expect(configuration.open.capabilities.filter { $0.code == 9 } == [.role(.customer)])
        configuration.role = nil
        #expect(!configuration.open.capabilities.contains { $0.code == 9 })
    }

    @Test("Only the pairs of RFC 9234, table 2 make a session", arguments: all)
    func pairs(own: Role) {
        for theirs in Self.all { #expect(mismatches(own, [theirs]) == (own.counterpart != theirs)) }
    }

    @Test("Equal roles twice are one, different ones are a mismatch")
    func repeated() {
        #expect(!mismatches(.customer, [.provider, .provider]))
        #expect(mismatches(.customer, [.provider, .peer]) && mismatches(.customer, [.peer, .provider]))
    }

    @Test("A neighbour without a role is taken, unless strictness asks for one")
    func strict() {
        #expect(!mismatches(.customer, []))
        #expect(mismatches(.customer, [], isStrict: true))
        #expect(!mismatches(.customer, [.provider], isStrict: true))
    }

    @Test("Without a role of our own, the neighbour's says nothing")
    func none() {
        #expect(!mismatches(nil, [.provider]) && !mismatches(nil, [.provider, .peer]))
    }

    @Test("A mismatch is not tried again at once")
    func damped() throws {
        var configuration = SessionConfiguration.sample()
        configuration.role = .peer
        var session = Session.outgoing(.openSent, configuration)
        var open = peerOpen()
        open.capabilities.append(.role(.customer))
        _ = session.handle(.received(.open(open), .outgoing), now: 0)
        #expect(session.state == .idle)
        #expect(try #require(session.deadline) >= 750 * millisecond)
    }
}
