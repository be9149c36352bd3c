import BFD
import TestSupport
import Testing

/// Two sessions and a channel between them that delays and loses packets, in simulated time.
struct Channel {
    var ends: [BFDSession]
    var now: UInt64 = 0
    /// Percent of the packets that are lost towards each end.
    var loss = [0, 0]
    let delay: UInt64
    private var generator: SeededGenerator
    private var flight: [(at: UInt64, to: Int, bytes: [UInt8])] = []
    private(set) var changed: [(at: UInt64, end: Int, change: BFDChange)] = []
    private(set) var sentCount = [0, 0]

    init(seed: UInt64, intervals: [UInt32], multipliers: [UInt8] = [3, 3], delay: UInt64 = 2 * millisecond) {
        generator = SeededGenerator(seed)
        self.delay = delay
        ends = (0..<2).map {
            BFDSession(
                localDiscriminator: UInt32($0 + 1),
                timing: BFDTiming(interval: intervals[$0], multiplier: multipliers[$0]),
                seed: seed &+ UInt64($0))
        }
        for end in 0..<2 { handle(.start, end) }
    }

    mutating func handle(_ event: BFDEvent, _ end: Int) {
        for action in ends[end].handle(event, now: now) {
            switch action {
            case .send(let packet):
                sentCount[end] += 1
                guard Int.random(in: 0..<100, using: &generator) >= loss[1 - end] else { continue }
                flight.append((now + delay, 1 - end, encoded(packet)))
            case .changed(let change): changed.append((now, end, change))
            }
        }
    }

    /// Runs for a time or until `isDone`.
    mutating func run(_ time: UInt64, until isDone: (Channel) -> Bool = { _ in false }) throws {
        let limit = now + time
        while !isDone(self) {
            let deadlines = ends.compactMap(\.deadline) + flight.map(\.at)
            guard let next = deadlines.min(), next <= limit else {
                now = limit
                return
            }
            now = max(now, next)
            if let index = flight.firstIndex(where: { $0.at <= now }) {
                let arrival = flight.remove(at: index)
                let packet = try decoded(arrival.bytes)
                #expect(!(packet.isPoll && packet.isFinal), "section 6.5")
                handle(.received(packet), arrival.to)
            } else {
                for end in 0..<2 { if let deadline = ends[end].deadline, deadline <= now { handle(.timer, end) } }
            }
        }
    }

    var isUp: Bool { ends.allSatisfy { $0.state == .up } }
}

@Suite("BFD over a channel")
struct ChannelTests {
    @Test(
        "Two sessions come up within the slow start, and stay up for ten minutes of a good channel",
        arguments: [UInt64(1), 2, 3])
    func good(_ seed: UInt64) throws {
        var channel = Channel(seed: seed, intervals: [50_000, 10_000])
        try channel.run(2 * second) { $0.isUp }
        #expect(channel.isUp)
        let before = channel.sentCount
        try channel.run(600 * second)
        #expect(channel.isUp && channel.changed.allSatisfy { !$0.change.isFailure })
        // The slower side's 50 ms in both directions, 12.5 % less by jitter.
        for end in 0..<2 {
            let mean = Double(600 * 1000) / Double(channel.sentCount[end] - before[end])
            #expect(mean > 43 && mean < 44.5)
        }
    }

    @Test(
        "A cut is seen by both within the Detection Time, and its end brings both up again",
        arguments: [UInt64(4), 5, 6])
    func cut(_ seed: UInt64) throws {
        var channel = Channel(seed: seed, intervals: [10_000, 10_000])
        try channel.run(10 * second)
        #expect(channel.isUp)
        var rng = SeededGenerator(seed)
        for _ in 0..<50 {
            try channel.run(UInt64.random(in: 1...40, using: &rng) * millisecond)
            let start = channel.now
            let count = channel.changed.count
            channel.loss = [100, 100]
            try channel.run(second)
            let failures = channel.changed[count...].filter { $0.change.isFailure }
            #expect(failures.count == 2)
            // The last packet was at most one interval old, or is still on its way.
            #expect(failures.allSatisfy { $0.at - start >= 20 * millisecond && $0.at - start <= 32 * millisecond })
            #expect(failures.allSatisfy { $0.change.diagnostic == .controlDetectionTimeExpired })
            channel.loss = [0, 0]
            try channel.run(3 * second) { $0.isUp }
            #expect(channel.isUp)
            try channel.run(second)
        }
    }

    @Test("A channel cut in one direction takes both ends down, the other by what it is told")
    func oneWay() throws {
        var channel = Channel(seed: 7, intervals: [10_000, 10_000])
        try channel.run(10 * second)
        channel.loss = [100, 0]
        try channel.run(second)
        let failures = channel.changed.filter { $0.change.isFailure }
        #expect(failures.map(\.end) == [0, 1])
        #expect(failures.map(\.change.diagnostic) == [.controlDetectionTimeExpired, .neighborSignaledSessionDown])
        #expect(channel.ends.allSatisfy { $0.state != .up })
    }

