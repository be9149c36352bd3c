import TestSupport

@testable import LabRuntime

/// Speakers that answer messages with messages until a budget is used up, over channels that keep their order and take
/// any time, and a supervisor that hears of it over channels of its own. Sessions come up, and some go down again.
struct SimulatedNetwork {
    private struct Channel: Hashable {
        let from: Int
        let to: Int
    }

    private enum Event {
        case establish(Channel)
        case drop(Int, Int)
        case message(Channel, life: Int, isEndOfRIB: Bool)
        case work(Int)
        case report([Channel: Convergence.End])
        case ask(Int)
        case reply([Channel: Convergence.End])
    }

    private struct Session {
        /// Counts the lives of the session: messages of an earlier one are lost.
        var life = 0
        var isEstablished = false
        var sent = 0
        var received = 0
        var digested = 0
        var hasEndOfRIB = false
    }

    private var random: SeededGenerator
    private var queue: [(time: Int, order: Int, event: Event)] = []
    private var now = 0
    private var made = 0
    private var sessions: [Channel: Session] = [:]
    private var backlog: [Int: Int] = [:]
    private var lastArrival: [[Int]: Int] = [:]
    private var budget: Int
    private var dropsLeft: Int
    private let nodes: Int

    private var convergence: Convergence
    private var missing = 0
    private var droppedSinceAsked = false
    private(set) var hasConverged = false
    /// How often the supervisor saw rest while a message was under way or a speaker at work.
    private(set) var falseAlarms = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed)
        nodes = Int.random(in: 2...6, using: &random)
        budget = Int.random(in: 0...300, using: &random)
        dropsLeft = Int(seed % 3)
        var pairs: [Channel] = []
        for node in 1..<nodes { pairs.append(Channel(from: Int.random(in: 0..<node, using: &random), to: node)) }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let (a, b) = (Int.random(in: 0..<nodes, using: &random), Int.random(in: 0..<nodes, using: &random))
            if a < b, !pairs.contains(Channel(from: a, to: b)) { pairs.append(Channel(from: a, to: b)) }
        }
        convergence = Convergence(
            pairs: pairs.map { (Self.key($0), Self.key(Channel(from: $0.to, to: $0.from))) })
        for pair in pairs {
            for channel in [pair, Channel(from: pair.to, to: pair.from)] { sessions[channel] = Session() }
            establish(pair.from, pair.to)
        }
    }

    private static func key(_ channel: Channel) -> Convergence.Key {
        .init(node: channel.from, remoteAddress: String(channel.to))
    }

    mutating func run() {
        while let index = queue.indices.min(by: {
            (queue[$0].time, queue[$0].order) < (queue[$1].time, queue[$1].order)
        }) {
            let next = queue.remove(at: index)
            now = next.time
            handle(next.event)
        }
    }

    private mutating func schedule(_ event: Event, after delay: Int) {
        made += 1
        queue.append((now + delay, made, event))
    }

    /// Schedules an event that does not overtake the last one on the same way.
    private mutating func send(_ event: Event, by way: [Int]) {
        let time = max(now + Int.random(in: 1...100, using: &random), lastArrival[way] ?? 0)
        lastArrival[way] = time
        schedule(event, after: time - now)
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .establish(let channel): comeUp(channel)
        case .drop(let a, let b): goDown(a, b)
        case .message(let channel, let life, let isEndOfRIB): receive(channel, life, isEndOfRIB)
        case .work(let node): work(node)
        case .report(let ends):
            take(ends)
            look()
        case .ask(let node): send(.reply(counters(node)), by: [node, -1])
        case .reply(let ends):
            take(ends)
            missing -= 1
            if missing == 0 { confirm() }
        }
    }

    // MARK: Speakers

    private mutating func establish(_ a: Int, _ b: Int) {
        for channel in [Channel(from: a, to: b), Channel(from: b, to: a)] {
            sessions[channel]?.life += 1
            schedule(.establish(channel), after: Int.random(in: 1...300, using: &random))
        }
    }

    private mutating func comeUp(_ channel: Channel) {
        guard let session = sessions[channel], !session.isEstablished else { return }
        sessions[channel]?.isEstablished = true
        for _ in 0..<Int.random(in: 0...3, using: &random) { message(channel) }
        message(channel, isEndOfRIB: true)
        add(work: channel.from)
        if dropsLeft > 0 {
            dropsLeft -= 1
            schedule(.drop(channel.from, channel.to), after: Int.random(in: 1...600, using: &random))
        }
    }

    private mutating func goDown(_ a: Int, _ b: Int) {
        droppedSinceAsked = true
        hasConverged = false
        for channel in [Channel(from: a, to: b), Channel(from: b, to: a)] {
            let life = sessions[channel]?.life ?? 0
            sessions[channel] = Session()
            sessions[channel]?.life = life
            add(work: channel.from)
        }
        establish(a, b)
    }

    private mutating func message(_ channel: Channel, isEndOfRIB: Bool = false) {
        guard let session = sessions[channel], session.isEstablished else { return }
        sessions[channel]?.sent += 1
        send(.message(channel, life: session.life, isEndOfRIB: isEndOfRIB), by: [channel.from, channel.to])
    }

    private mutating func receive(_ channel: Channel, _ life: Int, _ isEndOfRIB: Bool) {
        let back = Channel(from: channel.to, to: channel.from)
        guard let session = sessions[back], session.life == life else { return }
        comeUp(back)
        sessions[back]?.received += 1
        if isEndOfRIB { sessions[back]?.hasEndOfRIB = true }
        add(work: back.from)
    }

    private mutating func add(work node: Int) {
        backlog[node, default: 0] += 1
        schedule(.work(node), after: Int.random(in: 0...60, using: &random))
    }

    /// Does one thing; with nothing left to do, what was received counts as worked off and the speaker says so.
    private mutating func work(_ node: Int) {
        backlog[node, default: 0] -= 1
        for channel in sessions.keys.filter({ $0.from == node }).sorted(by: { $0.to < $1.to }) where budget > 0 {
            guard Int.random(in: 0...2, using: &random) == 0 else { continue }
            budget -= 1
            message(channel)
        }
        guard backlog[node] == 0 else { return }
        for channel in sessions.keys where channel.from == node {
            let received = sessions[channel]?.received ?? 0
            sessions[channel]?.digested = received
        }
        send(.report(counters(node)), by: [node, -1])
    }

    private func counters(_ node: Int) -> [Channel: Convergence.End] {
        sessions.filter { $0.key.from == node }.mapValues {
            Convergence.End(
                isEstablished: $0.isEstablished, sent: $0.sent, received: $0.digested, hasEndOfRIB: $0.hasEndOfRIB)
        }
    }

    // MARK: The supervisor

    private mutating func take(_ ends: [Channel: Convergence.End]) {
        for (channel, end) in ends { convergence.report(Self.key(channel), end) }
    }

    private mutating func look() {
        guard convergence.evaluate() == .ask else { return }
        droppedSinceAsked = false
        missing = nodes
        for node in 0..<nodes { send(.ask(node), by: [-1, node]) }
    }

    private mutating func confirm() {
        guard convergence.confirm() else { return look() }
        hasConverged = true
        // What a session that broke meanwhile set off came after the rest that was seen.
        if !droppedSinceAsked, !isAtRest { falseAlarms += 1 }
    }

    private var isAtRest: Bool {
        let isUnderWay = queue.contains { entry in
            switch entry.event {
            case .message(let channel, let life, _): sessions[channel]?.life == life
            case .work, .establish: true
            default: false
            }
        }
        return !isUnderWay && sessions.values.allSatisfy(\.isEstablished)
    }
}
