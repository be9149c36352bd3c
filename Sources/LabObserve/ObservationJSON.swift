public import JSON
import LabModel
import Net
import Sys

extension CatchmentRow {
    /// What `lab catchment --json` prints (DESIGN.md, section 7).
    public static func document(lab: String, _ rows: [CatchmentRow]) -> JSON {
        ["lab": .string(lab), "rows": .array(rows.map(\.json))]
    }

    /// The row as JSON.
    public var json: JSON {
        [
            "client": .string(client.name), "service": .string(service), "address": .string(address.description),
            "family": .string(family.rawValue), "site": site.map(JSON.string) ?? .null, "rtt_ms": .milliseconds(rtt),
            "as_path": .array(asPath.map { .int(Int($0.rawValue)) }), "hops": .array(hops.map(\.json)),
            "agrees": .bool(agrees), "finding": finding.map(JSON.string) ?? .null,
        ]
    }
}

extension Hop {
    /// The hop as JSON.
    public var json: JSON {
        [
            "node": node.map { .string($0.name) } ?? .null, "asn": asn.map { .int(Int($0.rawValue)) } ?? .null,
            "address": address.map { .string($0.description) } ?? .null, "rtt_ms": .milliseconds(rtt),
        ]
    }
}

extension Trace {
    /// What `lab trace --json` prints.
    public func document(lab: String) -> JSON {
        [
            "lab": .string(lab), "source": .string(source.name), "destination": .string(destination.description),
            "reached": .bool(isReached), "hops": .array(hops.map(hopJSON)),
            "walk": .string("the way by the kernels' routes \(walk.outcome)"),
            "finding": finding.map(JSON.string) ?? .null,
        ]
    }

    private func hopJSON(_ hop: Hop) -> JSON {
        guard case .object(let members) = hop.json else { return hop.json }
        return .object(members + [.init("city", hop.node.map { .string($0.place.label) } ?? .null)])
    }
}

extension NodeRoute {
    /// What `lab routes --json` prints.
    public static func document(lab: String, node: String, _ routes: [NodeRoute]) -> JSON {
        ["lab": .string(lab), "node": .string(node), "routes": .array(routes.map(\.json))]
    }

    /// The route as JSON.
    public var json: JSON {
        [
            "prefix": .string(prefix.description), "family": .string(prefix.family.rawValue),
            "kind": .string(kindName), "protocol": .string(originName), "metric": .int(Int(metric)),
            "next_hops": .array(nextHops.map(\.json)),
        ]
    }
}

extension NodeRoute.NextHop {
    /// The next hop as JSON.
    public var json: JSON {
        [
            "address": address.map { .string($0.description) } ?? .null,
            "interface": interface.map(JSON.string) ?? .null, "neighbour": neighbour.map(JSON.string) ?? .null,
            "dead": .bool(isDead),
        ]
    }
}

extension JSON {
    /// Milliseconds with three decimals; `null` when the time is not known.
    static func milliseconds(_ time: Nanoseconds?) -> JSON {
        guard let time else { return .null }
        let microseconds = (time + (time < 0 ? -500 : 500)) / 1000
        return .double(Double(microseconds) / 1000)
    }
}
