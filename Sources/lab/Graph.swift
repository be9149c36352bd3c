import ArgumentParser
import JSON
import LabModel
import LabPlan
import Picture

/// `lab graph FILE|NAME --format dot|mermaid|svg`.
struct Graph: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draws the topology of a lab file, or of a lab that is up.",
        discussion: """
            Solid lines lead from provider to customer, dashed ones join peers, dotted ones the routers of one network; diamonds are exchange points.

            Example:
              lab graph labs/hello.yaml --format dot | dot -Tsvg > hello.svg
              lab graph hello --format mermaid
              lab graph hello --format svg > hello.svg
            """)

    /// The languages of pictures.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case dot
        case mermaid
        case svg
    }

    @Argument(help: "A lab file, or the name of a lab that is up; not needed while one lab runs.")
    var source: String?
    @Option(help: "dot (Graphviz), mermaid (Markdown) or svg (a picture, of networks and not of routers).")
    var format = Format.dot
    @Flag(help: "Print JSON, the picture as a string in it.")
    var json = false

    func run() throws {
        let topology = try PictureSource(source).topology
        let text =
            switch format {
            case .dot: TopologyDrawing.dot(topology)
            case .mermaid: TopologyDrawing.mermaid(topology)
            case .svg: TopologyPicture.svg(topology)
            }
        guard json else { return print(text) }
        Console.print(["lab": .string(topology.lab.name), "format": .string(format.rawValue), "graph": .string(text)])
    }
}
