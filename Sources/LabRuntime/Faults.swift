public import LabModel

/// What a fault does.
public enum FaultKind: String, Hashable, Sendable, CaseIterable {
    /// Links lose their carrier: both ends see it at once.
    case linkDown = "link-down"
    /// The site stops announcing; its sessions and its responder stay up.
    case withdraw
    /// The daemons are killed as by `kill -9` and stay dead.
    case processKill = "process-kill"
}

/// What a fault is done to.
public enum FaultTarget: Hashable, Sendable {
    /// A node, as a position in the topology.
    case node(Int)
    /// The links between two nodes or networks: their positions.
    case links([Int])
}

/// The faults that a lab has now.
struct Faults {
    struct Fault: Hashable {
        let name: String
        let target: FaultTarget
        let kind: FaultKind
    }

    private(set) var active: [Fault] = []

    mutating func add(_ fault: Fault) { active.append(fault) }
    mutating func remove(_ fault: Fault) { active.removeAll { $0 == fault } }

    /// Gives the targets the positions that they have in a changed topology. Faults of what is gone end; they are answered.
    mutating func renumber(nodes: [Int?], links: [Int?]) -> [Fault] {
        func successor(of target: FaultTarget) -> FaultTarget? {
            switch target {
            case .node(let node): return nodes[node].map { .node($0) }
            case .links(let old):
                let kept = old.compactMap { links[$0] }
                return kept.isEmpty ? nil : .links(kept)
            }
        }
        let ended = active.filter { successor(of: $0.target) == nil }
        active = active.compactMap { fault in
            successor(of: fault.target).map { Fault(name: fault.name, target: $0, kind: fault.kind) }
        }
        return ended
    }

    func contains(_ fault: Fault) -> Bool { active.contains(fault) }

    /// Whether no fault holds the link down.
    func isUp(_ link: Link) -> Bool {
        !active.contains { fault in
            guard fault.kind == .linkDown else { return false }
            return switch fault.target {
            case .node(let node): link.a.node == node || link.b.node == node
            case .links(let links): links.contains(link.index)
            }
        }
    }

    /// Whether a fault keeps the node from announcing.
    func isWithdrawn(_ node: Int) -> Bool { active.contains { $0.kind == .withdraw && $0.target == .node(node) } }
    /// Whether a fault keeps the node's daemons dead.
    func isKilled(_ node: Int) -> Bool { active.contains { $0.kind == .processKill && $0.target == .node(node) } }
}

extension FaultTarget {
    /// What a word of the command line means: a node, a network of one router, or `A--B` for the links between two.
    /// Throws ``RequestError`` with the names that there are.
    public init(_ text: String, in topology: Topology) throws(RequestError) {
        if let node = topology.node(named: text) {
            self = .node(node.index)
            return
        }
        if let dashes = text.firstRange(of: "--") {
            let (first, second) = (String(text[..<dashes.lowerBound]), String(text[dashes.upperBound...]))
            let rule = LinkRule(between: first, and: second)
            let links = topology.links.filter {
                rule.joins(topology.nodes[$0.a.node], topology.nodes[$0.b.node])
            }
            guard !links.isEmpty else { throw RequestError("there is no link between '\(first)' and '\(second)'") }
            self = .links(links.map(\.index))
            return
        }
        throw RequestError(
            "there is no node '\(text)'; nodes are \(topology.nodes.map(\.name).joined(separator: ", ")), and A--B means the links between two"
        )
    }
}

/// A request that cannot be met, said for people.
public struct RequestError: Error, Equatable, CustomStringConvertible {
    /// The reason.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
