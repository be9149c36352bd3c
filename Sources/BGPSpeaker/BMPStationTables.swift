import BGPSession
import BGPTable
import BGPWire
import BMPWire
import Net

/// Tables as a BMP station is told of them: whole ones in pieces, and changes.
extension BMPStation {
    /// Prefixes looked at in one turn of the loop.
    private static let prefixesAtOnce = 2048

    /// Tells the next piece of a table. Answers whether there is more.
    func walk() -> Bool {
        guard var walk = walks.first else { return false }
        // What waits for the neighbour will be told when it is sent.
        if walk.view == .adjRIBOut, let neighbour = walk.neighbour, speaker.table.hasUpdates(for: neighbour.id) {
            walks.append(walks.removeFirst())
            return walks.contains { $0.view != .adjRIBOut }
        }
        var routes: [(RouteKey, PathAttributes?)] = []
        let next = speaker.table.visit(from: walk.place, atMost: Self.prefixesAtOnce) { prefix in
            routes += self.routes(to: prefix, walk)
            return true
        }
        let peer = walk.neighbour.map { self.peer($0, walk.view) } ?? locRIB
        let negotiated = walk.neighbour?.negotiated
        let pathFamilies = walk.view == .adjRIBOut ? negotiated?.sentPaths : negotiated?.receivedPaths
        tell(peer, routes, pathFamilies: pathFamilies ?? [])
        if let next {
            walk.place = next
            walks[0] = walk
        } else {
            walks.removeFirst()
            endOfRIB(peer, walk.neighbour?.negotiated?.families ?? speaker.configuration.families)
        }
        return !walks.isEmpty
    }

    private func routes(to prefix: IPPrefix, _ walk: Walk) -> [(RouteKey, PathAttributes?)] {
        switch (walk.view, walk.neighbour?.id) {
        case (.adjRIBInBeforePolicy, let id?):
            speaker.table.received(prefix, from: id).map { (RouteKey(prefix, path: $0.path), $0.received) }
        case (.adjRIBInAfterPolicy, let id?): accepted(prefix, id)
        case (.adjRIBOut, let id?):
            speaker.table.advertisedPaths(of: prefix, to: id).map { (RouteKey(prefix, path: $0.path), $0.attributes) }
        default: speaker.table.bestAttributes(for: prefix).map { [(RouteKey(prefix), $0)] } ?? []
        }
    }

    func endOfRIB(_ peer: BMPPeer, _ families: AddressFamilies) {
        for family in families.elements {
            var message: [UInt8] = []
            UpdateEncoder(isFourOctetASN: true).endOfRIB(family, to: &message)
            tell(peer, updates: message[...])
        }
    }

    /// Tells routes, or that there is none, as few messages as can say it. In `pathFamilies` with path identifiers, as the
    /// station expects from the OPEN messages that it was shown.
    func tell(
        _ peer: BMPPeer, _ routes: [(key: RouteKey, attributes: PathAttributes?)], pathFamilies: AddressFamilies = []
    ) {
        var withdrawn: [RouteKey] = []
        var groups: [(attributes: PathAttributes, keys: [RouteKey])] = []
        var places: [PathAttributes: Int] = [:]
        for (key, attributes) in routes {
            guard let attributes else {
                withdrawn.append(key)
                continue
            }
            if let place = places[attributes], groups[place].keys.first?.prefix.family == key.prefix.family {
                groups[place].keys.append(key)
            } else {
                places[attributes] = groups.count
                groups.append((attributes, [key]))
            }
        }
        let encoder = UpdateEncoder(isFourOctetASN: !peer.isTwoOctetASN, pathFamilies: pathFamilies)
        var messages: [UInt8] = []
        if !withdrawn.isEmpty {
            let prefixes = withdrawn.map(\.prefix)
            encoder.withdraw(prefixes.span, paths: PathIdentifiers(withdrawn.map(\.path)), to: &messages)
        }
        for group in groups {
            // What no message of the usual length can say was not heard in one.
            let prefixes = group.keys.map(\.prefix)
            let paths = PathIdentifiers(group.keys.map(\.path))
            _ = try? encoder.announce(prefixes.span, paths: paths, attributes: group.attributes, to: &messages)
        }
        tell(peer, updates: messages[...])
    }

    func tell(_ peer: BMPPeer, updates messages: ArraySlice<UInt8>) {
        let time = now
        for message in BGPMessages(messages) where message[message.startIndex + 18] == MessageType.update.rawValue {
            send(.routeMonitoring(peer, time, update: message))
        }
    }

    func accepted(_ prefix: IPPrefix, _ id: PeerID) -> [(RouteKey, PathAttributes?)] {
        speaker.table.received(prefix, from: id).filter { $0.exclusion == nil }.map {
            (RouteKey(prefix, path: $0.path), $0.imported)
        }
    }
}
