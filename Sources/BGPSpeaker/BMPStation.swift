import BGPSession
import BGPTable
import BGPWire
import BMPWire
import JSON
import Net
import Sys

/// A BMP station and what it is told.
///
/// A station that reads slowly holds nothing up and takes no more memory than ``mostUnsent``: what it was told of a table is told
/// in pieces, as it reads; what happens meanwhile waits for it, and when that becomes too much, the connection ends. The
/// station gets the tables anew when it is connected again. So nothing that it was told is ever wrong for longer than it reads.
final class BMPStation {
    /// Octets that may wait for the station. With more it has fallen too far behind.
    static let mostUnsent = 4 << 20
    /// Octets that may wait before more of a table is told.
    private static let mostUnsentOfTables = 1 << 16
    /// Prefixes looked at in one turn of the loop.
    private static let prefixesAtOnce = 2048
    private static let shortestRetry: Nanoseconds = 1_000_000_000
    private static let longestRetry: Nanoseconds = 60_000_000_000

    let configuration: BMPConfiguration
    private unowned let speaker: Speaker
    private var connection: StationConnection?
    private var retry = BMPStation.shortestRetry
    private var isStopped = false
    private var walks: [Walk] = []
    /// The neighbours of which the station knows that their session is up.
    private var known: Set<PeerID> = []
    /// Neighbours that have told all of a family; what import policy made of it is told first.
    private var endsOfRIB: [(Neighbour, AddressFamily)] = []
    /// How often the station fell too far behind.
    private(set) var overflows = 0

    /// A table that is being told.
    private struct Walk {
        var view: BMPPeer.Table
        var neighbour: Neighbour?
        var place: UInt32 = 0
    }

    init(_ configuration: BMPConfiguration, _ speaker: Speaker) {
        self.configuration = configuration
        self.speaker = speaker
        speaker.loop.schedule(after: 0) { [weak self] in self?.connect() }
        scheduleStatistics()
    }

    /// Whether the station is connected.
    var isConnected: Bool { connection?.isOpen == true }

    /// The station for people.
    var view: JSON {
        [
            "address": .string(configuration.address.description), "port": .int(Int(configuration.port)),
            "connected": .bool(isConnected), "unsent": .int(connection?.unsent.count ?? 0),
            "overflows": .int(overflows),
        ]
    }

    // MARK: The connection

    private func connect() {
        guard !isStopped else { return }
        do {
            connection = try StationConnection(
                speaker.loop, to: SocketAddress(configuration.address, port: configuration.port)
            ) { [weak self] in self?.handle($0) }
        } catch {
            disconnected()
        }
    }

    private func handle(_ event: StationConnection.Event) {
        switch event {
        case .opened: opened()
        case .writable: break
        case .ended:
            if isConnected { report("connection ended") }
            disconnected()
        }
    }

    private func disconnected() {
        connection?.close()
        connection = nil
        walks = []
        endsOfRIB = []
        known = []
        speaker.table.recordsReceived = false
        guard !isStopped else { return }
        speaker.loop.schedule(after: retry) { [weak self] in self?.connect() }
        retry = min(retry * 2, Self.longestRetry)
    }

    private func report(_ text: String) {
        let station = "\(configuration.address) port \(configuration.port)"
        Diagnostics.write("\(speaker.configuration.node): BMP station \(station): \(text)")
    }

    /// Initiation, then the sessions that are up, then their tables (RFC 7854, section 3.3).
    private func opened() {
        report("connected")
        retry = Self.shortestRetry
        speaker.table.recordsReceived = configuration.views.contains(.postPolicy)
        send(.initiation(systemName: speaker.configuration.node, systemDescription: "labd bgp"))
        if configuration.views.contains(.locRIB) {
            send(.peerUp(locRIB, now, locRIBUp))
            walks.append(Walk(view: .locRIB))
        }
        for neighbour in speaker.neighbours where neighbour.negotiated != nil { established(neighbour, isNew: false) }
    }

    /// Says goodbye.
    func stop() {
        isStopped = true
        send(.termination(.administrativelyClosed))
        connection?.flush()
        connection?.close()
        connection = nil
    }

    private func send(_ message: BMPMessage) {
        guard let connection, connection.isOpen else { return }
        message.encode(to: &connection.unsent)
    }

