import ArgumentParser
import JSON
import LabRuntime

/// `lab status`.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows the nodes, processes and sessions of a lab.",
        discussion: """
            Example:
              lab status
              lab status hello --json
            """)

    @Argument(help: "The lab; not needed while one lab runs.")
    var name: String?
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let lab = try RunningLab(name)
        let status = try lab.connect().request([.init("do", "status")])
        if json { return Console.print(status) }
        let isConverged = status["converged"]?.bool == true
        print("lab \(lab.name), \(status["links"]?.string ?? "") links, \(isConverged ? "converged" : "not converged")")
        for fault in status["faults"]?.array ?? [] {
            print(Console.paint("fault: \(fault["how"]?.string ?? "") at \(fault["target"]?.string ?? "")", .yellow))
        }
        print("\n" + nodes(status))
        print("\n" + sessions(status))
        let zones = status["zones"]?.array ?? []
        if !zones.isEmpty { print("\n" + ZoneTable.text(zones)) }
    }

    private func nodes(_ status: JSON) -> String {
        var table = TextTable("NODE", "KIND", "NETWORK", "AS", "CITY", "PROCESSES")
        for node in status["nodes"]?.array ?? [] {
            let processes = (node["processes"]?.array ?? []).map { process -> String in
                let restarts = process["restarts"]?.int ?? 0
                let state = process["state"]?.string ?? ""
                return (process["role"]?.string ?? "") + (process["pid"]?.int.map { " \($0)" } ?? "")
                    + (state == "running" ? "" : " " + state) + (restarts > 0 ? " (\(restarts) restarts)" : "")
            }
            table.add(
                .init(node["name"]?.string ?? ""), .init(node["kind"]?.string ?? ""),
                .init(node["network"]?.string ?? ""),
                .init(String(node["asn"]?.int ?? 0)), .init(node["city"]?.string ?? ""),
                .init(processes.joined(separator: ", ")))
        }
        return table.text
    }

    private func sessions(_ status: JSON) -> String {
        var table = TextTable("SESSION", "FAMILY", "STATE", "RECEIVED", "SENT")
        for session in status["sessions"]?.array ?? [] {
            let state = session["state"]?.string ?? ""
            table.add(
                .init("\(session["local"]?.string ?? "") -> \(session["remote"]?.string ?? "")"),
                .init(session["family"]?.string ?? ""), .init(state, state == "Established" ? .green : .red),
                .init(String(session["received"]?.int ?? 0)), .init(String(session["sent"]?.int ?? 0)))
        }
        return table.text
    }
}
