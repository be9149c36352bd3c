public import Net

/// An internet exchange point: one LAN where networks and sites meet, each with one port.
///
/// With a route server (RFC 7947) each member has a session with it, and through it the routes of all others. Without one, all
/// members peer with each other, but for those between whom the file declares a relation: these keep to that.
public struct Exchange: Hashable, Sendable, Codable {
    /// The name.
    public var name: String
    /// Where its switch stands.
    public var city: Place
    /// The networks and sites that are on its LAN: a network with its router in the exchange's city, or else the nearest one.
    public var members: [String]
    /// The AS number of its route server; nil without one.
    public var routeServer: ASN?
    /// Whether the file leaves that number to the lab.
    public var isASNDrawn = false

    /// Makes an exchange point.
    public init(name: String, city: Place, members: [String], routeServer: ASN?) {
        self.name = name
        self.city = city
        self.members = members
        self.routeServer = routeServer
    }

    /// The name of the node that the route server runs on.
    public var routeServerName: String { name + "-rs" }

    /// The bridge's interface in the exchange's namespace.
    public static let bridge = "lan"
}

/// The addresses on the LAN of exchange number `number` (from 0): 172.16.0.0/12 (RFC 1918) in blocks of /22, which have as many
/// addresses as a bridge of Linux has ports, and a /64 each of 2001:db8:1000::/48. Nobody announces them.
///
///     LAN e            172.16.0.0 + e x 1024 /22       2001:db8:1000:e::/64
///       port p         ... + p + 1                     ...::p+1
struct ExchangeLAN {
    let number: Int

    static let mostExchanges = 1024
    static let mostPorts = 1022
    static let lengths: (ipv4: UInt8, ipv6: UInt8) = (22, 64)

    /// The addresses of port `port` (from 0).
    func addresses(port: Int) -> (IPv4Address, IPv6Address) { address(UInt32(port + 1)) }

    /// The first addresses, which nobody has: they name the LAN.
    var base: (IPv4Address, IPv6Address) { address(0) }

    private func address(_ offset: UInt32) -> (IPv4Address, IPv6Address) {
        (
            IPv4Address(rawValue: 0xAC10_0000 + UInt32(number) << 10 + offset),
            IPv6Address(high: 0x2001_0db8_1000_0000 + UInt64(number), low: UInt64(offset))
        )
    }
}

extension Link {
    /// How many bits of the ends' addresses are the link's: both ends of it, or all of an exchange's LAN.
    public func prefixLength(_ family: AddressFamily) -> UInt8 {
        switch (kind, family) {
        case (.port, .ipv4): ExchangeLAN.lengths.ipv4
        case (.port, .ipv6): ExchangeLAN.lengths.ipv6
        case (_, .ipv4): 31
        case (_, .ipv6): 127
        }
    }
}

extension Link {
    /// The ends that have addresses: both, but for the switch's end of a port.
    public var addressedEnds: [LinkEnd] { kind == .port ? [b] : [a, b] }
}

extension Topology {
    /// The prefixes of an exchange's LAN.
    public func lanPrefixes(of exchange: Node) -> [IPPrefix] {
        [
            IPPrefix(.v4(exchange.address), length: ExchangeLAN.lengths.ipv4),
            IPPrefix(.v6(exchange.address6), length: ExchangeLAN.lengths.ipv6),
        ]
    }

    /// The ends that a packet which leaves by `end` can come to: the link's other end, or all others on the LAN.
    public func neighbours(of end: LinkEnd, on link: Link) -> [LinkEnd] {
        guard link.kind == .port, link.b == end else { return [link.end(oppositeTo: end.node)] }
        return nodes[link.a.node].links.map { links[$0].b }.filter { $0 != end }
    }
}