    /// Does what is left before the loop sleeps. Answers whether there is more that the station would take at once.
    func work() -> Bool {
        guard let connection, connection.isOpen else { return false }
        tellReceivedChanges()
        var isMore = false
        if connection.unsent.count < Self.mostUnsentOfTables, !walks.isEmpty { isMore = walk() }
        connection.flush()
        if connection.unsent.count > Self.mostUnsent {
            overflows += 1
            report("reads too slowly, \(connection.unsent.count) octets wait: the connection is closed")
            disconnected()
            return false
        }
        return isMore && connection.unsent.count < Self.mostUnsentOfTables
    }

    // MARK: Sessions

    /// A session is up. Of a new one all is told as it happens; else its tables follow.
    func established(_ neighbour: Neighbour, isNew: Bool) {
        guard isConnected, let up = BMPPeerUp(neighbour), known.insert(neighbour.id).inserted else { return }
        send(.peerUp(peer(neighbour, .adjRIBInBeforePolicy), now, up))
        guard !isNew else { return }
        let views: [(BMPConfiguration.View, BMPPeer.Table)] = [
            (.prePolicy, .adjRIBInBeforePolicy), (.postPolicy, .adjRIBInAfterPolicy), (.adjRIBOut, .adjRIBOut),
        ]
        for (view, table) in views where configuration.views.contains(view) {
            walks.append(Walk(view: table, neighbour: neighbour))
        }
    }

    /// A session has ended: with it goes all that the station was told of it.
    func ended(_ neighbour: Neighbour, _ reason: SessionEnd) {
        guard known.remove(neighbour.id) != nil else { return }
        walks.removeAll { $0.neighbour === neighbour }
        send(.peerDown(peer(neighbour, .adjRIBInBeforePolicy), now, BMPPeerDown(reason)))
    }

    /// How the neighbour is named in messages about one of its tables.
    func peer(_ neighbour: Neighbour, _ table: BMPPeer.Table) -> BMPPeer {
        BMPPeer(
            table, address: neighbour.configuration.address, asn: neighbour.configuration.asn,
            identifier: neighbour.negotiated?.identifier ?? .any,
            isTwoOctetASN: neighbour.negotiated?.isFourOctetASN == false)
    }

    private var locRIB: BMPPeer {
        let own = speaker.configuration
        return BMPPeer(.locRIB, address: .v4(.any), asn: own.asn, identifier: own.identifier)
    }

    /// An OPEN of ours for the Loc-RIB, which has no session (RFC 9069, section 5.2).
    private var locRIBUp: BMPPeerUp {
        let own = speaker.configuration
        let open = OpenMessage(
            asn: own.asn, holdTime: 0, identifier: own.identifier,
            capabilities: own.families.elements.map { .multiprotocol(FamilyIdentifier($0)) } + [.fourOctetASN(own.asn)])
        var message: [UInt8] = []
        open.encode(to: &message)
        return BMPPeerUp(
            localAddress: .v4(.any), localPort: 0, remotePort: 0, sentOpen: message, receivedOpen: message)
    }

    private var now: BMPTime {
        let time = Clock.wall()
        return BMPTime(
            seconds: UInt32(truncatingIfNeeded: time / 1_000_000_000),
            microseconds: UInt32(truncatingIfNeeded: time % 1_000_000_000 / 1000))
    }

    // MARK: What happens

    /// An UPDATE has come on an Established session.
    func received(_ neighbour: Neighbour, _ update: UpdateMessage, _ message: [UInt8]) {
        guard known.contains(neighbour.id) else { return }
        if configuration.views.contains(.prePolicy) {
            send(.routeMonitoring(peer(neighbour, .adjRIBInBeforePolicy), now, update: message[...]))
        }
        if let family = update.endOfRIB, configuration.views.contains(.postPolicy) {
            endsOfRIB.append((neighbour, family))
        }
        if update.treatedAsWithdraw != nil, configuration.views.contains(.errors) {
            send(.erroredMessage(peer(neighbour, .adjRIBInBeforePolicy), now, message: message))
        }
    }

    /// Messages have been sent.
    func sent(_ neighbour: Neighbour, _ messages: ArraySlice<UInt8>) {
        guard configuration.views.contains(.adjRIBOut), known.contains(neighbour.id) else { return }
        tell(peer(neighbour, .adjRIBOut), updates: messages)
    }

    /// Best routes have changed.
    func selected(_ changes: [RouteChange]) {
        guard isConnected, configuration.views.contains(.locRIB) else { return }
        tell(locRIB, changes.map { (RouteKey($0.prefix), speaker.table.bestAttributes(for: $0.prefix)) })
    }

