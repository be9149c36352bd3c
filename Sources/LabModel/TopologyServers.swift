import Net

/// Sites of several servers: the site is a router, and every server behind it announces the service by itself, in the same AS. The
/// router has one route for each server that is alive and shares flows among them, so a site of several servers is no AS hop
/// farther away than one of a single server, and is gone when its last server is.
extension TopologyBuilder {
    mutating func addServers() throws(TopologyError) {
        for (index, site) in lab.sites.enumerated() {
            for name in site.serverNames {
                let router = nodes[sites[index]]
                guard let service = lab.services.first(where: { $0.name == site.service }) else { continue }
                let (_, (address, address6)) = try addresses(ofServer: name, inSite: index)
                nodes.append(
                    Node(
                        index: nodes.count, name: name, kind: .server, network: service.name, asn: service.asn,
                        place: site.city, address: address, address6: address6, prefixes: service.prefixes,
                        services: service.addresses, serves: service.kind, site: router.name))
            }
        }
    }

    mutating func joinServers() throws(TopologyError) {
        for server in nodes where server.kind == .server {
            guard let index = lab.sites.firstIndex(where: { $0.name == server.site }) else { continue }
            let (first, second) = try addresses(ofServer: server.name, inSite: index)
            let number = try numbers(ofLink: sites[index], to: server.name, room: Addressing.mostSiteLinks).id
            link(sites[index], server.index, .server, number, first, second)
        }
    }

    /// Both ends of a server's link, that of the router first.
    private mutating func addresses(
        ofServer name: String, inSite index: Int
    ) throws(TopologyError) -> ((IPv4Address, IPv6Address), (IPv4Address, IPv6Address)) {
        let numbers = try numbers(ofLink: sites[index], to: name, room: Addressing.mostSiteLinks)
        let (first, first6) = addressing.link(numbers.place, ofSite: index)
        return (
            (first, first6),
            (IPv4Address(rawValue: first.rawValue + 1), IPv6Address(high: first6.high, low: first6.low + 1))
        )
    }
}
