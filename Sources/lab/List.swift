import ArgumentParser
import Glibc
import JSON
import LabModel
import LabRuntime

/// `lab list`.
struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the labs of this machine.",
        discussion: """
            An ordinary user sees those of root besides.

            Example:
              lab list
            """)

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let places: Set<LabPlace> = [.current, .machine]
        let labs = places.flatMap { place in
            Registry.names(in: place).map { name -> (name: String, state: String, nodes: Int, owner: String) in
                let state = if case .running = Registry.state(name, in: place) { "up" } else { "crashed" }
                let nodes = (try? StoredLab.read(name, in: place)).flatMap { try? $0.topology().nodes.count } ?? 0
                return (name, state, nodes, Self.owner(of: LabPaths(name, in: place).directory))
            }
        }.sorted { ($0.name, $0.owner) < ($1.name, $1.owner) }
        if json {
            let rows = labs.map { lab -> JSON in
                [
                    "name": .string(lab.name), "state": .string(lab.state), "nodes": .int(lab.nodes),
                    "owner": .string(lab.owner),
                ]
            }
            return Console.print(["labs": .array(rows)])
        }
        guard !labs.isEmpty else { return print("no lab is up") }
        var table = TextTable("LAB", "STATE", "NODES", "OWNER")
        for lab in labs {
            table.add(
                .init(lab.name), .init(lab.state, lab.state == "up" ? .green : .red), .init(String(lab.nodes)),
                .init(lab.owner))
        }
        print(table.text)
    }

    /// The account that a folder belongs to.
    private static func owner(of path: String) -> String {
        var status = stat()
        guard lstat(path, &status) == 0 else { return "" }
        return getpwuid(status.st_uid).map { String(cString: $0.pointee.pw_name) } ?? String(status.st_uid)
    }
}
