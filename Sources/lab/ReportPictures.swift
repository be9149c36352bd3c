import LabModel
import LabObserve
import Net
import Picture

/// The pictures of a step for the report, each an SVG document in a string.
enum ReportPictures {
    /// The pictures of what was seen: for each service a map of who was answered by which site at its first address, how the
    /// clients divide, and how fast they were answered.
    static func of(_ topology: Topology, _ evidence: Evidence) -> [String] {
        topology.lab.services.flatMap { service -> [String] in
            guard
                let address = service.addresses.first(where: { address in
                    evidence.rows.contains { $0.address == address }
                })
            else { return [] }
            let rows = evidence.rows.filter { $0.address == address }
            let sites = topology.nodes.filter { $0.kind == .site && $0.network == service.name }
            let ways = rows.map { row in
                CatchmentMap.Way(
                    client: row.client, site: row.site.flatMap { name in sites.first { $0.name == name } },
                    nodes: row.hops.compactMap(\.node))
            }
            let map = CatchmentMap(
                title: "\(topology.lab.name): which site serves whom at \(address)",
                subtitle: "As the clients were answered in this step", sites: sites, ways: ways)
            let counts = Dictionary(grouping: rows, by: \.site).mapValues(\.count)
            let shares = (sites.map { Optional($0.name) } + [nil]).compactMap { site in
                counts[site].map { ShareBars.Share(site: site, clients: $0) }
            }
            let bars = ShareBars.svg(
                title: "Clients of \(service.name) at \(address)", shares, marks: SiteMarks(sites.map(\.name)))
            return [map.svg, bars, roundTrips(service, evidence.rows)]
        }
    }

    /// How fast the clients were answered at each address of a service.
    private static func roundTrips(_ service: Service, _ rows: [CatchmentRow]) -> String {
        let series = service.addresses.map { address in
            RTTDistribution.Series(
                name: address.description,
                milliseconds: rows.filter { $0.address == address }.map { $0.rtt.map { Double($0) / 1e6 } })
        }
        return RTTDistribution.svg(
            title: "Clients of \(service.name) answered within a time", series.filter { !$0.milliseconds.isEmpty })
    }
}
