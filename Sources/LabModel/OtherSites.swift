/// How a site reaches the other sites of its service, for zones that one fetches from another. All sites of a service have one AS
/// number, so BGP, which ends loops by it, brings no site the prefixes of the others; operators give them a static route as well.
extension Topology {
    /// A way out of a node.
    public struct WayOut {
        /// The link.
        public let link: Link
        /// The node's end of it.
        public let end: LinkEnd
        /// The neighbour that packets are given to.
        public let neighbour: LinkEnd
    }

    /// The way from a site to the others of its service: by its first link, or over the LAN of an exchange point if it is at nothing
    /// else. Nil where there is none, or none is needed, for the service's zone has no primary.
    public func wayToOtherSites(of node: Node) -> WayOut? {
        guard node.kind == .site, lab.services.first(where: { $0.name == node.network })?.zone?.primary != nil else {
            return nil
        }
        let ways = links(of: node.index)
        if let (link, end, other) = ways.first(where: { $0.link.kind != .port && $0.link.kind != .server }) {
            return WayOut(link: link, end: end, neighbour: other)
        }
        for (link, end, _) in ways {
            if let router = router(onLANOf: link, for: end) { return WayOut(link: link, end: end, neighbour: router) }
        }
        return nil
    }

    /// A router on the LAN of a port: the first that the node has a session with, or, where there is a route server, the first. What
    /// else is there forwards nothing.
    private func router(onLANOf link: Link, for end: LinkEnd) -> LinkEnd? {
        let routers = neighbours(of: end, on: link).filter { nodes[$0.node].kind == .router }
        let peers = Set(sessions.lazy.filter { $0.node == end.node && $0.link == link.index }.map(\.remote))
        return routers.first { peers.contains($0.node) } ?? routers.first
    }
}
