import JSON
import LabModel
import Net

/// What one router on the way of a client's packets decided, as its speaker tells.
struct RouterDecision {
    private let node: Node
    private let prefix: String?
    private let paths: [JSON]

    /// Asks the speaker of `node`. A router may be on the way and have no path: packets end there. Throws ``Failure``.
    init(_ node: Node, _ address: IPAddress, _ speaker: SpeakerQuestions) throws {
        self.node = node
        let answer = try speaker.anyPaths(to: address.description)
        paths = answer["paths"]?.array ?? []
        prefix = paths.isEmpty ? nil : answer["prefix"]?.string
    }

    private var best: JSON? { paths.first { $0["best"]?.bool == true } }
    private var runnerUp: JSON? { paths.first { $0["best"]?.bool != true && $0["excluded"]?.string == nil } }

    var json: JSON {
        [
            "node": .string(node.name), "asn": .int(Int(node.asn.rawValue)),
            "prefix": prefix.map(JSON.string) ?? .null, "best": best ?? .null, "runner_up": runnerUp ?? .null,
            "paths": .int(paths.count),
        ]
    }

    /// A line for each router.
    static func table(_ decisions: [RouterDecision]) -> String {
        var table = TextTable("ROUTER", "AS", "CHOSE", "AS PATH", "BY", "OF", "RUNNER-UP", "AS PATH")
        for decision in decisions { table.add(decision.cells) }
        return table.text
    }

    private var cells: [TextTable.Cell] {
        [
            .init(node.name), .init(node.asn.description), .init(best?["from"]?.string ?? "-"), .init(Self.path(best)),
            .init(best?["reason"]?.string ?? "-"), .init(String(paths.count)),
            .init(runnerUp?["from"]?.string ?? "-"), .init(Self.path(runnerUp)),
        ]
    }

    private static func path(_ route: JSON?) -> String {
        let numbers = (route?["as_path"]?.array ?? []).compactMap { $0.int.map(String.init) }
        return numbers.isEmpty ? "-" : numbers.joined(separator: " ")
    }
}
