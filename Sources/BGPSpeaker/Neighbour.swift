import BGPSession
import BGPTable
import BGPWire
import Net
import Sys

/// A neighbour: its state machine with the sockets, the timer and the counters that belong to it.
final class Neighbour {
    /// Changed by `Speaker.reconfigure` alone, and only in what a session can live with.
    var configuration: NeighbourConfiguration
    /// The number of the neighbour in the table.
    let id: PeerID
    unowned let speaker: Speaker
    private var session: Session
    private var outgoing: PeerConnection?
    private var incoming: PeerConnection?
    private var offered: FileDescriptor?
    private var events: [SessionEvent] = []
    private var isHandling = false
    private var timer: Timer?
    private var timerDeadline = Nanoseconds.max

    /// What was negotiated; nil unless Established.
    var negotiated: NegotiatedSession?
    var establishedOn = ConnectionOrigin.outgoing
    /// UPDATE messages of this session that were read and handed to the table.
    var received = 0
    /// UPDATE messages of this session that were handed to the socket.
    var sent = 0
    /// `received` when the speaker last had nothing left to do: only then has all that followed been sent.
    var digested = 0
    var endOfRIBReceived: AddressFamilies = []
    var isEndOfRIBSent = false
    /// Prefixes that the neighbour announces, a family each.
    var receivedIPv4 = 0
    var receivedIPv6 = 0
    /// Families that the neighbour has asked for again, and those that are being sent again.
    var refreshRequested: AddressFamilies = []
    var refreshing: AddressFamilies = []
    /// What has come since the neighbour began to send a family again.
    var refreshed: [AddressFamily: Set<RouteKey>] = [:]
    /// An operator wants no session.
    var isShut = false
    /// Why there is no session, or was none the last time.
    var lastEnd: SessionEnd?
    /// How the last session or the last attempt at one ended.
    var lastAttempt: SessionEnd?
    var lastEndAt: Nanoseconds?
    /// When the session became Established the last time, and how often it has.
    var establishedAt: Nanoseconds?
    var establishedCount = 0
    var messagesReceived = MessageCounters()
    var messagesSent = MessageCounters()
    /// UPDATE messages whose routes counted as withdrawn (RFC 7606, section 2).
    var treatedAsWithdraw = 0
    /// The body of the neighbour's last OPEN.
    var receivedOpen: [UInt8]?
    var nextAdvertisement: Nanoseconds = 0
    var advertisementTimer: Timer?
    /// When stale routes go at the latest (RFC 4724); nil while there are none.
    var restartTimer: Timer?
    /// BFD has ended in a way in which it also ends when the neighbour's BGP restarts.
    var mayBeRestarting = false

    init(_ configuration: NeighbourConfiguration, id: PeerID, speaker: Speaker) {
        self.configuration = configuration
        self.id = id
        self.speaker = speaker
        session = Session(
            configuration: configuration.session(of: speaker.configuration),
            seed: UInt64.random(in: .min ... .max))
    }

    var state: SessionState { session.state }
    /// The OPEN that the neighbour is sent.
    var ownOpen: OpenMessage { session.configuration.open }

    private func offerRestart() {
        guard let offer = speaker.restart?.offer(to: self), offer != session.configuration.gracefulRestart else {
            return
        }
        session.offer(offer)
    }

    // MARK: Events

