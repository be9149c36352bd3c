public import BGPSession
public import BGPTable
public import BGPWire
public import Net

/// The core of a speaker, sessions and table, without a socket, a clock or a kernel: inputs with times go in, outputs come
/// out, and the same inputs give the same outputs to the octet. It does with them what `labd bgp` does, in the same order.
public struct SimulatedRouter: Sendable {
    /// What happens to a router. Neighbours are named by their place in the description.
    public enum Input: Hashable, Sendable {
        /// An operator starts or stops a session.
        case start(Int), stop(Int)
        /// The link to a neighbour loses its carrier, or has it again.
        case linkDown(Int), linkUp(Int)
        /// The connection that ``Output/connect(_:)`` asked for is open; the neighbour asks for one; one has failed or ended.
        case connected(Int), offered(Int), failed(Int, ConnectionOrigin)
        /// Octets of the neighbour.
        case octets(Int, ConnectionOrigin, [UInt8])
        /// An operator wants everything of IPv4 again (RFC 2918).
        case refresh(Int)
        /// An operator keeps a prefix from a neighbour, or nothing any more.
        case suppress(Int, IPPrefix?)
        /// The router's own prefixes.
        case originate(IPPrefix), withdraw(IPPrefix)
        /// A deadline has come.
        case timer
        /// All that happened at this time is known: decide and send.
        case work
    }

    /// What a router does.
    public enum Output: Hashable, Sendable {
        /// Open a connection; take the one that was offered; refuse it with these octets.
        case connect(Int), accept(Int), refuse(Int, [UInt8])
        /// Send octets.
        case octets(Int, ConnectionOrigin, [UInt8])
        /// End a connection.
        case close(Int, ConnectionOrigin)
        /// A session is Established, or has ended.
        case established(Int), ended(Int, String)
        /// The best route to a prefix is another.
        case best(IPPrefix, SelectedRoute?, ASPath)
        /// A route of a neighbour has been suppressed for its flaps, with its figure of merit, or is used again.
        case damped(Int, DampingChange)
    }

    struct Neighbour: Sendable {
        let description: NeighbourDescription
        let id: PeerID
        var session: Session
        var readers: [ConnectionOrigin: MessageReader] = [:]
        var negotiated: NegotiatedSession?
        var origin = ConnectionOrigin.outgoing
        var isEndOfRIBSent = false
        var refreshRequested: AddressFamilies = []
        var refreshing: AddressFamilies = []
        var refreshed: [AddressFamily: Set<RouteKey>] = [:]
        var nextAdvertisement: UInt64 = 0
    }

    /// What it was told at the beginning.
    public let description: RouterDescription
    /// Its RIBs.
    public private(set) var table: Table
    var neighbours: [Neighbour] = []
    private var outputs: [Output] = []

    /// Makes a router whose sessions are stopped.
    public init(_ description: RouterDescription) {
        self.description = description
        table = Table(
            local: LocalSpeaker(
                asn: description.asn, identifier: description.address, clusterID: description.cluster))
        table.setDamping(description.damping, at: 0)
        for (index, neighbour) in description.neighbours.enumerated() {
            let id = table.addPeer(description.peerConfiguration(neighbour))
            neighbours.append(
                Neighbour(
                    description: neighbour, id: id,
                    session: Session(
                        configuration: description.sessionConfiguration(neighbour), seed: UInt64(index) + 1)))
        }
    }

    /// When to come back with ``Input/timer`` and ``Input/work``; nil when nothing is waited for.
    public var deadline: UInt64? {
        (neighbours.flatMap { neighbour in
            [neighbour.session.deadline, isHeldBack(neighbour) ? neighbour.nextAdvertisement : nil]
        } + [table.dampingDeadline]).compactMap(\.self).min()
    }

    private func isHeldBack(_ neighbour: Neighbour) -> Bool {
        neighbour.negotiated != nil && neighbour.nextAdvertisement > 0 && table.hasUpdates(for: neighbour.id)
    }

