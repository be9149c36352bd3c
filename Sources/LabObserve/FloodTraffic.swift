import DNSWire
public import LabModel
import Net
import Synchronization
import Sys

/// A flood that is under way, on a thread of its own: it begins when it is made, and ends by itself.
public final class FloodTraffic {
    private let shared = Shared()
    private let thread: WorkThread

    /// What the two threads tell each other.
    final class Shared: Sendable {
        struct State {
            var isStopping = false
            var outcome: Result<FloodReport, ObservationError>?
        }
        let state = Mutex(State())
    }

    /// Opens a socket in each client's namespace for each address of the service, on the calling thread, and begins to send.
    /// `clients` are positions in the topology; `namespacePath` tells where the namespace of a node's name is pinned. Throws
    /// ``ObservationError``, for a client without a way to the service too.
    public convenience init(
        _ flood: Flood, clients: [Int], service: Service, topology: Topology,
        namespacePath: @escaping (String) -> String
    ) throws(ObservationError) {
        let survey = Survey(atlas: Atlas(topology), namespacePath: namespacePath)
        var flows: [FloodFlow] = []
        for client in clients.map({ topology.nodes[$0] }) {
            for address in service.addresses {
                let kernel = try survey.kernel(of: client)
                flows.append(try kernel.perform { () throws(SystemError) in try FloodFlow(client, address) })
            }
        }
        do throws(SystemError) {
            try self.init(flood, service, flows)
        } catch {
            throw .system(node: topology.lab.name, error)
        }
    }

    private init(_ flood: Flood, _ service: Service, _ flows: [FloodFlow]) throws(SystemError) {
        // The flows go to the thread, and nobody else has them.
        nonisolated(unsafe) let flows = flows
        thread = try WorkThread { [shared] in
            let outcome: Result<FloodReport, ObservationError>
            do throws(SystemError) {
                outcome = .success(try FloodRun(flood, flows, shared).run(service: service.name))
            } catch {
                outcome = .failure(.system(node: service.name, error))
            }
            shared.state.withLock { $0.outcome = outcome }
        }
    }

    /// Whether it has ended, and its last answers are in.
    public var isOver: Bool { shared.state.withLock { $0.outcome != nil } }

    /// Ends it early; answers to what has been sent are still waited for.
    public func stop() { shared.state.withLock { $0.isStopping = true } }

    /// Waits for the end. Throws ``ObservationError``.
    public func report() throws(ObservationError) -> FloodReport {
        thread.join()
        let outcome = shared.state.withLock { $0.outcome }
        guard let outcome else { throw .system(node: "", SystemError(code: 0, call: "flood")) }
        return try outcome.get()
    }

    deinit { stop() }
}

/// What the thread of a ``FloodTraffic`` does.
///
/// About every 0.2 ms (1 ms at 50,000 a second) it sends what is due, the same number from each flow. The pauses are drawn, and
/// the order of the flows in each round: in step with each other, some clients would always come to a full site when it has room
/// again, and others never. When it gets no processor, or the queues of the machine are full, it makes up for a tenth of a second
/// and no more; what is not made up for was not sent, and the rate that came about is told.
private final class FloodRun {
    private static let shortestPause: Nanoseconds = 200_000
    /// So much longer is a pause for each query a second: the more there are, the more of them share a call.
    private static let pauseOfQuery: Nanoseconds = 20
    private static let mostBehind: Nanoseconds = 100_000_000
    /// Answers are waited for so long after the last query.
    private static let patience: Nanoseconds = 1_000_000_000

    private let flood: Flood
    private let flows: [FloodFlow]
    private let shared: FloodTraffic.Shared
    private let loop: EventLoop
    private let batch: FloodBatch
    private var start: Nanoseconds = 0
    private var end: Nanoseconds = 0
    /// Queries that were sent, or given up.
    private var done = 0
    /// The order of the flows in this round, and how many have had their turn.
    private var order: [Int]
    private var turn = 0

    init(_ flood: Flood, _ flows: [FloodFlow], _ shared: FloodTraffic.Shared) throws(SystemError) {
        (self.flood, self.flows, self.shared) = (flood, flows, shared)
        loop = try EventLoop()
        batch = FloodBatch(ProbeSocket.template)
        order = flows.indices.shuffled()
    }

    func run(service: String) throws(SystemError) -> FloodReport {
        for flow in flows {
            try loop.add(flow.descriptor, .read, isSelfContained: true) { [self] _ in flow.receive(with: batch) }
        }
        start = Clock.monotonic()
        send()
        try loop.run()
        for flow in flows { loop.remove(flow.descriptor) }
        loop.removeAll()
        return FloodReport(flood, service: service, flows: flows, took: end - start)
    }

    private func send() {
        let now = Clock.monotonic()
        let elapsed = min(now - start, flood.duration)
        let due = queriesDue(after: elapsed)
        let limit = max(flows.count, queriesDue(after: Self.mostBehind))
        if due - done > limit { done = due - limit }
        let count = due - done
        let share = count / flows.count
        if share > 0 { for flow in flows { _ = flow.send(share, with: batch) } }
        for _ in 0..<(count % flows.count) { _ = flows[nextTurn()].send(1, with: batch) }
        done = due
        end = now
        guard elapsed < flood.duration, !shared.state.withLock({ $0.isStopping }) else { return waitForAnswers() }
        let pause = max(Self.shortestPause, Nanoseconds(flood.rate) * Self.pauseOfQuery)
        let next = min(now + .random(in: pause / 2...pause * 3 / 2), start + flood.duration)
        loop.schedule(at: next, isSelfContained: true) { [self] in send() }
    }

    /// The flow that sends next: each has one turn in a round, and every round another order.
    private func nextTurn() -> Int {
        if turn == order.count {
            order.shuffle()
            turn = 0
        }
        turn += 1
        return order[turn - 1]
    }

    private func queriesDue(after time: Nanoseconds) -> Int {
        Int(Double(time) * Double(flood.rate) / 1e9)
    }

    private func waitForAnswers() {
        loop.schedule(after: Self.patience) { [self] in loop.stop() }
    }
}
