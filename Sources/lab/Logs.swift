import ArgumentParser
import Glibc
import JSON
import LabModel
import LabRuntime
import Sys

/// `lab logs NODE`.
struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what the daemons of a node wrote on their standard output and error.",
        discussion: """
            Without a node, what the supervisor and the delay line wrote. Of each log the last megabyte or two are kept.

            Example:
              lab logs london
              lab logs eurocore-fra --role bgp --follow
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "The node.")
    var node: String?
    @Option(help: "Of its daemons only this one: bgp, dns or http.")
    var role: Role?
    @Flag(name: [.long, .customShort("f")], help: "Go on as they write, until the lab ends.")
    var follow = false
    @Flag(help: "Print JSON, one line of a log a line.")
    var json = false

    /// The daemons of nodes.
    enum Role: String, ExpressibleByArgument, CaseIterable {
        case bgp
        case dns
        case http
    }

    func validate() throws {
        if role != nil, node == nil { throw ValidationError("--role is of a node: lab logs NODE --role bgp") }
    }

    func run() throws {
        let lab = try RunningLab(lab.name)
        let paths = LabPaths(lab.name)
        let readers = try roles(lab, paths).map { LogReader($0, $1) }
        guard follow else { return show(readers) }
        // Watching comes first, so that nothing is written unseen between the file and the watch.
        let loop = try EventLoop()
        let channel = try LineChannel(loop, try lab.connectSocket())
        channel.onEnd = { [unowned loop] in loop.stop() }
        let watch = try FolderWatch(loop, paths.logs) { _ in show(readers) }
        show(readers)
        try withExtendedLifetime((channel, watch)) { try loop.run() }
    }

    /// Who writes, and where.
    private func roles(_ lab: RunningLab, _ paths: LabPaths) throws -> [(role: String, path: String)] {
        guard let word = node else { return ["supervisor", "wire"].map { ($0, paths.log($0)) } }
        let name = try lab.node(word).name
        let logs = (role.map { [$0] } ?? Role.allCases).map { ($0.rawValue, paths.log("\(name).\($0.rawValue)")) }
        let found = logs.filter { Files.exists($0.1) }
        guard found.isEmpty else { return found }
        throw Failure(.badInput, "\(name) runs no \(role.map { "\($0.rawValue) daemon" } ?? "daemon")")
    }

    private func show(_ readers: [LogReader]) {
        // Whoever follows through a pipe sees each line when it is written.
        defer { fflush(nil) }
        for reader in readers {
            for line in reader.newLines() {
                if json {
                    let place = node.map { [JSON.Member("node", .string($0))] } ?? []
                    Console.print(.object(place + [.init("role", .string(reader.role)), .init("line", .string(line))]))
                } else {
                    print(readers.count > 1 ? "\(reader.role): \(line)" : line)
                }
            }
        }
    }
}

/// Reads a log as it grows, what was cut from it before included.
private final class LogReader {
    let role: String
    private var older: GrowingFile
    private var file: GrowingFile
    private var isFirst = true

    init(_ role: String, _ path: String) {
        self.role = role
        older = GrowingFile(LabPaths.olderLog(path))
        file = GrowingFile(path, older: LabPaths.olderLog(path))
    }

    /// The whole lines that were written since the last time.
    func newLines() -> [String] {
        let past = isFirst ? older.newLines() : []
        isFirst = false
        return (past + file.newLines()).map { String(decoding: $0, as: UTF8.self) }
    }
}
