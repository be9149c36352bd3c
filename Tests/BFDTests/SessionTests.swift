import Testing

@testable import BFD

let millisecond: UInt64 = 1_000_000
let second: UInt64 = 1_000_000_000

func sent(_ actions: [BFDAction]) -> [ControlPacket] {
    actions.compactMap { if case .send(let packet) = $0 { packet } else { nil } }
}

func changes(_ actions: [BFDAction]) -> [BFDChange] {
    actions.compactMap { if case .changed(let change) = $0 { change } else { nil } }
}

/// A packet from the other end of a session with discriminator 1.
func packet(
    _ state: BFDState, poll: Bool = false, final: Bool = false, demand: Bool = false, multiplier: UInt8 = 3,
    tx: UInt32 = 50_000, rx: UInt32 = 50_000
) -> ControlPacket {
    ControlPacket(
        state: state, isPoll: poll, isFinal: final, isDemand: demand, detectMultiplier: multiplier, myDiscriminator: 9,
        yourDiscriminator: 1, desiredMinTxInterval: tx, requiredMinRxInterval: rx)
}

@Suite("BFD session")
struct SessionTests {
    private func session(_ interval: UInt32 = 50_000, multiplier: UInt8 = 3) -> BFDSession {
        BFDSession(localDiscriminator: 1, timing: BFDTiming(interval: interval, multiplier: multiplier), seed: 7)
    }

    /// A session in a state, a second after the start.
    private func session(in state: BFDState, _ interval: UInt32 = 50_000, multiplier: UInt8 = 3) -> BFDSession {
        var session = session(interval, multiplier: multiplier)
        _ = session.handle(.start, now: 0)
        switch state {
        case .adminDown: _ = session.handle(.disable(.administrativelyDown), now: second)
        case .down: break
        case .initializing: _ = session.handle(.received(packet(.down)), now: second)
        case .up: _ = session.handle(.received(packet(.initializing)), now: second)
        }
        #expect(session.state == state)
        return session
    }

    /// The state table of section 6.2 and 6.8.6: state, received, new state, new diagnostic (nil: as before).
    static let table: [(BFDState, BFDState, BFDState, Diagnostic?)] = [
        (.adminDown, .adminDown, .adminDown, nil), (.adminDown, .down, .adminDown, nil),
        (.adminDown, .initializing, .adminDown, nil), (.adminDown, .up, .adminDown, nil),
        (.down, .adminDown, .down, nil), (.down, .down, .initializing, nil), (.down, .initializing, .up, nil),
        (.down, .up, .down, nil),
        (.initializing, .adminDown, .down, .neighborSignaledSessionDown), (.initializing, .down, .initializing, nil),
        (.initializing, .initializing, .up, nil), (.initializing, .up, .up, nil),
        (.up, .adminDown, .down, .neighborSignaledSessionDown), (.up, .down, .down, .neighborSignaledSessionDown),
        (.up, .initializing, .up, nil), (.up, .up, .up, nil),
    ]

    @Test("The Detection Time counts from when a packet came, not from when it was read, and never goes back")
    func age() {
        var session = session(in: .up)
        _ = session.handle(.received(packet(.up), age: 20 * millisecond), now: 2 * second)
        #expect(session.detectionDeadline == 2 * second + 130 * millisecond)
        _ = session.handle(.received(packet(.up), age: 100 * millisecond), now: 2 * second + millisecond)
        #expect(session.detectionDeadline == 2 * second + 130 * millisecond)
        _ = session.handle(.received(packet(.up), age: .max), now: 2 * second + millisecond)
        #expect(session.detectionDeadline == 2 * second + 130 * millisecond)
    }

