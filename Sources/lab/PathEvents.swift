import JSON
import LabModel
import LabObserve
import LabRuntime
import Net
import Sys

/// The changes of best paths to the services of a lab, from the moment on at which this was made.
struct PathEvents {
    private let addresses: [IPAddress]
    private var file: GrowingFile

    init(_ lab: RunningLab) {
        addresses = lab.topology.lab.services.flatMap(\.addresses)
        let path = LabPaths(lab.name).events
        file = GrowingFile(path, from: Files.size(path))
    }

    /// What changed since the last time that this was asked, from `time` on. Events of several speakers come in almost their order.
    mutating func changes(since time: Nanoseconds) -> [PathChange] {
        let changes = file.newLines().compactMap { line in
            (try? JSON(parsing: line)).flatMap { PathChange($0, about: addresses) }
        }
        return changes.filter { $0.time >= time }.sorted { $0.time < $1.time }
    }
}
