import BGPSession
import BGPTable
import BGPWire
import Net
import Sys

/// A neighbour: its state machine with the sockets, the timer and the counters that belong to it.
final class Neighbour {
    let configuration: NeighbourConfiguration
    /// The number of the neighbour in the table.
    let id: PeerID
    private unowned let speaker: Speaker
    private var session: Session
    private var outgoing: PeerConnection?
    private var incoming: PeerConnection?
    private var offered: FileDescriptor?
    private var events: [SessionEvent] = []
    private var isHandling = false
    private var timer: Timer?
    private var timerDeadline = Nanoseconds.max

    /// What was negotiated; nil unless Established.
    private(set) var negotiated: NegotiatedSession?
    private var establishedOn = ConnectionOrigin.outgoing
    /// UPDATE messages of this session that were read and handed to the table.
    private var received = 0
    /// UPDATE messages of this session that were handed to the socket.
    private var sent = 0
    /// `received` when the speaker last had nothing left to do: only then has all that followed been sent.
    private var digested = 0
    private var endOfRIBReceived: AddressFamilies = []
    private var isEndOfRIBSent = false
    private var lastEnd: SessionEnd?
    private var nextAdvertisement: Nanoseconds = 0
    private var advertisementTimer: Timer?

    /// Prefixes that are taken out of the table before the socket is looked at again.
    private static let prefixesAtOnce = 4096
    /// Bytes that may wait for the socket before more is taken out of the table.
    private static let mostUnsent = 65536

    init(_ configuration: NeighbourConfiguration, id: PeerID, speaker: Speaker) {
        self.configuration = configuration
        self.id = id
        self.speaker = speaker
        let own = speaker.configuration
        session = Session(
            configuration: SessionConfiguration(
                localASN: own.asn, remoteASN: configuration.asn, identifier: own.identifier,
                families: configuration.families,
                holdTime: configuration.timers.holdTime, connectRetryTime: configuration.timers.connectRetryTime,
                isPassive: configuration.isPassive),
            seed: UInt64.random(in: .min ... .max))
    }

    var state: SessionState { session.state }

    // MARK: Events

    /// Hands an event to the state machine and does what it says.
    func handle(_ event: SessionEvent) {
        events.append(event)
        guard !isHandling else { return }
        isHandling = true
        while !events.isEmpty {
            let next = events.removeFirst()
            for action in session.handle(next, now: UInt64(Clock.monotonic())) { perform(action) }
        }
        isHandling = false
        updateTimer()
    }

    /// Takes a connection that the neighbour has opened.
    func offer(_ descriptor: consuming FileDescriptor) {
        offered = consume descriptor
        handle(.connectionRequested)
        offered = nil
    }

    private func perform(_ action: SessionAction) {
        switch action {
        case .connect: connect()
        case .accept: accept()
        case .refuse(let message): refuse(message)
        case .sendOpen(let message, let origin): send(origin) { message.encode(to: &$0) }
        case .sendKeepalive(let origin): send(origin) { MessageHeader.encodeKeepalive(to: &$0) }
        case .sendNotification(let message, let origin): send(origin) { message.encode(to: &$0) }
        case .disconnect(.outgoing):
            outgoing?.close()
            outgoing = nil
        case .disconnect(.incoming):
            incoming?.close()
            incoming = nil
        case .established(let negotiated, let origin): established(negotiated, on: origin)
        case .ended(let reason, let wasEstablished): ended(reason, wasEstablished)
        }
    }

    /// The session's timers only ever need one of the loop's. A deadline that has moved away is looked at when the old one
    /// comes, so that a busy session does not make timers.
    private func updateTimer() {
        guard let deadline = session.deadline else { return }
        let time = Nanoseconds(clamping: deadline)
        guard time < timerDeadline else { return }
        timer?.cancel()
        timerDeadline = time
        timer = speaker.loop.schedule(at: time) { [weak self] in self?.timerFired() }
    }

    private func timerFired() {
        timer = nil
        timerDeadline = .max
        if let deadline = session.deadline, Nanoseconds(clamping: deadline) <= Clock.monotonic() {
            handle(.timer)
        } else {
            updateTimer()
        }
    }

    // MARK: Connections

    private var timeToLive: UInt8? { configuration.relation == .internal ? nil : 1 }

    private func connect() {
        var scope: UInt32 = 0
        if case .v6(let address) = configuration.address, address.isLinkLocal, let name = configuration.interface {
            scope = speaker.kernel.interior.link(named: name)?.index ?? 0
        }
        do {
            outgoing = try PeerConnection(
                speaker.loop, from: configuration.localAddress,
                to: SocketAddress(configuration.address, port: Speaker.port, scope: scope), timeToLive: timeToLive
            ) { [weak self] in self?.handle($0, .outgoing) }
        } catch {
            handle(.connectionFailed(.outgoing))
        }
    }

