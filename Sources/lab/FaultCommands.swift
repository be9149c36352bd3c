public import ArgumentParser
import JSON
public import LabModel
import LabRuntime

/// `lab fail TARGET --how KIND`.
struct Fail: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes something fail.",
        discussion: """
            Of nodes and links:
              link-down          links lose their carrier; both ends see it at once
              flap 2s 5          the same, and back after half of the period, so many times
              blackhole          links keep their carrier, and packets vanish; hold timers or BFD find it
              loss 5%            so many packets are lost, besides what the link loses anyway
              delay +40ms        packets are so much longer under way
              partition          of some nodes: nothing passes between them and all others
            Of sites, routers and processes (NODE.bgp, NODE.dns, NODE.http):
              process-kill       the daemons are killed as by kill -9, and stay dead; neighbors see it at once
              freeze             the speaker, or the process, is stopped as by kill -STOP; hold timers or BFD find it
            Of sites and routers:
              dns-dead           the responder is dead, and BGP goes on: the kernel answers port unreachable
              withdraw           nothing is originated any more; sessions and responder stay up
            Of those that run our own speaker:
              drain [10s]        GRACEFUL_SHUTDOWN, and when routing is at rest, or after that time, nothing is announced any more
              prepend 2          the own AS number so many more times in what is announced
              leak               what providers and peers announced goes to other providers and peers
              hijack             a service's prefix is originated, or those of --prefix, and packets to it get no further

            The target is a site (with all its servers), server, router or client; a network, with all its routers; a service, with all its sites; several with
            commas between; or A--B for the links between two. Faults overlap, and each ends by itself.

            Example:
              lab fail london --how link-down
              lab fail london--eurocore --how loss 5%
              lab fail london --how blackhole --direction out
              lab fail london,eurocore --how partition
              lab fail resolver --how drain 30s
              lab fail isp-uk --how hijack --prefix 192.0.2.0/25
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "What fails.")
    var target: String?
    @Option(parsing: .upToNextOption, help: "What happens to it.")
    var how: [String]
    @Option(
        help:
            "Of blackhole, loss and delay: only packets that the target sends (out; of A--B, those that A sends), or gets (in)."
    )
    var direction: FaultDirection?
    @Option(help: "Of hijack: what is announced; the only service's prefixes if it is left out. May be given again.")
    var prefix: [String] = []
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        var words = how.flatMap { $0.split(separator: " ").map(String.init) }
        // `lab fail --how link-down london` is understood as well.
        guard let target = target ?? (words.count > 1 ? words.popLast() : nil) else {
            throw Failure(.badInput, "say what fails", hint: "lab fail london --how link-down")
        }
        let text = (words + [direction?.rawValue].compactMap(\.self) + prefix).joined(separator: " ")
        do {
            _ = try FaultKind(text)
        } catch {
            throw Failure(.badInput, error.description, hint: "'lab fail --help' shows all kinds")
        }
        let answer = try FaultRequest.send(
            try RunningLab(lab.name),
            [.init("do", "fail"), .init("target", .string(target)), .init("how", .string(text))])
        if json {
            Console.print(["target": answer["target"] ?? .null, "how": answer["how"] ?? .null, "failed": true])
        }
    }
}

/// `lab heal TARGET`.
struct Heal: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends the faults of a target, or all.",
        discussion: """
            Example:
              lab heal london
              lab heal london--eurocore --how loss
              lab heal --all
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "What is mended, as 'lab fail' had it.")
    var target: String?
    @Option(help: "Only the fault of this kind.")
    var how: FaultName?
    @Flag(help: "Mend all that fails in the lab.")
    var all = false
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (target == nil) == all else { throw ValidationError("say what is mended, or --all") }
        guard how == nil || !all else { throw ValidationError("--how goes with a target") }
    }

    func run() throws {
        var request: [JSON.Member] = [.init("do", "heal")]
        if let target { request.append(.init("target", .string(target))) }
        if let how { request.append(.init("how", .string(how.rawValue))) }
        let answer = try FaultRequest.send(try RunningLab(lab.name), request)
        guard json else { return }
        Console.print([
            "target": target.map { .string($0) } ?? .null, "failed": false, "healed": answer["healed"] ?? [],
        ])
    }
}

private enum FaultRequest {
    static func send(_ lab: RunningLab, _ members: [JSON.Member]) throws -> JSON {
        let client = try lab.connect()
        do {
            return try client.request(members)
        } catch let error as RequestError {
            throw Failure(.badInput, error.description)
        }
    }
}

extension FaultName: ExpressibleByArgument {}
extension FaultDirection: ExpressibleByArgument {}
