import BGPSession
import BGPWire
import Net
import TestSupport
import Testing

@Suite("Connection collision")
struct CollisionTests {
    private static let cease = NotificationMessage(.connectionCollisionResolution)

    /// Both connections in OpenSent.
    private func colliding(_ configuration: SessionConfiguration = .sample()) -> Session {
        var session = Session.outgoing(.openSent, configuration)
        #expect(session.handle(.connectionRequested, now: 0).first == .accept)
        return session
    }

    @Test(
        "The connection of the higher identifier lives, whichever OPEN comes first",
        arguments: [("10.0.0.2", ConnectionOrigin.incoming), ("10.0.0.0", .outgoing)])
    func higherIdentifier(identifier: String, winner: ConnectionOrigin) {
        for first in [ConnectionOrigin.outgoing, .incoming] {
            var session = colliding()
            let open = peerOpen(identifier: identifier)
            #expect(session.handle(.received(.open(open), first), now: 0) == [.sendKeepalive(first)])
            let actions = session.handle(.received(.open(open), first.other), now: 0)
            let loser: [SessionAction] = [.sendNotification(Self.cease, winner.other), .disconnect(winner.other)]
            #expect(actions == (first == winner ? loser : loser + [.sendKeepalive(winner)]))
            guard case .established(_, winner)? = session.handle(.received(.keepalive, winner), now: 0).first else {
                Issue.record("not established")
                return
            }
        }
    }

    @Test(
        "With equal identifiers the higher AS wins",
        arguments: [(UInt32(65002), ConnectionOrigin.incoming), (64000, .outgoing)])
    func equalIdentifiers(asn: UInt32, winner: ConnectionOrigin) {
        var session = colliding(.sample(remote: asn))
        let open = peerOpen(identifier: "10.0.0.1", asn: asn)
        _ = session.handle(.received(.open(open), .outgoing), now: 0)
        #expect(session.handle(.received(.open(open), .incoming), now: 0).contains(.disconnect(winner.other)))
    }

    @Test("Established closes the newcomer, and a newcomer is refused")
    func established() {
        var session = Session.outgoing(.established)
        #expect(session.handle(.connectionRequested, now: 1) == [.refuse(Self.cease)])
        #expect(session.state == .established)
    }

    @Test("Who connects again while the session is Established makes it probe its connection, once a second at most")
    func probe() {
        var session = Session.outgoing(.established)
        let refused: [SessionAction] = [.refuse(Self.cease)]
        #expect(session.handle(.connectionRequested, now: second - 1) == refused)
        #expect(session.handle(.connectionRequested, now: second) == refused + [.sendKeepalive(.outgoing)])
        #expect(session.handle(.connectionRequested, now: 2 * second - 1) == refused)
        #expect(session.handle(.connectionRequested, now: 2 * second) == refused + [.sendKeepalive(.outgoing)])
        // The next one is counted from there.
        #expect(session.handle(.timer, now: 4 * second) == [])
    }

    @Test("Who can restart and connects again has restarted, unless the session has only just come up")
    func restarter() {
        var open = peerOpen()
        let families = [GracefulRestart.Family(FamilyIdentifier(.ipv4), flags: 0)]
        open.capabilities.append(.gracefulRestart(GracefulRestart(restartTime: 120, families: families)))
        var session = Session.outgoing(.established, peer: open)
        #expect(session.handle(.connectionRequested, now: second - 1) == [.refuse(Self.cease)])
        #expect(session.state == .established)
        let actions = session.handle(.connectionRequested, now: second)
        #expect(actions.first == .disconnect(.outgoing) && actions.contains(.accept))
        #expect(actions.contains(.ended(.connectionClosed, wasEstablished: true)))
    }

