import ArgumentParser
import Capture
import Glibc
import JSON
import LabModel
import LabRuntime
import Sys

/// `lab capture NODE|LINK`.
struct CaptureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capture", abstract: "Records what passes the interfaces of a node, or both ends of a link.",
        discussion: """
            The target is a node, a network of one router, or A--B for the links between two. With -w the packets go to a file for
            Wireshark; without it, or with --follow, each is shown in a line. Ctrl-C ends it, and so does the end of the lab.

            Example:
              lab capture london -w london.pcapng
              lab capture london--eurocore --follow
              lab capture london -w - | tshark -r -
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "What is listened to.")
    var target: String
    @Option(
        name: [.customShort("w"), .customLong("write")], help: "The file to write, in pcapng; - is standard output.")
    var file: String?
    @Flag(name: [.long, .customShort("f")], help: "Print a line for each packet, beside writing the file.")
    var follow = false
    @Option(name: [.long, .customShort("c")], help: "End after so many packets.")
    var count: Int?
    @Flag(help: "Print JSON: an object for each packet with --follow, and the statistics at the end.")
    var json = false

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count is at least 1") }
        guard file == "-" else { return }
        if follow || json {
            throw ValidationError("-w - writes the file to standard output, which is then not for lines")
        }
        if isatty(1) == 1 { throw ValidationError("-w - writes a file that is not for terminals: redirect or pipe it") }
    }

    func run() throws {
        let lab = try RunningLab(lab.name)
        let places = try CapturePlace.all(target, lab)
        let output = try file.map { try Self.open($0) }
        try lab.enter()
        let capture = try PacketCapture(lab, places, output: output, count: count ?? .max)
        if file == nil || follow {
            capture.onPacket = { [json] in json ? Console.print($0.json) : Swift.print($0.line) }
        }
        Console.write(error: "capturing \(Self.plural(places.count, "interface")) of \(lab.name); Ctrl-C ends it")
        do {
            try capture.run()
        } catch {
            throw Failure(.failedAtRunTime, "\(file ?? "the packets") could not be written: \(error.reason)")
        }
        show(capture)
    }

    private static func open(_ path: String) throws -> FileDescriptor {
        do {
            return path == "-"
                ? FileDescriptor(owning: 1) : try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        } catch {
            throw Failure(.badInput, "\(path) cannot be written: \(error.reason)")
        }
    }

    private func show(_ capture: PacketCapture) {
        let dropped = capture.dropped
        if json {
            Console.print([
                "lab": .string(capture.lab), "packets": .int(capture.packets), "dropped": .int(dropped),
                "interfaces": .array(
                    capture.totals.map { ["interface": .string($0.name), "packets": .int($0.packets)] }),
            ])
        } else {
            for total in capture.totals where total.packets > 0 {
                Console.write(error: "  \(total.name): \(Self.plural(total.packets, "packet"))")
            }
            Console.write(
                error: "\(Self.plural(capture.packets, "packet")) captured"
                    + (dropped == 0 ? ", none lost" : "; \(dropped) more passed too quickly and were lost"))
        }
    }

    private static func plural(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }
}

/// An interface that is captured.
struct CapturePlace {
    /// The node.
    let node: String
    /// The interface's name in that node.
    let interface: String
    /// What it is for, in words.
    let purpose: String

    /// How captures name it.
    var name: String { "\(node):\(interface)" }

    /// What a word of the command line means. Throws ``Failure``.
    static func all(_ target: String, _ lab: RunningLab) throws -> [CapturePlace] {
        let topology = lab.topology
        func place(_ end: LinkEnd) -> CapturePlace {
            CapturePlace(
                node: topology.nodes[end.node].name, interface: end.interface,
                purpose: "link to \(end.alias) in lab \(lab.name)")
        }
        guard let dashes = target.firstRange(of: "--"), topology.node(named: target) == nil else {
            let node = try lab.node(target)
            let loopback = CapturePlace(node: node.name, interface: "lo", purpose: "loopback in lab \(lab.name)")
            return [loopback] + topology.links(of: node.index).map { place($0.end) }
        }
        let (first, second) = (String(target[..<dashes.lowerBound]), String(target[dashes.upperBound...]))
        let rule = LinkRule(between: first, and: second)
        let links = topology.links.filter { rule.joins(topology.nodes[$0.a.node], topology.nodes[$0.b.node]) }
        guard !links.isEmpty else {
            throw Failure(
                .badInput, "there is no link between '\(first)' and '\(second)'",
                hint: "'lab link \(first) \(second)' knows the names of neighbours")
        }
        return links.flatMap { [place($0.a), place($0.b)] }
    }
}
