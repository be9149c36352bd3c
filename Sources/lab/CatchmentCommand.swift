import ArgumentParser
import JSON
import LabModel
import LabObserve
import LabPredict
import LabRuntime

/// `lab catchment`.
struct CatchmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catchment", abstract: "Asks every client which site answers it, and how it gets there.",
        discussion: """
            Every client sends a query to every service address. The kernels' forwarding tables are walked besides: AGREES says
            whether the site and the hops that answer are those that the walk finds. JSON also says what the lab file predicts,
            with a finding where that is another site though nothing fails.

            Example:
              lab catchment
              lab catchment --json
              lab catchment --csv > catchment.csv
              lab catchment --inflation
            """)

    @OptionGroup var lab: LabOption
    @Flag(help: "Print JSON.")
    var json = false
    @Flag(help: "Print comma-separated values.")
    var csv = false
    @Flag(help: "Compare with the nearest site of the service by unicast, over the delays of the links.")
    var inflation = false

    func validate() throws {
        guard !csv || !(json || inflation) else {
            throw ValidationError("--csv goes with neither --json nor --inflation")
        }
    }

    func run() throws {
        let lab = try RunningLab(lab.name)
        let observer = Observer(topology: lab.topology, namespacePath: lab.namespacePath)
        var report = CatchmentReport(lab: lab.name, try observer.catchment(timeout: 5_000_000_000))
        if json || inflation {
            let status = try lab.connect().request([.init("do", "status")])
            report.compare(
                with: try Prediction(of: lab.topology), hasFaults: status["faults"]?.array?.isEmpty == false,
                inflation: inflation)
        }
        if json { return Console.print(report.json(wantsInflation: inflation)) }
        print(csv ? report.csv : inflation ? report.inflationText : report.text)
    }
}
