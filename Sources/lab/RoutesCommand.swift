import ArgumentParser
import JSON
import LabModel
import LabObserve
import LabRuntime
import Net

/// `lab routes NODE`.
struct Routes: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes", abstract: "Shows what a node's kernel routes, and why its BGP speaker says so.",
        discussion: """
            With --bgp, every path that the speaker has heard of, the best one marked, and what set it apart.

            Example:
              lab routes eurocore-fra
              lab routes eurocore-fra --bgp
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "The node.")
    var node: String
    @Flag(help: "Show the BGP speaker's paths instead of the kernel's routes.")
    var bgp = false
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let lab = try RunningLab(lab.name)
        let node = try lab.node(node)
        if bgp { try showPaths(lab, node) } else { try showRoutes(lab, node) }
    }

    private func showRoutes(_ lab: RunningLab, _ node: Node) throws {
        let observer = Observer(topology: lab.topology, namespacePath: lab.namespacePath)
        let rows = try observer.routes(of: node.index)
        if json {
            return Console.print(NodeRoute.document(lab: lab.name, node: node.name, rows))
        }
        var table = TextTable("PREFIX", "NEXT HOP", "NODE", "INTERFACE", "PROTOCOL", "METRIC")
        for row in rows {
            let hops = row.nextHops.isEmpty ? [nil] : row.nextHops.map { Optional($0) }
            for hop in hops {
                table.add(
                    .init(row.prefix.description), .init(hop?.address?.description ?? row.kindName),
                    .init(hop?.neighbour ?? "-"), .init(hop?.interface ?? "-"),
                    .init(row.originName), .init(String(row.metric)))
            }
        }
        print(table.text)
    }

    private func showPaths(_ lab: RunningLab, _ node: Node) throws {
        let answer = try lab.connect().request([.init("do", "rib"), .init("target", .string(node.name))])
        let routes = answer["routes"]?.array ?? []
        if json {
            return Console.print(["lab": .string(lab.name), "node": .string(node.name), "paths": .array(routes)])
        }
        var table = TextTable("", "PREFIX", "FROM", "NEXT HOP", "LOCAL_PREF", "MED", "AS PATH", "REASON")
        for route in routes {
            let path = (route["as_path"]?.array ?? []).map { $0.int.map(String.init) ?? $0.string ?? "" }
            table.add(
                route["best"]?.bool == true ? .init("*", .green) : .init(" "), .init(route["prefix"]?.string ?? ""),
                .init(route["from"]?.string ?? "-"), .init(route["next_hop"]?.string ?? "-"),
                .init(route["local_preference"]?.int.map(String.init) ?? "-"),
                .init(route["med"]?.int.map(String.init) ?? "-"),
                .init(path.joined(separator: " ")), .init(route["reason"]?.string ?? ""))
        }
        print(table.text)
    }
}
