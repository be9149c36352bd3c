import CLinux
import LabModel
import Net
import Synchronization
import Sys

/// What the thread of a ``Ledger`` does.
final class LedgerRun {
    /// Service is steady when it was for so long, in nanoseconds.
    private static let steadyWindow: Nanoseconds = 500_000_000
    /// How often it is looked whether it is, and whether to stop.
    private static let lookInterval: Nanoseconds = 20_000_000
    /// Walks take at most one part in so many of a processor's time.
    private static let walkShare: Nanoseconds = 10
    private static let shortestWalkPause: Nanoseconds = 10_000_000
    /// So long flows are walked before probes have their turn, in nanoseconds of a processor.
    private static let walkSlice: Nanoseconds = 1_000_000

    private let interval: Nanoseconds
    private let shared: Ledger.Shared
    private let loop: EventLoop
    private let atlas: Atlas
    private let survey: Survey
    private var flows: [Flow] = []
    private let start = Clock.monotonic()
    private var isSending = true
    private var failure: ObservationError?

    /// One client and one address.
    private final class Flow {
        let client: Node
        let service: String
        let address: IPAddress
        let socket: ProbeSocket?
        var book = FlowBook()
        var walks = WalkHistory()

        init(_ client: Node, _ service: String, _ address: IPAddress, _ socket: ProbeSocket?) {
            (self.client, self.service, self.address, self.socket) = (client, service, address, socket)
        }
    }

    init(
        _ topology: Topology, _ namespaces: [String], _ clients: [Int], _ interval: Nanoseconds,
        _ shared: Ledger.Shared
    ) throws(ObservationError) {
        self.interval = interval
        self.shared = shared
        do throws(SystemError) {
            loop = try EventLoop()
        } catch {
            throw .system(node: topology.lab.name, error)
        }
        atlas = Atlas(topology)
        let paths = Dictionary(uniqueKeysWithValues: zip(topology.nodes.map(\.name), namespaces))
        survey = Survey(atlas: atlas) { paths[$0] ?? "" }
        for client in clients.map({ topology.nodes[$0] }) {
            for service in topology.lab.services {
                for address in service.addresses {
                    // A client whose link is down has no way to send anything: its probes are refused at home.
                    let socket = try survey.kernel(of: client).perform { () throws(SystemError) in
                        do throws(SystemError) {
                            return try ProbeSocket(to: address) as ProbeSocket?
                        } catch {
                            guard error.call == "connect" else { throw error }
                            return nil
                        }
                    }
                    flows.append(Flow(client, service.name, address, socket))
                }
            }
        }
    }

    func run() throws(ObservationError) -> LedgerReport {
        do throws(SystemError) {
            for (index, flow) in flows.enumerated() {
                if let socket = flow.socket {
                    try loop.add(socket.descriptor, .read) { [self] _ in receive(flow, socket) }
                }
                // Spread over the interval: all at once would queue behind each other.
                send(flow, at: start + interval * Nanoseconds(index) / Nanoseconds(flows.count))
            }
            walk()
            look()
            try loop.run()
        } catch {
            failure = .system(node: atlas.topology.lab.name, error)
        }
        for flow in flows { if let socket = flow.socket { loop.remove(socket.descriptor) } }
        loop.removeAll()
        if let failure { throw failure }
        let reports = flows.map {
            FlowReport(
                $0.client, service: $0.service, address: $0.address, port: $0.socket?.packet.sourcePort, book: $0.book,
                walks: $0.walks)
        }
        return LedgerReport(
            flows: reports, interval: interval, start: start, disturbedAt: shared.state.withLock { $0.disturbedAt })
    }

    // MARK: Probes

    private func send(_ flow: Flow, at time: Nanoseconds) {
        loop.schedule(at: time) { [self] in
            guard isSending else { return }
            let now = Clock.monotonic()
            let id = flow.book.nextID
            flow.book.enter(sentAt: now)
            do throws(SystemError) {
                guard let socket = flow.socket else { throw SystemError(code: ENETUNREACH, call: "connect") }
                try socket.send(id, ttl: 0)
            } catch {
                flow.book.refuse(at: flow.client.name, why: error.reason)
            }
            // What was missed is not made up for: probes that leave together say no more than one.
            send(flow, at: now - time > interval ? now + interval : time + interval)
        }
    }

    private func receive(_ flow: Flow, _ socket: ProbeSocket) {
        socket.receive { arrival in
            let fate: FlowBook.Fate
            switch arrival.kind {
            case .response(let identity): fate = .answered(by: identity.name ?? "nobody")
            case .timeExceeded: fate = .looped(at: name(arrival.responder))
            case .unreachable(let reason): fate = .refused(at: name(arrival.responder), why: reason.rawValue)
            case nil: return
            }
            flow.book.settle(arrival.id, fate, at: arrival.time)
        }
    }

    private func name(_ address: IPAddress) -> String { atlas.node(at: address)?.name ?? address.description }

    // MARK: Walks

    /// Walks all flows, again and again.
    private func walk() {
        let begin = Clock.thread()
        var isWhole = true
        do throws(ObservationError) {
            try survey.refresh()
        } catch {
            isWhole = false
        }
        walk(flows[...], WalkRound(took: Clock.thread() - begin, isWhole: isWhole))
    }

    /// Of one walk of all flows, how much of a processor's time it took so far, and whether every node that was asked could answer.
    private struct WalkRound {
        var took: Nanoseconds
        var isWhole: Bool
    }

    /// Walks the flows that are left of a round, as many as fit into a slice of time, and the others when probes had their turn.
    private func walk(_ left: ArraySlice<Flow>, _ round: WalkRound) {
        var (left, round) = (left, round)
        let begin = Clock.thread()
        while let flow = left.popFirst() {
            let time = Clock.monotonic()
            let packet = flow.socket?.packet ?? Packet(destination: flow.address, source: nil, sourcePort: 33434)
            do throws(ObservationError) {
                flow.walks.record(try survey.walk(packet, from: flow.client).outcome, at: time)
            } catch {
                // A node that is taken out of the lab meanwhile cannot be asked any more; the ways of other flows can be known.
                round.isWhole = false
            }
            if Clock.thread() - begin > Self.walkSlice { break }
        }
        round.took += Clock.thread() - begin
        guard left.isEmpty else {
            loop.schedule(after: 0) { [self] in if isSending { walk(left, round) } }
            return
        }
        if !round.isWhole { survey.forget() }
        loop.schedule(after: max(Self.shortestWalkPause, round.took * Self.walkShare)) { [self] in
            if isSending { walk() }
        }
    }

    // MARK: The end

    private func look() {
        let now = Clock.monotonic()
        if isSending {
            let isSteady = flows.allSatisfy { $0.book.isSteady(now: now, window: Self.steadyWindow) }
            isSending = shared.state.withLock { state in
                state.isSteady = isSteady && now - max(start, state.disturbedAt ?? start) > Self.steadyWindow
                return !state.isStopping
            }
        }
        if !isSending, flows.allSatisfy({ $0.book.isClosed(now: now) }) { return loop.stop() }
        loop.schedule(after: Self.lookInterval) { [self] in look() }
    }
}