    private func accept() {
        guard let descriptor = offered.take() else { return }
        do {
            incoming = try PeerConnection(
                speaker.loop, accepted: descriptor, configuration.address.family, timeToLive: timeToLive
            ) { [weak self] in self?.handle($0, .incoming) }
        } catch {
            handle(.connectionFailed(.incoming))
        }
    }

    private func refuse(_ message: NotificationMessage) {
        guard let descriptor = offered.take() else { return }
        let connection = try? PeerConnection(
            speaker.loop, accepted: descriptor, configuration.address.family, timeToLive: timeToLive, { _ in })
        guard let connection else { return }
        message.encode(to: &connection.unsent)
        connection.flush()
        connection.close()
    }

    private func connection(_ origin: ConnectionOrigin) -> PeerConnection? {
        origin == .outgoing ? outgoing : incoming
    }

    private func send(_ origin: ConnectionOrigin, _ encode: (inout [UInt8]) -> Void) {
        guard let connection = connection(origin) else { return }
        encode(&connection.unsent)
        connection.flush()
    }

    private func handle(_ event: PeerConnection.Event, _ origin: ConnectionOrigin) {
        switch event {
        case .opened: handle(.connected)
        case .ended: handle(.connectionFailed(origin))
        case .received: receive(origin)
        }
    }

    // MARK: Messages

    private func receive(_ origin: ConnectionOrigin) {
        guard let connection = connection(origin) else { return }
        do throws(NotificationMessage) {
            // Any message may end the connection.
            while self.connection(origin) === connection, let frame = try connection.reader.next() {
                try receive(frame, connection, origin)
            }
        } catch {
            handle(.malformed(error, origin))
        }
    }

    private func receive(
        _ frame: MessageFrame, _ connection: PeerConnection, _ origin: ConnectionOrigin
    ) throws(NotificationMessage) {
        switch frame.type {
        case .open:
            let open = try connection.reader.withBody(of: frame) { body throws(NotificationMessage) in
                try OpenMessage(decoding: body)
            }
            handle(.received(.open(open), origin))
        case .keepalive:
            handle(.received(.keepalive, origin))
        case .notification:
            let message = connection.reader.withBody(of: frame) { NotificationMessage(decoding: $0) }
            handle(.received(.notification(message), origin))
        case .routeRefresh:
            let request = try connection.reader.withBody(of: frame) { body throws(NotificationMessage) in
                try RouteRefreshMessage(decoding: body)
            }
            handle(.received(.routeRefresh, origin))
            refresh(request)
        case .update:
            guard session.state(of: origin) >= .openConfirm, let negotiated = session.negotiated(on: origin) else {
                return handle(.received(.update, origin))
            }
            let context = negotiated.updateContext(for: session.configuration)
            let update = try connection.reader.withBody(of: frame) { body throws(NotificationMessage) in
                try UpdateMessage(decoding: body, context: context)
            }
            handle(.received(.update, origin))
            apply(update)
        }
    }

    private func apply(_ update: UpdateMessage) {
        guard negotiated != nil else { return }
        received += 1
        speaker.hasChanged = true
        if let fault = update.treatedAsWithdraw {
            Diagnostics.write(
                "\(configuration.name) \(configuration.address): attribute \(fault.type) wrong (\(fault.reason)), "
                    + "withdrawn: \(update.withdrawn.map(\.description).joined(separator: " "))")
        }
        if !update.withdrawn.isEmpty { speaker.table.withdraw(update.withdrawn, from: id) }
        for announcement in update.announcements {
            speaker.table.announce(announcement.prefixes, with: announcement.attributes, from: id)
        }
        if let family = update.endOfRIB { endOfRIBReceived.insert(AddressFamilies(family)) }
    }

    /// Sends again what the neighbour holds of a family (RFC 2918, section 4).
    private func refresh(_ request: RouteRefreshMessage) {
        guard let negotiated, let family = request.family.family, negotiated.families.contains(family),
            request.subtype == 0, let connection = connection(establishedOn)
        else { return }
        for prefix in speaker.table.knownPrefixes where prefix.family == family {
            guard let attributes = speaker.table.advertisement(of: prefix, to: id) else { continue }
            announce([prefix], attributes, negotiated, connection)
        }
        connection.flush()
    }

    // MARK: Established

