import ArgumentParser
import JSON
import LabRuntime
import Sys

/// `lab status`.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows the nodes, processes, sessions and health of a lab.",
        discussion: """
            The exit status is 1 when a daemon keeps ending.

            Example:
              lab status
              lab status hello --json
              lab status --counters
            """)

    @Argument(help: "The lab; not needed while one lab runs.")
    var name: String?
    @Flag(help: "Show what each site's servers have counted: queries, requests, responses, drops, bytes.")
    var counters = false
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let lab = try RunningLab(name)
        let client = try lab.connect()
        var status = try client.request([.init("do", "status")])
        let counted = counters ? try client.request([.init("do", "counters")]) : nil
        let failing = failing(status)
        if json {
            if let counted {
                status = .object((status.members ?? []) + [.init("counters", counted["sites"] ?? .null)])
            }
            Console.print(status)
        } else if let counted {
            print(Counters.text(counted))
        } else {
            show(status, lab.name, failing)
        }
        if !failing.isEmpty { throw Finish(status: ExitStatus.expectationFailed.rawValue) }
    }

    private func show(_ status: JSON, _ name: String, _ failing: [String]) {
        let isConverged = status["converged"]?.bool == true
        print("lab \(name), \(status["links"]?.string ?? "") links, \(isConverged ? "converged" : "not converged")")
        for fault in status["faults"]?.array ?? [] {
            print(Console.paint("fault: \(fault["how"]?.string ?? "") at \(fault["target"]?.string ?? "")", .yellow))
        }
        for line in failing { print(Console.paint("failing: " + line, .red)) }
        print("\n" + nodes(status))
        if let health = health(status) { print("\n" + health) }
        print("\n" + sessions(status))
        let zones = status["zones"]?.array ?? []
        if !zones.isEmpty { print("\n" + ZoneTable.text(zones)) }
    }

    /// A line for each daemon that keeps ending.
    private func failing(_ status: JSON) -> [String] {
        func lines(_ processes: [JSON], _ node: String) -> [String] {
            processes.filter { $0["state"]?.string == "failing" }.map { process in
                let role = process["role"]?.string ?? ""
                return "\(node.isEmpty ? role : "\(role) of \(node)"): \(process["restarts"]?.int ?? 0) restarts"
                    + end(process) + "; 'lab logs\(node.isEmpty ? "" : " \(node) --role \(role)")' shows what it said"
            }
        }
        return (status["nodes"]?.array ?? []).flatMap { node in
            lines(node["processes"]?.array ?? [], node["name"]?.string ?? "")
        } + lines([status["wire"] ?? .null], "")
    }

    /// How a process ended the last time, and when it is started again.
    private func end(_ process: JSON) -> String {
        let last = process["last_end"]
        let how =
            last?["signal"]?.string ?? last?["error"]?.string ?? last?["status"]?.int.map { "status \($0)" } ?? ""
        let next = process["next_try_ms"]?.int.map { ", next try in \($0) ms" } ?? ""
        return (how.isEmpty ? "" : ", last end: " + how) + next
    }

    private func nodes(_ status: JSON) -> String {
        var table = TextTable("NODE", "KIND", "NETWORK", "AS", "CITY", "PROCESSES")
        for node in status["nodes"]?.array ?? [] {
            let processes = (node["processes"]?.array ?? []).map { process -> String in
                let restarts = process["restarts"]?.int ?? 0
                let state = process["state"]?.string ?? ""
                return (process["role"]?.string ?? "") + (process["pid"]?.int.map { " \($0)" } ?? "")
                    + (state == "running" ? "" : " " + state)
                    + (restarts > 0 ? " (\(restarts) restarts\(end(process)))" : "")
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
