import LabModel

extension LabReader {
    /// A city, members, and perhaps a route server.
    mutating func exchange(_ pair: YAMLNode.Pair) -> Draft.Exchange {
        checkName(pair.key, upTo: 60)
        var exchange = Draft.Exchange(name: pair.key)
        guard let fields = Fields(pair.value, .exchange, report) else {
            draft.hasStructure = false
            return exchange
        }
        exchange.city = fields["city"].flatMap { place($0) }
        exchange.members = (fields.list("members") ?? []).compactMap { $0.text(report) }
        if exchange.city == nil || fields["members"] == nil { draft.hasStructure = false }
        if let node = fields["route-server"] {
            exchange.hasRouteServer = true
            if let fields = Fields(node, .routeServer, report) { exchange.routeServer = asn(fields) }
        }
        return exchange
    }

    // MARK: What speakers can do besides

    /// Several routes to a prefix.
    func paths(_ fields: Fields) -> SeveralPaths? {
        guard let node = fields["add-path"], let fields = Fields(node, .paths, report) else { return nil }
        var paths = SeveralPaths()
        paths.receive = fields.flag("receive") ?? false
        paths.send = sending(fields, "send")
        return paths
    }

    /// How many routes to a prefix are sent: a number, or `all`.
    func sending(_ fields: Fields, _ key: String) -> SeveralPaths.Sending? {
        guard let node = fields[key] else { return nil }
        return node.plainText == "all"
            ? .all : fields.whole(key, in: 1...255).map { .best(UInt8(clamping: $0.value)) }
    }

    /// How long neighbours keep our routes, and how long we wait for theirs.
    func restart(_ fields: Fields) -> GracefulRestartTimers? {
        guard let node = fields["graceful-restart"], let fields = Fields(node, .restart, report) else { return nil }
        return GracefulRestartTimers(
            restart: fields.quantity("restart", Quantity.restartTime)?.value ?? 120_000,
            deferral: fields.quantity("deferral", Quantity.deferralTime)?.value ?? 60_000)
    }

    /// The client that a network's routers report to.
    func station(_ fields: Fields) -> Located<String>? {
        fields["bmp"].flatMap { Fields($0, .bmp, report) }?.text("station")
    }
}
