import Net

/// Sites of several servers: the site is a router, and every server behind it announces the service by itself, in the same AS. The
/// router has one route for each server that is alive and shares flows among them, so a site of several servers is no AS hop
/// farther away than one of a single server, and is gone when its last server is.
extension TopologyBuilder {
    mutating func addServers() throws(TopologyError) {
        for (index, site) in lab.sites.enumerated() {
            for name in site.serverNames {
                guard let service = lab.services.first(where: { $0.name == site.service }) else { continue }
                let (address, address6) = try link(toServer: name, inSite: index).second
                nodes.append(
                    Node(
                        index: nodes.count, name: name, kind: .server, network: service.name, asn: service.asn,
                        place: site.city, address: address, address6: address6, prefixes: service.prefixes,
                        services: service.addresses, serves: service.kind, site: site.name))
            }
        }
    }

    mutating func joinServers() throws(TopologyError) {
        for server in nodes where server.kind == .server {
            guard let index = lab.sites.firstIndex(where: { $0.name == server.site }) else { continue }
            let (number, first, second) = try link(toServer: server.name, inSite: index)
            link(sites[index], server.index, .server, number, first, second)
        }
    }

    /// The number of a server's link, the addresses of its router there, and its own.
    private mutating func link(
        toServer name: String, inSite index: Int
    ) throws(TopologyError) -> (
        number: Int, first: (IPv4Address, IPv6Address), second: (IPv4Address, IPv6Address)
    ) {
        let numbers = try numbers(ofLink: sites[index], to: name, room: Addressing.mostSiteLinks)
        let first = addressing.link(numbers.place, ofSite: index)
        return (numbers.id, first, Addressing.otherEnd(first))
    }
}
