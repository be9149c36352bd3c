public import JSON
import LabModel
import Net

/// What becomes of one client at one address when a lab file changes.
public struct CatchmentDifference: Hashable, Sendable {
    /// As it is before; nil for a client or an address that is new.
    public let before: PredictedCatchment?
    /// As it is afterwards; nil for a client or an address that is gone.
    public let after: PredictedCatchment?

    /// Whether another site serves the client.
    public var isMoved: Bool {
        before?.site?.name != after?.site?.name || before?.otherSites.map(\.name) != after?.otherSites.map(\.name)
    }
    /// Whether its packets take another way to the same site.
    public var isRerouted: Bool { !isMoved && before?.hops.map(\.name) != after?.hops.map(\.name) }

    /// Compares two predictions, client by client and address by address.
    public static func between(
        _ before: [PredictedCatchment], _ after: [PredictedCatchment]
    ) -> [CatchmentDifference] {
        func key(_ row: PredictedCatchment) -> String { "\(row.client.name) \(row.address)" }
        let afterwards = Dictionary(after.map { (key($0), $0) }, uniquingKeysWith: { first, _ in first })
        let known = Set(before.map(key))
        return before.map { CatchmentDifference(before: $0, after: afterwards[key($0)]) }
            + after.filter { !known.contains(key($0)) }.map { CatchmentDifference(before: nil, after: $0) }
    }

    /// One line of `lab diff --json`.
    public var json: JSON {
        let row = after ?? before
        return [
            "client": .string(row?.client.name ?? ""), "service": .string(row?.service ?? ""),
            "address": .string(row?.address.description ?? ""),
            "moved": .bool(isMoved), "rerouted": .bool(isRerouted),
            "before": before?.json ?? .null, "after": after?.json ?? .null,
        ]
    }
}
