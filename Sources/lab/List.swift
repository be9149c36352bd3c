import ArgumentParser
import JSON
import LabModel
import LabRuntime

/// `lab list`.
struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the labs of this machine.",
        discussion: """
            Example:
              lab list
            """)

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let labs = Registry.names().map { name -> (name: String, state: String, nodes: Int) in
            let state = if case .running = Registry.state(name) { "up" } else { "crashed" }
            let nodes = (try? StoredLab.read(name)).flatMap { try? $0.topology().nodes.count } ?? 0
            return (name, state, nodes)
        }
        if json {
            let rows = labs.map { lab -> JSON in
                ["name": .string(lab.name), "state": .string(lab.state), "nodes": .int(lab.nodes)]
            }
            return Console.print(["labs": .array(rows)])
        }
        guard !labs.isEmpty else { return print("no lab is up") }
        var table = TextTable("LAB", "STATE", "NODES")
        for lab in labs {
            table.add(.init(lab.name), .init(lab.state, lab.state == "up" ? .green : .red), .init(String(lab.nodes)))
        }
        print(table.text)
    }
}
