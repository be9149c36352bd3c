import Net

/// Makes nodes and links of a lab: who is joined to whom, where, and with which addresses.
struct TopologyBuilder {
    let lab: Lab
    let addressing: Addressing
    var nodes: [Node] = []
    private(set) var links: [Link] = []

    private let networkIndex: [String: Int]
    private(set) var routers: [[Int]] = []
    /// The sites, in the order of the file.
    private(set) var sites: [Int] = []
    /// The switches of the exchange points.
    var exchanges: [Int] = []
    var interfaces: [Set<String>] = []
    /// The numbers that things had before, and those that they have now.
    let earlier: Numbering?
    var numbering: Numbering
    private var linkIDs: FreeNumbers
    /// The places in the blocks of the routers.
    private var places: [Int: FreeNumbers] = [:]

    /// Starts a topology whose nodes and links keep the numbers of `earlier`, if they had any. Throws ``TopologyError``.
    init(_ lab: Lab, keeping earlier: Numbering?) throws(TopologyError) {
        self.lab = lab
        self.earlier = earlier
        networkIndex = Dictionary(
            lab.networks.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        let demands = Self.demands(lab)
        if let earlier {
            addressing = try Addressing(
                networks: zip(lab.networks, demands).map { ($0.name, $1) }, sites: lab.sites.map(\.name),
                keeping: earlier)
        } else {
            addressing = try Addressing(networks: demands, sites: lab.sites.count)
        }
        numbering = Numbering(usualBits: addressing.networkBits)
        numbering.drawnNumbers = lab.drawnNumbers
        linkIDs = FreeNumbers(taken: (earlier?.links.values).map { $0.map(\.id) } ?? [])
    }

    /// What each network needs addresses for. The links of one router are at most all that its network is joined to: its other
    /// routers, each neighbour in each city, each site and client.
    private static func demands(_ lab: Lab) -> [Addressing.Demand] {
        var links: [String: Int] = [:]
        for network in lab.networks {
            links[network.name, default: 0] += network.cities.count
            for relation in network.relations {
                links[network.name, default: 0] += 1
                links[relation.network, default: 0] += 1
            }
        }
        for site in lab.sites { for relation in site.relations { links[relation.network, default: 0] += 1 } }
        for client in lab.clients { links[client.provider, default: 0] += 1 }
        return lab.networks.map { .init(routers: $0.cities.count, links: links[$0.name, default: 0]) }
    }

    mutating func build() throws(TopologyError) {
        try addRouters()
        try addExchanges()
        try addSites()
        try addServers()
        try addClients()
        interfaces = Array(repeating: [], count: nodes.count)
        try joinClients()
        for index in lab.networks.indices { try joinInterior(index) }
        try joinNetworks()
        try joinSites()
        try joinExchanges()
        try joinServers()
    }

    // MARK: Nodes

    private mutating func addRouters() throws(TopologyError) {
        for (index, network) in lab.networks.enumerated() {
            guard !network.cities.isEmpty else {
                throw TopologyError(description: "network '\(network.name)' has no city")
            }
            var own: [Int] = []
            let numbers = try routerNumbers(network, addressing.blocks[index])
            for (router, city) in network.cities.enumerated() {
                let name = Network.routerName(network: network.name, city: city, index: router)
                let (address, address6) = addressing.loopback(
                    ofRouter: numbers[name] ?? router, inNetwork: index)
                own.append(nodes.count)
                nodes.append(
                    Node(
                        index: nodes.count, name: name, kind: .router, network: network.name, asn: network.asn,
                        place: city, address: address,
                        address6: address6, prefixes: addressing.prefixes(ofNetwork: index), services: []))
            }
            routers.append(own)
            numbering.networks[network.name] = .init(block: addressing.blocks[index], routers: numbers)
        }
    }

    private func routerNumbers(_ network: Network, _ block: Addressing.Block) throws(TopologyError) -> [String: Int] {
        let names = network.cities.enumerated().map {
            Network.routerName(network: network.name, city: $1, index: $0)
        }
        let known = earlier?.networks[network.name]?.routers ?? [:]
        var free = FreeNumbers(taken: known.values)
        let numbers = Dictionary(names.map { ($0, known[$0] ?? free.draw()) }, uniquingKeysWith: { first, _ in first })
        guard numbers.values.allSatisfy({ $0 < block.routers }) else {
            throw TopologyError(description: "network '\(network.name)' has no address left for another router")
        }
        return numbers
    }

    private mutating func addSites() throws(TopologyError) {
        for (index, site) in lab.sites.enumerated() {
            guard let service = lab.services.first(where: { $0.name == site.service }) else {
                throw TopologyError(description: "site '\(site.name)' is of an unknown service '\(site.service)'")
            }
            let (address, address6) = addressing.loopback(ofSite: index)
            numbering.sites[site.name] = addressing.siteNumbers[index]
            sites.append(nodes.count)
            let isServer = site.servers == 1
            nodes.append(
                Node(
                    index: nodes.count, name: site.name, kind: .site, network: service.name, asn: service.asn,
                    place: site.city, address: address, address6: address6,
                    prefixes: (isServer ? service.prefixes : []) + addressing.prefixes(ofSite: index),
                    services: isServer ? service.addresses : [], serves: isServer ? service.kind : nil))
        }
    }

    private mutating func addClients() throws(TopologyError) {
        // A client's address is that of its link. Clients have the first links of a router's block, and are joined first,
        // so that their addresses do not move when networks are joined.
        for client in lab.clients {
            let network = try network(client.provider)
            let gateway = nearest(routers[network], to: client.city)
            let numbers = try numbers(ofLink: gateway, to: client.name, room: addressing.blocks[network].links)
            let first = addressing.link(
                numbers.place, ofRouter: routerNumber(gateway, network), inNetwork: network)
            let (address, address6) = Addressing.otherEnd(first)
            nodes.append(
                Node(
                    index: nodes.count, name: client.name, kind: .client, network: client.provider,
                    asn: lab.networks[network].asn, place: client.city, address: address, address6: address6,
                    prefixes: [], services: []))
        }
    }

    // MARK: Links

    /// Joins the routers of one AS. Up to three form a full mesh. More form a Gabriel graph: two routers are joined unless
    /// a third lies inside the circle between them, which keeps the graph connected and like a real backbone.
    private mutating func joinInterior(_ index: Int) throws(TopologyError) {
        let own = routers[index]
        for (position, a) in own.enumerated() {
            for b in own[(position + 1)...] where own.count <= 3 || isGabrielEdge(a, b, among: own) {
                try join(a, b, .interior, network: index)
            }
        }
    }

    private func isGabrielEdge(_ a: Int, _ b: Int, among routers: [Int]) -> Bool {
        func squared(_ p: Int, _ q: Int) -> Double {
            let distance = Geography.kilometres(from: nodes[p].place, to: nodes[q].place)
            return distance * distance
        }
        let limit = squared(a, b)
        return !routers.contains { $0 != a && $0 != b && squared(a, $0) + squared($0, b) < limit }
    }

    private mutating func joinNetworks() throws(TopologyError) {
        var joined: Set<[Int]> = []
        for (index, network) in lab.networks.enumerated() {
            for relation in network.relations {
                let other = try self.network(relation.network)
                guard other != index, joined.insert([min(index, other), max(index, other)]).inserted else { continue }
                // Addresses are from the provider's block, as an operator would expect; else from the first in the file.
                let isLower = relation.kind == .provider || (relation.kind != .customer && other < index)
                let (left, right) = isLower ? (other, index) : (index, other)
                let kind = isLower ? relation.kind.reversed : relation.kind
                for (a, b) in meetingPoints(left, right) { try join(a, b, .exterior(kind), network: left) }
            }
        }
    }

    /// Where two networks meet: in every city that both are in, else between their two nearest routers.
    private func meetingPoints(_ left: Int, _ right: Int) -> [(Int, Int)] {
        var shared: [(Int, Int)] = []
        var nearest: (Int, Int)?
        var shortest = Double.infinity
        for a in routers[left] {
            for b in routers[right] {
                if let code = nodes[a].place.code, code == nodes[b].place.code { shared.append((a, b)) }
                let distance = Geography.kilometres(from: nodes[a].place, to: nodes[b].place)
                if distance < shortest { (nearest, shortest) = ((a, b), distance) }
            }
        }
        return shared.isEmpty ? nearest.map { [$0] } ?? [] : shared
    }

    private mutating func joinSites() throws(TopologyError) {
        for (site, node) in zip(lab.sites, sites) {
            for relation in site.relations {
                let network = try network(relation.network)
                let router = nearest(routers[network], to: site.city)
                try join(router, node, .exterior(relation.kind.reversed), network: network)
            }
        }
    }

    private mutating func joinClients() throws(TopologyError) {
        let first = nodes.count - lab.clients.count
        for (position, client) in lab.clients.enumerated() {
            let network = try network(client.provider)
            try join(nearest(routers[network], to: client.city), first + position, .access, network: network)
        }
    }

    private mutating func join(_ a: Int, _ b: Int, _ kind: Link.Kind, network: Int) throws(TopologyError) {
        let numbers = try numbers(ofLink: a, to: nodes[b].name, room: addressing.blocks[network].links)
        let first = addressing.link(numbers.place, ofRouter: routerNumber(a, network), inNetwork: network)
        link(a, b, kind, numbers.id, first, Addressing.otherEnd(first))
    }

    mutating func link(
        _ a: Int, _ b: Int, _ kind: Link.Kind, _ number: Int, _ first: (IPv4Address, IPv6Address),
        _ second: (IPv4Address, IPv6Address)
    ) {
        var quality = LinkQuality(delay: Geography.delay(from: nodes[a].place, to: nodes[b].place))
        for rule in lab.links where rule.joins(nodes[a], nodes[b]) { rule.apply(to: &quality) }
        let index = links.count
        links.append(
            Link(
                index: index, number: number, kind: kind,
                a: end(a, towards: b, link: number, side: 0, first.0, first.1),
                b: end(b, towards: a, link: number, side: 1, second.0, second.1), quality: quality))
        nodes[a].links.append(index)
        nodes[b].links.append(index)
    }

    /// The numbers of the link between router or exchange `a`, which has addresses for `room` links, and the node called `other`,
    /// drawn when they are first asked for.
    mutating func numbers(
        ofLink a: Int, to other: String, room: Int
    ) throws(TopologyError) -> Numbering.LinkNumbers {
        let key = Numbering.key(nodes[a].name, other)
        if let known = numbering.links[key] ?? earlier?.links[key] {
            numbering.links[key] = known
            return known
        }
        var free = places[a] ?? FreeNumbers(taken: earlierPlaces(nodes[a].name))
        let numbers = Numbering.LinkNumbers(id: linkIDs.draw(), place: free.draw())
        places[a] = free
        guard numbers.place < room else {
            throw TopologyError(description: "'\(nodes[a].name)' has no addresses left for another link")
        }
        numbering.links[key] = numbers
        return numbers
    }

    /// The places that links of a router or exchange had before.
    private func earlierPlaces(_ router: String) -> [Int] {
        guard let earlier else { return [] }
        return earlier.links.filter { $0.key.hasPrefix(Numbering.key(router, "")) }.map(\.value.place)
    }

    private func routerNumber(_ node: Int, _ network: Int) -> Int {
        numbering.networks[lab.networks[network].name]?.routers[nodes[node].name] ?? 0
    }

    private mutating func end(
        _ node: Int, towards other: Int, link: Int, side: UInt64, _ address: IPv4Address, _ address6: IPv6Address
    ) -> LinkEnd {
        let interface = InterfaceName.make(towards: nodes[other].name, taken: interfaces[node])
        interfaces[node].insert(interface)
        // Locally administered (IEEE 802, the second bit of the first octet), numbered by link and end.
        let mac = MACAddress(rawValue: 0x0200_0000_0000 | UInt64(link) << 1 | side)
        return LinkEnd(
            node: node, interface: interface, alias: nodes[other].name, mac: mac, address: address, address6: address6)
    }

    // MARK: Finding

    func network(_ name: String) throws(TopologyError) -> Int {
        guard let index = networkIndex[name] else { throw TopologyError(description: "there is no network '\(name)'") }
        return index
    }

    func nearest(_ candidates: [Int], to place: Place) -> Int {
        var best = candidates.first ?? 0
        var shortest = Double.infinity
        for candidate in candidates {
            let distance = Geography.kilometres(from: nodes[candidate].place, to: place)
            if distance < shortest { (best, shortest) = (candidate, distance) }
        }
        return best
    }
}
