import LabModel

/// What the names in a scenario may mean.
struct ScenarioNames {
    var networks: [String] = []
    var routers: [String] = []
    var services: [String] = []
    var sites: [String] = []
    /// The servers of sites that have several.
    var servers: [String] = []
    var clients: [String] = []
    /// Exchange points and their route servers.
    var exchanges: [String] = []
    /// The networks that have clients, and the countries, by their codes, that clients stand in.
    var (providers, countries): (Set<String>, Set<String>) = ([], [])

    init(_ draft: Draft) {
        for network in draft.networks { add(network.name.value, network.cities.map(\.value)) }
        services = draft.services.map(\.name.value)
        sites = draft.sites.map(\.name.value)
        servers = draft.sites.flatMap(\.serverNames)
        clients = draft.clients.map(\.name.value)
        for client in draft.clients { add(client: client.city?.value, client.provider?.value) }
        for exchange in draft.exchanges { add(exchange.name.value, hasRouteServer: exchange.hasRouteServer) }
    }

    init(_ lab: Lab) {
        for network in lab.networks { add(network.name, network.cities) }
        services = lab.services.map(\.name)
        sites = lab.sites.map(\.name)
        servers = lab.sites.flatMap(\.serverNames)
        clients = lab.clients.map(\.name)
        for client in lab.clients { add(client: client.city, client.provider) }
        for exchange in lab.exchanges { add(exchange.name, hasRouteServer: exchange.routeServer != nil) }
    }

    private mutating func add(_ network: String, _ cities: [Place]) {
        networks.append(network)
        routers += cities.enumerated().map { Network.routerName(network: network, city: $1, index: $0) }
    }

    private mutating func add(_ exchange: String, hasRouteServer: Bool) {
        exchanges += [exchange] + (hasRouteServer ? [exchange + "-rs"] : [])
    }

    private mutating func add(client place: Place?, _ provider: String?) {
        if let provider { providers.insert(provider) }
        guard let country = place?.country else { return }
        countries.insert(country)
        if Country.europeanUnion.contains(country) { countries.insert("EU") }
    }

    /// The names that a mention of this kind may have.
    fileprivate func known(_ kind: Draft.Mention.Kind) -> [String] {
        switch kind {
        case .client: clients
        case .site: sites
        case .network: networks
        case .service: services
        case .part: networks + services
        case .node: networks + routers + sites + servers + clients + exchanges
        case .target: networks + routers + services + sites + servers + clients + exchanges
        case .senders: clients + providers.sorted() + countries.sorted()
        case .served: clients + sites + servers
        }
    }

    /// What a name is, for a hint to whoever used it as something else.
    fileprivate func kind(of name: String) -> String? {
        let all = [
            (clients, "a client"), (sites, "a site"), (servers, "a server of a site"), (networks, "a network"),
            (routers, "a router"),
            (services, "a service"), (exchanges, "an exchange point or its route server"),
        ]
        return all.first { $0.0.contains(name) }?.1
    }
}

extension Checks {
    /// Every name in a scenario is that of something that can be meant there.
    static func scenario(_ mentions: [Draft.Mention], _ names: ScenarioNames, _ report: Report) {
        for mention in mentions {
            for name in mention.names where !names.known(mention.kind).contains(name) {
                let isSilent = mention.kind == .senders && names.networks.contains(name)
                let hint =
                    isSilent
                    ? "\(quoted(name)) is a network without clients"
                    : names.kind(of: name).map { "\(quoted(name)) is \($0)" }
                        ?? Nearest.hint(name, among: names.known(mention.kind))
                        ?? list(names.known(mention.kind), mention.kind)
                report.error(
                    "there is no \(mention.kind.rawValue) \(quoted(name))", at: mention.name.position, hint: hint)
            }
        }
    }

    /// Every fault of a scenario makes sense where it is; to be asked when all names are right.
    static func faults(_ faults: [Located<Fault>], in lab: Lab, _ report: Report) {
        guard !faults.isEmpty, !report.hasErrors, let topology = try? Topology(lab) else { return }
        for fault in faults {
            do throws(FaultError) {
                _ = try fault.value.checked(in: topology)
            } catch {
                report.error(error.description, at: fault.position)
            }
        }
    }

    private static func list(_ names: [String], _ kind: Draft.Mention.Kind) -> String? {
        names.isEmpty || names.count > 12 ? nil : "there are: \(names.joined(separator: ", "))"
    }
}

extension Draft.Mention {
    /// The single names of a target: `a--b` has two, `a,b` as well, and `a.bgp` is of `a`.
    fileprivate var names: [String] {
        guard kind == .target else { return [name.value] }
        return name.value.split(separator: ",").flatMap { part -> [String] in
            if let dashes = part.firstRange(of: "--") {
                return [String(part[..<dashes.lowerBound]), String(part[dashes.upperBound...])]
            }
            return [String(part.prefix { $0 != "." })]
        }
    }
}
