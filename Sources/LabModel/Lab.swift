public import Net

/// A lab as its file declares it, checked: every name that is used exists, once.
public struct Lab: Hashable, Sendable, Codable {
    /// The name: 1 to 32 of `a-z`, `0-9` and `-`.
    public var name: String
    /// What the lab is about.
    public var description: String?
    /// The timers of every session that nothing narrower speaks of.
    public var timers: Timers
    /// The networks that carry traffic, in the order of the file.
    public var networks: [Network]
    /// The services, in the order of the file.
    public var services: [Service]
    /// The sites, in the order of the file.
    public var sites: [Site]
    /// The clients, in the order of the file.
    public var clients: [Client]
    /// What the file says about single links.
    public var links: [LinkRule]
    /// The exchange points, in the order of the file.
    public var exchanges: [Exchange] = []
    /// The multicast groups, in the order of the file.
    public var multicast: [MulticastGroup] = []

    /// Makes a lab of its parts.
    public init(
        name: String, description: String?, timers: Timers, networks: [Network], services: [Service], sites: [Site],
        clients: [Client], links: [LinkRule]
    ) {
        self.name = name
        self.description = description
        self.timers = timers
        self.networks = networks
        self.services = services
        self.sites = sites
        self.clients = clients
        self.links = links
    }
}

/// An autonomous system that carries traffic, with one router per city.
public struct Network: Hashable, Sendable, Codable {
    /// The name.
    public var name: String
    /// The AS number.
    public var asn: ASN
    /// Whether the file leaves the number to the lab.
    public var isASNDrawn = false
    /// Where its routers stand, one each; at least one.
    public var cities: [Place]
    /// Its neighbours, as it declares them. A relation may be declared on either side, or on both.
    public var relations: [Relation]
    /// Timers of all its sessions.
    public var timers: TimerOverrides
    /// The BGP daemon of its routers; nil for ours.
    public var daemon: OtherDaemon?
    /// What is done to the routes of all its neighbours in other networks, after the rules of the relation.
    public var imports: [PolicyRule] = []
    /// What is done to the routes that it announces to other networks, after the rules of the relation.
    public var exports: [PolicyRule] = []
    /// How its routers choose among routes.
    public var decision = DecisionRules()
    /// How many routes to a prefix its routers send each other (RFC 7911); nil for the best one only.
    public var internalPaths: SeveralPaths.Sending?
    /// Whether and how its routers restart gracefully (RFC 4724); nil for not at all.
    public var restart: GracefulRestartTimers?
    /// The client that its routers report to by BMP (RFC 7854); nil for none.
    public var monitoringStation: String?
    /// How its routers damp routes of other networks that flap; nil where they do not.
    public var damping: Damping?

    /// Makes a network.
    public init(
        name: String, asn: ASN, cities: [Place], relations: [Relation], timers: TimerOverrides,
        daemon: OtherDaemon? = nil
    ) {
        self.name = name
        self.asn = asn
        self.cities = cities
        self.relations = relations
        self.timers = timers
        self.daemon = daemon
    }

    /// The name of the router number `index` (from 0) of a network: by its city's code, or else by its number.
    public static func routerName(network: String, city: Place, index: Int) -> String {
        network + "-" + (city.code?.lowercased() ?? String(index + 1))
    }
}

/// An anycast service: one set of addresses, announced at every site.
public struct Service: Hashable, Sendable, Codable {
    /// What answers at the addresses.
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// Our DNS responder.
        case dns
        /// Our HTTP server; beside it our DNS responder says which site it is.
        case http
    }

    /// A zone that the responder serves.
    public struct Zone: Hashable, Sendable, Codable {
        /// The name of the zone, without a final dot.
        public var origin: String
        /// The records in the form of a master file (RFC 1035, section 5).
        public var text: String
        /// The files that the text includes, by their names relative to its own folder.
        public var includes: [String: String]
        /// The site that the others fetch newer versions from; nil where each has only what the lab file says.
        public var primary: String?

        /// Makes a zone.
        public init(origin: String, text: String, includes: [String: String] = [:], primary: String? = nil) {
            self.origin = origin
            self.text = text
            self.includes = includes
            self.primary = primary
        }
    }

    /// The name.
    public var name: String
    /// The AS number of every site.
    public var asn: ASN
    /// Whether the file leaves the number to the lab.
    public var isASNDrawn = false
    /// The anycast addresses.
    public var addresses: [IPAddress]
    /// What is announced: the covering /24 and /48 of the addresses unless the file says otherwise.
    public var prefixes: [IPPrefix]
    /// What answers.
    public var kind: Kind
    /// What the responder serves; nil for a service that only says which site it is.
    public var zone: Zone?
    /// What the sites of kind `http` serve; nil for others.
    public var web: WebService?
    /// How many responses a prefix of clients gets; nil for any number.
    public var rateLimit: RateLimit?
    /// How each site is checked; nil for not at all.
    public var health: HealthCheck?

    /// A limit of responses to a /24 or /56.
    public struct RateLimit: Hashable, Sendable, Codable {
        /// Responses of one kind a second, 1 to 1,000,000.
        public var responses: UInt32
        /// Every so many-th of the others goes out truncated, 0 to 10; 0 for none.
        public var slip: UInt8

        /// Makes a limit.
        public init(responses: UInt32, slip: UInt8) {
            self.responses = responses
            self.slip = slip
        }
    }

    /// Makes a service.
    public init(name: String, asn: ASN, addresses: [IPAddress], prefixes: [IPPrefix], kind: Kind, zone: Zone?) {
        self.name = name
        self.asn = asn
        self.addresses = addresses
        self.prefixes = prefixes
        self.kind = kind
        self.zone = zone
    }
}

/// A point of presence of a service.
public struct Site: Hashable, Sendable, Codable {
    /// The name, which is also what `id.server` answers where it has one server.
    public var name: String
    /// The service's name.
    public var service: String
    /// Where it stands.
    public var city: Place
    /// The networks that it connects to, each at that network's nearest router.
    public var relations: [Relation]
    /// How many queries a second its responder takes over UDP, each one of several, 1 to 10,000,000; nil for as many as it can.
    public var capacity: UInt32?
    /// How many servers stand in it, 1 to ``mostServers``. One is router and server in one; several stand behind a router.
    public var servers = 1

    /// How many servers a site has at most.
    public static let mostServers = 16

    /// Makes a site.
    public init(name: String, service: String, city: Place, relations: [Relation]) {
        self.name = name
        self.service = service
        self.city = city
        self.relations = relations
    }

    /// The names of the servers of a site that has several: `NAME-1` and so on. None where the site itself is the server.
    public var serverNames: [String] { Self.serverNames(name, count: servers) }

    /// The names of so many servers of the site `name`.
    public static func serverNames(_ name: String, count: Int) -> [String] {
        count > 1 ? (1...count).map { "\(name)-\($0)" } : []
    }
}

/// A host that uses the services.
public struct Client: Hashable, Sendable, Codable {
    /// The name.
    public var name: String
    /// Where it stands.
    public var city: Place
    /// The network that it connects to, at that network's nearest router.
    public var provider: String

    /// Makes a client.
    public init(name: String, city: Place, provider: String) {
        self.name = name
        self.city = city
        self.provider = provider
    }
}
