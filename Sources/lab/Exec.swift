import ArgumentParser
import CLinux
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

/// Running a program in a node's namespace, with the lab's hosts file over `/etc/hosts`.
private enum Inside {
    static func run(_ words: [String], at name: String, of lab: RunningLab, prompt: Bool = false) throws -> Int32 {
        let node = try lab.node(name)
        try lab.enter()
        let namespace: NetworkNamespace
        do {
            namespace = try NetworkNamespace.open(lab.namespacePath(node.name))
        } catch {
            throw Failure(.failedAtRunTime, "\(node.name) cannot be entered: \(error)")
        }
        guard let program = find(words[0]) else { throw Failure(.badInput, "\(words[0]): command not found") }
        var options = ProcessOptions(path: program, arguments: Array(words.dropFirst()))
        options.arguments[0] = words[0]
        options.environment = environment(node, lab, prompt)
        options.networkNamespace = namespace.descriptor.raw
        options.standardInput = 0
        options.binds = [(LabPaths(lab.name).overlay + "/hosts", "/etc/hosts")]
        // The command has the terminal: Ctrl-C is for it, and its end is ours.
        signal(SIGINT, SIG_IGN)
        signal(SIGQUIT, SIG_IGN)
        return try ChildProcess.spawn(options).wait()
    }

    private static func environment(_ node: Node, _ lab: RunningLab, _ prompt: Bool) -> [String] {
        var result: [String] = []
        var entry = environ
        while let text = entry.pointee {
            result.append(String(cString: text))
            entry += 1
        }
        if prompt { result.append("PS1=\(lab.name).\(node.name)# ") }
        return result
    }

    private static func find(_ program: String) -> String? {
        if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        return path.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }
}
