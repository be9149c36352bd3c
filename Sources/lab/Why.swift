import ArgumentParser
import JSON
import LabModel
import LabObserve
import LabPredict
import Net

/// `lab why CLIENT`.
struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says why a client is served by its site, and what would change that.",
        discussion: """
            A line for each router on the way: the neighbor whose route it chose, the step of the decision process that chose it, and
            the runner-up. Below, the smallest changes of the lab file that would bring the client to another site, each of them
            predicted.

            Example:
              lab why sydney-campus
              lab why sydney-campus 2001:db8:53::53 --json
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "The client.")
    var client: String
    @Argument(help: "An address of a service; the first one without it.")
    var address: String?
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let lab = try RunningLab(lab.name)
        let client = try lab.node(client)
        guard client.kind == .client else {
            throw Failure(.badInput, "'\(client.name)' is a \(client.kind.rawValue)", hint: "a client expected")
        }
        let address = try lab.topology.service(at: address).address
        let observer = try lab.observer()
        guard let row = try observer.catchment(clients: [client.index], addresses: [address]).first else { return }
        let control = try lab.connect()
        let decisions = try row.hops.compactMap(\.node).filter(\.forwards).map { node in
            try RouterDecision(node, address, SpeakerQuestions(control, target: node.name))
        }
        let outlook = try Outlook(lab, client, row)
        if json {
            Console.print(document(lab, row, decisions, outlook))
        } else {
            print(Self.text(row, decisions, outlook))
        }
    }

    private func document(
        _ lab: RunningLab, _ row: CatchmentRow, _ decisions: [RouterDecision], _ outlook: Outlook
    ) -> JSON {
        [
            "lab": .string(lab.name), "client": .string(row.client.name), "service": .string(row.service),
            "address": .string(row.address.description), "site": row.site.map(JSON.string) ?? .null,
            "rtt_ms": row.json["rtt_ms"] ?? .null, "as_path": row.json["as_path"] ?? .null,
            "finding": row.finding.map(JSON.string) ?? .null, "decisions": .array(decisions.map(\.json)),
            "turns": .array(outlook.turns.map(\.json)), "note": outlook.note.map(JSON.string) ?? .null,
        ]
    }

    private static func text(_ row: CatchmentRow, _ decisions: [RouterDecision], _ outlook: Outlook) -> String {
        let path = row.asPath.map(\.description).joined(separator: " ")
        var lines = [
            "\(row.client.name) to \(row.address): \(row.site ?? "no answer"), "
                + "\(CatchmentTable.milliseconds(row.rtt)), by AS \(path)"
        ]
        if let finding = row.finding { lines.append(finding) }
        lines += ["", RouterDecision.table(decisions), ""]
        if let note = outlook.note { lines.append(note) }
        for turn in outlook.turns {
            let others = turn.othersMoved == 0 ? "nothing else moves" : "\(turn.othersMoved) other rows move"
            lines += ["If \(turn.change), \(turn.site.name) answers; \(others):", "  \(turn.line)"]
        }
        return lines.joined(separator: "\n")
    }
}

/// What would bring the client elsewhere, as far as the lab is as its file says.
private struct Outlook {
    private(set) var turns: [Turn] = []
    private(set) var note: String?

    init(_ lab: RunningLab, _ client: Node, _ row: CatchmentRow) throws {
        let prediction = try Prediction(of: lab.topology)
        guard prediction.isAtRest else {
            note =
                "Routing never comes to rest (RFC 3345, RFC 4264): this is one moment of it, and no change can be foreseen."
            return
        }
        let foreseen = prediction.way(from: client.index, to: row.address).destination
        guard let foreseen, lab.topology.nodes[foreseen].siteName == row.site else {
            let site = foreseen.map { lab.topology.nodes[$0].siteName } ?? "no site"
            note = "From the lab file alone, \(site) would answer: something fails, or was changed by hand since."
            return
        }
        turns = prediction.turns(of: client.index, at: row.address)
        if turns.isEmpty {
            note =
                "No prepending by \(row.site ?? "the site") and no LOCAL_PREF of a network on the way brings it elsewhere."
        }
    }
}