    /// The state of a session.
    public func state(of neighbour: Int) -> SessionState { neighbours[neighbour].session.state }

    /// Takes an input; `now` is in nanoseconds and never goes back.
    public mutating func handle(_ input: Input, at now: UInt64) -> [Output] {
        switch input {
        case .start(let index): handle(.manualStart, index, now)
        case .stop(let index): handle(.manualStop(NotificationMessage(.administrativeShutdown)), index, now)
        case .linkDown(let index): handle(.automaticStop(nil), index, now)
        case .linkUp(let index): handle(.automaticStart, index, now)
        case .connected(let index): handle(.connected, index, now)
        case .offered(let index): handle(.connectionRequested, index, now)
        case .failed(let index, let origin): handle(.connectionFailed(origin), index, now)
        case .octets(let index, let origin, let octets): receive(octets, index, origin, now)
        case .refresh(let index): askAgain(index)
        case .suppress(let index, let prefix):
            let neighbour = neighbours[index]
            let options = description.exportOptions(neighbour.description, suppressed: prefix)
            table.setExportOptions(options, of: neighbour.id)
        case .originate(let prefix): table.originate(prefix)
        case .withdraw(let prefix): table.withdrawOriginated(prefix)
        case .timer:
            for index in neighbours.indices where neighbours[index].session.deadline.map({ $0 <= now }) == true {
                handle(.timer, index, now)
            }
        case .work: work(now)
        }
        defer { outputs = [] }
        return outputs
    }
}

// MARK: - Sessions

extension SimulatedRouter {
    private mutating func handle(_ event: SessionEvent, _ index: Int, _ now: UInt64) {
        for action in neighbours[index].session.handle(event, now: now) { perform(action, index, now) }
    }

    private mutating func perform(_ action: SessionAction, _ index: Int, _ now: UInt64) {
        switch action {
        case .connect: outputs.append(.connect(index))
        case .accept: outputs.append(.accept(index))
        case .refuse(let message): outputs.append(.refuse(index, Self.encoded { message.encode(to: &$0) }))
        case .sendOpen(let message, let origin): send(index, origin) { message.encode(to: &$0) }
        case .sendKeepalive(let origin): send(index, origin) { MessageHeader.encodeKeepalive(to: &$0) }
        case .sendNotification(let message, let origin): send(index, origin) { message.encode(to: &$0) }
        case .disconnect(let origin):
            neighbours[index].readers[origin] = nil
            outputs.append(.close(index, origin))
        case .established(let negotiated, let origin): established(negotiated, index, origin)
        case .ended(let end, let wasEstablished):
            neighbours[index].negotiated = nil
            if wasEstablished { table.peerDown(neighbours[index].id) }
            outputs.append(.ended(index, "\(end)"))
        }
    }

    private mutating func established(_ negotiated: NegotiatedSession, _ index: Int, _ origin: ConnectionOrigin) {
        let old = neighbours[index]
        neighbours[index] = Neighbour(
            description: old.description, id: old.id, session: old.session, readers: old.readers,
            negotiated: negotiated, origin: origin)
        table.peerUp(old.id, identifier: negotiated.identifier, families: negotiated.families)
        outputs.append(.established(index))
    }

    private static func encoded(_ encode: (inout [UInt8]) -> Void) -> [UInt8] {
        var octets: [UInt8] = []
        encode(&octets)
        return octets
    }

    /// Octets that follow each other on one connection go out as one.
    private mutating func send(_ index: Int, _ origin: ConnectionOrigin, _ encode: (inout [UInt8]) -> Void) {
        if case .octets(index, origin, var octets) = outputs.last {
            encode(&octets)
            outputs[outputs.count - 1] = .octets(index, origin, octets)
        } else {
            outputs.append(.octets(index, origin, Self.encoded(encode)))
        }
    }

