import Net

extension Lab {
    /// The lab with an AS number for each network, service and route server that the file leaves without one: from 4200000001
    /// upwards, which are for private use (RFC 6996), in the order of the file. What has one in `numbering`, that of a lab which is
    /// up and is changed, keeps it unless the file now gives it to somebody else.
    public func withNumbers(keeping numbering: Numbering? = nil) -> Lab {
        let stated = statedNumbers
        let earlier = (numbering?.drawnNumbers ?? [:]).filter { !stated.contains($0.value) }
        var taken = stated.union(earlier.values)
        var next: UInt32 = 4_200_000_001
        func number(of owner: String) -> ASN {
            if let known = earlier[owner] { return known }
            while !taken.insert(ASN(next)).inserted { next += 1 }
            return ASN(next)
        }
        var lab = self
        for index in networks.indices where networks[index].isASNDrawn {
            lab.networks[index].asn = number(of: "network " + networks[index].name)
        }
        for index in services.indices where services[index].isASNDrawn {
            lab.services[index].asn = number(of: "service " + services[index].name)
        }
        for index in exchanges.indices where exchanges[index].isASNDrawn {
            lab.exchanges[index].routeServer = number(of: "exchange " + exchanges[index].name)
        }
        return lab
    }

    /// The numbers that were drawn, by what has them.
    var drawnNumbers: [String: ASN] {
        let networks = networks.filter(\.isASNDrawn).map { ("network " + $0.name, $0.asn) }
        let services = services.filter(\.isASNDrawn).map { ("service " + $0.name, $0.asn) }
        let servers = exchanges.filter(\.isASNDrawn).compactMap { exchange in
            exchange.routeServer.map { ("exchange " + exchange.name, $0) }
        }
        return Dictionary(networks + services + servers, uniquingKeysWith: { first, _ in first })
    }

    private var statedNumbers: Set<ASN> {
        let servers = exchanges.filter { !$0.isASNDrawn }.compactMap(\.routeServer)
        return Set(
            networks.filter { !$0.isASNDrawn }.map(\.asn) + services.filter { !$0.isASNDrawn }.map(\.asn) + servers)
    }
}
