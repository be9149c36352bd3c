import BGPSession
import BGPTable
public import BGPWire
public import Net

/// Routers joined by links of a fixed delay, under a clock of their own: what takes a minute takes no time, and every run is
/// the same. TCP is a channel that keeps order and loses nothing until its link fails.
public struct SimulatedNetwork {
    private struct Link {
        var delay: UInt64
        var isUp = true
    }

    /// One end of a TCP connection.
    private struct End: Hashable {
        var router: Int
        var neighbour: Int
        var origin: ConnectionOrigin
    }

    private enum Event {
        case connecting(End, connection: Int)
        case connected(End, connection: Int)
        case octets(End, connection: Int, [UInt8])
        case closed(End, connection: Int)
        case input(Int, SimulatedRouter.Input)
    }

    /// What has happened: a best route that changed, in the order of time.
    public struct Change {
        /// When, in nanoseconds since the beginning.
        public var time: UInt64
        /// The place of the router.
        public var router: Int
        /// Its prefix.
        public var prefix: IPPrefix
        /// Its new best path; nil for no route.
        public var path: ASPath?
    }

    /// The routers.
    public private(set) var routers: [SimulatedRouter]
    /// The time in nanoseconds.
    public private(set) var now: UInt64 = 0
    /// All changes of best routes.
    public private(set) var changes: [Change] = []
    /// The number of UPDATE messages sent, and when the last one came.
    public private(set) var updates = 0
    /// When the last octet came somewhere.
    public private(set) var lastArrival: UInt64 = 0
    /// What happened at each router that is recorded.
    public private(set) var logs: [Int: EventLog] = [:]

    private var links: [Link] = []
    /// What is behind each neighbour of each router: the router, our place among its neighbours, and the link.
    private var wiring: [[(router: Int, neighbour: Int, link: Int)?]] = []
    private var deadlines: [UInt64]
    private var events: [(time: UInt64, sequence: Int, event: Event)] = []
    private var sequence = 0
    private var connections: [End: Int] = [:]
    private var nextConnection = 0
    private var touched: Set<Int> = []

    /// Makes a network. Two routers that name each other as neighbours are joined, by a link of `delay` nanoseconds.
    public init(_ descriptions: [RouterDescription], delay: UInt64 = 10_000_000, recording: Set<String> = []) {
        routers = descriptions.map(SimulatedRouter.init)
        deadlines = descriptions.map { _ in .max }
        for (index, router) in descriptions.enumerated() {
            if recording.contains(router.name) { logs[index] = EventLog(router) }
            wiring.append(router.neighbours.map { _ in nil })
        }
        for (index, router) in descriptions.enumerated() {
            for (place, neighbour) in router.neighbours.enumerated() {
                guard let other = descriptions.firstIndex(where: { $0.name == neighbour.name }), other > index,
                    let back = descriptions[other].neighbours.firstIndex(where: { $0.name == router.name })
                else { continue }
                wiring[index][place] = (other, back, links.count)
                wiring[other][back] = (index, place, links.count)
                links.append(Link(delay: delay))
            }
        }
    }

    private func place(_ name: String) -> Int? { routers.firstIndex { $0.description.name == name } }

    private func neighbour(_ other: Int, of router: Int) -> Int? {
        let name = routers[other].description.name
        return routers[router].description.neighbours.firstIndex { $0.name == name }
    }

    private func other(_ end: End) -> End? {
        wiring[end.router][end.neighbour].map {
            End(router: $0.router, neighbour: $0.neighbour, origin: end.origin.other)
        }
    }

    private func link(_ router: Int, _ neighbour: Int) -> Int? { wiring[router][neighbour]?.link }

    /// The AS path of a router's best route to a prefix; nil if it has none.
    public func path(_ name: String, to prefix: IPPrefix) -> String? {
        guard let router = place(name) else { return nil }
        return routers[router].table.routes(to: prefix).first { $0.isBest }?.attributes.asPath.description
    }
}

// MARK: - What an operator does

extension SimulatedNetwork {
    /// Starts all sessions.
    public mutating func start() {
        for router in routers.indices {
            for neighbour in routers[router].description.neighbours.indices { give(router, .start(neighbour)) }
        }
        settleInputs()
    }

    /// An input of one router, with the place of a neighbour by its name.
    public mutating func input(
        _ name: String, _ neighbourName: String, _ input: (Int) -> SimulatedRouter.Input
    ) {
        guard let router = place(name), let other = place(neighbourName),
            let neighbour = neighbour(other, of: router)
        else { return }
        give(router, input(neighbour))
        settleInputs()
    }

    /// Originates a prefix.
    public mutating func originate(_ prefix: IPPrefix, at name: String) { give(name, .originate(prefix)) }

    /// Originates a prefix no longer.
    public mutating func withdraw(_ prefix: IPPrefix, at name: String) { give(name, .withdraw(prefix)) }

    private mutating func give(_ name: String, _ input: SimulatedRouter.Input) {
        guard let router = place(name) else { return }
        give(router, input)
        settleInputs()
    }

    /// Fails or heals the link of two routers: both ends lose the carrier, and what is under way is lost.
    public mutating func setLink(_ first: String, _ second: String, isUp: Bool) {
        guard let from = place(first), let to = place(second), let there = neighbour(to, of: from),
            let back = neighbour(from, of: to), let link = link(from, there)
        else { return }
        links[link].isUp = isUp
        for (router, neighbour) in [(from, there), (to, back)] {
            if !isUp {
                connections[End(router: router, neighbour: neighbour, origin: .outgoing)] = nil
                connections[End(router: router, neighbour: neighbour, origin: .incoming)] = nil
            }
            give(router, isUp ? .linkUp(neighbour) : .linkDown(neighbour))
        }
        settleInputs()
    }

