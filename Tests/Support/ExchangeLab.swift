public import LabModel
import Net

/// Networks and a site that meet at two exchange points: `ix` in London has a route server, `mesh` in Frankfurt has none. `d` is a
/// customer of `a`, and `far` has no router in London.
///
///     a-lhr, far-sin, b-fra, london -- ix (ix-rs)         a-lhr, b-fra, d-fra -- mesh
public func exchangeLab() -> Lab {
    func network(_ name: String, _ asn: UInt32, _ cities: Place..., relations: [Relation] = []) -> Network {
        Network(name: name, asn: ASN(asn), cities: cities, relations: relations, timers: TimerOverrides())
    }
    var rule = LinkRule(between: "far", and: "ix")
    rule.delay = 90_000_000
    rule.timers.hold = 30_000
    var lab = Lab(
        name: "met", description: nil, timers: .fast,
        networks: [
            network("a", 65001, Places.london), network("b", 65002, Places.frankfurt, Places.singapore),
            network("far", 65003, Places.singapore),
            network("d", 65004, Places.frankfurt, relations: [Relation(network: "a", kind: .provider)]),
        ],
        services: [
            Service(
                name: "dns", asn: ASN(64500),
                addresses: ["192.0.2.53", "2001:db8:53::53"].compactMap { IPAddress($0) },
                prefixes: ["192.0.2.0/24", "2001:db8:53::/48"].compactMap { IPPrefix($0) }, kind: .dns, zone: nil)
        ],
        sites: [Site(name: "london", service: "dns", city: Places.london, relations: [])],
        clients: [Client(name: "home", city: Places.london, provider: "a")], links: [rule])
    lab.exchanges = [
        Exchange(name: "ix", city: Places.london, members: ["a", "far", "b", "london"], routeServer: ASN(64496)),
        Exchange(name: "mesh", city: Places.frankfurt, members: ["a", "b", "d"], routeServer: nil),
    ]
    return lab
}
