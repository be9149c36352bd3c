import ArgumentParser
import JSON
import LabModel
import LabObserve
import LabRuntime
import Net

/// `lab routes NODE`.
struct Routes: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes", abstract: "Shows what a node's kernel routes.",
        discussion: """
            'lab bgp' shows where its BGP routes come from.

            Example:
              lab routes eurocore-fra
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "The node.")
    var node: String
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let lab = try RunningLab(lab.name)
        let node = try lab.node(node)
        let observer = try lab.observer()
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
}
