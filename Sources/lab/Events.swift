import ArgumentParser
import Glibc
import JSON
import LabRuntime
import Sys

/// `lab events`.
struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what happened: sessions, best paths, faults, ends of daemons.",
        discussion: """
            The first column counts seconds since the lab began to come up.

            Example:
              lab events
              lab events --follow --json
            """)

    @OptionGroup var lab: LabOption
    @Flag(name: [.long, .customShort("f")], help: "Go on as things happen.")
    var follow = false
    @Flag(help: "Print JSON, one event a line.")
    var json = false

    func run() throws {
        let lab = try RunningLab(lab.name)
        let text = String(decoding: try Files.read(LabPaths(lab.name).events), as: UTF8.self)
        // Subscribing comes first, so that no event falls between the file and the stream; one may be in both.
        let client = follow ? try lab.connect() : nil
        client?.subscribe([.init("do", "follow")])
        let past = text.split(separator: "\n").compactMap { try? JSON(parsing: String($0)) }
        let start = past.first?["time_ns"]?.int ?? 0
        for event in past { show(event, start) }
        let seen = past.last?["time_ns"]?.int ?? 0
        while let event = try client?.next() {
            if (event["time_ns"]?.int ?? 0) > seen || event != past.last { show(event, start) }
        }
    }

    private func show(_ event: JSON, _ start: Int) {
        // Whoever follows through a pipe sees each event when it happens.
        defer { fflush(nil) }
        if json { return Console.print(event) }
        let milliseconds = ((event["time_ns"]?.int ?? start) - start) / 1_000_000
        let seconds = "\(milliseconds / 1000)." + String(String(milliseconds % 1000 + 1000).dropFirst())
        let words = (event.members ?? []).filter { !["time_ns", "wall_ns", "event"].contains($0.name) }.map { member in
            "\(member.name)=\(member.value.string ?? member.value.description)"
        }
        let name = event["event"]?.string ?? ""
        let gap = String(repeating: " ", count: max(1, 10 - seconds.count))
        print(
            gap + seconds + "  " + name + String(repeating: " ", count: max(1, 11 - name.count))
                + words.joined(separator: " "))
    }
}