    @Test("A worse connection that is confirmed first waits for the better one, and takes over when that fails")
    func waiting() {
        var session = colliding()
        _ = session.handle(.received(.open(peerOpen()), .outgoing), now: 0)
        #expect(session.handle(.received(.keepalive, .outgoing), now: 0) == [])
        #expect(session.state == .openConfirm)
        var other = session
        #expect(
            other.handle(.received(.update, .outgoing), now: 0).contains {
                if case .established(_, .outgoing) = $0 { true } else { false }
            })
        guard case .established(_, .outgoing)? = session.handle(.connectionFailed(.incoming), now: 0).last else {
            Issue.record("did not take over")
            return
        }
    }

    @Test("A neighbour that connects again has given up its first connection")
    func secondIncoming() {
        var session = Session(configuration: .sample(isPassive: true), seed: 1)
        _ = session.handle(.manualStart, now: 0)
        _ = session.handle(.connectionRequested, now: 0)
        #expect(
            session.handle(.connectionRequested, now: 1)
                == [
                    .sendNotification(Self.cease, .incoming), .disconnect(.incoming), .accept,
                    .sendOpen(session.configuration.open, .incoming),
                ])
    }

    @Test("Stopping during a collision closes both")
    func stop() {
        var session = colliding()
        let actions = session.handle(.manualStop(.shutdown), now: 0)
        #expect(actions.filter { $0 == .disconnect(.outgoing) || $0 == .disconnect(.incoming) }.count == 2)
        #expect(session.state == .idle)
    }

    @Test("Two speakers over any delays settle on one connection and never flap", arguments: 0..<40)
    func settle(seed: UInt64) {
        for round in 0..<50 {
            var pair = Pair(seed: seed * 1000 + UInt64(round), passive: round % 10 == 9, connectRetryTime: 2 * second)
            pair.run(until: 20 * second)
            #expect(pair.states == [.established, .established])
            #expect(pair.establishedCount == [1, 1])
            #expect(pair.isSameConnection)
        }
    }

    @Test(
        "A ConnectRetryTime below the round trip, with connections given up half-way, does not flap either",
        arguments: 0..<40)
    func impatient(seed: UInt64) {
        for round in 0..<50 {
            var pair = Pair(seed: seed * 1000 + UInt64(round), passive: round % 10 == 9, isOrdered: true)
            pair.run(until: 20 * second)
            #expect(pair.states == [.established, .established])
            #expect(pair.establishedCount == [1, 1])
            #expect(pair.isSameConnection)
        }
    }

    @Test("After a cut they find each other again", arguments: 0..<20)
    func cut(seed: UInt64) {
        var pair = Pair(seed: seed, passive: false, isOrdered: true)
        pair.run(until: 20 * second)
        pair.cut()
        pair.run(until: 24 * second)
        #expect(pair.states == [.established, .established])
        #expect(pair.establishedCount == [2, 2])
        #expect(pair.isSameConnection)
    }
}

/// Two sessions and the TCP between them: bytes arrive in their order on each connection, after any delay. On an
/// ordered path connections do not overtake each other either.
private struct Pair {
    private enum Delivery {
        case start, request, connected, message(SessionMessage), close
    }
    private struct Item {
        var time: UInt64
        var order: Int
        var end: Int
        var connection: Int
        var delivery: Delivery
    }
    private struct Connection {
        var opener: Int
        var lastArrival: [UInt64] = [0, 0]
        var isClosed = [false, false]
    }

    private var sessions: [Session]
    private var connections: [Connection] = []
    /// Which connection each end has in each slot.
    private var slots: [[ConnectionOrigin: Int]] = [[:], [:]]
    private var queue: [Item] = []
    private var order = 0
    private var generator: SeededGenerator
    private var now: UInt64 = 0
    private let longest: UInt64
    private let isOrdered: Bool
    private var lastArrival: [UInt64] = [0, 0]
    private(set) var establishedCount = [0, 0]
    private var establishedOn = [-1, -1]

    init(seed: UInt64, passive: Bool, isOrdered: Bool = false, connectRetryTime: UInt64 = 250 * millisecond) {
        self.isOrdered = isOrdered
        generator = SeededGenerator(seed)
        longest = [1, 10, 100, 300].randomElement(using: &generator).map { $0 * millisecond } ?? millisecond
        let asns: [UInt32] = [65001, 65002]
        let identifiers = ["10.0.0.1", "10.0.0.2"].shuffled(using: &generator)
        sessions = (0..<2).map { end in
            var configuration = SessionConfiguration.sample(
                local: asns[end], remote: asns[1 - end], identifier: identifiers[end], isPassive: passive && end == 0)
            configuration.connectRetryTime = connectRetryTime
            return Session(configuration: configuration, seed: seed &* 2 &+ UInt64(end))
        }
        for end in 0..<2 {
            queue.append(
                Item(
                    time: UInt64.random(in: 0...longest * 2, using: &generator), order: end, end: end, connection: -1,
                    delivery: .start))
        }
        order = 2
    }