    @Test("A packet goes with that of another session where the jitter allows it, and else at a time of its own")
    func companion() throws {
        for (multiplier, longest) in [(3, 50), (1, 45)] as [(UInt8, UInt64)] {
            for (wait, joins) in [(0, false), (37, false), (38, true), (longest, true), (longest + 1, false)] {
                var session = session(in: .up, multiplier: multiplier)
                _ = session.handle(.received(packet(.up, final: true)), now: second)
                let start = try #require(session.transmitDeadline)
                let companion = start + wait * millisecond
                #expect(sent(session.handle(.timer, now: start, companion: companion)).count == 1)
                let next = try #require(session.transmitDeadline)
                if joins { #expect(next == companion) }
                #expect((start + 375 * millisecond / 10...start + longest * millisecond).contains(next))
            }
            var session = session(in: .up, multiplier: multiplier)
            #expect(sent(session.handle(.received(packet(.up)), now: 2 * second, companion: 0)).isEmpty)
        }
    }

    @Test("Every state with every received state leads where RFC 5880 says", arguments: table)
    func transition(_ row: (BFDState, BFDState, BFDState, Diagnostic?)) {
        let (state, received, new, diagnostic) = row
        var session = session(in: state)
        let before = session.diagnostic
        let actions = session.handle(.received(packet(received)), now: second + millisecond)
        #expect(session.state == new && session.diagnostic == diagnostic ?? before)
        #expect(session.remoteState == received && session.remoteDiscriminator == 9)
        #expect(changes(actions).map(\.to) == (state == new ? [] : [new]))
        // A change is told at once; the packet goes out before anybody acts on it.
        #expect(sent(actions).map(\.state) == (state == new ? [] : [new]))
        if state != new, case .send = actions.first {} else { #expect(state == new) }
        let isFailure = state == .up && received == .down
        #expect(changes(actions).contains { $0.isFailure } == isFailure)
    }

    @Test("The Detection Time takes Init and Up to Down, and nothing else", arguments: BFDState.allCases)
    func expiry(_ state: BFDState) {
        var session = session(in: state)
        let isHeard = state >= .initializing
        #expect((session.detectionDeadline != nil) == isHeard)
        let actions = session.handle(.timer, now: 60 * second)
        #expect(session.state == (isHeard ? .down : state))
        #expect(changes(actions).map(\.isFailure) == (isHeard ? [state == .up] : []))
        if isHeard {
            #expect(session.diagnostic == .controlDetectionTimeExpired && session.remoteDiscriminator == 0)
            #expect(sent(actions).first?.yourDiscriminator == 0, "section 6.8.1")
        }
    }

    @Test("A neighbour that fell silent in Down is forgotten, with its wish for no packets")
    func forgotten() throws {
        var session = session(in: .up)
        _ = session.handle(.received(packet(.down, rx: 0)), now: 2 * second)
        #expect(session.state == .down && session.transmitDeadline == nil)
        let deadline = try #require(session.deadline)
        #expect(deadline == 2 * second + 150 * millisecond)
        _ = session.handle(.timer, now: deadline)
        #expect(session.remoteDiscriminator == 0 && session.transmitDeadline != nil)
    }

    @Test("The Detection Time is the neighbour's multiplier times the slower of its wish and our limit")
    func detectionTime() {
        var session = session(in: .up, 10_000, multiplier: 7)
        for (multiplier, tx, expected) in [(3, 5_000, 30), (3, 20_000, 60), (1, 10_000, 10), (255, 1_000_000, 255_000)]
        {
            _ = session.handle(
                .received(packet(.up, multiplier: UInt8(multiplier), tx: UInt32(tx))), now: 2 * second)
            #expect(session.detectionTime == UInt64(expected) * millisecond)
            #expect(session.detectionDeadline == 2 * second + UInt64(expected) * millisecond)
        }
    }

    @Test("The Detection Time is exact: not down a nanosecond before, down at it")
    func exact() throws {
        var session = session(in: .up)
        let deadline = try #require(session.detectionDeadline)
        _ = session.handle(.timer, now: deadline - 1)
        #expect(session.state == .up)
        _ = session.handle(.timer, now: deadline)
        #expect(session.state == .down)
    }

    // MARK: Transmission

    /// The gaps between the periodic packets of a session whose neighbour says the same again and again.
    private func gaps(_ session: BFDSession, _ packet: ControlPacket, count: Int = 2000) -> [UInt64] {
        var session = session
        var now = 2 * second
        var last: UInt64?
        var result: [UInt64] = []
        while result.count < count {
            _ = session.handle(.received(packet), now: now)
            guard let deadline = session.transmitDeadline else { return result }
            now = max(now, deadline)
            guard session.handle(.timer, now: now).contains(where: { if case .send = $0 { true } else { false } })
            else { continue }
            if let last { result.append(now - last) }
            last = now
        }
        return result
    }

    @Test("The jitter is 75 to 100 %, and 75 to 90 % with multiplier 1", arguments: [UInt8(1), 2, 3])
    func jitter(_ multiplier: UInt8) throws {
        let gaps = gaps(session(in: .up, 10_000, multiplier: multiplier), packet(.up, rx: 10_000)).sorted()
        let longest: UInt64 = multiplier == 1 ? 9_000_000 : 10_000_000
        let (least, most) = (try #require(gaps.first), try #require(gaps.last))
        #expect(least >= 7_500_000 && most <= longest)
        #expect(least < 7_520_000 && most > longest - 20_000, "all of the range is used")
    }

    @Test("Packets go no faster than the slower side wants, and a second apart unless up")
    func rates() {
        for (state, own, theirs, expected) in [
            (BFDState.up, 10_000, 50_000, 50), (.up, 50_000, 10_000, 50), (.up, 50_000, 1, 50),
            (.up, 3_000_000, 1, 3000),
            (.initializing, 10_000, 10_000, 1000), (.down, 10_000, 2_000_000, 2000), (.adminDown, 10_000, 10_000, 1000),
        ] as [(BFDState, UInt32, UInt32, UInt64)] {
            // What leaves the state as it is.
            let received: BFDState = state == .initializing ? .down : .up
            let gaps = gaps(session(in: state, own), packet(received, rx: theirs), count: 50)
            #expect(gaps.count == 50)
            #expect(
                gaps.allSatisfy { $0 >= expected * millisecond * 3 / 4 && $0 <= expected * millisecond },
                "\(state) \(own) \(theirs)")
        }
    }

    @Test("A neighbour that can receive nothing gets nothing but answers to polls")
    func zeroInterval() {
        var session = session(in: .up)
        _ = session.handle(.received(packet(.up, rx: 0)), now: 2 * second)
        #expect(session.transmitDeadline == nil)
        let answer = sent(session.handle(.received(packet(.up, poll: true, rx: 0)), now: 2 * second))
        #expect(answer.count == 1 && answer.first?.isFinal == true)
        _ = session.handle(.received(packet(.up, rx: 10_000)), now: 2 * second)
        #expect(session.transmitDeadline != nil)
    }

    @Test("A shorter interval counts from the last packet, at once when it has passed already")
    func fasterAtOnce() throws {
        var session = session(in: .up, 10_000)
        _ = session.handle(.received(packet(.up, final: true, tx: 500_000, rx: 1_000_000)), now: second + millisecond)
        _ = session.handle(.timer, now: 2 * second)
        #expect(try #require(session.transmitDeadline) >= 2 * second + 750 * millisecond)
        let now = 2 * second + 300 * millisecond
        _ = session.handle(.received(packet(.up, rx: 10_000)), now: now)
        #expect(try #require(session.deadline) <= now)
        #expect(sent(session.handle(.timer, now: now)).count == 1)
    }

    @Test("Start sends at once, and again does nothing")
    func start() {
        var session = session()
        #expect(session.deadline == nil)
        let first = sent(session.handle(.start, now: 5))
        #expect(first.map(\.state) == [.down] && first.first?.yourDiscriminator == 0)
        #expect(first.first?.desiredMinTxInterval == 1_000_000 && first.first?.requiredMinRxInterval == 50_000)
        #expect(session.handle(.start, now: 6).isEmpty)
    }

    // MARK: Polls

    @Test("A poll is answered at once with F and without P, in every state but AdminDown", arguments: BFDState.allCases)
    func pollAnswered(_ state: BFDState) {
        var session = session(in: state)
        let due = session.transmitDeadline
        let answer = sent(session.handle(.received(packet(state == .down ? .up : state, poll: true)), now: second + 1))
        if state == .adminDown {
            #expect(answer.isEmpty, "section 6.8.6 discards before it comes to the poll")
        } else {
            #expect(answer.filter { $0.isFinal && !$0.isPoll }.count == 1)
            #expect(session.state != state || session.transmitDeadline == due, "periodic packets go on as before")
        }
    }

    @Test("Coming up starts a Poll Sequence, which ends with F and not before")
    func pollOnUp() throws {
        var session = session(in: .up)
        for _ in 0..<3 {
            let now = try #require(session.transmitDeadline)
            _ = session.handle(.received(packet(.up)), now: now)
            let packets = sent(session.handle(.timer, now: now))
            #expect(
                packets.count == 1 && packets.first?.isPoll == true && packets.first?.desiredMinTxInterval == 50_000)
        }
        let now = try #require(session.transmitDeadline)
        _ = session.handle(.received(packet(.up, final: true)), now: now)
        #expect(sent(session.handle(.timer, now: now)).map(\.isPoll) == [false])
    }

    private func settled(_ interval: UInt32 = 50_000) -> BFDSession {
        var session = session(in: .up, interval)
        _ = session.handle(.received(packet(.up, final: true)), now: second)
        #expect(session.poll == .idle)
        return session
    }

    @Test("Slower intervals are told at once and used after F; a lower limit for receiving likewise")
    func retiming() throws {
        var session = settled()
        _ = session.handle(.retime(BFDTiming(interval: 200_000, multiplier: 3)), now: second)
        #expect(session.desiredMinTx.sent == 200_000 && session.desiredMinTx.used == 50_000 && session.poll == .polling)
        #expect(session.detectionTime == 600 * millisecond, "a higher limit counts at once")
        _ = session.handle(.received(packet(.up, final: true)), now: second)
        #expect(session.desiredMinTx.used == 200_000)

        _ = session.handle(.retime(BFDTiming(interval: 60_000, multiplier: 3)), now: second)
        #expect(session.desiredMinTx.used == 60_000, "faster counts at once")
        #expect(session.detectionTime == 600 * millisecond)
        _ = session.handle(.received(packet(.up, final: true)), now: second)
        #expect(session.detectionTime == 180 * millisecond)
    }

    @Test("A second change waits for the end of the first's Poll Sequence and a packet without F")
    func secondChange() {
        var session = settled()
        _ = session.handle(.retime(BFDTiming(interval: 200_000, multiplier: 3)), now: second)
        _ = session.handle(.retime(BFDTiming(interval: 300_000, multiplier: 4)), now: second)
        #expect(session.desiredMinTx.sent == 200_000)
        _ = session.handle(.received(packet(.up, final: true)), now: second)
        #expect(session.desiredMinTx == .init(200_000))
        _ = session.handle(.received(packet(.up, final: true)), now: second)
        #expect(session.desiredMinTx.sent == 200_000)
        _ = session.handle(.received(packet(.up)), now: second)
        #expect(session.desiredMinTx.sent == 300_000 && session.desiredMinTx.used == 200_000)
        _ = session.handle(.received(packet(.up, final: true)), now: second)
        #expect(session.desiredMinTx.used == 300_000 && session.timing.multiplier == 4)
    }

    @Test("Going down goes back to a second at once, with a Poll Sequence")
    func slowAgain() {
        var session = settled()
        let packets = sent(session.handle(.received(packet(.down)), now: 2 * second))
        #expect(packets.map(\.desiredMinTxInterval) == [1_000_000] && packets.first?.isPoll == true)
        #expect(session.desiredMinTx.used == 1_000_000)
    }

    // MARK: Demand and AdminDown

    @Test("A neighbour in Demand mode gets no periodic packets, but polls, and packets again when it is over")
    func demand() throws {
        var session = settled()
        _ = session.handle(.received(packet(.up, demand: true)), now: second)
        #expect(session.transmitDeadline == nil && session.detectionDeadline != nil)
        _ = session.handle(.retime(BFDTiming(interval: 50_000, multiplier: 5)), now: second)
        let due = try #require(session.transmitDeadline)
        let packets = sent(session.handle(.timer, now: due))
        #expect(packets.map(\.isPoll) == [true] && packets.first?.detectMultiplier == 5)
        _ = session.handle(.received(packet(.up, final: true, demand: true)), now: due)
        #expect(session.transmitDeadline == nil)
        _ = session.handle(.received(packet(.up)), now: due)
        #expect(session.transmitDeadline != nil)
        _ = session.handle(.received(packet(.up, demand: true)), now: due)
        _ = session.handle(.received(packet(.down, demand: true)), now: due)
        #expect(session.state == .down && session.transmitDeadline != nil, "Demand mode counts only in Up")
    }

    @Test("AdminDown is told, kept, and left; the neighbour's is no failure of the path")
    func administrative() {
        var session = settled()
        let down = session.handle(.disable(.administrativelyDown), now: 2 * second)
        #expect(sent(down).map(\.state) == [.adminDown] && sent(down).first?.diagnostic == .administrativelyDown)
        #expect(changes(down).allSatisfy { !$0.isFailure })
        #expect(session.handle(.disable(.pathDown), now: 2 * second).isEmpty)
        #expect(session.detectionDeadline == nil && session.transmitDeadline != nil)
        #expect(session.handle(.enable, now: 3 * second).count == 2 && session.state == .down)
        #expect(session.handle(.enable, now: 3 * second).isEmpty)

        var other = settled()
        let actions = other.handle(.received(packet(.adminDown)), now: 2 * second)
        #expect(changes(actions).map(\.to) == [.down] && changes(actions).first?.isRemoteAdminDown == true)
        #expect(changes(actions).first?.isFailure == false)
    }
}
