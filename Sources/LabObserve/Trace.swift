public import LabModel
public import Net
import Sys

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

extension Trace {
    /// Reads what the probes of a walk's flow saw.
    init(walk: Walk, report: ProbeReport, atlas: Atlas) {
        let last = report.length ?? (report.limited.lastIndex { $0 != nil }.map { $0 + 1 } ?? 0)
        let final = report.length.flatMap { report.limited[$0 - 1] }
        let isReached = final?.responder == walk.destination
        let hops = report.limited.prefix(last).enumerated().map { index, answer -> Hop in
            guard let answer else { return Hop(node: nil, address: nil) }
            var node = atlas.node(at: answer.responder)
            if node == nil, case .response(let identity) = answer.kind {
                node = identity.name.flatMap { atlas.site(named: $0) }
            }
            // An error from an address of a service: the walk says whose it is.
            if node == nil, answer.responder == walk.destination { node = walk.end }
            return Hop(node: node, address: answer.responder, rtt: answer.rtt)
        }
        self.init(
            source: walk.source, destination: walk.destination, hops: hops, isReached: isReached, walk: walk,
            finding: Self.finding(isReached, hops.last, final, walk, report))
    }

    private static func finding(
        _ isReached: Bool, _ last: Hop?, _ final: ProbeAnswer?, _ walk: Walk, _ report: ProbeReport
    ) -> String? {
        if isReached { return nil }
        if let failure = report.failure { return "nothing could be sent: \(failure.reason)" }
        if let final, case .unreachable(let reason) = final.kind {
            return "\(last?.node?.name ?? final.responder.description) says: \(reason.rawValue)"
        }
        return "the destination does not answer; the way by the kernels' routes \(walk.outcome)"
    }
}
