import ArgumentParser
import JSON
import LabRuntime
import Sys

/// `lab down`.
struct Down: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Removes all of a lab, also after a crash, and also if its file is gone.",
        discussion: """
            Example:
              lab down
              lab down hello
              lab down --all
            """)

    @Argument(help: "The lab; not needed while there is one.")
    var name: String?
    @Flag(help: "Remove every lab.")
    var all = false
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if all, name != nil { throw ValidationError("a name and --all exclude each other") }
    }

    func run() throws {
        // A lab whose folder is not there yet, or not any more, has processes all the same.
        let names = try Registry.names() + LabPresence.names()
        let wanted = try all ? names : [name ?? only(names)]
        if let unknown = try wanted.first(where: { try Registry.state($0) == .absent && !LabPresence.isHeld($0) }) {
            throw Failure(
                .badInput, "there is no lab '\(unknown)'",
                hint: names.isEmpty ? "no lab is up" : "there are: \(names.joined(separator: ", "))")
        }
        for name in wanted {
            do {
                try Teardown.run(name)
            } catch {
                throw Failure(
                    .failedAtRunTime, "the lab '\(name)' is not all gone: \(error)", hint: "run it again as root")
            }
        }
        if json { Console.print(["removed": .array(wanted.map { .string($0) })]) }
    }

    private func only(_ names: [String]) throws -> String {
        switch names.count {
        case 1: return names[0]
        case 0: throw Failure(.badInput, "there is no lab")
        default:
            throw Failure(
                .badInput, "there are \(names.count) labs: \(names.joined(separator: ", "))",
                hint: "say which, or --all")
        }
    }
}
