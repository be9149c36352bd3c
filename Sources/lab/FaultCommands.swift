public import ArgumentParser
import JSON
public import LabRuntime

/// `lab fail TARGET --how KIND`.
struct Fail: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes something fail.",
        discussion: """
            The target is a site, router or client, a network of one router, or A--B for the links between two.
              link-down     links lose their carrier; both ends see it at once
              withdraw      the site stops announcing; sessions and responder stay up
              process-kill  the daemons are killed as by kill -9, and stay dead

            Example:
              lab fail london --how link-down
              lab fail eurocore--amcore --how link-down
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "What fails.")
    var target: String
    @Option(help: "link-down, withdraw or process-kill.")
    var how: FaultKind
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try FaultRequest.send(
            try RunningLab(lab.name),
            [.init("do", "fail"), .init("target", .string(target)), .init("how", .string(how.rawValue))])
        if json { Console.print(["target": .string(target), "how": .string(how.rawValue), "failed": true]) }
    }
}

/// `lab heal TARGET`.
struct Heal: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends the faults of a target.",
        discussion: """
            Example:
              lab heal london
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "What is mended.")
    var target: String
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try FaultRequest.send(try RunningLab(lab.name), [.init("do", "heal"), .init("target", .string(target))])
        if json { Console.print(["target": .string(target), "failed": false]) }
    }
}

private enum FaultRequest {
    static func send(_ lab: RunningLab, _ members: [JSON.Member]) throws {
        let client = try lab.connect()
        do {
            _ = try client.request(members)
        } catch let error as RequestError {
            throw Failure(.badInput, error.description)
        }
    }
}

extension FaultKind: ExpressibleByArgument {}
