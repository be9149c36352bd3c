import LabModel
import Net

/// What the parts of a lab mean together. Every check reports all it finds, and none of them what another has reported.
enum Checks {
    /// Runs all checks that need only the draft, and completes it: the one service of sites that name none.
    static func run(_ draft: inout Draft, _ report: Report) {
        names(&draft, report)
        services(&draft, report)
        members(&draft, report)
        neighbours(&draft, report)
        providerCycles(draft, report)
        numbers(draft, report)
        addresses(draft, report)
        linkNames(draft, report)
        otherDaemons(draft, report)
        stations(draft, report)
        multicast(draft, report)
        if draft.hasStructure { Reachability(draft).check(report) }
    }

    // MARK: Names

    /// Networks, routers, sites and clients share the names of nodes: `NAME.NODE` is a namespace, and `links`, `exec`
    /// and
    /// `fail` take any of them.
    private static func names(_ draft: inout Draft, _ report: Report) {
        var taken: [String: (what: String, position: Position)] = [:]
        func take(_ name: String, _ what: String, _ position: Position, hint: String) -> Bool {
            guard let other = taken.updateValue((what, position), forKey: name) else { return true }
            taken[name] = other
            report.error(
                "\(what) and \(other.what) (line \(other.position.line)) have the same name \(quoted(name))",
                at: position, hint: hint)
            return false
        }
        var areUnique = true
        let hint = "networks, their routers, sites, their servers, clients and exchanges share one set of names"
        for network in draft.networks {
            areUnique = take(network.name.value, "a network", network.name.position, hint: hint) && areUnique
        }
        for network in draft.networks {
            var cities: [String: Position] = [:]
            for (index, city) in network.cities.enumerated() {
                if let code = city.value.code, let first = cities.updateValue(city.position, forKey: code) {
                    report.error(
                        "network \(quoted(network.name.value)) is in \(code) twice (line \(first.line))",
                        at: city.position, hint: "a network has one router in a city")
                    areUnique = false
                    continue
                }
                let name = Network.routerName(network: network.name.value, city: city.value, index: index)
                let what = "the router in \(city.value.label) of network \(quoted(network.name.value))"
                areUnique = take(name, what, city.position, hint: hint) && areUnique
                if name.utf8.count > 63, network.name.value.utf8.count <= 63 {
                    report.error(
                        "the name of the router \(quoted(name)) has more than 63 characters", at: city.position,
                        hint: "shorten the name of the network")
                }
            }
        }
        for site in draft.sites {
            areUnique = take(site.name.value, "a site", site.name.position, hint: hint) && areUnique
            for name in site.serverNames {
                let what = "a server of site \(quoted(site.name.value))"
                areUnique = take(name, what, site.name.position, hint: hint) && areUnique
            }
            if let longest = site.serverNames.last, longest.utf8.count > 63, site.name.value.utf8.count <= 63 {
                report.error(
                    "the name of the server \(quoted(longest)) has more than 63 characters", at: site.name.position,
                    hint: "shorten the name of the site")
            }
        }
        for client in draft.clients {
            areUnique = take(client.name.value, "a client", client.name.position, hint: hint) && areUnique
        }
        for exchange in draft.exchanges {
            areUnique = take(exchange.name.value, "an exchange", exchange.name.position, hint: hint) && areUnique
            guard exchange.hasRouteServer else { continue }
            let what = "the route server of exchange \(quoted(exchange.name.value))"
            areUnique = take(exchange.name.value + "-rs", what, exchange.name.position, hint: hint) && areUnique
        }
        if !areUnique { draft.hasStructure = false }
    }

    // MARK: Services of sites

    private static func services(_ draft: inout Draft, _ report: Report) {
        let known = draft.services.map(\.name.value)
        let knownSet = Set(known)
        for (index, site) in draft.sites.enumerated() {
            if let service = site.service {
                guard !knownSet.contains(service.value) else { continue }
                report.error(
                    "there is no service \(quoted(service.value))", at: service.position,
                    hint: Nearest.hint(service.value, among: known))
                draft.hasStructure = false
            } else if known.count == 1 {
                draft.sites[index].service = Located(value: known[0], position: site.name.position)
            } else if draft.hasStructure || known.count > 1 {
                report.error(
                    "site \(quoted(site.name.value)) has to say of which service it is", at: site.name.position,
                    hint: known.isEmpty
                        ? "declare it under 'services'" : "the services are: \(known.prefix(8).joined(separator: ", "))"
                )
                draft.hasStructure = false
            }
        }
        guard draft.hasStructure else { return }
        let offered = Set(draft.sites.compactMap(\.service?.value))
        for service in draft.services where !offered.contains(service.name.value) {
            report.error(
                "no site offers the service \(quoted(service.name.value))", at: service.name.position,
                hint: "declare one under 'sites'")
        }
        primaries(draft, report)
        origins(draft, report)
        capacities(draft, report)
    }

    /// A zone's primary is a site of its own service.
    private static func primaries(_ draft: Draft, _ report: Report) {
        for service in draft.services {
            guard let primary = service.zone?.primary else { continue }
            let sites = draft.sites.filter { $0.service?.value == service.name.value }.map(\.name.value)
            if let site = draft.sites.first(where: { $0.name.value == primary.value && !$0.serverNames.isEmpty }) {
                report.error(
                    "a primary is one server, and site \(quoted(primary.value)) has \(site.serverNames.count)",
                    at: primary.position, hint: "name a site without 'servers'")
            }
            guard !sites.contains(primary.value) else { continue }
            report.error(
                "\(quoted(service.name.value)) has no site \(quoted(primary.value))", at: primary.position,
                hint: Nearest.hint(primary.value, among: sites))
        }
    }

    // MARK: AS numbers

    /// Reports numbers that are used twice. Several route servers may be of one AS: nobody sees it on a path.
    private static func numbers(_ draft: Draft, _ report: Report) {
        var used: [ASN: (what: String, position: Position)] = [:]
        func isFree(_ asn: Located<ASN>) -> Bool {
            guard let other = used[asn.value] else { return true }
            report.error(
                "AS \(asn.value) is already that of \(other.what) (line \(other.position.line))", at: asn.position,
                hint: "leave 'asn' out to be given one")
            return false
        }
        for network in draft.networks {
            guard let asn = network.asn, isFree(asn) else { continue }
            used[asn.value] = ("network \(quoted(network.name.value))", asn.position)
        }
        let services = draft.services.compactMap { service in service.asn.map { (service.name.value, $0) } }
        for (name, asn) in services.filter({ isFree($0.1) }) {
            used[asn.value] = ("service \(quoted(name))", asn.position)
        }
        for asn in draft.exchanges.compactMap(\.routeServer) { _ = isFree(asn) }
    }
}
