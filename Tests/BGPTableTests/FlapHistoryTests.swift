import Net
import TestSupport
import Testing

@testable import BGPTable

private let second: UInt64 = 1_000_000_000

/// Figures of merit against the formulae of RFC 2439, sections 4.2 to 4.8.
@Suite("Figure of merit")
struct FlapHistoryTests {
    private static let recommended = DampingOptions()
    private static let key = FlapHistory.Key(
        peer: PeerID(rawValue: 1), route: RouteKey(prefix("192.0.2.0/24"), path: 0))

    private static func isNear(_ value: Double, _ expected: Double) -> Bool { abs(value - expected) < 1e-6 * expected }

    @Test("The values are those of RFC 7196: 15 minutes, 6,000, 750, an hour")
    func values() {
        let options = Self.recommended
        #expect(options.halfLife == 900 * second && options.maximumSuppressTime == 3600 * second)
        #expect(options.suppress == 6000 && options.reuse == 750)
        // 750 x 2^(60/15).
        #expect(options.ceiling == 12000)
    }

    @Test(
        "A figure halves every half-life, and in between by the root",
        arguments: [
            (UInt64(0), 1.0), (900, 0.5), (1800, 0.25), (9000, 0.0009765625), (450, 0.7071067811865476),
            (300, 0.7937005259840998), (1350, 0.3535533905932738), (1, 0.9992301329658564),
        ])
    func decay(seconds: UInt64, share: Double) {
        #expect(Self.isNear(Self.recommended.share(after: seconds * second), share))
        // And back: not before that time, and within a microsecond.
        let time = Self.recommended.time(until: share)
        #expect(time + 1000 >= seconds * second && time <= seconds * second + 1000)
    }

    @Test("The time until a share is the first at which no more is left, for any share")
    func inverse() {
        var random = SeededGenerator(7)
        for _ in 0..<1000 {
            let options = DampingOptions(halfLife: .random(in: 100_000_000...21_600 * second, using: &random))
            let share = Double.random(in: 1e-6..<1, using: &random)
            let time = options.time(until: share)
            #expect(options.share(after: time) <= share * (1 + 1e-9))
            let before = time - min(time, 2 + options.halfLife >> 30)
            #expect(options.share(after: before) >= share * (1 - 1e-9))
        }
        #expect(Self.recommended.share(after: .max) == 0)
        #expect(DampingOptions(halfLife: .max).time(until: 1e-300) == .max)
    }

    @Test("Each flap adds its penalty to what is left of those before")
    func sum() {
        var history = FlapHistory(Self.recommended)
        var expected = 0.0
        for minute in stride(from: UInt64(0), through: 20, by: 4) {
            history.penalise(Self.key, by: 1000, at: minute * 60 * second)
            expected = expected * 0.8312378961427874 + 1000
            #expect(Self.isNear(history.figure(Self.key, at: minute * 60 * second), expected))
        }
        #expect(Self.isNear(history.figure(Self.key, at: 35 * 60 * second), expected / 2))
    }

    @Test("The ceiling keeps the time of suppression at its longest")
    func ceiling() {
        var history = FlapHistory(Self.recommended)
        for _ in 0..<100 { history.penalise(Self.key, by: 1000, at: 0) }
        #expect(history.figure(Self.key, at: 0) == 12000)
        #expect(history.advertise(Self.key, at: 0) == true)
        let reuse = history.reuseTime(Self.key) ?? 0
        #expect(reuse >= 3600 * second && reuse < 3601 * second)
    }