    private mutating func receive(_ octets: [UInt8], _ index: Int, _ origin: ConnectionOrigin, _ now: UInt64) {
        guard neighbours[index].session.state(of: origin) >= .openSent else { return }
        var reader =
            neighbours[index].readers[origin] ?? MessageReader(maximumLength: MessageHeader.extendedMaximumLength)
        reader.append(octets.span.bytes)
        neighbours[index].readers[origin] = reader
        do throws(NotificationMessage) {
            while neighbours[index].readers[origin] != nil, let frame = try reader.next() {
                try receive(frame, &reader, index, origin, now)
            }
            if neighbours[index].readers[origin] != nil { neighbours[index].readers[origin] = reader }
        } catch {
            handle(.malformed(error, origin), index, now)
        }
    }

    private mutating func receive(
        _ frame: MessageFrame, _ reader: inout MessageReader, _ index: Int, _ origin: ConnectionOrigin, _ now: UInt64
    ) throws(NotificationMessage) {
        switch frame.type {
        case .open:
            let open = try OpenMessage(decoding: reader.body(of: frame))
            handle(.received(.open(open), origin), index, now)
            reader.isEnhancedRouteRefresh =
                neighbours[index].session.negotiated(on: origin)?.isEnhancedRouteRefresh ?? false
        case .keepalive: handle(.received(.keepalive, origin), index, now)
        case .notification:
            handle(.received(.notification(NotificationMessage(decoding: reader.body(of: frame))), origin), index, now)
        case .routeRefresh:
            let request = try RouteRefreshMessage(
                decoding: reader.body(of: frame), isEnhanced: reader.isEnhancedRouteRefresh)
            handle(.received(.routeRefresh, origin), index, now)
            receive(request, index)
        case .update:
            let session = neighbours[index].session
            guard session.state(of: origin) >= .openConfirm, let negotiated = session.negotiated(on: origin) else {
                return handle(.received(.update, origin), index, now)
            }
            let context = negotiated.updateContext(for: session.configuration)
            let update = try UpdateMessage(decoding: reader.body(of: frame), context: context)
            handle(.received(.update, origin), index, now)
            try apply(update, index, now)
        }
    }

    private mutating func apply(_ update: UpdateMessage, _ index: Int, _ now: UInt64) throws(NotificationMessage) {
        guard neighbours[index].negotiated != nil else { return }
        let id = neighbours[index].id
        table.withdraw(update.withdrawn, from: id, at: now)
        for announcement in update.announcements {
            table.announce(announcement.prefixes, with: announcement.attributes, from: id, at: now)
            if let family = announcement.prefixes.first?.family {
                neighbours[index].refreshed[family]?.formUnion(announcement.prefixes.map { RouteKey($0) })
            }
            if let most = neighbours[index].description.mostPrefixes, table.receivedCount(from: id) > most {
                throw NotificationMessage(.maximumNumberOfPrefixesReached)
            }
        }
    }

    private mutating func receive(_ message: RouteRefreshMessage, _ index: Int) {
        guard let family = message.family.family, let negotiated = neighbours[index].negotiated,
            negotiated.families.contains(family)
        else { return }
        switch message.subtype {
        case RouteRefreshMessage.request: neighbours[index].refreshRequested.insert(AddressFamilies(family))
        case RouteRefreshMessage.beginning: neighbours[index].refreshed[family] = []
        case RouteRefreshMessage.end:
            guard let fresh = neighbours[index].refreshed.removeValue(forKey: family) else { return }
            table.withdraw(family, from: neighbours[index].id, except: fresh)
        default: break
        }
    }

    private mutating func askAgain(_ index: Int) {
        guard neighbours[index].negotiated?.isRouteRefresh == true else { return }
        send(index, neighbours[index].origin) { RouteRefreshMessage(FamilyIdentifier(.ipv4)).encode(to: &$0) }
    }
}

// MARK: - Routes

