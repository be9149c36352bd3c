import Glibc
import LabModel
import LabRuntime
import Sys

/// Running a program in a node's namespace, with the lab's hosts file over `/etc/hosts`.
enum Inside {
    /// Runs a program that has the terminal, and answers its exit status. Throws ``Failure``.
    static func run(_ words: [String], at name: String, of lab: RunningLab, prompt: Bool = false) throws -> Int32 {
        // Ctrl-C is for the command, and its end is ours.
        signal(SIGINT, SIG_IGN)
        signal(SIGQUIT, SIG_IGN)
        return try spawn(words, at: name, of: lab, prompt: prompt) { $0.standardInput = 0 }.wait()
    }

    /// Starts a program; `adjust` says where its input and output are. Throws ``Failure``.
    static func spawn(
        _ words: [String], at name: String, of lab: RunningLab, prompt: Bool = false,
        adjust: (inout ProcessOptions) -> Void
    ) throws -> ChildProcess {
        let node = try lab.node(name)
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
        options.binds = [(LabPaths(lab.name).overlay + "/hosts", "/etc/hosts")]
        adjust(&options)
        return try ChildProcess.spawn(options)
    }

    /// The environment of this process.
    static var environment: [String] {
        var result: [String] = []
        var entry = environ
        while let text = entry.pointee {
            result.append(String(cString: text))
            entry += 1
        }
        return result
    }

    private static func environment(_ node: Node, _ lab: RunningLab, _ prompt: Bool) -> [String] {
        var result = environment
        if prompt { result.append("PS1=\(lab.name).\(node.name)# ") }
        return result
    }

    private static func find(_ program: String) -> String? {
        if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        return path.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }
}
