public import LabModel
import Net
import Synchronization
public import Sys

/// Probes that every client sends to every service address, each numbered and accounted for, while a lab is disturbed.
///
/// A thread of its own sends them from one event loop, for whoever disturbs the lab waits for other things meanwhile. It also
/// walks the kernels' tables all the time, so that there is an answer to where a probe was lost.
public final class Ledger {
    /// The shortest interval, in nanoseconds: with a shorter one the numbers of the probes would come round too soon.
    public static let shortestInterval: Nanoseconds = 1_000_000
    /// Every how many nanoseconds a client asks an address unless it is said.
    public static let usualInterval: Nanoseconds = 5_000_000
    /// So many probes a second this process sends without getting late.
    private static let mostPerSecond = 20_000

    /// The interval that is kept: longer than the one asked for where that would be more probes than can be sent.
    public let interval: Nanoseconds
    private let shared = Shared()
    private let thread: WorkThread

    /// What the two threads tell each other.
    final class Shared: Sendable {
        struct State {
            var isStopping = false
            var isSteady = false
            var disturbedAt: Nanoseconds?
            var outcome: Result<LedgerReport, ObservationError>?
        }
        let state = Mutex(State())
    }

    /// Begins to send. `clients` are positions in the topology, all without them; `namespaces` are the paths of the namespaces
    /// of all nodes. Throws `SystemError` when there can be no thread.
    public init(
        topology: Topology, namespaces: [String], clients: [Int]? = nil, interval: Nanoseconds = usualInterval
    ) throws(SystemError) {
        let clients = clients ?? topology.nodes.filter { $0.kind == .client }.map(\.index)
        let flows = clients.count * topology.lab.services.reduce(0) { $0 + $1.addresses.count }
        let interval = max(
            interval, Self.shortestInterval, Nanoseconds(flows) * 1_000_000_000 / Nanoseconds(Self.mostPerSecond))
        self.interval = interval
        thread = try WorkThread { [shared] in
            let outcome: Result<LedgerReport, ObservationError>
            do throws(ObservationError) {
                let run = try LedgerRun(topology, namespaces, clients, interval, shared)
                outcome = .success(try run.run())
            } catch {
                outcome = .failure(error)
            }
            shared.state.withLock {
                $0.outcome = outcome
                // Whoever waits for a steady state is told why there is none.
                $0.isSteady = true
            }
        }
    }

    /// Whether every client is served steadily, as far as it was looked; also after the end.
    public var isSteady: Bool { shared.state.withLock { $0.isSteady } }

    /// The lab is about to be disturbed: times are counted from now on, the first time that this is said.
    public func markDisturbance() {
        shared.state.withLock {
            $0.disturbedAt = $0.disturbedAt ?? Clock.monotonic()
            $0.isSteady = false
        }
    }

    /// Stops sending, waits for what is still under way, and closes the books. Throws ``ObservationError``.
    public func close() throws(ObservationError) -> LedgerReport {
        shared.state.withLock { $0.isStopping = true }
        thread.join()
        let outcome = shared.state.withLock { $0.outcome }
        guard let outcome else { throw .system(node: "", SystemError(code: 0, call: "ledger")) }
        return try outcome.get()
    }

    deinit { shared.state.withLock { $0.isStopping = true } }
}
