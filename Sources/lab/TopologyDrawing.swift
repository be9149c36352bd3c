import LabModel
import LabPlan

/// The topology as text that other programs turn into a picture.
enum TopologyDrawing {
    /// Graphviz. A network is a box around its routers; providers stand above their customers.
    static func dot(_ topology: Topology) -> String {
        var lines = [
            "graph \(quoted(topology.lab.name)) {",
            "  rankdir=TB; fontname=\"sans-serif\"; label=\(quoted(title(topology)));",
            "  node [fontname=\"sans-serif\", fontsize=10]; edge [fontname=\"sans-serif\", fontsize=8];",
        ]
        for network in topology.lab.networks {
            lines.append("  subgraph \(quoted("cluster_" + network.name)) {")
            lines.append("    label=\(quoted("\(network.name) AS\(network.asn)")); style=rounded; color=gray;")
            for node in topology.nodes where node.kind == .router && node.network == network.name {
                lines.append("    \(quoted(node.name)) [shape=box, style=rounded, label=\(quoted(label(node)))];")
            }
            lines.append("  }")
        }
        for node in topology.nodes where node.kind != .router {
            lines.append("  \(quoted(node.name)) [\(shape(node)), label=\(quoted(label(node)))];")
        }
        for link in topology.links {
            let (a, b) = (topology.nodes[link.a.node].name, topology.nodes[link.b.node].name)
            lines.append("  \(quoted(a)) -- \(quoted(b)) [label=\(quoted(delay(link))), \(style(link))];")
        }
        return (lines + ["}"]).joined(separator: "\n")
    }

    /// Mermaid, which Markdown pages show.
    static func mermaid(_ topology: Topology) -> String {
        var lines = ["graph TD"]
        for network in topology.lab.networks {
            lines.append("  subgraph net_\(identifier(network.name))[\"\(network.name) AS\(network.asn)\"]")
            for node in topology.nodes where node.kind == .router && node.network == network.name {
                lines.append("    \(identifier(node.name))[\"\(mermaidLabel(node))\"]")
            }
            lines.append("  end")
        }
        for node in topology.nodes where node.kind != .router {
            let (left, right) = brackets(node)
            lines.append("  \(identifier(node.name))\(left)\"\(mermaidLabel(node))\"\(right)")
        }
        for link in topology.links {
            let (a, b) = (identifier(topology.nodes[link.a.node].name), identifier(topology.nodes[link.b.node].name))
            let line = isPeering(link) || link.kind == .interior || link.kind == .port ? "-.-" : "---"
            lines.append("  \(a) \(line)|\(delay(link))| \(b)")
        }
        return lines.joined(separator: "\n")
    }

    /// A switch is a diamond that its members are around.
    private static func shape(_ node: Node) -> String {
        switch node.kind {
        case .site: "shape=house, style=filled, fillcolor=lightblue"
        case .server: "shape=box, style=filled, fillcolor=lightblue"
        case .exchange: "shape=diamond, style=filled, fillcolor=lightyellow"
        case .routeServer: "shape=box, style=dashed"
        case .router, .client: "shape=ellipse"
        }
    }

    private static func brackets(_ node: Node) -> (String, String) {
        switch node.kind {
        case .site: ("[/", "\\]")
        case .server: ("[[", "]]")
        case .exchange: ("{", "}")
        case .routeServer: ("[", "]")
        case .router, .client: ("([", "])")
        }
    }

    private static func style(_ link: Link) -> String {
        switch link.kind {
        case .interior: "style=dotted, constraint=false"
        case .exterior where isPeering(link): "style=dashed, constraint=false"
        case .port: "style=dashed, constraint=false"
        case .exterior, .access, .server: "style=solid"
        }
    }

    private static func isPeering(_ link: Link) -> Bool {
        link.kind == .exterior(.peer) || link.kind == .exterior(.sibling)
    }

    private static func title(_ topology: Topology) -> String {
        topology.lab.name + (topology.lab.description.map { ": " + $0 } ?? "")
    }

    private static func label(_ node: Node) -> String { "\(node.name)\n\(node.place.name)" }
    private static func mermaidLabel(_ node: Node) -> String {
        "\(node.name)<br/>\(node.place.name.filter { $0 != "\"" })"
    }
    private static func delay(_ link: Link) -> String { LinkQuality.milliseconds(link.quality.delay) }

    /// Mermaid's identifiers have no dashes, and the words `end` and `graph` are its own.
    private static func identifier(_ name: String) -> String { "n_" + name.replacing("-", with: "_") }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
    }
}
