public import LabModel
import Net

extension Difference {
    /// The steps, one a line, in columns that line up: what is done, on what, and why.
    public var lines: [String] {
        let words = steps.map(words)
        let verbWidth = words.map(\.verb.count).max() ?? 0
        let width = words.map(\.object.count).max() ?? 0
        return zip(steps, words).map { Plan.line($1, $0.reason, verbWidth: verbWidth, objectWidth: width) }
    }

    /// The verb and the object of a step. What is taken away has the name that it has in the lab that is up.
    public func words(_ step: Step) -> (verb: String, object: String) {
        switch step.action {
        case .stopDaemon, .removeLink, .removeNamespace: old.words(step.action)
        default: new.words(step.action)
        }
    }
}

extension Plan {
    /// The steps, one a line, in columns that line up: what is done, on what, and why.
    public var lines: [String] {
        let width = steps.map { words($0.action).object.count }.max() ?? 0
        return steps.map { text($0, objectWidth: width) }
    }

    /// A step as one line: what is done, on what, in a column of `objectWidth`, and why.
    public func text(_ step: Step, objectWidth: Int = 58) -> String {
        Self.line(words(step.action), step.reason, objectWidth: objectWidth)
    }

    static func line(
        _ words: (verb: String, object: String), _ reason: String, verbWidth: Int = 11, objectWidth: Int
    ) -> String {
        pad(words.verb, verbWidth) + " " + pad(words.object, objectWidth) + "  # " + reason
    }

    /// The verb and the object of an action.
    public func words(_ action: Step.Action) -> (verb: String, object: String) {
        func name(_ node: Int) -> String { topology.nodes[node].name }
        switch action {
        case .createNamespace(let node): return ("namespace", topology.namespace(of: node))
        case .writeHosts(let node): return ("hosts", "/etc/netns/\(topology.namespace(of: node))/hosts")
        case .createLink(let link):
            let (a, b) = (topology.links[link].a, topology.links[link].b)
            return ("link", "\(name(a.node)):\(a.interface) -- \(name(b.node)):\(b.interface)")
        case .addressNode(let node) where topology.nodes[node].kind == .exchange:
            let prefixes = topology.lanPrefixes(of: topology.nodes[node]).map(\.description)
            return ("bridge", "\(name(node)):\(Exchange.bridge) \(prefixes.joined(separator: " "))")
        case .addressNode(let node) where !topology.nodes[node].hasOwnAddress: return ("address", "\(name(node)):lo")
        case .addressNode(let node):
            return ("address", "\(name(node)):lo \(topology.nodes[node].address) \(topology.nodes[node].address6)")
        case .addressLink(let link):
            let (a, b) = (topology.links[link].a, topology.links[link].b)
            let near = topology.links[link].kind == .port ? "" : " \(a.address)/31"
            let length = topology.links[link].prefixLength(.ipv4)
            return ("address", "\(name(a.node))\(near) -- \(name(b.node)) \(b.address)/\(length)")
        case .shapeLink(let link):
            let (a, b) = (topology.links[link].a, topology.links[link].b)
            return ("shape", "\(name(a.node)) -- \(name(b.node)) \(topology.links[link].quality.text)")
        case .spreadPackets(let node): return ("spread", name(node))
        case .installRoutes(let node): return ("routes", name(node))
        case .routeMulticast(let group):
            let group = topology.lab.multicast[group]
            return ("multicast", ([group.name] + group.addresses.map(\.description)).joined(separator: " "))
        case .reconfigure(let node, let role): return ("reconfigure", "\(name(node)) \(role.rawValue)")
        case .checkHealth(let node):
            let check = topology.service(of: topology.nodes[node])?.health
            return ("health", "\(name(node)) \(check?.text ?? "unchecked")")
        case .stopDaemon(let node, let role): return ("stop", "\(name(node)) \(role.rawValue)")
        case .removeLink(let link):
            let (a, b) = (topology.links[link].a, topology.links[link].b)
            return ("remove link", "\(name(a.node)):\(a.interface) -- \(name(b.node)):\(b.interface)")
        case .removeNamespace(let node): return ("remove namespace", topology.namespace(of: node))
        case .startDaemon(let node, let role):
            return ("start", node.map { "\(name($0)) \(role.rawValue)" } ?? role.rawValue)
        }
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

extension Topology {
    /// The name of a node's namespace: `LAB.NODE`, as `ip netns` shows it.
    public func namespace(of node: Int) -> String { lab.name + "." + nodes[node].name }
}
