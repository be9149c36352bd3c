public import Net

/// A multicast group: what one client sends to its addresses, the routers bring to all members, and each link carries it once.
public struct MulticastGroup: Hashable, Sendable, Codable {
    /// The name.
    public var name: String
    /// The group's addresses.
    public var addresses: [IPAddress]
    /// The client that sends.
    public var source: String
    /// The clients that have joined.
    public var members: [String]

    /// Makes a group.
    public init(name: String, addresses: [IPAddress], source: String, members: [String]) {
        self.name = name
        self.addresses = addresses
        self.source = source
        self.members = members
    }
}

/// How one router forwards the packets of a group's source.
public struct MulticastRoute: Hashable, Sendable {
    /// The router, as a position in ``Topology/nodes``.
    public let node: Int
    /// The interface that they come in by; others are not taken.
    public let incoming: String
    /// The interfaces that a copy leaves by.
    public internal(set) var outgoing: [String]
}

extension Topology {
    /// The tree of a group from its source to the members that it can reach, over the links that `isUp` says yes to, in the order of
    /// ``nodes``. Every member is on the way of the least delay, whatever the relations of the networks: multicast between networks is
    /// an agreement of its own. Ports of exchange points are no part of it, for a switch would give every packet to all of its members.
    public func multicastTree(_ group: MulticastGroup, isUp: (Link) -> Bool) -> [MulticastRoute] {
        guard let source = node(named: group.source) else { return [] }
        let parents = shortestWays(from: source.index, isUp)
        var routes: [Int: MulticastRoute] = [:]
        for member in group.members.compactMap({ node(named: $0) }) {
            var child = member.index
            while let parent = parents[child], parent.other.node != source.index {
                let router = parent.other.node
                guard let incoming = parents[router]?.end.interface else { break }
                let known = routes[router] != nil
                routes[router, default: MulticastRoute(node: router, incoming: incoming, outgoing: [])]
                    .add(parent.other.interface)
                // The rest of the way is there already.
                if known { break }
                child = router
            }
        }
        return routes.values.sorted { $0.node < $1.node }
    }

    /// Dijkstra's algorithm: by which link each node is reached, with its own end and that of the node before.
    private func shortestWays(from start: Int, _ isUp: (Link) -> Bool) -> [Int: (end: LinkEnd, other: LinkEnd)] {
        var delays: [Int: Int64] = [start: 0]
        var open: Set<Int> = [start]
        var parents: [Int: (end: LinkEnd, other: LinkEnd)] = [:]
        while let next = open.min(by: { (delays[$0] ?? 0, $0) < (delays[$1] ?? 0, $1) }) {
            open.remove(next)
            guard next == start || nodes[next].kind == .router else { continue }
            for (link, end, other) in links(of: next) where link.kind != .port && isUp(link) {
                let delay = (delays[next] ?? 0) + max(1, link.quality.delay)
                guard delay < delays[other.node] ?? .max else { continue }
                delays[other.node] = delay
                parents[other.node] = (other, end)
                open.insert(other.node)
            }
        }
        return parents
    }
}

extension MulticastRoute {
    fileprivate mutating func add(_ interface: String) {
        if !outgoing.contains(interface) { outgoing.append(interface) }
    }
}