    /// Hands an event to the state machine and does what it says.
    func handle(_ event: SessionEvent) {
        events.append(event)
        guard !isHandling else { return }
        isHandling = true
        while !events.isEmpty {
            let next = events.removeFirst()
            let before = session.state
            offerRestart()
            for action in session.handle(next, now: UInt64(Clock.monotonic())) { perform(action) }
            if let log = speaker.observers?.log, session.state != before {
                log.record(self, from: before, to: session.state)
            }
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
        case .sendOpen(let message, let origin): send(.open, origin) { message.encode(to: &$0) }
        case .sendKeepalive(let origin): send(.keepalive, origin) { MessageHeader.encodeKeepalive(to: &$0) }
        case .sendNotification(let message, let origin): send(.notification, origin) { message.encode(to: &$0) }
        case .disconnect(.outgoing):
            outgoing?.close(isSilent: !isLinkUsable)
            outgoing = nil
        case .disconnect(.incoming):
            incoming?.close(isSilent: !isLinkUsable)
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

    private func connect() {
        do {
            outgoing = try PeerConnection(
                speaker.loop, from: configuration.localAddress,
                to: SocketAddress(configuration.address, port: Speaker.port, scope: scope), configuration.protection
            ) { [weak self] in self?.handle($0, .outgoing) }
        } catch {
            handle(.connectionFailed(.outgoing))
        }
    }

    private func accept() {
        guard let descriptor = offered.take() else { return }
        do {
            incoming = try PeerConnection(
                speaker.loop, accepted: descriptor, configuration.address.family, configuration.protection
            ) { [weak self] in self?.handle($0, .incoming) }
        } catch {
            handle(.connectionFailed(.incoming))
        }
    }

    private func refuse(_ message: NotificationMessage) {
        guard let descriptor = offered.take() else { return }
        let connection = try? PeerConnection(
            speaker.loop, accepted: descriptor, configuration.address.family, configuration.protection, { _ in })
        guard let connection else { return }
        message.encode(to: &connection.unsent)
        connection.flush()
        connection.close()
    }

    func connection(_ origin: ConnectionOrigin) -> PeerConnection? {
        origin == .outgoing ? outgoing : incoming
    }

    func send(_ type: MessageType, _ origin: ConnectionOrigin, _ encode: (inout [UInt8]) -> Void) {
        guard let connection = connection(origin) else { return }
        messagesSent[type] += 1
        let start = connection.unsent.count
        encode(&connection.unsent)
        speaker.observers?.sent(self, connection.unsent[start...])
        connection.flush()
    }

    private func handle(_ event: PeerConnection.Event, _ origin: ConnectionOrigin) {
        switch event {
        case .opened: handle(.connected)
        case .ended: handle(.connectionFailed(origin))
        case .received: receive(origin)
        case .sent: handle(.sendProgressed(origin))
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
        messagesReceived[frame.type] += 1
        // Copied for those who look on, if there are any.
        let message = speaker.observers.map { observers in
            let message = BGPMessages.whole(frame.type, connection.reader.withBody(of: frame) { $0.copied })
            let isFourOctetASN = session.negotiated(on: origin)?.isFourOctetASN ?? true
            observers.received(self, message, isFourOctetASN: isFourOctetASN)
            return message
        }
        switch frame.type {
        case .open:
            receivedOpen = connection.reader.withBody(of: frame) { $0.copied }
            let open = try connection.reader.withBody(of: frame) { body throws(NotificationMessage) in
                try OpenMessage(decoding: body)
            }
            handle(.received(.open(open), origin))
            connection.reader.isEnhancedRouteRefresh = session.negotiated(on: origin)?.isEnhancedRouteRefresh ?? false
        case .keepalive:
            handle(.received(.keepalive, origin))
        case .notification:
            let message = connection.reader.withBody(of: frame) { NotificationMessage(decoding: $0) }
            handle(.received(.notification(message), origin))
        case .routeRefresh:
            let request = try connection.reader.withBody(of: frame) { body throws(NotificationMessage) in
                try RouteRefreshMessage(decoding: body, isEnhanced: connection.reader.isEnhancedRouteRefresh)
            }
            handle(.received(.routeRefresh, origin))
            receive(request)
        case .update:
            guard session.state(of: origin) >= .openConfirm, let negotiated = session.negotiated(on: origin) else {
                return handle(.received(.update, origin))
            }
            let context = negotiated.updateContext(for: session.configuration)
            let update = try connection.reader.withBody(of: frame) { body throws(NotificationMessage) in
                let update = try UpdateMessage(decoding: body, context: context)
                if let fault = update.treatedAsWithdraw { log(report(fault, update.withdrawn, body)) }
                return update
            }
            handle(.received(.update, origin))
            if let message { speaker.observers?.station?.received(self, update, message) }
            try apply(update)
        }
    }
}
