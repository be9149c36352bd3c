import BGPSimulation
import BGPWire
import Net
import TestSupport
import Testing

/// How long BGP takes in a clique of ASes that let each other through (Labovitz, Ahuja, Bose and Jahanian, "Delayed Internet
/// Routing Convergence", 2000). All links have a delay of 10 ms, and MinRouteAdvertisementInterval has no jitter, so the
/// times are exact.
@Suite("Convergence in a clique")
struct CliqueTests {
    private static let network = prefix("192.0.2.0/24")

    struct Outcome {
        var announce: UInt64
        var withdraw: UInt64
        var messages: Int
        var longest: Int
    }

    /// Announces at the first of the ASes, and withdraws when everybody knows. The delays of the links are 1 to 20 ms.
    static func measure(_ count: Int, interval: UInt64, seed: UInt64, isWithdrawn: Bool = true) -> Outcome {
        var network = SimulatedNetwork(Drawing.clique(count, interval: interval).routers)
        var random = SeededGenerator(seed)
        for one in 1...count {
            for other in (one + 1)..<max(count + 1, one + 1) {
                network.setDelay("as\(one)", "as\(other)", UInt64.random(in: 1...20, using: &random) * milliseconds)
            }
        }
        network.start()
        var isSettled = network.run()
        // The intervals that began with the sessions are over.
        network.run(until: network.now + 10 * seconds)
        var began = network.now
        network.originate(Self.network, at: "as1")
        isSettled = network.run() && isSettled
        let announced = (network.changes.last?.time ?? 0) - began
        guard isWithdrawn else { return Outcome(announce: announced, withdraw: 0, messages: 0, longest: 0) }
        network.run(until: network.now + 10 * seconds)
        began = network.now
        let (changes, updates) = (network.changes.count, network.updates)
        network.withdraw(Self.network, at: "as1")
        isSettled = network.run() && isSettled
        #expect(isSettled)
        let explored = network.changes[changes...]
        for index in 1...count { #expect(network.path("as\(index)", to: Self.network) == nil) }
        return Outcome(
            announce: announced, withdraw: (explored.last?.time ?? 0) - began, messages: network.updates - updates,
            longest: explored.compactMap { $0.path?.segments.first?.numbers.count }.max() ?? 0)
    }

    /// The slowest of several cliques that differ in their delays, as numbers of ms and messages.
    private static func slowest(_ count: Int, interval: UInt64) -> Outcome {
        let outcomes = (1...3).map { measure(count, interval: interval, seed: $0) }
        return Outcome(
            announce: outcomes.map(\.announce).max() ?? 0, withdraw: outcomes.map(\.withdraw).max() ?? 0,
            messages: outcomes.map(\.messages).max() ?? 0, longest: outcomes.map(\.longest).max() ?? 0)
    }

    @Test("An announcement is everywhere after one propagation, whatever the interval", arguments: 3...10)
    func announcement(count: Int) {
        for interval in [0, seconds] {
            #expect(Self.measure(count, interval: interval, seed: 7, isWithdrawn: false).announce <= 20 * milliseconds)
        }
    }

    @Test("Without an interval, a withdrawal explores paths of all lengths, a propagation each", arguments: 3...7)
    func exploration(count: Int) {
        let outcome = Self.measure(count, interval: 0, seed: 7)
        #expect(outcome.longest == count - 1)
        #expect(outcome.withdraw <= UInt64(count) * 20 * milliseconds)
    }

    @Test(
        "With an interval, a withdrawal takes up to n - 3 of it and no more, and fewer messages",
        arguments: [5, 6, 8, 10])
    func hunting(count: Int) {
        let outcome = Self.slowest(count, interval: seconds)
        let rounds = Double(outcome.withdraw) / Double(seconds)
        if count < 8 { #expect(outcome.messages < Self.measure(count, interval: 0, seed: 1).messages) }
        #expect(rounds < Double(count - 3) + 0.25)
        #expect(rounds > Double(count - 3) / 2)
    }
}
