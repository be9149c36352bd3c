public import JSON
public import LabModel
public import Net

/// Which site will serve a client at one address.
public struct PredictedCatchment: Hashable, Sendable {
    /// The client.
    public let client: Node
    /// The service's name.
    public let service: String
    /// The service's address.
    public let address: IPAddress
    /// The site; nil when packets come to none.
    public let site: Node?
    /// The other sites that serve some of the client's flows, where a router has several equal ways (multipath).
    public let otherSites: [Node]
    /// The round trip over the delays of the links, in nanoseconds; nil when one of the two ways leads nowhere.
    public let rtt: Int64?
    /// The ASes along the way, the client's provider first, each once for all of its nodes in a row.
    public let asPath: [ASN]
    /// The nodes of the way after the client.
    public let hops: [Node]
    /// Where packets are lost, in words; nil when a site has them and answers.
    public let finding: String?
}

extension Prediction {
    /// The catchments of all clients at all service addresses, in the order of the file.
    public func catchments() -> [PredictedCatchment] {
        topology.nodes.filter { $0.kind == .client }.flatMap { client in
            topology.lab.services.flatMap { service in
                service.addresses.map { catchment(of: client, service.name, $0) }
            }
        }
    }

    private func catchment(of client: Node, _ service: String, _ address: IPAddress) -> PredictedCatchment {
        let way = way(from: client.index, to: address)
        var asPath = [client.asn]
        for asn in way.nodes.map({ topology.nodes[$0].asn }) where asPath.last != asn { asPath.append(asn) }
        var finding = way.destination == nil ? description(of: way.end) : nil
        var rtt: Int64?
        if let end = way.destination {
            let back = self.way(from: end, to: address.family == .ipv4 ? .v4(client.address) : .v6(client.address6))
            if back.destination == client.index {
                rtt = way.delay + back.delay
            } else {
                finding = "the answer \(description(of: back.end))"
            }
        }
        let site = way.destination.map { topology.site(of: topology.nodes[$0]) }
        let others = Set(
            way.otherEnds.compactMap { end in
                if case .delivered(let node) = end { topology.site(of: topology.nodes[node]) } else { nil }
            })
        return PredictedCatchment(
            client: client, service: service, address: address, site: site,
            otherSites: others.filter { $0 != site }.sorted { $0.index < $1.index }, rtt: rtt, asPath: asPath,
            hops: way.nodes.map { topology.nodes[$0] }, finding: finding)
    }

    private func description(of end: PredictedWay.End) -> String {
        switch end {
        case .delivered(let node): "leads to \(topology.nodes[node].name)"
        case .noRoute(let node): "ends at \(topology.nodes[node].name), which has no route"
        case .dropped(let node): "ends at \(topology.nodes[node].name), which drops it"
        case .loop(let node): "comes to \(topology.nodes[node].name) again and again"
        }
    }
}

extension PredictedCatchment {
    /// What `lab predict --json` prints, in the form of `lab catchment --json`.
    public static func document(lab: String, isAtRest: Bool, _ rows: [PredictedCatchment]) -> JSON {
        ["lab": .string(lab), "at_rest": .bool(isAtRest), "rows": .array(rows.map(\.json))]
    }

    var json: JSON {
        [
            "client": .string(client.name), "service": .string(service), "address": .string(address.description),
            "family": .string(address.family.rawValue), "site": site.map { .string($0.name) } ?? .null,
            "other_sites": .array(otherSites.map { .string($0.name) }),
            "rtt_ms": rtt.map { .double(Double($0 / 1000) / 1000) } ?? .null,
            "as_path": .array(asPath.map { .int(Int($0.rawValue)) }),
            "hops": .array(
                hops.map {
                    ["node": .string($0.name), "asn": .int(Int($0.asn.rawValue)), "city": .string($0.place.label)]
                }), "finding": finding.map(JSON.string) ?? .null,
        ]
    }
}
