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
            (`primary:` in the lab file), it tells the other sites, and they fetch what is newer (NOTIFY and AXFR). `lab apply` with
            an edited zone gives it to all sites instead.

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
        let bytes: [UInt8]
        do {
            bytes = try Files.read(file)
        } catch {
            throw Failure(.badInput, "\(file) cannot be read: \(error.reason)")
        }
        let folder = file.lastIndex(of: "/").map { file[...$0] } ?? ""
        var includes: [String: String] = [:]
        let zone = Service.Zone(origin: origin, text: String(decoding: bytes, as: UTF8.self))
        let problems = FileLoading.problems(zone) { name in
            guard let bytes = try? Files.read(name.hasPrefix("/") ? name : folder + name) else {
                return .failure(UnreadableZone(reason: "it cannot be read"))
            }
            let text = String(decoding: bytes, as: UTF8.self)
            includes[name] = text
            return .success(text)
        }
        for problem in problems {
            let place = problem.file.isEmpty ? file : folder + problem.file
            Console.write(error: "\(place):\(problem.line):\(problem.column): error: \(problem.message)")
        }
        guard problems.isEmpty else {
            throw Failure(.badInput, "\(file) is no zone \(origin); nothing was changed")
        }
        return [
            .init("text", .string(zone.text)),
            .init("includes", .object(includes.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })),
        ]
    }
}

/// Versions of zones as a table.
enum ZoneTable {
    static func text(_ zones: [JSON]) -> String {
        var table = TextTable("SITE", "ZONE", "SERIAL", "STATE")
        for zone in zones {
            let state = zone["state"]?.string ?? ""
            table.add(
                .init(zone["site"]?.string ?? ""), .init(zone["zone"]?.string ?? ""),
                .init(String(zone["serial"]?.int ?? 0)), .init(state, state == "current" ? .green : .red))
        }
        return table.text
    }
}