    /// The delay of the link of two routers, in nanoseconds, for what is sent from now on.
    public mutating func setDelay(_ first: String, _ second: String, _ delay: UInt64) {
        guard let from = place(first), let to = place(second), let there = neighbour(to, of: from),
            let link = link(from, there)
        else { return }
        links[link].delay = delay
    }

    /// From now on nothing arrives over the link of two routers, and neither of them is told.
    public mutating func setSilent(_ first: String, _ second: String) {
        guard let from = place(first), let to = place(second), let there = neighbour(to, of: from),
            let link = link(from, there)
        else { return }
        links[link].isUp = false
        connections = connections.filter { end, _ in self.link(end.router, end.neighbour) != link }
    }

    /// Lets events happen up to a time, or until nothing is left. Returns false if something is.
    @discardableResult
    public mutating func run(until end: UInt64 = .max, atMost limit: Int = 1_000_000) -> Bool {
        for _ in 0..<limit {
            let next = min(events.first?.time ?? .max, deadlines.min() ?? .max)
            guard next != .max else { return true }
            guard next <= end else {
                now = end
                return true
            }
            now = max(now, next)
            for router in routers.indices where deadlines[router] <= now { give(router, .timer) }
            while let first = events.first, first.time <= now { deliver(events.removeFirst().event) }
            settleInputs()
        }
        return false
    }
}

// MARK: - Events

extension SimulatedNetwork {
    private mutating func settleInputs() {
        for router in touched.sorted() {
            give(router, .work)
            deadlines[router] = routers[router].deadline.map(Self.wholeMicrosecond) ?? .max
        }
        touched = []
    }

    /// Logs have no finer time.
    private static func wholeMicrosecond(_ time: UInt64) -> UInt64 { (time / 1000 + (time % 1000 == 0 ? 0 : 1)) * 1000 }

    private mutating func schedule(_ event: Event, after delay: UInt64) {
        sequence += 1
        let entry = (time: now + delay, sequence: sequence, event: event)
        let place = events.firstIndex { $0.time > entry.time } ?? events.count
        events.insert(entry, at: place)
    }

    private mutating func deliver(_ event: Event) {
        switch event {
        case .input(let router, let input): give(router, input)
        case .connecting(let end, let connection):
            guard connections[end] == connection, let other = other(end) else { return }
            offer(other, from: end, connection)
        case .connected(let end, let connection):
            guard connections[end] == connection else { return }
            give(end.router, .connected(end.neighbour))
        case .octets(let end, let connection, let octets):
            guard connections[end] == connection else { return }
            lastArrival = now
            give(end.router, .octets(end.neighbour, end.origin, octets))
        case .closed(let end, let connection):
            guard connections[end] == connection else { return }
            connections[end] = nil
            give(end.router, .failed(end.neighbour, end.origin))
        }
    }

    /// A connection comes in: the router takes it before it sends anything on it, or refuses it.
    private mutating func offer(_ end: End, from caller: End, _ connection: Int) {
        guard let link = link(end.router, end.neighbour) else { return }
        let delay = links[link].delay
        let outputs = record(end.router, .offered(end.neighbour))
        for output in outputs {
            switch output {
            case .accept:
                connections[end] = connection
                schedule(.connected(caller, connection: connection), after: delay)
            case .refuse(_, let octets):
                schedule(.connected(caller, connection: connection), after: delay)
                schedule(.octets(caller, connection: connection, octets), after: delay)
                schedule(.closed(caller, connection: connection), after: delay)
            default: perform(output, end.router)
            }
        }
        touched.insert(end.router)
    }

    private mutating func give(_ router: Int, _ input: SimulatedRouter.Input) {
        if input != .work { touched.insert(router) }
        for output in record(router, input) { perform(output, router) }
    }

    private mutating func record(_ router: Int, _ input: SimulatedRouter.Input) -> [SimulatedRouter.Output] {
        let outputs = routers[router].handle(input, at: now)
        logs[router]?.append(input, outputs, at: now)
        return outputs
    }

    private mutating func perform(_ output: SimulatedRouter.Output, _ router: Int) {
        switch output {
        case .connect(let neighbour): connect(End(router: router, neighbour: neighbour, origin: .outgoing))
        case .octets(let neighbour, let origin, let octets):
            send(octets, from: End(router: router, neighbour: neighbour, origin: origin))
        case .close(let neighbour, let origin): close(End(router: router, neighbour: neighbour, origin: origin))
        case .best(let prefix, let route, let path):
            changes.append(Change(time: now, router: router, prefix: prefix, path: route == nil ? nil : path))
        case .accept, .refuse, .established, .ended, .damped: break
        }
    }

    private mutating func connect(_ end: End) {
        guard let link = link(end.router, end.neighbour), links[link].isUp else { return }
        nextConnection += 1
        connections[end] = nextConnection
        schedule(.connecting(end, connection: nextConnection), after: links[link].delay)
    }

    private mutating func send(_ octets: [UInt8], from end: End) {
        guard let connection = connections[end], let other = other(end), let link = link(end.router, end.neighbour)
        else { return }
        updates += EventLog.messages(in: octets).count { $0.type == .update }
        schedule(.octets(other, connection: connection, octets), after: links[link].delay)
    }

    private mutating func close(_ end: End) {
        guard let connection = connections.removeValue(forKey: end), let other = other(end),
            let link = link(end.router, end.neighbour)
        else { return }
        schedule(.closed(other, connection: connection), after: links[link].delay)
    }
}
