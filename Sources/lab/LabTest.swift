import LabFile
import LabModel
import LabPlan
import Sys

/// One lab file with the scenario that is done with it.
struct LabTest {
    let file: String
    let topology: Topology
    private let scenario: Scenario
    private let scenarioFile: String
    private let links: LinkBackend?
    private let timeout: Int

    /// What is told while it runs.
    enum Event {
        case began(file: String, lab: String)
        case step(StepResult)
        case ended(TestResult)
    }

    /// Reads the file, and that of the expectations if there is one. Throws ``Failure``.
    init(_ file: String, expectations: String?, links: LinkBackend?, timeout: Int, warns: Bool = true) throws {
        self.file = file
        (self.links, self.timeout) = (links, timeout)
        let own = try FileLoading.labFile(file, warns: warns)
        topology = try FileLoading.topology(file, of: own.lab)
        if let expectations {
            scenario = try FileLoading.scenario(expectations, for: topology.lab, warns: warns)
            scenarioFile = expectations
        } else if let found = own.scenario {
            scenario = found
            scenarioFile = file
        } else {
            throw Failure(
                .badInput, "\(file) has no scenario, so there is nothing to test",
                hint: "add one under 'scenario:'; 'lab test --help' shows how")
        }
    }

    /// Brings the lab up, does the scenario, and takes the lab down whatever happens.
    func run(show: (Event) -> Void) -> TestResult {
        let start = Clock.monotonic()
        var result = TestResult(file: file)
        result.lab = topology.lab.name
        show(.began(file: file, lab: topology.lab.name))
        do {
            let staged = try StagedLab(topology, links: links, timeout: timeout, isQuiet: !Console.hasLiveLine)
            let folder = scenarioFile.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            let run = ScenarioRun(staged, folder: folder.isEmpty ? "." : folder.joined(separator: "/"))
            withoutActuallyEscaping(show) { show in
                run.onStep = { show(.step($0)) }
                defer { run.onStep = { _ in } }
                do {
                    try run.run(scenario)
                } catch {
                    result.stop = Self.stop(error)
                }
            }
            result.steps = run.results
            try staged.end()
        } catch {
            result.stop = result.stop ?? Self.stop(error)
        }
        result.took = Clock.monotonic() - start
        show(.ended(result))
        return result
    }

    private static func stop(_ error: any Error) -> TestResult.Stop {
        if let failure = error as? Failure { return .init(failure) }
        return .init(.failedAtRunTime, "\(error)")
    }
}
