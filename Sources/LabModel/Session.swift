public import Net

/// One direction of a BGP session: what a speaker has to know of a neighbour.
public struct Session: Hashable, Sendable {
    /// What the neighbour is.
    public enum Neighbour: Hashable, Sendable {
        /// In another AS.
        case external(RelationKind)
        /// In the same AS. A client of a route reflector is reflected to (RFC 4456).
        case `internal`(isReflectorClient: Bool)
    }

    /// The speaker, as a position in ``Topology/nodes``.
    public let node: Int
    /// The neighbour, as a position in ``Topology/nodes``.
    public let remote: Int
    /// The family of the transport and of the routes: each family has a session of its own, so each can fail alone.
    public let family: AddressFamily
    /// The speaker's address.
    public let localAddress: IPAddress
    /// The neighbour's address.
    public let remoteAddress: IPAddress
    /// The link of an external session, as a position in ``Topology/links``; nil inside an AS.
    public let link: Int?
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
    /// The timers. BFD does not watch the paths inside an AS: their interior protocol knows at once.
    public let timers: Timers
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
            guard case .exterior(let kind) = link.kind else { continue }
            for family in AddressFamily.allCases {
                result.append(external(link, link.a, link.b, kind, family))
                result.append(external(link, link.b, link.a, kind.reversed, family))
            }
        }
        for network in lab.networks {
            let routers = nodes.filter { $0.kind == .router && $0.network == network.name }
            var timers = lab.timers.applying(network.timers)
            timers.bfd = nil
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
                                node: a.index, remote: b.index, family: family, localAddress: loopback(a, family),
                                remoteAddress: loopback(b, family), link: nil,
                                neighbour: .internal(isReflectorClient: isClient), isPassive: a.index < b.index,
                                relation: nil, password: nil, hasTTLSecurity: false, timers: timers))
                    }
                }
            }
        }
        return result
    }

    private func external(
        _ link: Link, _ local: LinkEnd, _ remote: LinkEnd, _ kind: RelationKind, _ family: AddressFamily
    ) -> Session {
        let (own, other) = (nodes[local.node], nodes[remote.node])
        var timers = lab.timers
        for node in [own, other] {
            if let network = lab.networks.first(where: { $0.name == node.network }), node.kind == .router {
                timers = timers.applying(network.timers)
            }
        }
        for rule in lab.links where rule.joins(own, other) { timers = timers.applying(rule.timers) }
        let (ours, theirs) = (relation(of: own, to: other), relation(of: other, to: own))
        return Session(
            node: own.index, remote: other.index, family: family, localAddress: local.address(family),
            remoteAddress: remote.address(family), link: link.index, neighbour: .external(kind),
            isPassive: isPassive(local, remote), relation: ours,
            password: ours?.password ?? theirs?.password,
            hasTTLSecurity: ours?.hasTTLSecurity == true || theirs?.hasTTLSecurity == true, timers: timers)
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
