public import LabModel
import Net
import Synchronization
public import Sys

/// TCP connections that clients hold to a web service while a lab is disturbed.
///
/// A thread of its own asks on each of them, four times a second, whether anybody is there. One that has ended is followed by a
/// new one, which tells where the client's packets go now.
public final class HeldFlows {
    /// How long a question may go without an answer, in nanoseconds: enough for five retransmissions (RFC 6298), so that routing which
    /// comes back has not broken anything.
    public static let patience: Nanoseconds = 5_000_000_000
    /// How many connections there may be at most.
    public static let most = 5000

    private let shared = Shared()
    private let thread: WorkThread

    /// What the two threads tell each other.
    final class Shared: Sendable {
        struct State {
            var isStopping = false
            var flows: [HeldFlow] = []
            var failure: ObservationError?
            /// Whether every connection was answered once or has ended.
            var areMade = false
        }
        let state = Mutex(State())
    }

    /// Begins to connect: so many connections of each client to each address. `clients` are positions in the topology, all without
    /// them; `namespaces` are the paths of the namespaces of all nodes. Throws `SystemError` when there can be no thread.
    public init(
        topology: Topology, namespaces: [String], service: Service, each count: Int, clients: [Int]? = nil
    ) throws(SystemError) {
        let clients = clients ?? topology.nodes.filter { $0.kind == .client }.map(\.index)
        thread = try WorkThread { [shared] in
            do throws(ObservationError) {
                try HeldFlowsRun(topology, namespaces, clients, service, count, shared).run()
            } catch {
                shared.state.withLock { $0.failure = error }
            }
        }
    }

    /// Whether every connection was answered or has ended. Throws ``ObservationError`` when clients could not be looked into.
    public var areMade: Bool {
        get throws(ObservationError) {
            let state = shared.state.withLock { $0 }
            if let failure = state.failure { throw failure }
            return state.areMade
        }
    }

    /// The connections as they are.
    public var flows: [HeldFlow] { shared.state.withLock { $0.flows } }

    /// Whether it is known of each connection whether it lives after `time`: it was answered since, or has ended, and the one behind it
    /// was answered or given up.
    public func areDecided(since time: Nanoseconds) -> Bool {
        flows.allSatisfy { $0.end == nil ? $0.lastAnswered >= time : $0.isFollowed }
    }

    /// Lets all connections go.
    public func close() {
        shared.state.withLock { $0.isStopping = true }
        thread.join()
    }

    deinit { shared.state.withLock { $0.isStopping = true } }
}
