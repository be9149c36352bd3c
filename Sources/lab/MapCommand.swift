import ArgumentParser
import JSON
import LabModel
import LabObserve
import LabPredict
import LabRuntime
import Net
import Picture
import Sys

/// `lab map [FILE|NAME]`.
struct MapCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "map", abstract: "Draws a map of the world: who is served by which site, and by which way.",
        discussion: """
            Of a lab file, as it is predicted; of a lab that is up, as its clients are answered now. The map is an SVG picture for
            light and dark screens and for paper.

            Example:
              lab map labs/hello.yaml --out hello.svg
              lab map hello --address 2001:db8:53::53 > hello.svg
            """)

    @Argument(help: "A lab file, or the name of a lab that is up; not needed while one lab runs.")
    var source: String?
    @Option(help: ArgumentHelp("Where to write the picture; else to standard output.", valueName: "file"))
    var out: String?
    @Option(help: "An address of a service; the first of the lab if it is left out.")
    var address: String?
    @Flag(help: "Print JSON, the picture as a string in it.")
    var json = false

    func run() throws {
        let source = try PictureSource(source)
        let topology = source.topology
        let (service, address) = try topology.service(at: address)
        let (ways, isAtRest) = try source.ways(to: address)
        let map = CatchmentMap(
            title: "\(topology.lab.name): which site serves whom at \(address)",
            subtitle: source.isPredicted
                ? "Predicted from the lab file" + (isAtRest ? "" : ": one moment of routing that never comes to rest")
                : "As the clients were answered",
            sites: topology.nodes.filter { $0.kind == .site && $0.network == service.name }, ways: ways)
        if let out { try OutputFile.write(map.svg, to: out) }
        if json {
            let members: JSON = [
                "lab": .string(topology.lab.name), "address": .string(address.description),
                "predicted": .bool(source.isPredicted), "at_rest": .bool(isAtRest), "svg": .string(map.svg),
            ]
            return Console.print(members)
        }
        if out == nil { print(map.svg, terminator: "") }
    }
}

/// What is drawn: a lab file, or a lab that is up.
enum PictureSource {
    case file(Topology)
    case running(RunningLab)

    /// What a word means: a lab that is up if there is one of that name and no such file, nothing for the only one that is up.
    init(_ word: String?) throws {
        guard let word else {
            self = .running(try RunningLab(nil))
            return
        }
        if case .running = Registry.state(word), !Files.exists(word) {
            self = .running(try RunningLab(word))
        } else {
            self = .file(try FileLoading.topology(word))
        }
    }

    var topology: Topology {
        switch self {
        case .file(let topology): topology
        case .running(let lab): lab.topology
        }
    }

    var isPredicted: Bool { if case .file = self { true } else { false } }

    /// The ways of all clients to an address, and whether routing comes to rest there, as far as that was predicted. Throws
    /// ``Failure``.
    func ways(to address: IPAddress) throws -> (ways: [CatchmentMap.Way], isAtRest: Bool) {
        switch self {
        case .file(let topology):
            let prediction = try Prediction(of: topology)
            prediction.warnOfUnrest()
            let ways = prediction.catchments().filter { $0.address == address }.map {
                CatchmentMap.Way(client: $0.client, site: $0.site, nodes: $0.hops)
            }
            return (ways, prediction.isAtRest)
        case .running(let lab):
            let observer = try lab.observer()
            let ways = try observer.catchment(addresses: [address], timeout: 5_000_000_000).map { row in
                CatchmentMap.Way(
                    client: row.client, site: row.site.flatMap { lab.topology.node(named: $0) },
                    nodes: row.hops.compactMap(\.node))
            }
            return (ways, true)
        }
    }
}
