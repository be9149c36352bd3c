import ArgumentParser
import LabObserve

/// `lab catchment`.
struct CatchmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catchment", abstract: "Asks every client which site answers it, and how it gets there.",
        discussion: """
            Every client sends a query to every service address. The kernels' forwarding tables are walked besides: AGREES says
            whether the site and the hops that answer are those that the walk finds.

            Example:
              lab catchment
              lab catchment --json
            """)

    @OptionGroup var lab: LabOption
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let lab = try RunningLab(lab.name)
        try lab.enter()
        let observer = Observer(topology: lab.topology, namespacePath: lab.namespacePath)
        let rows = try observer.catchment(timeout: 5_000_000_000)
        if json { Console.print(CatchmentRow.document(lab: lab.name, rows)) } else { print(CatchmentTable.text(rows)) }
    }
}
