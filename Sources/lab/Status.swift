import ArgumentParser
import JSON
import LabRuntime
import Sys

/// `lab status`.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows the nodes, processes, sessions and health of a lab.",
        discussion: """
            Example:
              lab status
              lab status hello --json
              lab status --counters
            """)

    @Argument(help: "The lab; not needed while one lab runs.")
    var name: String?
    @Flag(help: "Show what each site's responder has counted: queries, responses, drops, bytes.")
    var counters = false
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let lab = try RunningLab(name)
        let client = try lab.connect()
        var status = try client.request([.init("do", "status")])
        let counted = counters ? try client.request([.init("do", "counters")]) : nil
        if json {
            if let counted {
                status = .object((status.members ?? []) + [.init("counters", counted["sites"] ?? .null)])
            }
            return Console.print(status)
        }
        if let counted { return print(Counters.text(counted)) }
        let isConverged = status["converged"]?.bool == true
        print("lab \(lab.name), \(status["links"]?.string ?? "") links, \(isConverged ? "converged" : "not converged")")
        for fault in status["faults"]?.array ?? [] {
            print(Console.paint("fault: \(fault["how"]?.string ?? "") at \(fault["target"]?.string ?? "")", .yellow))
        }
        print("\n" + nodes(status))
        if let health = health(status) { print("\n" + health) }
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
                .init(node["asn"]?.int.map(String.init) ?? "-"), .init(node["city"]?.string ?? ""),
                .init(processes.joined(separator: ", ")))
        }
        return table.text
    }

    /// The sites that are checked; nil where none is.
    private func health(_ status: JSON) -> String? {
        var table = TextTable("SITE", "HEALTH", "FOR", "REASON")
        let sites = (status["nodes"]?.array ?? []).filter { $0["health"] != nil && $0["health"] != .null }
        for site in sites {
            let isUp = site["health"]?["state"]?.string == "up"
            let seconds = (Int(Clock.wall()) - (site["health"]?["since_ns"]?.int ?? 0)) / 1_000_000_000
            table.add(
                .init(site["name"]?.string ?? ""), .init(isUp ? "up" : "down", isUp ? .green : .red),
                .init("\(seconds) s"), .init(site["health"]?["reason"]?.string ?? ""))
        }
        return sites.isEmpty ? nil : table.text
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
