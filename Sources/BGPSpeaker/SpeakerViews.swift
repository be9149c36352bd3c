import BGPTable
import BGPWire
import JSON
import Net

/// What the speaker knows, for who asks over a control channel with `{"do":"show","view":...}`:
///
///     "neighbors"                       -> {"speaker":{...},"neighbors":[...]}
///     "received",   "peer":"10.1.0.1"   -> {"routes":[...],"next":4096}     its Adj-RIB-In before import policy
///     "accepted",   "peer":"10.1.0.1"   -> {"routes":[...]}                 its Adj-RIB-In after it, without what is excluded
///     "table"                           -> {"routes":[...]}                 the Loc-RIB
///     "advertised", "peer":"10.1.0.1"   -> {"routes":[...]}                 its Adj-RIB-Out
///     "prefix",     "prefix":"192.0.2.0/24", or an address for its longest match
///                                       -> {"prefix":"192.0.2.0/24","paths":[...]}   from best to worst
///
/// A route with a path identifier (RFC 7911) has it as "path_id".
///
/// Routes come in pages, so that no answer holds up the loop or holds the table twice: who asks gives the `next` of the last
/// page as `from` of the next question, until there is none. Nothing is kept here in between. The order is that of the table.
struct SpeakerViews {
    let speaker: Speaker

    /// Routes in a page: their text is some 60 kB.
    static let routesAtOnce = 256
    /// Prefixes looked at for a page. Looking takes about a microsecond each.
    static let prefixesAtOnce = 8192

    /// The members of the answer to a question. Throws what is wrong with it.
    func answer(_ question: JSON) throws(CommandError) -> [JSON.Member] {
        let table = speaker.table
        switch question["view"]?.string {
        case "neighbors": return [.init("speaker", own), .init("neighbors", .array(speaker.neighbours.map(\.view)))]
        case "prefix": return try paths(question)
        case "table":
            return try page(question) { prefix in
                guard let best = table.best(for: prefix), let attributes = table.bestAttributes(for: prefix) else {
                    return []
                }
                return [source(best.peer) + attributes.members + [.init("reason", .string(best.step.text))]]
            }
        case "received":
            let id = try neighbour(question).id
            return try page(question) { prefix in
                table.received(prefix, from: id).map { route in
                    let excluded =
                        route.exclusion.map {
                            [JSON.Member("excluded", .string($0.text(route.reuseTime)))]
                        } ?? []
                    return [JSON.Member](path: route.path) + route.received.members + excluded
                }
            }
        case "accepted":
            let id = try neighbour(question).id
            return try page(question) { prefix in
                table.received(prefix, from: id).filter { $0.exclusion == nil }.map { route in
                    [JSON.Member](path: route.path) + route.imported.members + [.init("best", .bool(route.isBest))]
                }
            }
        case "advertised":
            let neighbour = try neighbour(question)
            return try page(question) { prefix in
                table.advertisedPaths(of: prefix, to: neighbour.id).map { path, attributes in
                    [JSON.Member](path: neighbour.hasSentPaths(prefix.family) ? path : 0) + attributes.members
                }
            }
        default:
            let known = "neighbors, received, accepted, table, advertised or prefix"
            throw CommandError(reason: "\"view\": \(known) expected")
        }
    }

    /// The neighbour that a request names by its address in `peer`.
    func neighbour(_ request: JSON) throws(CommandError) -> Neighbour {
        guard let peer = request["peer"]?.string.flatMap(IPAddress.init) else {
            throw CommandError(reason: "\"peer\": an address expected")
        }
        guard let neighbour = speaker.neighbours.first(where: { $0.configuration.address == peer }) else {
            throw CommandError(reason: "no neighbor \(peer)")
        }
        return neighbour
    }

    private var own: JSON {
        let configuration = speaker.configuration
        return .object(
            [
                .init("node", .string(configuration.node)), .init("asn", .int(Int(configuration.asn.rawValue))),
                .init("router_id", .string(configuration.identifier.description)),
                .init("prefixes", .int(speaker.table.prefixCount)),
                .init("attribute_sets", .int(speaker.table.attributeSetCount)),
                .init("flapping", .int(speaker.table.flappingCount)),
            ] + (speaker.observers?.station.map { [.init("bmp", $0.view)] } ?? []))
    }

    // MARK: Pages

    private func page(
        _ question: JSON, _ routesTo: (IPPrefix) -> [[JSON.Member]]
    ) throws(CommandError) -> [JSON.Member] {
        guard let place = question["from"].map({ $0.int.flatMap(UInt32.init(exactly:)) }) ?? 0 else {
            throw CommandError(reason: "\"from\": the \"next\" of an earlier answer expected")
        }
        var routes: [JSON] = []
        let next = speaker.table.visit(from: place, atMost: Self.prefixesAtOnce) { prefix in
            for members in routesTo(prefix) {
                routes.append(.object([.init("prefix", .string(prefix.description))] + members))
            }
            return routes.count < Self.routesAtOnce
        }
        return [.init("routes", .array(routes))] + (next.map { [.init("next", .int(Int($0)))] } ?? [])
    }

    /// Who sent a route.
    private func source(_ peer: PeerID) -> [JSON.Member] {
        let neighbour = speaker.neighbours.first { $0.id == peer }
        return [
            .init("from", neighbour.map { .string($0.configuration.name) } ?? .null),
            .init("peer", neighbour.map { .string($0.configuration.address.description) } ?? .null),
        ]
    }

    // MARK: One prefix

    private func paths(_ question: JSON) throws(CommandError) -> [JSON.Member] {
        let text = question["prefix"]?.string ?? ""
        guard let wanted = IPPrefix(text) ?? IPAddress(text).map({ IPPrefix($0, length: $0.family.bitWidth) }) else {
            throw CommandError(reason: "\"prefix\": a prefix or an address expected")
        }
        let isAddress = IPPrefix(text) == nil
        let prefix = isAddress ? speaker.table.longestMatch(wanted.address) ?? wanted : wanted
        let best = speaker.table.best(for: prefix)
        let paths = speaker.table.routes(to: prefix).map { route in
            JSON.object(
                source(route.peer) + [JSON.Member](path: route.path) + route.attributes.members + [
                    .init("igp_metric", route.resolution.map { .int(Int($0.metric)) } ?? .null),
                    .init("best", .bool(route.isBest)), .init("reason", .string(Self.reason(route, best))),
                    .init("lost_to", route.lostTo.map { .string(name($0)) } ?? .null),
                ])
        }
        return [.init("prefix", .string(prefix.description)), .init("paths", .array(paths))]
    }

    private func name(_ peer: PeerID) -> String {
        speaker.neighbours.first { $0.id == peer }?.configuration.name ?? "local"
    }

    /// The step that made a route the best, or that it lost at.
    private static func reason(_ route: RouteView, _ best: SelectedRoute?) -> String {
        if let exclusion = route.exclusion { return exclusion.text(route.reuseTime) }
        if route.isBest, let best { return best.step.text }
        return route.lostAt == .nextHopReachable ? "next hop unreachable" : route.lostAt?.text ?? "not decided yet"
    }
}
