import ArgumentParser
import Glibc
import LabModel
import LabRuntime
import Sys

/// `lab exec NODE -- COMMAND...`.
struct Exec: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a command inside a node; the exit status is the command's.",
        discussion: """
            Example:
              lab exec london-home -- dig +short @192.0.2.53 CH TXT id.server
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "The node.")
    var node: String
    @Argument(parsing: .captureForPassthrough, help: "The command and its arguments, after --.")
    var command: [String]

    func run() throws {
        let words = command.first == "--" ? Array(command.dropFirst()) : command
        guard !words.isEmpty else {
            throw Failure(.badInput, "no command", hint: "lab exec \(node) -- COMMAND...")
        }
        throw Finish(status: try Inside.run(words, at: node, of: try RunningLab(lab.name)))
    }
}

/// `lab shell NODE`.
struct Shell: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Opens a shell inside a node.",
        discussion: """
            Example:
              lab shell london-home
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "The node.")
    var node: String

    func run() throws {
        let lab = try RunningLab(lab.name)
        let shell = getenv("SHELL").map { String(cString: $0) } ?? "/bin/sh"
        throw Finish(status: try Inside.run([shell], at: node, of: lab, prompt: true))
    }
}
