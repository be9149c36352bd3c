public import LabModel
public import Net

/// A way as probes of growing TTL see it.
public struct Trace: Hashable, Sendable {
    /// Where the probes were sent from.
    public let source: Node
    /// Where they were sent to.
    public let destination: IPAddress
    /// One for each TTL from 1 on, up to the destination or the last that answered. All nil where nobody did, which
    /// traceroute(8) shows as `*`.
    public let hops: [Hop]
    /// Whether the destination answered.
    public let isReached: Bool
    /// What the kernels' tables say about the same way.
    public let walk: Walk
    /// What ended the way before the destination, in words: `isp-uk-lhr says: no route`; nil when nothing did.
    public let finding: String?

    /// The most hops that are tried.
    public static let mostHops = 64
}
