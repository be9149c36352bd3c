import LabModel
import Net
import Testing

/// ```
///  home ----- isp-lhr ----- core-fra ----- london     AS 64500
///  AS 65101    AS 65101      AS 65010 \___ paris      AS 64500
/// ```
/// Both sites serve 192.0.2.53 and 2001:db8:53::53.
enum SmallLab {
    static let service4 = IPAddress.v4(IPv4Address(192, 0, 2, 53))
    static let service6 = IPAddress.v6(IPv6Address(high: 0x2001_0db8_0053_0000, low: 0x53))

    static func topology(_ name: String = "small", _ kind: Service.Kind = .dns) throws -> Topology {
        func place(_ code: String, _ latitude: Double, _ longitude: Double) -> Place {
            Place(code: code, name: code, country: nil, latitude: latitude, longitude: longitude)
        }
        let london = place("LHR", 51.5, -0.5)
        let frankfurt = place("FRA", 50, 8.6)
        let paris = place("CDG", 49, 2.5)
        func site(_ name: String, _ city: Place) -> Site {
            Site(name: name, service: "resolver", city: city, relations: [Relation(network: "core", kind: .provider)])
        }
        return try Topology(
            Lab(
                name: name, description: nil, timers: .fast,
                networks: [
                    Network(name: "core", asn: ASN(65010), cities: [frankfurt], relations: [], timers: .init()),
                    Network(
                        name: "isp", asn: ASN(65101), cities: [london],
                        relations: [Relation(network: "core", kind: .provider)], timers: .init()),
                ],
                services: [
                    Service(
                        name: "resolver", asn: ASN(64500), addresses: [service4, service6],
                        prefixes: [IPPrefix(service4, length: 24), IPPrefix(service6, length: 48)], kind: kind,
                        zone: nil)
                ],
                sites: [site("london", london), site("paris", paris)],
                clients: [Client(name: "home", city: london, provider: "isp")], links: []))
    }
}

extension Topology {
    /// Tests name nodes that are there; a slip must fail there and then.
    func require(_ name: String) throws -> Node { try #require(node(named: name), "\(name)") }
}
