public import JSON
public import LabModel
public import LabPlan
import Sys

/// A lab as it is kept in its folder, and handed from the command line to the supervisor.
public struct StoredLab: Sendable {
    /// The lab.
    public let lab: Lab
    /// How its links are made.
    public let backend: LinkBackend
    /// The lab as JSON: equal for equal labs, so that `up` knows the same file again.
    public let json: JSON

    /// Stores the lab of a plan.
    init(_ plan: Plan) throws {
        try self.init(plan.topology.lab, plan.backend)
    }

    /// Stores a lab. Throws `EncodingError`.
    public init(_ lab: Lab, _ backend: LinkBackend) throws {
        self.lab = lab
        self.backend = backend
        json = .object([.init("links", .string(backend.rawValue)), .init("lab", try JSON(encoding: lab))])
    }

    /// Reads what was stored. Throws `JSONError`, `DecodingError`.
    public init(parsing bytes: some Sequence<UInt8>) throws {
        let json = try JSON(parsing: bytes)
        let stored = try json.decode(Members.self)
        (lab, backend, self.json) = (stored.lab, stored.links, json)
    }

    private struct Members: Decodable {
        let links: LinkBackend
        let lab: Lab
    }

    /// Reads the lab called `name`. Throws when it is not there or not whole.
    public static func read(_ name: String) throws -> StoredLab {
        try StoredLab(parsing: try Files.read(LabPaths(name).lab))
    }
}
