import JSON
import Net

/// What can be shown of a daemon of others, in the form in which our own speaker shows it (`SpeakerViews`): its neighbours,
/// its best routes, and all paths to a prefix. What it received and sends it keeps to its own command line.
struct AdapterViews {
    let configuration: AdapterConfiguration
    let sessions: [SessionState]

    /// The neighbours, as far as the daemon tells of them in the same way as others.
    var neighbours: [JSON.Member] {
        let neighbours = configuration.sessions.map { session -> JSON in
            let known = sessions.first { $0.peer == session.peer }
            return [
                "name": .string(session.name), "address": .string(session.peer.description),
                "state": .string(known?.state ?? "Idle"),
            ]
        }
        return [
            .init(
                "speaker",
                [
                    "daemon": .string(configuration.daemon), "asn": .int(Int(configuration.asn.rawValue)),
                    "router_id": .string(configuration.routerID.description),
                ]), .init("neighbors", .array(neighbours)),
        ]
    }

    /// The best routes.
    func table(_ routes: [KnownRoute]) -> [JSON.Member] {
        [
            .init(
                "routes",
                .array(
                    routes.filter(\.isBest).map { route in
                        .object([.init("prefix", .string(route.prefix.description))] + members(route))
                    }))
        ]
    }

    /// All paths to a prefix, or to the longest that has an address. Throws ``AdapterError`` when `text` is neither.
    func paths(to text: String, _ routes: [KnownRoute]) throws(AdapterError) -> [JSON.Member] {
        let prefix: IPPrefix
        if let exact = IPPrefix(text) {
            prefix = exact
        } else if let address = IPAddress(text) {
            let longest = routes.map(\.prefix).filter { $0.contains(address) }.max { $0.length < $1.length }
            prefix = longest ?? IPPrefix(address, length: address.family.bitWidth)
        } else {
            throw AdapterError("\"prefix\": a prefix or an address expected")
        }
        let paths = routes.filter { $0.prefix == prefix }.sorted { $0.isBest && !$1.isBest }.map { route in
            JSON.object(members(route) + [.init("best", .bool(route.isBest))])
        }
        return [.init("prefix", .string(prefix.description)), .init("paths", .array(paths))]
    }

    private func members(_ route: KnownRoute) -> [JSON.Member] {
        let isOwn = configuration.originate.contains(route.prefix) && route.asPath.isEmpty
        // An external route has its neighbour for the next hop, where nobody says who sent it.
        let peer = isOwn ? nil : route.peer ?? route.nextHop
        let session = configuration.sessions.first { $0.peer == peer }
        return [
            .init("from", session.map { .string($0.name) } ?? .null),
            .init("peer", session.map { .string($0.peer.description) } ?? .null),
            .init("as_path", .array(route.asPath.map { .int(Int($0)) })),
            .init("next_hop", route.nextHop.map { .string($0.description) } ?? .null),
            .init("local_preference", route.localPreference.map { .int($0) } ?? .null),
            .init("med", route.multiExitDiscriminator.map { .int($0) } ?? .null),
            .init("reason", .string("not told by \(configuration.daemon)")),
        ]
    }
}