    private func tellReceivedChanges() {
        let changes = speaker.table.takeReceivedChanges()
        var start = 0
        while start < changes.count {
            let id = changes[start].peer
            let end = changes[start...].firstIndex { $0.peer != id } ?? changes.count
            if known.contains(id), let neighbour = speaker.neighbours.first(where: { $0.id == id }) {
                tell(
                    peer(neighbour, .adjRIBInAfterPolicy),
                    changes[start..<end].map { change in
                        let key = RouteKey(change.prefix, path: change.path)
                        return (key, accepted(change.prefix, id).first { $0.0 == key }?.1)
                    }, pathFamilies: neighbour.negotiated?.receivedPaths ?? [])
            }
            start = end
        }
        for (neighbour, family) in endsOfRIB where known.contains(neighbour.id) {
            endOfRIB(peer(neighbour, .adjRIBInAfterPolicy), AddressFamilies(family))
        }
        endsOfRIB = []
    }

    private func accepted(_ prefix: IPPrefix, _ id: PeerID) -> [(RouteKey, PathAttributes?)] {
        speaker.table.received(prefix, from: id).filter { $0.exclusion == nil }.map {
            (RouteKey(prefix, path: $0.path), $0.imported)
        }
    }

    // MARK: Tables

    /// Tells the next piece of a table. Answers whether there is more.
    private func walk() -> Bool {
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

    private func endOfRIB(_ peer: BMPPeer, _ families: AddressFamilies) {
        for family in families.elements {
            var message: [UInt8] = []
            UpdateEncoder(isFourOctetASN: true).endOfRIB(family, to: &message)
            tell(peer, updates: message[...])
        }
    }

    /// Tells routes, or that there is none, as few messages as can say it. In `pathFamilies` with path identifiers, as the
    /// station expects from the OPEN messages that it was shown.
    private func tell(
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

    private func tell(_ peer: BMPPeer, updates messages: ArraySlice<UInt8>) {
        let time = now
        for message in BGPMessages(messages) where message[message.startIndex + 18] == MessageType.update.rawValue {
            send(.routeMonitoring(peer, time, update: message))
        }
    }

    // MARK: Statistics

    private func scheduleStatistics() {
        guard configuration.statisticsInterval > 0 else { return }
        speaker.loop.schedule(after: configuration.statisticsInterval) { [weak self] in
            self?.sendStatistics()
            self?.scheduleStatistics()
        }
    }

    private func sendStatistics() {
        let table = speaker.table
        for neighbour in speaker.neighbours where known.contains(neighbour.id) {
            send(
                .statistics(
                    peer(neighbour, .adjRIBInBeforePolicy), now,
                    [
                        .adjRIBIn(UInt64(clamping: table.receivedCount(from: neighbour.id))),
                        .treatedAsWithdraw(UInt32(clamping: neighbour.treatedAsWithdraw)),
                        .adjRIBOut(UInt64(clamping: table.advertisedCount(to: neighbour.id))),
                    ]))
        }
        if configuration.views.contains(.locRIB) {
            send(.statistics(locRIB, now, [.locRIB(UInt64(clamping: table.bestCount))]))
        }
    }
}

extension BMPPeerUp {
    /// Nil when there is no connection any more.
    fileprivate init?(_ neighbour: Neighbour) {
        guard let connection = neighbour.connection(neighbour.establishedOn), let ports = connection.ports,
            let received = neighbour.receivedOpen
        else { return nil }
        var sent: [UInt8] = []
        neighbour.ownOpen.encode(to: &sent)
        self.init(
            localAddress: neighbour.configuration.localAddress, localPort: ports.local, remotePort: ports.remote,
            sentOpen: sent, receivedOpen: BGPMessages.whole(.open, received))
    }
}

extension BMPPeerDown {
    fileprivate init(_ reason: SessionEnd) {
        func encoded(_ message: NotificationMessage) -> [UInt8] {
            var octets: [UInt8] = []
            message.encode(to: &octets)
            return octets
        }
        switch reason {
        case .sent(let message): self = .localNotification(encoded(message))
        case .received(let message): self = .remoteNotification(encoded(message))
        case .connectionClosed: self = .remoteClosed
        // AutomaticStop.
        case .stopped: self = .localEvent(8)
        }
    }
}
