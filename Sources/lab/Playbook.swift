import ArgumentParser
import JSON
import LabModel
import LabPredict

/// `lab playbook FILE`.
struct Playbook: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what each site can announce, and how the clients divide then, from the file alone.",
        discussion: """
            One line for each thing that a site can say to one of its providers: prepending, MED, NO_EXPORT, GRACEFUL_SHUTDOWN, nothing.
            Each is predicted by itself. What moves nobody is marked, and so is what routing never comes to rest after.

            Example:
              lab playbook labs/playbook.yaml
              lab playbook labs/playbook.yaml --service dns --json
            """)

    @Argument(help: "The lab file.")
    var file: String
    @Option(help: "The service; the first one without it.")
    var service: String?
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let topology = try FileLoading.topology(file)
        let names = topology.lab.services.map(\.name)
        guard let service = service ?? names.first, names.contains(service) else {
            throw Failure(
                .badInput, "there is no service '\(service ?? "")'",
                hint: "services are \(names.joined(separator: ", "))")
        }
        let prediction = try Prediction(of: topology)
        let before = CatchmentShare.of(
            prediction.catchments().filter { $0.service == service }.map { $0.site?.name })
        let plays = try prediction.plays(of: service)
        if json {
            Console.print([
                "lab": .string(topology.lab.name), "service": .string(service), "at_rest": .bool(prediction.isAtRest),
                "plays": .array(plays.map(\.json)),
            ])
        } else {
            print(Self.text(plays, before, topology.lab.sites.filter { $0.service == service }.map(\.name)))
        }
        prediction.warnOfUnrest(in: file)
    }

    private static func text(_ plays: [Play], _ before: [CatchmentShare], _ sites: [String]) -> String {
        func cells(_ shares: [CatchmentShare]) -> [TextTable.Cell] {
            (sites.map(Optional.some) + [nil]).map { site in
                .init(percent(shares.first { $0.site == site }?.share ?? 0))
            }
        }
        var table = TextTable(["SITE", "TO", "ANNOUNCES"] + sites.map { $0.uppercased() } + ["NOBODY", "MOVED"])
        table.add([.init("-"), .init("-"), .init("as in the file")] + cells(before) + [.init("-")])
        for play in plays {
            table.add(
                [.init(play.site), .init(play.provider ?? "all"), .init(play.action)] + cells(play.shares)
                    + [Self.moved(play)])
        }
        return table.text
    }

    private static func moved(_ play: Play) -> TextTable.Cell {
        if !play.isAtRest { return .init("no rest", .red) }
        return play.isDead ? .init("nobody", .red) : .init(String(play.moved))
    }

    private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded()))%" }
}
