/// What a fault is done to, found in a topology.
public enum FaultTarget: Hashable, Sendable {
    /// A process of a node.
    public enum Process: String, Hashable, Sendable, CaseIterable {
        /// The BGP speaker.
        case bgp
        /// The DNS responder.
        case dns
        /// The HTTP server.
        case http
    }

    /// Nodes, as positions in ``Topology/nodes``.
    case nodes(Set<Int>)
    /// One process of a node.
    case process(node: Int, Process)
    /// Links, as positions in ``Topology/links``, each with whether its end `a` is of the first of the two that were named.
    case links([Int: Bool])

    /// Finds what a text means: a node, which is a site with all its servers; a network, with all its routers; a service, with all its
    /// sites; several of these with commas between; `NODE.bgp`, `NODE.dns` or `NODE.http`; or `A--B` for the links between two nodes or
    /// networks. Throws ``FaultError`` with the names that there are.
    public init(_ text: String, in topology: Topology) throws(FaultError) {
        if let nodes = try? Self.nodes(text, topology) {
            self = .nodes(nodes)
        } else if let dashes = text.firstRange(of: "--") {
            self = .links(
                try Self.links(String(text[..<dashes.lowerBound]), String(text[dashes.upperBound...]), topology))
        } else if let dot = text.lastIndex(of: ".") {
            self = try Self.process(String(text[..<dot]), String(text[text.index(after: dot)...]), topology)
        } else {
            self = .nodes(try Self.nodes(text, topology))
        }
    }

    private static func nodes(_ text: String, _ topology: Topology) throws(FaultError) -> Set<Int> {
        var nodes: Set<Int> = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            let found = named(word, topology)
            guard !found.isEmpty else { throw unknown(word, topology) }
            nodes.formUnion(found)
        }
        return nodes
    }

    private static func named(_ word: String, _ topology: Topology) -> [Int] {
        if let node = topology.nodes.first(where: { $0.name == word }) {
            return [node.index] + topology.nodes.filter { $0.site == word }.map(\.index)
        }
        return topology.nodes.filter { $0.kind != .client && $0.network == word }.map(\.index)
    }

    private static func unknown(_ word: String, _ topology: Topology) -> FaultError {
        let names = topology.nodes.prefix(30).map(\.name).joined(separator: ", ")
        let more = topology.nodes.count > 30 ? " and \(topology.nodes.count - 30) more" : ""
        return FaultError(
            "there is no node, network or service '\(word)'; nodes are \(names)\(more), and A--B means the links between two"
        )
    }

    private static func links(
        _ first: String, _ second: String, _ topology: Topology
    ) throws(FaultError) -> [Int: Bool] {
        var links: [Int: Bool] = [:]
        for link in topology.links {
            let (a, b) = (topology.nodes[link.a.node], topology.nodes[link.b.node])
            if LinkRule.isNamed(first, a), LinkRule.isNamed(second, b) {
                links[link.index] = true
            } else if LinkRule.isNamed(first, b), LinkRule.isNamed(second, a) {
                links[link.index] = false
            }
        }
        guard !links.isEmpty else { throw FaultError("there is no link between '\(first)' and '\(second)'") }
        return links
    }

    private static func process(_ name: String, _ role: String, _ topology: Topology) throws(FaultError) -> FaultTarget
    {
        guard let process = Process(rawValue: role) else {
            throw FaultError("there is no process '\(role)'; there are \(name).bgp, \(name).dns and \(name).http")
        }
        guard let node = topology.node(named: name) else { throw unknown(name, topology) }
        guard process.runs(at: node) else {
            let server = topology.nodes.first { $0.site == node.name }
            throw FaultError(
                "\(node.name) is a \(node.kind.rawValue): it has no \(role)"
                    + (server.map { "; its servers do, like \($0.name).\(role)" } ?? ""))
        }
        return .process(node: node.index, process)
    }

    /// Whether a fault of a kind is the same thing at both targets: `A--B` is `B--A` where no direction is meant.
    public func isSame(_ other: FaultTarget, for kind: FaultKind) -> Bool {
        guard kind.direction == .both, case .links(let own) = self, case .links(let others) = other else {
            return self == other
        }
        return own.keys == others.keys
    }

    // MARK: What it covers

    /// Which directions of a link a fault of the target concerns: what end `a` sends, and what end `b` sends.
    public func covers(_ link: Link, _ direction: FaultDirection = .both) -> (aToB: Bool, bToA: Bool) {
        let (hasA, hasB): (Bool, Bool)
        switch self {
        case .nodes(let nodes): (hasA, hasB) = (nodes.contains(link.a.node), nodes.contains(link.b.node))
        case .links(let links):
            guard let fromA = links[link.index] else { return (false, false) }
            (hasA, hasB) = (fromA, !fromA)
        case .process: return (false, false)
        }
        return switch direction {
        case .both: (hasA || hasB, hasA || hasB)
        case .out: (hasA, hasB)
        case .in: (hasB, hasA)
        }
    }

    /// Whether the link joins a node of the target and one that is none.
    public func parts(_ link: Link) -> Bool {
        guard case .nodes(let nodes) = self else { return false }
        return nodes.contains(link.a.node) != nodes.contains(link.b.node)
    }

    /// Whether a fault of the target concerns that process of a node.
    public func covers(_ process: Process, of node: Int) -> Bool {
        switch self {
        case .nodes(let nodes): nodes.contains(node)
        case .process(let own, let role): own == node && role == process
        case .links: false
        }
    }
}

extension FaultTarget.Process {
    /// Whether a node has such a process.
    public func runs(at node: Node) -> Bool {
        switch self {
        case .bgp: node.runsBGP
        case .dns: node.serves != nil
        case .http: node.serves == .http
        }
    }
}
