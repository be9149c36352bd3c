import Foundation
import LabFile
import LabModel
import Net
import TestSupport

/// labs/hello.yaml as a topology.
func helloTopology() throws -> Topology {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let bytes = [UInt8](try Data(contentsOf: root.appendingPathComponent("labs/hello.yaml")))
    let file = LabFile.parse(bytes, path: "labs/hello.yaml") { _ in [] }
    guard let lab = file.lab else { throw Unreadable(diagnostics: file.diagnostics) }
    return try Topology(lab)
}

struct Unreadable: Error { let diagnostics: [Diagnostic] }

extension Topology {
    /// The link between two nodes.
    func link(_ a: String, _ b: String) -> Link? {
        links.first { Set([nodes[$0.a.node].name, nodes[$0.b.node].name]) == [a, b] }
    }
}

/// A place somewhere on the globe.
func somewhere(_ random: inout SeededGenerator) -> Place {
    Place(
        code: nil, name: "somewhere", country: nil, latitude: .random(in: -89...89, using: &random),
        longitude: .random(in: -180...180, using: &random))
}

/// A lab of one network with routers at `places`.
func network(at places: [Place]) -> Lab {
    Lab(
        name: "test", description: nil, timers: .fast,
        networks: [Network(name: "n", asn: ASN(65001), cities: places, relations: [], timers: TimerOverrides())],
        services: [], sites: [], clients: [], links: [])
}

func encoded(_ lab: Lab) throws -> Data { try JSONEncoder().encode(lab) }
func decoded(_ data: Data) throws -> Lab { try JSONDecoder().decode(Lab.self, from: data) }
