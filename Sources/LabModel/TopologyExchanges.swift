import Net

/// The exchange points of a lab: the switch of each, its route server, and who has a port.
extension TopologyBuilder {
    /// Switches, each with its route server behind it.
    mutating func addExchanges() throws(TopologyError) {
        var free = FreeNumbers(taken: earlier.map { Array($0.exchanges.values) } ?? [])
        for exchange in lab.exchanges {
            let number = earlier?.exchanges[exchange.name] ?? free.draw()
            guard number < ExchangeLAN.mostExchanges else {
                throw TopologyError(description: "at most \(ExchangeLAN.mostExchanges) exchanges fit")
            }
            numbering.exchanges[exchange.name] = number
            let lan = ExchangeLAN(number: number)
            let node = nodes.count
            exchanges.append(node)
            nodes.append(
                Node(
                    index: node, name: exchange.name, kind: .exchange, network: exchange.name, asn: ASN(0),
                    place: exchange.city, address: lan.base.0, address6: lan.base.1, prefixes: [], services: []))
            guard let asn = exchange.routeServer else { continue }
            let port = try numbers(ofLink: node, to: exchange.routeServerName, room: ExchangeLAN.mostPorts).place
            let (address, address6) = lan.addresses(port: port)
            nodes.append(
                Node(
                    index: nodes.count, name: exchange.routeServerName, kind: .routeServer, network: exchange.name,
                    asn: asn, place: exchange.city, address: address, address6: address6, prefixes: [], services: []))
        }
    }

    /// Gives the route server and the members of each exchange point their ports.
    mutating func joinExchanges() throws(TopologyError) {
        let sites = Dictionary(
            zip(lab.sites.map(\.name), sites), uniquingKeysWith: { first, _ in first })
        for (exchange, node) in zip(lab.exchanges, exchanges) {
            interfaces[node].insert(Exchange.bridge)
            if exchange.routeServer != nil { try joinPort(node, node + 1) }
            for member in exchange.members {
                let end =
                    if let site = sites[member] { site } else {
                        nearest(routers[try network(member)], to: exchange.city)
                    }
                try joinPort(node, end)
            }
        }
    }

    private mutating func joinPort(_ exchange: Int, _ member: Int) throws(TopologyError) {
        let numbers = try numbers(ofLink: exchange, to: nodes[member].name, room: ExchangeLAN.mostPorts)
        let lan = ExchangeLAN(number: numbering.exchanges[nodes[exchange].name] ?? 0)
        link(exchange, member, .port, numbers.id, lan.base, lan.addresses(port: numbers.place))
    }
}
