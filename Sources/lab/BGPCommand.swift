import ArgumentParser
import JSON
import LabModel
import LabRuntime
import Sys

/// `lab bgp NODE`.
struct BGP: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bgp", abstract: "Shows what a node's BGP speaker knows.",
        discussion: """
            Without an option, its neighbors. PEER is a neighbor's name, which means its sessions of both families, or an address.

            Example:
              lab bgp eurocore-fra
              lab bgp eurocore-fra --neighbor london
              lab bgp eurocore-fra --received london
              lab bgp eurocore-fra --prefix 192.0.2.53
              lab bgp eurocore-fra --mrt fra.mrt && bgpdump -m fra.mrt
              lab bgp --socket /run/bgp.sock --table
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "The node.")
    var node: String?
    @Option(help: ArgumentHelp("Instead of a node: the socket of a 'labd bgp --control PATH'.", valueName: "path"))
    var socket: String?
    @Option(help: ArgumentHelp("A neighbor in full: capabilities, timers, counters.", valueName: "peer"))
    var neighbor: String?
    @Option(help: ArgumentHelp("The Adj-RIB-In of a neighbor as it sent it, before import policy.", valueName: "peer"))
    var received: String?
    @Option(help: ArgumentHelp("The Adj-RIB-In of a neighbor after import policy.", valueName: "peer"))
    var accepted: String?
    @Flag(help: "The Loc-RIB: the best route to each prefix.")
    var table = false
    @Option(help: ArgumentHelp("The Adj-RIB-Out of a neighbor: what it was sent.", valueName: "peer"))
    var advertised: String?
    @Option(help: "All paths to a prefix, or to the longest match of an address, and why the best one is best.")
    var prefix: String?
    @Option(help: ArgumentHelp("Writes all routes into a file as MRT (RFC 6396).", valueName: "file"))
    var mrt: String?
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        let views = [neighbor, received, accepted, advertised, prefix, mrt].count { $0 != nil } + (table ? 1 : 0)
        guard views <= 1 else { throw ValidationError("these options each do one thing; give one of them") }
        guard (node == nil) != (socket == nil) else { throw ValidationError("a node or --socket PATH expected") }
        guard socket == nil || lab.name == nil else { throw ValidationError("--socket is of no lab; leave --lab out") }
    }

    func run() throws {
        let (speaker, head) = try connect()
        if let prefix {
            let answer = try speaker.paths(to: prefix)
            try show(head, ["prefix", "paths"].map { .init($0, answer[$0] ?? .null) }) { SpeakerTables.paths(answer) }
        } else if table {
            try show(head, view: "table", try speaker.routes("table"))
        } else if let mrt {
            let answer = try speaker.dump(to: Self.absolute(mrt))
            try show(head, ["prefixes", "routes", "octets"].map { .init($0, answer[$0] ?? .null) }) {
                "\(answer["routes"]?.int ?? 0) routes to \(answer["prefixes"]?.int ?? 0) prefixes in \(mrt)"
            }
        } else if let (view, peer) = peerView {
            let neighbours = try speaker.neighbours(matching: peer)
            try show(head, view: view, try neighbours.flatMap { try speaker.routes(view, of: $0) })
        } else if let neighbor {
            let neighbours = try speaker.neighbours(matching: neighbor)
            try show(head, [.init("neighbors", .array(neighbours))]) { SpeakerTables.details(neighbours) }
        } else {
            let answer = try speaker.ask([.init("view", "neighbors")])
            try show(head, ["speaker", "neighbors"].map { .init($0, answer[$0] ?? .null) }) {
                SpeakerTables.neighbours(answer["neighbors"]?.array ?? [])
            }
        }
    }

    /// The speaker that is meant, and how a JSON document names it.
    private func connect() throws -> (SpeakerQuestions, [JSON.Member]) {
        if let socket {
            do throws(SystemError) {
                return (SpeakerQuestions(try ControlClient(path: socket), target: socket), [])
            } catch {
                throw Failure(.badInput, "no speaker answers at \(socket): \(error.reason)")
            }
        }
        let lab = try RunningLab(lab.name)
        let node = try lab.node(node ?? "")
        let head: [JSON.Member] = [.init("lab", .string(lab.name)), .init("node", .string(node.name))]
        return (SpeakerQuestions(try lab.connect(), target: node.name), head)
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : (Files.linkTarget("/proc/self/cwd") ?? "") + "/" + path
    }

    private var peerView: (view: String, peer: String)? {
        let views = [("received", received), ("accepted", accepted), ("advertised", advertised)]
        return views.lazy.compactMap { view, peer in peer.map { (view, $0) } }.first
    }

    private func show(_ head: [JSON.Member], view: String, _ routes: [JSON]) throws {
        try show(head, [.init("view", .string(view)), .init("routes", .array(routes))]) {
            SpeakerTables.routes(routes, hasSource: view == "table")
        }
    }

    private func show(_ head: [JSON.Member], _ members: [JSON.Member], text: () -> String) throws {
        if json { Console.print(.object(head + members)) } else { print(text()) }
    }
}