    var states: [SessionState] { sessions.map(\.state) }
    var isSameConnection: Bool { establishedOn[0] == establishedOn[1] && establishedOn[0] >= 0 }

    mutating func run(until end: UInt64) {
        while true {
            let next = queue.indices.min { (queue[$0].time, queue[$0].order) < (queue[$1].time, queue[$1].order) }
            let timer = sessions.indices.min { sessions[$0].deadline ?? .max < sessions[$1].deadline ?? .max }
            let timerTime = timer.flatMap { sessions[$0].deadline } ?? .max
            if let next, queue[next].time <= timerTime {
                guard queue[next].time <= end else { return }
                let item = queue.remove(at: next)
                now = max(now, item.time)
                deliver(item)
            } else {
                guard let timer, timerTime <= end else { return }
                now = max(now, timerTime)
                perform(sessions[timer].handle(.timer, now: now), by: timer)
            }
        }
    }

    /// The connection breaks, seen at both ends.
    mutating func cut() {
        let connection = establishedOn[0]
        for end in 0..<2 { send(.close, on: connection, to: end) }
    }

    private mutating func send(_ delivery: Delivery, on connection: Int, to end: Int) {
        let before = isOrdered ? lastArrival[end] : connections[connection].lastArrival[end]
        let arrival = max(before, now + UInt64.random(in: 0...longest, using: &generator))
        connections[connection].lastArrival[end] = arrival
        lastArrival[end] = arrival
        queue.append(Item(time: arrival, order: order, end: end, connection: connection, delivery: delivery))
        order += 1
    }

    private mutating func deliver(_ item: Item) {
        let end = item.end
        guard item.connection >= 0 else {
            perform(sessions[end].handle(.manualStart, now: now), by: end)
            return
        }
        guard !connections[item.connection].isClosed[end] else { return }
        let origin: ConnectionOrigin = connections[item.connection].opener == end ? .outgoing : .incoming
        switch item.delivery {
        case .start: break
        case .request: perform(sessions[end].handle(.connectionRequested, now: now), by: end, request: item.connection)
        case .connected: perform(sessions[end].handle(.connected, now: now), by: end)
        case .message(let message): perform(sessions[end].handle(.received(message, origin), now: now), by: end)
        case .close:
            connections[item.connection].isClosed[end] = true
            perform(sessions[end].handle(.connectionFailed(origin), now: now), by: end)
        }
    }

    private mutating func perform(_ actions: [SessionAction], by end: Int, request: Int = -1) {
        for action in actions {
            switch action {
            case .connect:
                connections.append(Connection(opener: end))
                let connection = connections.count - 1
                slots[end][.outgoing] = connection
                send(.connected, on: connection, to: end)
                send(.request, on: connection, to: 1 - end)
            case .accept: slots[end][.incoming] = request
            case .refuse(let message):
                send(.message(.notification(message)), on: request, to: 1 - end)
                close(request, by: end)
            case .sendOpen(let open, let origin): send(.open(open), from: end, origin)
            case .sendKeepalive(let origin): send(.keepalive, from: end, origin)
            case .sendNotification(let message, let origin): send(.notification(message), from: end, origin)
            case .disconnect(let origin):
                if let connection = slots[end].removeValue(forKey: origin) { close(connection, by: end) }
            case .established(_, let origin):
                establishedCount[end] += 1
                establishedOn[end] = slots[end][origin] ?? -1
            case .ended: break
            }
        }
    }

    private mutating func send(_ message: SessionMessage, from end: Int, _ origin: ConnectionOrigin) {
        guard let connection = slots[end][origin] else {
            preconditionFailure("\(message.type) on a connection that is not there")
        }
        send(.message(message), on: connection, to: 1 - end)
    }

    private mutating func close(_ connection: Int, by end: Int) {
        connections[connection].isClosed[end] = true
        send(.close, on: connection, to: 1 - end)
    }
}
