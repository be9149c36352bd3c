import ArgumentParser
import JSON
import LabModel
import LabPredict
import Net

/// `lab diff A B`.
struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says which clients another lab file would move, from the files alone.",
        discussion: """
            Example:
              lab diff labs/hello.yaml hello-without-london.yaml
            """)

    @Argument(help: "A lab file.")
    var before: String
    @Argument(help: "Another, with the same clients.")
    var after: String
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let old = try Prediction(of: try FileLoading.topology(before))
        let new = try Prediction(of: try FileLoading.topology(after))
        let rows = CatchmentDifference.between(old.catchments(), new.catchments())
        if json {
            Console.print([
                "before": .string(before), "after": .string(after), "moved": .int(rows.count(where: \.isMoved)),
                "rerouted": .int(rows.count(where: \.isRerouted)), "at_rest": .bool(old.isAtRest && new.isAtRest),
                "rows": .array(rows.map(\.json)),
            ])
        } else {
            print(Self.text(rows))
        }
        old.warnOfUnrest(in: before)
        new.warnOfUnrest(in: after)
    }

    private static func text(_ rows: [CatchmentDifference]) -> String {
        var table = TextTable("CLIENT", "ADDRESS", "FROM", "TO", "RTT BEFORE", "RTT AFTER")
        let changed = rows.filter { $0.isMoved || $0.isRerouted }
        for row in changed {
            guard let either = row.after ?? row.before else { continue }
            table.add(
                .init(either.client.name), .init("\(either.address)"), row.before.map(PredictionTable.site) ?? "-",
                row.after.map(PredictionTable.site) ?? "-", .init(CatchmentTable.milliseconds(row.before?.rtt)),
                .init(CatchmentTable.milliseconds(row.after?.rtt)))
        }
        let moved = rows.count(where: \.isMoved)
        let summary = "\(moved) of \(rows.count) move, \(changed.count - moved) take another way to the same site"
        return changed.isEmpty ? summary : table.text + "\n" + summary
    }
}
