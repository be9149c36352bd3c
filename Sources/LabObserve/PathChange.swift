public import JSON
public import Net
public import Sys

/// A change of a router's best path, as its speaker told the supervisor.
public struct PathChange: Hashable, Sendable {
    /// When the speaker chose (CLOCK_MONOTONIC).
    public let time: Nanoseconds
    /// The router.
    public let node: String
    /// The prefix.
    public let prefix: IPPrefix
    /// The AS path; empty where the router has no path any more, or the prefix is its own.
    public let asPath: [UInt32]
    /// Whether there is a path, be it its own.
    public let hasPath: Bool
    /// The AS path that it had before; nil without one.
    public let oldASPath: [UInt32]?
    /// The step of the decision that chose it.
    public let reason: String

    /// Reads an event; nil for one of another kind, and for prefixes that none of `addresses` is in.
    public init?(_ event: JSON, about addresses: [IPAddress]) {
        guard event["event"]?.string == "best", let time = event["time_ns"]?.int, let node = event["node"]?.string,
            let prefix = event["prefix"]?.string.flatMap({ IPPrefix($0) }), addresses.contains(where: prefix.contains)
        else { return nil }
        self.time = Nanoseconds(time)
        self.node = node
        self.prefix = prefix
        asPath = Self.numbers(event["as_path"]) ?? []
        oldASPath = Self.numbers(event["old_as_path"])
        hasPath = event["from"]?.string != nil || !asPath.isEmpty
        reason = event["reason"]?.string ?? ""
    }

    private static func numbers(_ json: JSON?) -> [UInt32]? {
        json?.array?.compactMap { $0.int.map { UInt32(clamping: $0) } }
    }

    /// The change as JSON; the time is relative to `zero`.
    public func json(relativeTo zero: Nanoseconds) -> JSON {
        [
            "at_ms": .milliseconds(time - zero), "node": .string(node), "prefix": .string(prefix.description),
            "as_path": .array(asPath.map { .int(Int($0)) }), "reason": .string(reason),
        ]
    }
}
