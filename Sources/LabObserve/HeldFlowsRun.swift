import CLinux
import LabModel
import Net
import Synchronization
import Sys

/// What the thread of ``HeldFlows`` does.
final class HeldFlowsRun {
    /// From one question to the next, in nanoseconds.
    private static let interval: Nanoseconds = 250_000_000
    /// How often it is looked for what was not answered, and told what is known.
    private static let lookInterval: Nanoseconds = 20_000_000
    private static let port: UInt16 = 80

    private let shared: HeldFlows.Shared
    private let loop: EventLoop
    private let survey: Survey
    private let lab: String
    private var flows: [Flow] = []

    /// A connection, the one that is alive or tried now, and what is known.
    private final class Flow {
        var known: HeldFlow
        var connection: HeldConnection?
        /// When the last question was sent.
        var askedAt: Nanoseconds = 0
        init(_ known: HeldFlow) { self.known = known }
    }

    init(
        _ topology: Topology, _ namespaces: [String], _ clients: [Int], _ service: Service, _ count: Int,
        _ shared: HeldFlows.Shared
    ) throws(ObservationError) {
        self.shared = shared
        lab = topology.lab.name
        do throws(SystemError) {
            loop = try EventLoop()
        } catch {
            throw .system(node: topology.lab.name, error)
        }
        let paths = Dictionary(zip(topology.nodes.map(\.name), namespaces), uniquingKeysWith: { first, _ in first })
        survey = Survey(atlas: Atlas(topology)) { paths[$0] ?? "" }
        var kinds: [HeldFlow] = []
        for client in clients {
            for address in service.addresses {
                var flow = HeldFlow(client: topology.nodes[client], address: address)
                flow.isSpread = try survey.isSpread(from: flow.client, to: address)
                kinds.append(flow)
            }
        }
        for _ in 0..<count { flows += kinds.map { Flow($0) } }
    }

    func run() throws(ObservationError) {
        defer { loop.removeAll() }
        // Spread over the time between two questions: all at once would overflow the queues on the way.
        for (index, flow) in flows.enumerated() {
            loop.schedule(after: Self.interval * Nanoseconds(index) / Nanoseconds(flows.count)) { [self] in
                connect(flow)
            }
        }
        look()
        do throws(SystemError) {
            try loop.run()
        } catch {
            throw .system(node: lab, error)
        }
    }

    // MARK: One connection

    private func connect(_ flow: Flow) {
        do throws(ObservationError) {
            let connection = try survey.kernel(of: flow.known.client).perform { () throws(SystemError) in
                do throws(SystemError) {
                    return try HeldConnection(to: flow.known.address, port: Self.port) as HeldConnection?
                } catch {
                    guard error.call == "connect" else { throw error }
                    return nil
                }
            }
            guard let connection else { return end(flow, .unreachable) }
            flow.connection = connection
            try watch(flow, connection)
        } catch {
            // A client that is taken out of the lab has no connections any more.
            end(flow, .unreachable)
        }
    }

    private func watch(_ flow: Flow, _ connection: HeldConnection) throws(ObservationError) {
        do throws(SystemError) {
            try loop.add(connection.descriptor, connection.interest) { [self] _ in
                if let event = connection.handle() { take(event, of: flow, connection) }
            }
            if connection.interest == .read { take(.connected, of: flow, connection) }
        } catch {
            throw .system(node: flow.known.client.name, error)
        }
    }

    private func take(_ event: HeldConnection.Event, of flow: Flow, _ connection: HeldConnection) {
        switch event {
        case .connected:
            if flow.known.end == nil { flow.known.wasMade = true }
            try? loop.modify(connection.descriptor, .read)
            ask(flow, connection)
        case .answered(let site):
            guard flow.known.end == nil else {
                // Where single packets are shared out, the next one goes to somebody else.
                if !flow.known.isSpread { flow.known.nextSite = site }
                return letGo(flow)
            }
            if flow.known.lastAnswered == 0 { flow.known.site = site }
            flow.known.lastAnswered = flow.askedAt
            let next = flow.askedAt + Self.interval
            loop.schedule(at: next) { [self] in
                if flow.connection === connection { ask(flow, connection) }
            }
        case .ended(let how): end(flow, how)
        }
    }

    private func ask(_ flow: Flow, _ connection: HeldConnection) {
        flow.askedAt = Clock.monotonic()
        if let event = connection.ask() { take(event, of: flow, connection) }
    }

    /// A connection that ends is followed by one that tells where the packets go now; what becomes of that is the end of it.
    private func end(_ flow: Flow, _ how: HeldFlow.End) {
        letGo(flow)
        guard flow.known.end == nil else { return }
        (flow.known.end, flow.known.endedAt) = (how, Clock.monotonic())
        // A RST to a SYN is another end.
        if how == .reset { flow.known.wasMade = true }
        flow.known.isFollowed = false
        connect(flow)
    }

    private func letGo(_ flow: Flow) {
        if flow.known.end != nil { flow.known.isFollowed = true }
        guard let connection = flow.connection else { return }
        loop.remove(connection.descriptor)
        flow.connection = nil
    }

    // MARK: All of them

    private func look() {
        let limit = Clock.monotonic() - HeldFlows.patience
        for flow in flows {
            if let asked = flow.connection?.askedAt, asked < limit { end(flow, .silent) }
        }
        let known = flows.map(\.known)
        let areMade = known.allSatisfy { $0.lastAnswered > 0 || $0.end != nil }
        let isStopping = shared.state.withLock { state in
            state.flows = known
            state.areMade = areMade
            return state.isStopping
        }
        if isStopping { return loop.stop() }
        loop.schedule(after: Self.lookInterval) { [self] in look() }
    }
}
