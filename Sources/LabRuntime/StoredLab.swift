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
    /// The numbers that its networks, sites and links have since it was changed; nil while they follow from the lab alone.
    public let numbering: Numbering?
    /// All of it as JSON.
    public let json: JSON

    /// Stores a lab. Throws `EncodingError`.
    public init(_ lab: Lab, _ backend: LinkBackend, numbering: Numbering? = nil) throws {
        self.lab = lab
        self.backend = backend
        self.numbering = numbering
        var members = [JSON.Member("links", .string(backend.rawValue)), JSON.Member("lab", try JSON(encoding: lab))]
        if let numbering { members.append(.init("numbering", try JSON(encoding: numbering))) }
        json = .object(members)
    }

    /// The topology that is up. Throws `TopologyError`.
    public func topology() throws -> Topology { try Topology(lab, keeping: numbering) }

    /// Reads what was stored. Throws `JSONError`, `DecodingError`.
    public init(parsing bytes: some Sequence<UInt8>) throws {
        let json = try JSON(parsing: bytes)
        let stored = try json.decode(Members.self)
        (lab, backend, numbering, self.json) = (stored.lab, stored.links, stored.numbering, json)
    }

    private struct Members: Decodable {
        let links: LinkBackend
        let lab: Lab
        let numbering: Numbering?
    }

    /// Reads the lab called `name`. Throws when it is not there or not whole.
    public static func read(_ name: String, in place: LabPlace = .current) throws -> StoredLab {
        try StoredLab(parsing: try Files.read(LabPaths(name, in: place).lab))
    }
}
