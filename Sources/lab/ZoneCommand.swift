import ArgumentParser
import DNSZone
import JSON
import LabFile
import LabModel
import LabRuntime
import Sys

/// `lab zone [SITE FILE]`.
struct ZoneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "zone", abstract: "Shows which version of the zone each site serves, or gives a site another one.",
        discussion: """
            With SITE and FILE the site serves the zone of that file from now on, without a pause. If it is the zone's primary
            (`primary:` in the lab file), its serial must be newer; it tells the other sites, and they fetch it (NOTIFY and AXFR).
            That lasts until `lab apply` of an edited zone gives that one to all sites.

            Example:
              lab zone
              lab zone london newer.zone
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "The site.")
    var site: String?
    @Argument(help: "A standard zone file (RFC 1035).")
    var file: String?
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (site == nil) == (file == nil) else { throw ValidationError("a SITE needs a FILE beside it") }
    }

    func run() throws {
        let lab = try RunningLab(lab.name)
        let answer: JSON
        if let site, let file {
            let node = try lab.node(site)
            let members = try read(file, for: node, in: lab)
            do {
                answer = try lab.connect().request(
                    [.init("do", "zone"), .init("target", .string(node.name))] + members)
            } catch let error as RequestError {
                throw Failure(.badInput, "\(node.name): \(error)")
            }
        } else {
            answer = try lab.connect().request([.init("do", "zones")])
        }
        let zones = answer["zones"]?.array ?? []
        if json { return Console.print(["lab": .string(lab.name), "zones": .array(zones)]) }
        print(zones.isEmpty ? "no site serves a zone" : ZoneTable.text(zones))
    }

    /// The text and what it includes. Throws ``Failure`` with every error of the file.
    private func read(_ file: String, for node: Node, in lab: RunningLab) throws -> [JSON.Member] {
        guard let origin = lab.topology.lab.services.first(where: { $0.name == node.network })?.zone?.origin else {
            throw Failure(
                .badInput, "\(node.name) serves no zone", hint: "`zone:` of a service in the lab file gives one")
        }
        guard let text = String(validating: try FileLoading.read(file), as: UTF8.self) else {
            throw Failure(.badInput, "\(file) is not UTF-8 text")
        }
        let zone = Service.Zone(origin: origin, text: text)
        let included = IncludedFiles(of: file) { try Files.read($0) }
        let problems = FileLoading.problems(zone, included.read)
        for problem in problems {
            let place = problem.file.isEmpty ? file : included.path(of: problem.file)
            Console.write(error: "\(place):\(problem.line):\(problem.column): error: \(problem.message)")
        }
        guard problems.isEmpty else {
            throw Failure(.badInput, "\(file) is no zone \(origin); nothing was changed")
        }
        let includes = included.texts.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) }
        return [.init("text", .string(text)), .init("includes", .object(includes))]
    }
}

/// Versions of zones as a table.
enum ZoneTable {
    static func text(_ zones: [JSON]) -> String {
        var table = TextTable("SITE", "ZONE", "SERIAL", "STATE")
        for zone in zones {
            let state = zone["state"]?.string ?? ""
            let reason = zone["reason"]?.string.map { ": " + $0 } ?? ""
            table.add(
                .init(zone["site"]?.string ?? ""), .init(zone["zone"]?.string ?? ""),
                .init(String(zone["serial"]?.int ?? 0)), .init(state + reason, state == "current" ? .green : .red))
        }
        return table.text
    }
}
