public import Net

/// One direction of a BGP session: what a speaker has to know of a neighbour.
public struct Session: Hashable, Sendable {
    /// What the neighbour is.
    public enum Neighbour: Hashable, Sendable {
        /// In another AS.
        case external(RelationKind)
        /// The route server of an exchange point (RFC 7947), of which the speaker is a client.
        case routeServer
        /// A client of the route server that the speaker is.
        case routeServerClient
        /// In the same AS. A client of a route reflector is reflected to (RFC 4456).
        case `internal`(isReflectorClient: Bool)
    }

    /// The speaker, as a position in ``Topology/nodes``.
    public let node: Int
    /// The neighbour, as a position in ``Topology/nodes``.
    public let remote: Int
    /// The family of the transport.
    public let family: AddressFamily
    /// The families of the routes: that of the transport, for each family has a session of its own and can fail alone; both over
    /// IPv6 where IPv4 has IPv6 next hops (RFC 8950).
    public let families: [AddressFamily]
    /// The speaker's address.
    public let localAddress: IPAddress
    /// The neighbour's address.
    public let remoteAddress: IPAddress
    /// The links of a session between neighbours, as positions in ``Topology/links``: the speaker's own first, and over the LAN of an
    /// exchange point the neighbour's too. None between the routers of a network.
    public let links: [Int]
    /// What the neighbour is to the speaker.
    public let neighbour: Neighbour
    /// Whether the speaker waits for the neighbour to connect. One side of each session does, so that two connections do
    /// not collide (RFC 4271, section 6.8).
    public let isPassive: Bool
    /// How the speaker's announcements are bent; nil when nothing is said.
    public let relation: Relation?
    /// The key of TCP-MD5, whichever side says it.
    public let password: String?
    /// Whether both ends take packets of each other's link only, whichever side says it.
    public let hasTTLSecurity: Bool
    /// Whether the speaker takes and sends several routes to a prefix.
    public let paths: SeveralPaths
    /// The timers. BFD does not watch the paths inside a network: their interior protocol knows at once.
    public let timers: Timers

    /// The speaker's own link of a session between neighbours; nil between the routers of a network.
    public var link: Int? { links.first }
    /// Whether IPv4 routes have IPv6 next hops (RFC 8950).
    public var hasExtendedNextHop: Bool { families.count > 1 }
}

/// Makes the sessions of a topology.
struct SessionBuilder {
    let lab: Lab
    let nodes: [Node]
    let links: [Link]

    /// A full mesh inside an AS grows with the square of its routers; above this many, two of them reflect.
    static let largestMesh = 4

    func sessions() -> [Session] {
        var result: [Session] = []
        for link in links {
            let way = Way(local: link.a, remote: link.b, links: [link])
            switch link.kind {
            case .exterior(let kind): result += both(way, .external(kind), .external(kind.reversed))
            case .server:
                let neighbour = Session.Neighbour.internal(isReflectorClient: false)
                result += both(way, neighbour, neighbour)
            case .interior, .access, .port: break
            }
        }
        for exchange in nodes where exchange.kind == .exchange { result += onLAN(of: exchange) }
        for network in lab.networks {
            let routers = nodes.filter { $0.kind == .router && $0.network == network.name }
            var timers = lab.timers.applying(network.timers)
            timers.bfd = nil
            var paths = SeveralPaths()
            (paths.receive, paths.send) = (network.internalPaths != nil, network.internalPaths)
            let reflectors = reflectors(among: routers)
            for a in routers {
                for b in routers where a.index != b.index {
                    guard reflectors.isEmpty || reflectors.contains(a.index) || reflectors.contains(b.index) else {
                        continue
                    }
                    let isClient = reflectors.contains(a.index) && !reflectors.contains(b.index)
                    for family in AddressFamily.allCases {
                        result.append(
                            Session(
                                node: a.index, remote: b.index, family: family, families: [family],
                                localAddress: loopback(a, family), remoteAddress: loopback(b, family), links: [],
                                neighbour: .internal(isReflectorClient: isClient), isPassive: a.index < b.index,
                                relation: nil, password: nil, hasTTLSecurity: false, paths: paths,
                                timers: timers))
                    }
                }
            }
        }
        return result
    }

    /// The ends of a session between neighbours on a link, and the links between them.
    private struct Way {
        let local: LinkEnd
        let remote: LinkEnd
        let links: [Link]

        var reversed: Way { Way(local: remote, remote: local, links: links.reversed()) }
    }

