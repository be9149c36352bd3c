public import JSON
public import Sys

/// What became of every probe of all clients around a disturbance.
public struct LedgerReport: Hashable, Sendable {
    /// One for each client and address.
    public let flows: [FlowReport]
    /// Nanoseconds between the probes of a flow.
    public let interval: Nanoseconds
    /// When the probes began (CLOCK_MONOTONIC).
    public let start: Nanoseconds
    /// When the first disturbance was about to begin (CLOCK_MONOTONIC); nil when none was marked.
    public var disturbedAt: Nanoseconds?

    /// How many probes were sent.
    public var sent: Int { flows.reduce(0) { $0 + $1.sent } }
    /// How many were not served.
    public var unserved: Int { flows.reduce(0) { $0 + $1.unserved } }

    /// The longest gap of a client, over all of its addresses; one that lasted to the end comes first.
    public func gap(of client: String) -> Gap? {
        flows.filter { $0.client == client }.compactMap(\.gap).max {
            ($0.isOpen ? 1 : 0, $0.length) < ($1.isOpen ? 1 : 0, $1.length)
        }
    }

    /// Only the flows of a service; all without one.
    public func limited(to service: String?) -> LedgerReport {
        guard let service else { return self }
        return LedgerReport(
            flows: flows.filter { $0.service == service }, interval: interval, start: start, disturbedAt: disturbedAt)
    }

    /// What `lab failover --json` has for each repetition.
    public var json: JSON {
        [
            "interval_ms": .milliseconds(interval), "start_ns": .int(Int(start)), "sent": .int(sent),
            "unserved": .int(unserved),
            "flows": .array(flows.map { $0.json(relativeTo: disturbedAt ?? start) }),
        ]
    }
}