    @Test("Suppressed from the threshold on when announced, and used below the limit")
    func thresholds() {
        let options = DampingOptions(halfLife: 5 * second, suppress: 2000, maximumSuppressTime: 20 * second)
        var history = FlapHistory(options)
        history.penalise(Self.key, by: 1999, at: 0)
        #expect(history.advertise(Self.key, at: 0) == false && history.reuseTime(Self.key) == nil)
        history.penalise(Self.key, by: 1, at: 0)
        // A withdrawal does not suppress; the announcement does (section 4.8.3).
        #expect(history.reuseTime(Self.key) == nil)
        #expect(history.advertise(Self.key, at: 0) == true)
        // 5 s x log2(2000 / 750) = 7.075187 s.
        let reuse = history.reuseTime(Self.key) ?? 0
        #expect(Self.isNear(Double(reuse), 7.075187496394219e9))
        #expect(history.deadline == reuse)
        #expect(history.advertise(Self.key, at: reuse - 1000) == true)
        #expect(history.expire(at: reuse - 1) == nil)
        let due = history.expire(at: reuse)
        #expect(due?.key == Self.key && due?.wasSuppressed == true && history.reuseTime(Self.key) == nil)
        // Between both limits a route that is not suppressed is used.
        #expect(history.advertise(Self.key, at: reuse) == false)
    }

    @Test("What has been stable is forgotten at half of the smallest penalty, and nothing is left")
    func forgotten() {
        var history = FlapHistory(Self.recommended)
        history.penalise(Self.key, by: 500, at: 0)
        #expect(history.count == 1)
        let deadline = history.deadline ?? 0
        #expect(deadline >= 900 * second && deadline < 901 * second)
        #expect(history.expire(at: deadline)?.wasSuppressed == false)
        #expect(history.count == 0 && history.deadline == nil && history.figure(Self.key, at: deadline) == 0)
    }

    @Test("Deadlines come in order of time, and of routes where that is the same, whatever was penalised first")
    func order() {
        var random = SeededGenerator(3)
        var keys: [FlapHistory.Key] = []
        for peer in UInt32(1)...3 {
            for number in 0..<40 {
                keys.append(
                    FlapHistory.Key(
                        peer: PeerID(rawValue: peer),
                        route: RouteKey(prefix("10.0.\(number).0/24"), path: UInt32(number % 2))))
            }
        }
        var orders: [[FlapHistory.Key]] = []
        for _ in 0..<2 {
            keys.shuffle(using: &random)
            var history = FlapHistory(Self.recommended)
            for key in keys {
                history.penalise(key, by: 1000, at: 0)
                if key.route.path == 1 { history.penalise(key, by: 500, at: 0) }
            }
            #expect(history.count == 120)
            var order: [FlapHistory.Key] = []
            var last: UInt64 = 0
            while let time = history.deadline, let due = history.expire(at: time) {
                #expect(time >= last)
                last = time
                order.append(due.key)
            }
            #expect(history.count == 0)
            orders.append(order)
        }
        #expect(orders[0].count == 120 && orders[0] == orders[1])
        #expect(Array(orders[0].prefix(60)) == orders[0].prefix(60).sorted())
    }

    @Test("Other options hold for what is remembered: limits, ceiling and half-life")
    func changed() {
        var history = FlapHistory(
            DampingOptions(halfLife: 10 * second, suppress: 2000, maximumSuppressTime: 100 * second))
        for _ in 0..<4 { history.penalise(Self.key, by: 1000, at: 0) }
        #expect(history.advertise(Self.key, at: 0) == true)
        let options = DampingOptions(halfLife: second, suppress: 3000, reuse: 500, maximumSuppressTime: 2 * second)
        var new = history.changed(to: options, at: 10 * second)
        // 4,000 have fallen to 2,000, which is the ceiling of 500 x 2^2, and it takes two seconds to 500.
        #expect(Self.isNear(new.figure(Self.key, at: 10 * second), 2000))
        #expect(Self.isNear(Double(new.reuseTime(Self.key) ?? 0), 12e9))
        new.forgetAll(of: PeerID(rawValue: 2))
        #expect(new.count == 1)
        new.forgetAll(of: PeerID(rawValue: 1))
        #expect(new.count == 0 && new.deadline == nil)
    }
}