    private func established(_ negotiated: NegotiatedSession, on origin: ConnectionOrigin) {
        self.negotiated = negotiated
        establishedOn = origin
        received = 0
        sent = 0
        digested = 0
        endOfRIBReceived = []
        isEndOfRIBSent = false
        nextAdvertisement = 0
        speaker.table.peerUp(id, identifier: negotiated.identifier, families: negotiated.families)
        speaker.sessionChanged(self, reason: "")
    }

    private func ended(_ reason: SessionEnd, _ wasEstablished: Bool) {
        negotiated = nil
        if wasEstablished {
            speaker.table.peerDown(id)
            advertisementTimer?.cancel()
            advertisementTimer = nil
        }
        // A connection that never got that far and merely closed is what waiting for a neighbour looks like, and a
        // neighbour that refuses does so each time.
        if wasEstablished || (reason != .connectionClosed && reason != lastEnd) {
            speaker.sessionChanged(self, reason: "\(reason)", wasEstablished: wasEstablished)
        }
        lastEnd = reason
    }

    /// Whether all that is to be sent has been given to the kernel, End-of-RIB included.
    var isQuiet: Bool {
        guard negotiated != nil else { return true }
        return isEndOfRIBSent && !speaker.table.hasUpdates(for: id)
            && connection(establishedOn)?.unsent.isEmpty != false
    }

    /// Whether the neighbour has sent its whole table.
    var isTableComplete: Bool { negotiated.map { $0.families == endOfRIBReceived } ?? false }

    /// Takes what the table has for the neighbour and sends it. Answers whether there is more that the socket would take.
    func sendUpdates() -> Bool {
        guard let negotiated, let connection = connection(establishedOn) else { return false }
        var isMore = false
        if speaker.table.hasUpdates(for: id), connection.unsent.count < Self.mostUnsent {
            let mustWait = isAdvertisementDelayed()
            let updates = speaker.table.takeUpdates(
                for: id, atMost: mustWait ? .max : Self.prefixesAtOnce, withdrawalsOnly: mustWait)
            send(updates, negotiated, connection)
            isMore = !mustWait && speaker.table.hasUpdates(for: id)
        }
        if !isEndOfRIBSent, !speaker.table.hasUpdates(for: id) {
            isEndOfRIBSent = true
            for family in negotiated.families.elements {
                encoder(negotiated).endOfRIB(family, to: &connection.unsent)
                count(1)
            }
        }
        if !connection.unsent.isEmpty { connection.flush() }
        return isMore && connection.unsent.count < Self.mostUnsent
    }

    private func send(_ updates: OutgoingUpdates, _ negotiated: NegotiatedSession, _ connection: PeerConnection) {
        if !updates.withdrawn.isEmpty {
            count(encoder(negotiated).withdraw(updates.withdrawn.span, to: &connection.unsent))
        }
        for group in updates.announced { announce(group.prefixes, group.attributes, negotiated, connection) }
        let interval = configuration.advertisementInterval
        if interval > 0, isEndOfRIBSent, !updates.announced.isEmpty {
            nextAdvertisement = Clock.monotonic() + Int64.random(in: interval - interval / 4...interval)
        }
    }

    private func announce(
        _ prefixes: [IPPrefix], _ attributes: PathAttributes, _ negotiated: NegotiatedSession,
        _ connection: PeerConnection
    ) {
        do throws(UpdateEncodingError) {
            count(try encoder(negotiated).announce(prefixes.span, attributes: attributes, to: &connection.unsent))
        } catch {
            // What cannot be said must not stay said in its older form.
            Diagnostics.write(
                "\(configuration.name) \(configuration.address): \(error), \(prefixes.count) prefixes withdrawn")
            count(encoder(negotiated).withdraw(prefixes.span, to: &connection.unsent))
        }
    }

    private func encoder(_ negotiated: NegotiatedSession) -> UpdateEncoder {
        UpdateEncoder(isFourOctetASN: negotiated.isFourOctetASN)
    }

    private func count(_ messages: Int) {
        sent += messages
        speaker.hasChanged = true
        handle(.updateSent)
    }

    /// Whether announcements have to wait for the MinRouteAdvertisementIntervalTimer (RFC 4271, section 9.2.1.1). The whole
    /// table at the beginning does not.
    private func isAdvertisementDelayed() -> Bool {
        guard nextAdvertisement > Clock.monotonic() else { return false }
        if advertisementTimer == nil {
            advertisementTimer = speaker.loop.schedule(at: nextAdvertisement) { [weak self] in
                // The loop does what is left before it sleeps again.
                self?.advertisementTimer = nil
            }
        }
        return true
    }

    // MARK: Counters

    /// All that was received has been worked off.
    func digest() { digested = received }

    /// UPDATE messages received and worked off, and sent, in this session.
    var counters: (received: Int, sent: Int) { negotiated == nil ? (0, 0) : (digested, sent) }
}
