import LabModel
import Net

extension Draft {
    /// The lab that this describes, without the parts that could not be read.
    func lab(zones: [String: LabModel.Service.Zone]) -> Lab {
        var lab = Lab(
            name: name?.value ?? "", description: description, timers: timers,
            networks: networks.map { network in
                var result = LabModel.Network(
                    name: network.name.value, asn: network.asn?.value ?? ASN(0), cities: network.cities.map(\.value),
                    relations: network.relations.map(\.value), timers: network.timers, daemon: network.daemon)
                (result.imports, result.exports) = (network.imports, network.exports)
                result.isASNDrawn = network.asn == nil
                (result.restart, result.monitoringStation) = (network.restart, network.station?.value)
                (result.decision, result.damping) = (network.decision, network.damping)
                result.internalPaths = network.internalPaths
                return result
            },
            services: services.map { service in
                var result = LabModel.Service(
                    name: service.name.value, asn: service.asn?.value ?? ASN(0),
                    addresses: service.addresses.map(\.value), prefixes: service.announced, kind: service.kind,
                    zone: zones[service.name.value])
                result.isASNDrawn = service.asn == nil
                result.web = service.web.map { WebService(origin: $0.origin?.value, objects: $0.objects) }
                (result.rateLimit, result.health) = (service.rateLimit, service.health)
                return result
            },
            sites: sites.compactMap { site in
                guard let service = site.service, let city = site.city else { return nil }
                var result = LabModel.Site(
                    name: site.name.value, service: service.value, city: city.value,
                    relations: site.relations.map(\.value))
                (result.capacity, result.servers) = (site.capacity?.value, site.servers?.value ?? 1)
                return result
            },
            clients: clients.compactMap { client in
                guard let city = client.city, let provider = client.provider else { return nil }
                return LabModel.Client(name: client.name.value, city: city.value, provider: provider.value)
            },
            links: links.map(\.rule))
        lab.exchanges = exchanges.compactMap(\.exchange)
        lab.multicast = multicast.map { group in
            MulticastGroup(
                name: group.name.value, addresses: group.addresses.map(\.value), source: group.source?.value ?? "",
                members: group.members.map(\.value))
        }
        return lab.withNumbers()
    }
}

extension Draft.Exchange {
    fileprivate var exchange: LabModel.Exchange? {
        guard let city else { return nil }
        var result = LabModel.Exchange(
            name: name.value, city: city.value, members: members.map(\.value), routeServer: routeServer?.value)
        result.isASNDrawn = hasRouteServer && routeServer == nil
        return result
    }
}

extension Draft.Service {
    /// The prefixes that the file gives, or those that follow from the addresses.
    fileprivate var announced: [IPPrefix] {
        if let prefixes { return prefixes.map(\.value) }
        return addresses.map { IPPrefix.announced(for: $0.value) }
            .reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
