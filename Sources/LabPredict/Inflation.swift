public import LabModel
public import Net

/// A site that a client could be served by, and how far away it is.
public struct BestSite: Hashable, Sendable {
    /// The site.
    public let site: Node
    /// The round trip to its own unicast address over the delays of the links, in nanoseconds.
    public let rtt: Int64
}

extension Prediction {
    /// The round trip from one node to the unicast address of another and back, over the delays of the links, in nanoseconds; nil
    /// where one of the two ways leads nowhere. Numbers are positions in ``LabModel/Topology/nodes``.
    public func roundTrip(from source: Int, to destination: Int, _ family: AddressFamily) -> Int64? {
        func unicast(_ node: Int) -> IPAddress {
            let node = topology.nodes[node]
            return family == .ipv4 ? .v4(node.address) : .v6(node.address6)
        }
        let there = way(from: source, to: unicast(destination))
        guard there.destination == destination else { return nil }
        let back = way(from: destination, to: unicast(source))
        return back.destination == source ? there.delay + back.delay : nil
    }

    /// Of a service's sites, the nearest to a client by unicast: what no choice of anycast routes could beat. Nil when it reaches
    /// none.
    public func bestSite(for client: Int, of service: String, _ family: AddressFamily) -> BestSite? {
        topology.nodes.filter { $0.kind == .site && $0.network == service }.compactMap { site in
            roundTrip(from: client, to: site.index, family).map { BestSite(site: site, rtt: $0) }
        }.min { ($0.rtt, $0.site.index) < ($1.rtt, $1.site.index) }
    }
}
