import LabModel
import Netlink

/// The ways that single packets of a flow may take beside the walk's, where a router shares them out (`multipath-hash: per-packet`).
public struct Spread: Hashable, Sendable {
    /// The nodes at each hop, as positions in the topology, beside those of a walk; empty before the first such router.
    var hops: [Set<Int>] = []
    /// The nodes that take the packets for their own.
    var ends: Set<Int> = []

    /// Whether a packet may come to a node at a hop, counted from 0.
    func mayReach(_ node: Node?, hop: Int) -> Bool {
        guard let node, hops.indices.contains(hop) else { return false }
        return hops[hop].contains(node.index)
    }
}

extension Walker {
    /// Where packets are shared out first on a way: what is left of it begins here.
    struct Fork {
        let node: Node
        /// The interface that the packets come in by.
        let incoming: String?
        /// How many hops lie before it.
        let depth: Int
    }

    private struct Place: Hashable {
        let node: Int
        let incoming: String?
    }

    /// Follows all next hops from a fork on, hop by hop, as far as a TTL reaches.
    func spread(_ fork: Fork, _ question: RouteLookup) throws(ObservationError) -> Spread {
        var spread = Spread(hops: Array(repeating: [], count: fork.depth))
        var front: Set<Place> = [Place(node: fork.node.index, incoming: fork.incoming)]
        while !front.isEmpty, spread.hops.count < Trace.mostHops {
            var next: Set<Place> = []
            for place in front {
                let node = atlas.topology.nodes[place.node]
                var question = question
                question.wantsEntry = atlas.spreadingRouters.contains(place.node)
                for forwarding in try askAll(node, question, place.incoming) {
                    if forwarding == .local { spread.ends.insert(place.node) }
                    guard case .onward(let interface, let gateway, true, _) = forwarding, node.forwards,
                        let neighbour = atlas.neighbour(
                            of: place.node, by: interface, gateway: gateway ?? question.destination)
                    else { continue }
                    next.insert(Place(node: neighbour.node.index, incoming: neighbour.interface))
                }
            }
            if !next.isEmpty { spread.hops.append(Set(next.map(\.node))) }
            front = next
        }
        return spread
    }
}
