import LabModel
import LabObserve
import Sys

/// The connections that a scenario or `lab failover` holds, of one lab.
final class HeldConnections {
    private let staged: StagedLab
    private let flows: HeldFlows

    /// How long connections may take to be there, and to be decided on after routing has come to rest, in nanoseconds. The second has
    /// room for a silent end and the attempt behind it.
    private static let (making, deciding): (Nanoseconds, Nanoseconds) = (
        HeldFlows.patience + 5_000_000_000, 2 * HeldFlows.patience + 2_000_000_000
    )

    /// Begins to connect. Throws ``Failure`` when there is nothing to connect to.
    init(_ staged: StagedLab, _ wanted: Scenario.Connections) throws {
        let topology = staged.lab.topology
        guard let service = topology.lab.services.first(where: { $0.name == wanted.service }), service.kind == .http
        else { throw Failure(.failedAtRunTime, "there is no web service '\(wanted.service)' in the lab") }
        let clients = try wanted.clients?.map { name in
            guard let node = topology.node(named: name), node.kind == .client else {
                throw Failure(.failedAtRunTime, "there is no client '\(name)' in the lab")
            }
            return node.index
        }
        let count = (clients?.count ?? topology.lab.clients.count) * service.addresses.count
        guard wanted.flows * count <= HeldFlows.most else {
            throw Failure(
                .failedAtRunTime, "\(wanted.flows) flows of each client to each address are \(wanted.flows * count)",
                hint: "at most \(HeldFlows.most) are held at once")
        }
        self.staged = staged
        flows = try HeldFlows(
            topology: topology, namespaces: topology.nodes.map { staged.lab.namespacePath($0.name) }, service: service,
            each: wanted.flows, clients: clients)
    }

    /// Waits until all connections are there, or have failed to be. Throws ``Failure``.
    func wait() throws -> HeldFlowReport {
        let deadline = Clock.monotonic() + Self.making
        while try !flows.areMade, Clock.monotonic() < deadline { try staged.pause(10_000_000) }
        return HeldFlowReport(flows.flows)
    }

    /// What became of them, when routing has come to rest: waits until it is known of each. Throws ``Failure``.
    func report() throws -> HeldFlowReport {
        let begin = Clock.monotonic()
        while !flows.areDecided(since: begin), Clock.monotonic() - begin < Self.deciding {
            try staged.pause(10_000_000)
        }
        return HeldFlowReport(flows.flows)
    }

    /// Lets them go.
    func close() { flows.close() }
}
