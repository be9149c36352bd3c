import LabModel
import LabObserve

/// The pictures of a step for the report, each an SVG document in a string. There are none yet: this is the place where a map of
/// the catchments and a timeline of the probes are put in.
enum ReportPictures {
    /// The pictures of what was seen.
    static func of(_ topology: Topology, _ evidence: Evidence) -> [String] { [] }
}
