import LabModel
import Net

extension Draft {
    /// The lab that this describes, without the parts that could not be read.
    func lab(zones: [String: LabModel.Service.Zone]) -> Lab {
        Lab(
            name: name?.value ?? "", description: description, timers: timers,
            networks: networks.map { network in
                LabModel.Network(
                    name: network.name.value, asn: network.asn?.value ?? ASN(0), cities: network.cities.map(\.value),
                    relations: network.relations.map(\.value), timers: network.timers)
            },
            services: services.map { service in
                LabModel.Service(
                    name: service.name.value, asn: service.asn?.value ?? ASN(0),
                    addresses: service.addresses.map(\.value), prefixes: service.announced, kind: service.kind,
                    zone: zones[service.name.value])
            },
            sites: sites.compactMap { site in
                guard let service = site.service, let city = site.city else { return nil }
                return LabModel.Site(
                    name: site.name.value, service: service.value, city: city.value,
                    relations: site.relations.map(\.value))
            },
            clients: clients.compactMap { client in
                guard let city = client.city, let provider = client.provider else { return nil }
                return LabModel.Client(name: client.name.value, city: city.value, provider: provider.value)
            },
            links: links.map(\.rule))
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

/// Gets the text of zones: records that the lab file has itself, or a file beside it.
struct ZoneReader {
    let report: Report
    let folder: String

    init(_ report: Report, path: String) {
        self.report = report
        folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    /// The zones of the draft's services, by the services' names.
    func zones(of draft: Draft, _ readFile: (String) throws -> [UInt8]) -> [String: LabModel.Service.Zone] {
        var zones: [String: LabModel.Service.Zone] = [:]
        for service in draft.services {
            guard let zone = service.zone, let text = text(of: zone, readFile) else { continue }
            zones[service.name.value] = LabModel.Service.Zone(origin: Self.origin(zone.origin.value), text: text)
        }
        return zones
    }

    private func text(of zone: Draft.Zone, _ readFile: (String) throws -> [UInt8]) -> String? {
        if let records = zone.records { return records.map { $0.value + "\n" }.joined() }
        guard let file = zone.file else { return nil }
        let path = file.value.hasPrefix("/") ? file.value : folder + file.value
        do {
            let bytes = try readFile(path)
            if let text = String(validating: bytes, as: UTF8.self) { return text }
            report.error("the zone file \(quoted(path)) is not UTF-8 text", at: file.position)
        } catch {
            report.error("the zone file \(quoted(path)) cannot be read: \(error)", at: file.position)
        }
        return nil
    }

    private static func origin(_ name: String) -> String {
        name.hasSuffix(".") && name != "." ? String(name.dropLast()) : name
    }
}
