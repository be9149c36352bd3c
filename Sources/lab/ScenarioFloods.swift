import JSON
import LabModel
import LabObserve
import Sys

/// The floods of a scenario. Those that begin before the next look at what became of them are looked at together.
final class ScenarioFloods {
    private let staged: StagedLab
    private var running: [FloodTraffic] = []
    /// The sites' counters when the first of them began.
    private var before: [JSON] = []
    private var last: FloodOutcome?

    init(_ staged: StagedLab) { self.staged = staged }

    /// Begins a flood, and says who sends. Throws ``Failure``.
    func begin(_ flood: Flood) throws -> String {
        if running.isEmpty { before = try FloodCommand.counters(staged.control) }
        let traffic = try FloodCommand.begin(flood, staged.lab)
        running.append(traffic.traffic)
        return "\(traffic.clients) clients"
    }

    /// Waits for the end of the floods that are under way; the outcome of those before when none is. Throws ``Failure``.
    func outcome() throws -> FloodOutcome? {
        guard !running.isEmpty else { return last }
        while !running.allSatisfy(\.isOver) { try staged.pause(20_000_000) }
        let floods = running
        running = []
        last = FloodOutcome(
            try floods.map { try FloodCommand.report($0) }, before: before,
            after: try FloodCommand.counters(staged.control))
        return last
    }

    /// Ends those that are under way.
    func stop() { for flood in running { flood.stop() } }
}
