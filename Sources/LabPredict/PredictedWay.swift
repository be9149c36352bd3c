import BGPSpeaker
import BGPTable
import BGPWire
import LabModel
public import Net

/// The way of packets through a lab as its prediction has it.
public struct PredictedWay: Hashable, Sendable {
    /// How a way ends.
    public enum End: Hashable, Sendable {
        /// The node takes the packet for its own.
        case delivered(Int)
        /// The node has no route.
        case noRoute(Int)
        /// The node drops the packet, as its route says, or because it forwards for nobody.
        case dropped(Int)
        /// The packet comes to a node again.
        case loop(Int)
    }

    /// The nodes after the source, in order, as positions in ``LabModel/Topology/nodes``.
    public var nodes: [Int]
    /// The delay of all links together, in nanoseconds.
    public var delay: Int64
    /// How it ends.
    public var end: End
    /// The other ends that packets of other flows may come to, where routers use several ways (multipath).
    public var otherEnds: Set<End> = []

    /// The node that takes the packet; nil when none does.
    public var destination: Int? { if case .delivered(let node) = end { node } else { nil } }
}

extension Prediction {
    /// What a node does with a packet.
    enum Forwarding {
        case own
        case onward([Onward])
        case noRoute
        case dropped
    }

    struct Onward: Hashable {
        /// The links to the next node: one, and over the LAN of an exchange point two.
        let links: [Int]
        let node: Int
    }

    /// The way of packets from a node to an address.
    public func way(from source: Int, to address: IPAddress) -> PredictedWay {
        way(from: source, after: []) { forwarding($0, address) }
    }

    /// The same for any `forwarding`, of packets that have come through the nodes `before`.
    func way(from source: Int, after before: Set<Int>, _ forwarding: (Int) -> Forwarding) -> PredictedWay {
        var nodes: [Int] = []
        var delay: Int64 = 0
        var node = source
        var others: Set<PredictedWay.End> = []
        while true {
            let end: PredictedWay.End
            switch forwarding(node) {
            case .own: end = .delivered(node)
            case .noRoute: end = .noRoute(node)
            case .dropped: end = .dropped(node)
            // Servers and clients do not pass on what is not theirs.
            case .onward where !topology.nodes[node].forwards && (node != source || !before.isEmpty):
                end = .dropped(node)
            case .onward(let ways):
                let passed = before.union(nodes).union([source])
                for other in ways.dropFirst() {
                    guard !passed.contains(other.node) else {
                        others.insert(.loop(other.node))
                        continue
                    }
                    let way = way(from: other.node, after: passed, forwarding)
                    others.formUnion(way.otherEnds.union([way.end]))
                }
                guard let next = ways.first else {
                    end = .noRoute(node)
                    break
                }
                guard !passed.contains(next.node) else {
                    end = .loop(next.node)
                    break
                }
                delay += next.links.reduce(0) { $0 + topology.links[$1].quality.delay }
                node = next.node
                nodes.append(node)
                continue
            }
            others.remove(end)
            return PredictedWay(nodes: nodes, delay: delay, end: end, otherEnds: others)
        }
    }

    /// What the kernel of a node would find for an address: its own, the longest match, and of equal prefixes what is not BGP's.
    func forwarding(_ node: Int, _ address: IPAddress) -> Forwarding {
        guard !interiors[node].isOwn(address) else { return .own }
        let interior = interiors[node].match(address)
        if let (length, forwarding) = bestRoute(node, address), length > interior?.length ?? 0 || interior == nil {
            return forwarding
        }
        guard let route = interior?.route else { return .noRoute }
        return onward(node, [(route.link, route.gateway ?? address)])
    }

    /// The longest prefix of the Loc-RIB that holds an address, and what is done with packets for it.
    private func bestRoute(_ node: Int, _ address: IPAddress) -> (length: UInt8, Forwarding)? {
        guard let table = speakers[node]?.table else { return nil }
        for length in prefixLengths[address.family] ?? [] {
            guard let best = table.best(for: IPPrefix(address, length: length)) else { continue }
            // What leads nowhere inside an AS's own prefix must not go round outside.
            guard best.peer != .local, !best.isBlackhole else { return (length, .dropped) }
            let ways = [(best.resolution, best.nextHop)] + best.equalPaths.map { ($0.resolution, $0.nextHop) }
            return (length, onward(node, ways.map { (Int($0.interfaceIndex), $0.gateway ?? $1.address) }))
        }
        return nil
    }

    /// What comes of packets that a node sends over links to gateways. Where nobody gets them, they are dropped.
    private func onward(_ node: Int, _ ways: [(link: Int, gateway: IPAddress)]) -> Forwarding {
        let ways = ways.compactMap { onward(node, topology.links[$0], $1) }
        return ways.isEmpty ? .dropped : .onward(ways)
    }

    private func onward(_ node: Int, _ link: Link, _ gateway: IPAddress) -> Onward? {
        guard link.kind == .port else {
            return Onward(links: [link.index], node: link.end(oppositeTo: node).node)
        }
        let ports = topology.nodes[link.a.node].links.filter { $0 != link.index && !conditions.deadLinks.contains($0) }
        guard let port = ports.first(where: { topology.links[$0].b.address(gateway.family) == gateway }) else {
            return nil
        }
        return Onward(links: [link.index, port], node: topology.links[port].b.node)
    }
}
