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
    private static let shortestRetry: Nanoseconds = 1_000_000_000
    private static let longestRetry: Nanoseconds = 60_000_000_000

    let configuration: BMPConfiguration
    unowned let speaker: Speaker
    private var connection: StationConnection?
    private var retry = BMPStation.shortestRetry
    private var isStopped = false
    var walks: [Walk] = []
    /// The neighbours of which the station knows that their session is up.
    var known: Set<PeerID> = []
    /// Neighbours that have told all of a family; what import policy made of it is told first.
    private var endsOfRIB: [(Neighbour, AddressFamily)] = []
    /// How often the station fell too far behind.
    private(set) var overflows = 0

    /// A table that is being told.
    struct Walk {
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

    func send(_ message: BMPMessage) {
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

    var now: BMPTime {
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