    /// Both directions of the sessions of both families.
    private func both(_ way: Way, _ neighbour: Session.Neighbour, _ back: Session.Neighbour) -> [Session] {
        let (own, other) = (nodes[way.local.node], nodes[way.remote.node])
        let isExtended = [relation(of: own, to: other), relation(of: other, to: own)].contains {
            $0?.hasExtendedNextHop == true
        }
        let families: [(transport: AddressFamily, routes: [AddressFamily])] =
            isExtended ? [(.ipv6, [.ipv4, .ipv6])] : AddressFamily.allCases.map { ($0, [$0]) }
        return families.flatMap { family, routes in
            [
                onLink(way, neighbour, family, routes, isPassive: isPassive(way.local, way.remote)),
                onLink(way.reversed, back, family, routes, isPassive: isPassive(way.remote, way.local)),
            ]
        }
    }

    /// The sessions over the LAN of an exchange: of everybody with its route server, or of all pairs between whom there is no
    /// relation in the file. Sites of one service are one AS, and have nothing to tell each other.
    private func onLAN(of exchange: Node) -> [Session] {
        let ports = exchange.links.map { links[$0] }
        func way(_ a: Link, _ b: Link) -> Way { Way(local: a.b, remote: b.b, links: [a, b]) }
        if let server = ports.first(where: { nodes[$0.b.node].kind == .routeServer }) {
            return ports.filter { $0.index != server.index }.flatMap { port in
                both(way(port, server), .routeServer, .routeServerClient)
            }
        }
        return ports.enumerated().flatMap { position, a in
            ports[(position + 1)...].flatMap { b in
                let (left, right) = (nodes[a.b.node], nodes[b.b.node])
                let isRelated = relation(of: left, to: right) != nil || relation(of: right, to: left) != nil
                return isRelated || left.asn == right.asn
                    ? [] : both(way(a, b), .external(.peer), .external(.peer))
            }
        }
    }

    private func onLink(
        _ way: Way, _ neighbour: Session.Neighbour, _ family: AddressFamily, _ families: [AddressFamily],
        isPassive: Bool
    ) -> Session {
        let (own, other) = (nodes[way.local.node], nodes[way.remote.node])
        let (ours, theirs) = (relation(of: own, to: other), relation(of: other, to: own))
        return Session(
            node: own.index, remote: other.index, family: family, families: families,
            localAddress: way.local.address(family), remoteAddress: way.remote.address(family),
            links: way.links.map(\.index), neighbour: neighbour, isPassive: isPassive, relation: ours,
            password: ours?.password ?? theirs?.password,
            hasTTLSecurity: ours?.hasTTLSecurity == true || theirs?.hasTTLSecurity == true,
            paths: ours?.paths ?? theirs?.paths?.answer ?? SeveralPaths(),
            timers: timers(of: [own, other], over: way.links))
    }

    /// The lab's timers, then those of the networks, then those of the links.
    private func timers(of ends: [Node], over links: [Link]) -> Timers {
        var timers = lab.timers
        for node in ends {
            if let network = lab.networks.first(where: { $0.name == node.network }), node.kind == .router {
                timers = timers.applying(network.timers)
            }
        }
        for rule in lab.links where links.contains(where: { rule.joins(nodes[$0.a.node], nodes[$0.b.node]) }) {
            timers = timers.applying(rule.timers)
        }
        return timers
    }

    /// Whether `local` waits: the daemon that takes longer to connect again does, and else the end numbered first.
    private func isPassive(_ local: LinkEnd, _ remote: LinkEnd) -> Bool {
        func patience(_ end: LinkEnd) -> Int {
            guard nodes[end.node].kind == .router else { return 0 }
            return lab.networks.first { $0.name == nodes[end.node].network }?.daemon?.patience ?? 0
        }
        let (own, other) = (patience(local), patience(remote))
        return own == other ? local.mac.rawValue < remote.mac.rawValue : own > other
    }

    /// What `node` itself declares about its neighbour.
    private func relation(of node: Node, to other: Node) -> Relation? {
        let declared =
            node.kind == .site
            ? lab.sites.first { $0.name == node.name }?.relations
            : lab.networks.first { $0.name == node.network }?.relations
        return declared?.first { $0.network == other.network && other.kind == .router }
    }

    private func loopback(_ node: Node, _ family: AddressFamily) -> IPAddress {
        family == .ipv4 ? .v4(node.address) : .v6(node.address6)
    }

    /// The two routers that are nearest to all others; none where a full mesh is small enough.
    private func reflectors(among routers: [Node]) -> Set<Int> {
        guard routers.count > Self.largestMesh else { return [] }
        func remoteness(_ node: Node) -> Double {
            routers.reduce(0) { $0 + Geography.kilometres(from: node.place, to: $1.place) }
        }
        let ranked = routers.map { ($0.index, remoteness($0)) }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }
        return Set(ranked.prefix(2).map(\.0))
    }
}