extension SimulatedRouter {
    private mutating func work(_ now: UInt64) {
        for case .track(let address) in table.takeNextHopRequests() {
            var metric: UInt32 = 0
            if case .v4(let address) = address { metric = description.distances[address] ?? 0 }
            table.nextHopChanged(address, to: NextHopResolution(metric: metric))
        }
        table.reuseRoutes(at: now)
        for change in table.takeDampingChanges() {
            outputs.append(.damped(Int(change.peer.rawValue) - 1, change))
        }
        for change in table.decide() {
            let path = table.routes(to: change.prefix).first { $0.isBest }?.attributes.asPath ?? ASPath()
            outputs.append(.best(change.prefix, change.route, path))
        }
        for index in neighbours.indices { sendUpdates(index, now) }
    }

    private mutating func sendUpdates(_ index: Int, _ now: UInt64) {
        guard let negotiated = neighbours[index].negotiated else { return }
        let id = neighbours[index].id
        beginRefresh(index, negotiated)
        if table.hasUpdates(for: id) {
            let updates = table.takeUpdates(
                for: id, withdrawalsOnly: neighbours[index].nextAdvertisement > now)
            send(updates, index, negotiated, now)
        }
        if !neighbours[index].isEndOfRIBSent, !table.hasUpdates(for: id) {
            neighbours[index].isEndOfRIBSent = true
            for family in negotiated.families.elements {
                send(index, neighbours[index].origin) { Self.encoder(negotiated).endOfRIB(family, to: &$0) }
            }
        }
        endRefresh(index, negotiated)
    }

    private mutating func send(
        _ updates: OutgoingUpdates, _ index: Int, _ negotiated: NegotiatedSession, _ now: UInt64
    ) {
        guard !updates.isEmpty else { return }
        send(index, neighbours[index].origin) { buffer in
            let encoder = Self.encoder(negotiated)
            if !updates.withdrawn.isEmpty { encoder.withdraw(updates.withdrawn.span, to: &buffer) }
            for group in updates.announced {
                do throws(UpdateEncodingError) {
                    try encoder.announce(group.prefixes.span, attributes: group.attributes, to: &buffer)
                } catch {
                    encoder.withdraw(group.prefixes.span, to: &buffer)
                }
            }
        }
        handle(.updateSent, index, now)
        if neighbours[index].description.interval > 0, neighbours[index].isEndOfRIBSent, !updates.announced.isEmpty {
            neighbours[index].nextAdvertisement = now + neighbours[index].description.interval
        }
    }

    private static func encoder(_ negotiated: NegotiatedSession) -> UpdateEncoder {
        UpdateEncoder(isFourOctetASN: negotiated.isFourOctetASN, maximumLength: negotiated.maximumLength)
    }

    private mutating func beginRefresh(_ index: Int, _ negotiated: NegotiatedSession) {
        let requested = neighbours[index].refreshRequested
        guard neighbours[index].isEndOfRIBSent, !requested.isEmpty else { return }
        for family in requested.elements {
            mark(RouteRefreshMessage.beginning, family, index, negotiated)
            table.resend(to: neighbours[index].id, family)
        }
        neighbours[index].refreshing.formUnion(requested)
        neighbours[index].refreshRequested = []
    }

    private mutating func endRefresh(_ index: Int, _ negotiated: NegotiatedSession) {
        guard !neighbours[index].refreshing.isEmpty, !table.hasUpdates(for: neighbours[index].id) else { return }
        for family in neighbours[index].refreshing.elements { mark(RouteRefreshMessage.end, family, index, negotiated) }
        neighbours[index].refreshing = []
    }

    private mutating func mark(
        _ subtype: UInt8, _ family: AddressFamily, _ index: Int, _ negotiated: NegotiatedSession
    ) {
        guard negotiated.isEnhancedRouteRefresh else { return }
        send(index, neighbours[index].origin) {
            RouteRefreshMessage(FamilyIdentifier(family), subtype: subtype).encode(to: &$0)
        }
    }
}
