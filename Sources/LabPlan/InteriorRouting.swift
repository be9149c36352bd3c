public import LabModel

/// A route inside an AS: how one router reaches the block of another.
public struct InteriorRoute: Hashable, Sendable {
    /// The router that has the route, as a position in ``Topology/nodes``.
    public let node: Int
    /// The router whose block it leads to.
    public let destination: Int
    /// The link that it leaves by, as a position in ``Topology/links``.
    public let link: Int
    /// The delay of the whole way in microseconds: the IGP metric of the decision process.
    public let metric: UInt32

    /// Makes a route.
    public init(node: Int, destination: Int, link: Int, metric: UInt32) {
        self.node = node
        self.destination = destination
        self.link = link
        self.metric = metric
    }
}

/// The interior gateway protocol of every AS, as its result: shortest paths by delay. The supervisor computes them and
/// installs them, again after a link fails; a lab is about what happens between ASes, not inside one.
public enum InteriorRouting {
    /// The routes of all networks over the links that `isUp` says yes to. Of equal ways the one over the link with the
    /// lowest number is taken, so that the answer is the same every time.
    public static func routes(_ topology: Topology, isUp: (Link) -> Bool) -> [InteriorRoute] {
        topology.nodes.filter { $0.kind == .router }.flatMap { shortestPaths(topology, from: $0, isUp: isUp) }
    }

    private struct Reached {
        var metric: Int64
        var firstLink: Int
    }

    /// Dijkstra's algorithm from one router. An AS has tens of routers at most, so the nearest is found by looking.
    private static func shortestPaths(_ topology: Topology, from start: Node, isUp: (Link) -> Bool) -> [InteriorRoute] {
        var tentative: [Int: Reached] = [start.index: Reached(metric: 0, firstLink: -1)]
        var settled: [Int: Reached] = [:]
        while let (node, reached) = tentative.min(by: { ($0.value.metric, $0.key) < ($1.value.metric, $1.key) }) {
            tentative[node] = nil
            settled[node] = reached
            for (link, _, other) in topology.links(of: node) where link.kind == .interior && isUp(link) {
                guard settled[other.node] == nil else { continue }
                let firstLink = node == start.index ? link.index : reached.firstLink
                let metric = reached.metric + max(1, link.quality.delay / 1000)
                if let known = tentative[other.node], (known.metric, known.firstLink) <= (metric, firstLink) {
                    continue
                }
                tentative[other.node] = Reached(metric: metric, firstLink: firstLink)
            }
        }
        return settled.filter { $0.key != start.index }.sorted { $0.key < $1.key }.map { destination, reached in
            InteriorRoute(
                node: start.index, destination: destination, link: reached.firstLink,
                metric: UInt32(clamping: reached.metric))
        }
    }
}
