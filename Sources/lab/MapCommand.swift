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
        let (service, address) = try service(in: source.topology)
        let ways = try source.ways(to: address)
        let topology = source.topology
        let map = CatchmentMap(
            title: "\(topology.lab.name): which site serves whom at \(address)",
            subtitle: source.isPredicted ? "Predicted from the lab file" : "As the clients were answered",
            sites: topology.nodes.filter { $0.kind == .site && $0.network == service.name }, ways: ways)
        if let out { try PictureSource.write(map.svg, to: out) }
        if json {
            let members: JSON = [
                "lab": .string(topology.lab.name), "address": .string(address.description),
                "predicted": .bool(source.isPredicted), "svg": .string(map.svg),
            ]
            return Console.print(members)
        }
        if out == nil { print(map.svg, terminator: "") }
    }

    private func service(in topology: Topology) throws -> (Service, IPAddress) {
        let all = topology.lab.services.flatMap { service in service.addresses.map { (service, $0) } }
        guard let address else {
            guard let first = all.first else { throw Failure(.badInput, "the lab has no service to draw") }
            return first
        }
        guard let wanted = all.first(where: { $0.1 == IPAddress(address) }) else {
            throw Failure(
                .badInput, "'\(address)' is not the address of a service",
                hint: "there are \(all.map(\.1.description).joined(separator: ", "))")
        }
        return wanted
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

    /// The ways of all clients to an address.
    func ways(to address: IPAddress) throws -> [CatchmentMap.Way] {
        switch self {
        case .file(let topology):
            return try Prediction(of: topology).catchments().filter { $0.address == address }.map {
                CatchmentMap.Way(client: $0.client, site: $0.site, nodes: $0.hops)
            }
        case .running(let lab):
            let observer = Observer(topology: lab.topology, namespacePath: lab.namespacePath)
            return try observer.catchment(addresses: [address], timeout: 5_000_000_000).map { row in
                CatchmentMap.Way(
                    client: row.client, site: row.site.flatMap { lab.topology.node(named: $0) },
                    nodes: row.hops.compactMap(\.node))
            }
        }
    }

    /// Writes a picture to a file. Throws ``Failure``.
    static func write(_ text: String, to path: String) throws {
        do {
            try Files.write(path, Array(text.utf8))
        } catch {
            throw Failure(.badInput, "\(path) cannot be written: \(error.reason)")
        }
    }
}
