public import LabModel
import Net

/// Cities for tests.
public enum Places {
    /// Frankfurt am Main.
    public static let frankfurt = Place(code: "FRA", name: "Frankfurt", country: "DE", latitude: 50.03, longitude: 8.56)
    /// Singapore.
    public static let singapore = Place(
        code: "SIN", name: "Singapore", country: "SG", latitude: 1.36, longitude: 103.99)
    /// London Heathrow.
    public static let london = Place(code: "LHR", name: "London", country: "GB", latitude: 51.47, longitude: -0.45)
}

/// Two networks, one of two cities, two sites and a client: the smallest lab with every sort of link.
///
///     home -- edge-lhr -- core-fra -- core-sin -- singapore
///                |
///             london
public func smallLab() -> Lab {
    var edge = Network(
        name: "edge", asn: ASN(65020), cities: [Places.london],
        relations: [Relation(network: "core", kind: .provider)], timers: TimerOverrides())
    edge.timers.hold = 30_000
    var bent = Relation(network: "core", kind: .provider)
    bent.prepend = 2
    bent.localPreference = 50
    bent.multiExitDiscriminator = 7
    bent.communities = ["65010:1"]
    bent.noExport = true
    var rule = LinkRule(between: "singapore", and: "core")
    (rule.delay, rule.jitter, rule.loss, rule.rate) = (5_000_000, 1_000_000, 0.001, 1_000_000_000)
    return Lab(
        name: "small", description: nil, timers: .fast,
        networks: [
            Network(
                name: "core", asn: ASN(65010), cities: [Places.frankfurt, Places.singapore], relations: [],
                timers: TimerOverrides()), edge,
        ],
        services: [
            Service(
                name: "dns", asn: ASN(64500),
                addresses: ["192.0.2.53", "2001:db8:53::53"].compactMap { IPAddress($0) },
                prefixes: ["192.0.2.0/24", "2001:db8:53::/48"].compactMap { IPPrefix($0) }, kind: .dns,
                zone: .init(origin: "small.test", text: "www 300 A 198.51.100.10\n"))
        ],
        sites: [
            Site(
                name: "london", service: "dns", city: Places.london,
                relations: [Relation(network: "edge", kind: .provider)]),
            Site(name: "singapore", service: "dns", city: Places.singapore, relations: [bent]),
        ],
        clients: [Client(name: "home", city: Places.london, provider: "edge")], links: [rule])
}

/// The small lab as nodes and links: nodes core-fra, core-sin, edge-lhr, london, singapore, home; links home, interior, edge,
/// london, singapore. Throws `TopologyError`.
public func smallTopology() throws -> Topology { try Topology(smallLab()) }