    @Test("With a tenth of all packets lost, both ends always come up again and never stay apart", arguments: 10...12)
    func lossy(_ seed: Int) throws {
        var channel = Channel(seed: UInt64(seed), intervals: [10_000, 20_000], multipliers: [2, 3])
        channel.loss = [10, 10]
        var falls = 0
        for _ in 0..<200 {
            try channel.run(30 * second) { $0.isUp }
            #expect(channel.isUp)
            try channel.run(10 * second) { !$0.isUp }
            if !channel.isUp { falls += 1 }
        }
        #expect(falls > 0, "two in a row lost is not rare")
        channel.loss = [0, 0]
        try channel.run(10 * second)
        #expect(channel.isUp)
        let count = channel.changed.count
        try channel.run(60 * second)
        #expect(channel.changed.count == count)
    }

    @Test("Changes of timing under loss never take a session down, and are agreed on in the end")
    func retiming() throws {
        var generator = SeededGenerator(5)
        var channel = Channel(seed: 21, intervals: [50_000, 50_000], multipliers: [20, 20])
        channel.loss = [10, 10]
        try channel.run(60 * second) { $0.isUp }
        let count = channel.changed.count
        for _ in 0..<300 {
            let end = Int.random(in: 0...1, using: &generator)
            let interval = UInt32.random(in: 10...500, using: &generator) * 1000
            channel.handle(.retime(BFDTiming(interval: interval, multiplier: 20)), end)
            try channel.run(UInt64.random(in: 0...2000, using: &generator) * millisecond)
        }
        #expect(channel.changed.count == count)
        for end in 0..<2 { channel.handle(.retime(BFDTiming(interval: 30_000, multiplier: 3)), end) }
        channel.loss = [0, 0]
        try channel.run(20 * second)
        #expect(channel.changed.count == count)
        #expect(channel.ends.map(\.detectionTime) == [90 * millisecond, 90 * millisecond])
    }

    @Test("Random packets of a right session never break it: deadlines stay ahead and a good neighbour gets it up")
    func randomPackets() throws {
        var generator = SeededGenerator(77)
        var session = BFDSession(
            localDiscriminator: 1, timing: BFDTiming(interval: 10_000, multiplier: 3), seed: 1)
        _ = session.handle(.start, now: 0)
        var now: UInt64 = 0
        var states: Set<BFDState> = []
        for _ in 0..<200_000 {
            var bytes = (0..<24).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            bytes[0] = 0x20 | bytes[0] & 0x1F
            bytes[1] &= 0xFA
            bytes[3] = 24
            if Bool.random(using: &generator) { bytes.replaceSubrange(12..<24, with: [UInt8](repeating: 0, count: 12)) }
            let packet: ControlPacket
            do { packet = try decoded(bytes) } catch { continue }
            now += UInt64.random(in: 0...200, using: &generator) * millisecond
            _ = session.handle(.received(packet), now: now)
            states.insert(session.state)
            if let deadline = session.deadline, deadline <= now {
                let actions = session.handle(.timer, now: now)
                #expect(!actions.isEmpty || session.detectionDeadline == nil || session.remoteDiscriminator == 0)
                #expect(session.deadline.map { $0 > now } ?? true, "a timer that is due again at once would spin")
            }
        }
        #expect(states == [.down, .initializing, .up])
    }

    @Test("Random bytes are discarded or read, and nothing else")
    func randomBytes() {
        var generator = SeededGenerator(78)
        var read = 0
        var reasons: Set<DiscardReason> = []
        for round in 0..<300_000 {
            let count = Int.random(in: 0...64, using: &generator)
            var bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            // Most random bytes fall at the first check: let half of them get further.
            if count > 4, round.isMultiple(of: 2) {
                bytes[0] = 0x20
                bytes[3] = UInt8.random(in: 22...66, using: &generator)
                if round.isMultiple(of: 4) { bytes[2] = bytes[2] & 1 }
                if round.isMultiple(of: 8), count > 12 {
                    bytes.replaceSubrange(4..<12, with: [0, 0, 0, bytes[7] & 1, 0, 0, 0, bytes[11] & 1])
                }
            }
            do throws(DiscardReason) {
                let packet = try decoded(bytes)
                read += 1
                #expect(packet.myDiscriminator != 0 && packet.detectMultiplier != 0)
                #expect(packet.yourDiscriminator != 0 || packet.state <= .down)
            } catch {
                reasons.insert(error)
            }
        }
        #expect(read > 1000 && reasons == Set(DiscardReason.allCases))
    }
}
