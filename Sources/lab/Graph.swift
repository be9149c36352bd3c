import ArgumentParser
import JSON
import LabModel
import LabPlan
import LabRuntime
import Sys

/// `lab graph FILE|NAME --format dot|mermaid`.
struct Graph: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draws the topology of a lab file, or of a lab that is up.",
        discussion: """
            Solid lines lead from provider to customer, dashed ones join peers, dotted ones the routers of one network; diamonds are exchange points.

            Example:
              lab graph labs/hello.yaml --format dot | dot -Tsvg > hello.svg
              lab graph hello --format mermaid
            """)

    /// The languages of pictures.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case dot
        case mermaid
    }

    @Argument(help: "A lab file, or the name of a lab that is up; not needed while one lab runs.")
    var source: String?
    @Option(help: "dot (Graphviz) or mermaid (Markdown).")
    var format = Format.dot
    @Flag(help: "Print JSON, the picture as a string in it.")
    var json = false

    func run() throws {
        let topology = try load()
        let text = format == .dot ? TopologyDrawing.dot(topology) : TopologyDrawing.mermaid(topology)
        guard json else { return print(text) }
        Console.print(["lab": .string(topology.lab.name), "format": .string(format.rawValue), "graph": .string(text)])
    }

    private func load() throws -> Topology {
        guard let source else { return try RunningLab(nil).topology }
        if case .running = Registry.state(source), !Files.exists(source) { return try RunningLab(source).topology }
        return try FileLoading.topology(source)
    }
}
