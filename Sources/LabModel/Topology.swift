public import Net

/// The network that a lab describes: every node, link and BGP session, with every name and address decided.
///
/// It follows from the ``Lab`` alone and is the same every time, so the supervisor, the command line and a prediction that
/// never builds anything all speak of the same thing.
public struct Topology: Sendable {
    /// The lab that this was made of, with all its AS numbers.
    public let lab: Lab
    /// The nodes: routers of the networks in the order of the file, then exchange points and their route servers, then sites, then
    /// the servers of sites that have several, then clients.
    public let nodes: [Node]
    /// The links.
    public let links: [Link]
    /// Both directions of every BGP session.
    public let sessions: [Session]
    /// The addresses of the networks and sites.
    public let addressing: Addressing
    /// The numbers that they follow from.
    public let numbering: Numbering

    /// Resolves a lab. What has a number in `numbering`, that of a lab which is up and is changed, keeps it. Throws
    /// ``TopologyError`` when the lab is larger than the address plan, or names something that is not there, which a lab that was
    /// read from a file never does.
    public init(_ lab: Lab, keeping numbering: Numbering? = nil) throws(TopologyError) {
        let lab = lab.withNumbers(keeping: numbering)
        var builder = try TopologyBuilder(lab, keeping: numbering)
        try builder.build()
        self.lab = lab
        addressing = builder.addressing
        self.numbering = builder.numbering
        nodes = builder.nodes
        links = builder.links
        sessions = SessionBuilder(lab: lab, nodes: builder.nodes, links: builder.links).sessions()
    }

    /// The node called `name`; also the only router of the network called `name`.
    public func node(named name: String) -> Node? {
        if let exact = nodes.first(where: { $0.name == name }) { return exact }
        let routers = nodes.filter { $0.kind == .router && $0.network == name }
        return routers.count == 1 ? routers[0] : nil
    }

    /// The service that a node answers for; nil for one that answers for none.
    public func service(of node: Node) -> Service? {
        node.serves == nil ? nil : lab.services.first { $0.name == node.network }
    }

    /// The site that a node is, or is a server of; the node itself where it is neither.
    public func site(of node: Node) -> Node { node.site.flatMap { self.node(named: $0) } ?? node }

    /// The links of a node, with the end that is the node's.
    public func links(of node: Int) -> [(link: Link, end: LinkEnd, other: LinkEnd)] {
        nodes[node].links.map { index in
            let link = links[index]
            return link.a.node == node ? (link, link.a, link.b) : (link, link.b, link.a)
        }
    }
}

/// Why a lab has no topology.
public struct TopologyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, for people.
    public let description: String
}

/// A namespace of the lab.
public struct Node: Hashable, Sendable {
    /// What a node is.
    public enum Kind: String, Hashable, Sendable, Codable {
        /// A router of a network.
        case router
        /// A point of presence of a service: router and responder in one, or the router before its servers.
        case site
        /// One of several servers of a site.
        case server
        /// A host.
        case client
        /// The switch of an exchange point: forwards frames, and no packets of its own.
        case exchange
        /// The route server of an exchange point (RFC 7947): speaks BGP, and carries no traffic.
        case routeServer = "route-server"

        /// Whether its address is that of its one link.
        public var hasAddressOfLink: Bool { self == .client || self == .server || self == .routeServer }
        /// Whether all that it sends goes to the router at its one link, unless it knows better.
        public var hasDefaultRoute: Bool { self == .client || self == .server }
    }

    /// The position in ``Topology/nodes``.
    public let index: Int
    /// The name: `NETWORK-city` of a router, the name in the file of a site or client.
    public let name: String
    /// What it is.
    public let kind: Kind
    /// The network of a router, the service of a site or server, the provider of a client, the exchange point of its switch and route
    /// server.
    public let network: String
    /// The AS it belongs to; 0, which is nobody's, for the switch of an exchange point.
    public let asn: ASN
    /// Where it stands.
    public let place: Place
    /// Its own unicast address; the IPv4 one is a router's BGP Identifier. That of a client, server or route server is the one of its
    /// link. The switch of an exchange point has none: here is the first of its LAN, which nobody has.
    public let address: IPv4Address
    /// Its own unicast address.
    public let address6: IPv6Address
    /// What it announces.
    public let prefixes: [IPPrefix]
    /// The anycast addresses that it answers at.
    public let services: [IPAddress]
    /// What answers there; nil where nothing does.
    public var serves: Service.Kind?
    /// The site that a server stands in, by name; nil for all others.
    public var site: String?
    /// The links, as positions in ``Topology/links``, in the order in which they were made.
    public internal(set) var links: [Int] = []

    /// Whether it runs a BGP speaker.
    public var runsBGP: Bool { kind != .client && kind != .exchange }
    /// Whether it has addresses of its own beside those of its links.
    public var hasOwnAddress: Bool { kind == .router || kind == .site }
    /// Whether it passes on packets that are not its own: a router, and a site before its servers.
    public var forwards: Bool { kind == .router || (kind == .site && serves == nil) }
    /// The name of the site that it is, or stands in.
    public var siteName: String { site ?? name }
}

/// One end of a link.
public struct LinkEnd: Hashable, Sendable {
    /// The node, as a position in ``Topology/nodes``.
    public let node: Int
    /// The interface's name in that node, at most 15 bytes.
    public let interface: String
    /// The full name of the node at the other end, for the interface's alias.
    public let alias: String
    /// The interface's address.
    public let mac: MACAddress
    /// One of the two addresses of a /31 (RFC 3021), or one on the LAN of an exchange point. The switch's own end has none: here is
    /// the first of the LAN.
    public let address: IPv4Address
    /// One of the two addresses of a /127 (RFC 6164), or one on the LAN.
    public let address6: IPv6Address

    /// The address of a family.
    public func address(_ family: AddressFamily) -> IPAddress {
        family == .ipv4 ? .v4(address) : .v6(address6)
    }
}

/// A link between two nodes.
public struct Link: Hashable, Sendable {
    /// What runs over the link.
    public enum Kind: Hashable, Sendable {
        /// The interior of an AS.
        case interior
        /// A BGP relation; what end `b` is to end `a`.
        case exterior(RelationKind)
        /// A client, at end `b`.
        case access
        /// A server of a site, at end `b`.
        case server
        /// A port of an exchange point: its switch is end `a`, a member or the route server end `b`.
        case port
    }

    /// The position in ``Topology/links``.
    public let index: Int
    /// The number that it keeps while the lab is changed.
    public let number: Int
    /// What runs over it.
    public let kind: Kind
    /// One end: the one whose address block or LAN the link's addresses are from.
    public let a: LinkEnd
    /// The other end.
    public let b: LinkEnd
    /// What it does to packets, in each direction.
    public let quality: LinkQuality

    /// The end at `node`, if one is.
    public func end(at node: Int) -> LinkEnd? { a.node == node ? a : b.node == node ? b : nil }
    /// The end that is not at `node`.
    public func end(oppositeTo node: Int) -> LinkEnd { a.node == node ? b : a }
}

extension Topology {
    /// The block of addresses of one router, one prefix a family: what the interior protocol carries. Empty for others.
    public func routerBlock(of node: Int) -> [IPPrefix] {
        guard nodes[node].kind == .router,
            let network = lab.networks.firstIndex(where: { $0.name == nodes[node].network }),
            let number = numbering.networks[nodes[node].network]?.routers[nodes[node].name]
        else { return [] }
        return addressing.prefixes(ofRouter: number, inNetwork: network)
    }
}
