import BFD
import Glibc
import Net
import Sys

/// The BFD session with a neighbour: its state machine with the socket and the timer that belong to it.
///
/// What BGP makes of it (RFC 5882):
/// - When the path fails, the BGP session ends at once with Cease, BFD Down (RFC 9384).
/// - AdminDown of either side ends nothing (sections 3.2 and 4.2), nor does a BFD session that never came up (section 3.3).
/// - BGP may come up while BFD is down (section 4.1): BGP does not say whether a neighbour is willing to run BFD, and a
///   neighbour that does not wait would only be refused. But BGP tries again the moment BFD is up, however long its next try
///   was away.
/// - BFD shares the fate of this process, as the C bit says: its end says nothing about a graceful restart (section 4.3).
final class BFDPeer {
    let configuration: BFDConfiguration
    let endpoint: BFDEndpoint
    unowned let neighbour: Neighbour
    private let loop: EventLoop
    private(set) var session: BFDSession
    private unowned let monitor: BFDMonitor
    private let socket: FileDescriptor
    private let target: SocketAddress
    private var isConnected = false
    private var timer: Timer?
    private var timerDeadline = Nanoseconds.max

    /// Opens the socket that sends. Throws `SystemError`.
    init(
        _ neighbour: Neighbour, _ configuration: BFDConfiguration, _ monitor: BFDMonitor, _ endpoint: BFDEndpoint,
        discriminator: UInt32
    ) throws(SystemError) {
        self.neighbour = neighbour
        loop = neighbour.speaker.loop
        self.configuration = configuration
        self.monitor = monitor
        self.endpoint = endpoint
        session = BFDSession(
            localDiscriminator: discriminator, timing: configuration.timing,
            seed: UInt64.random(in: .min ... .max))
        let own = neighbour.configuration.localAddress
        socket = try Self.bound(own)
        // RFC 5881, section 5; on several hops it leaves the neighbour the most to check.
        try Socket.setTimeToLive(socket.raw, own.family, 255)
        target = SocketAddress(
            neighbour.configuration.address, port: BFDEndpoint.port(isMultihop: configuration.isMultihop),
            scope: neighbour.scope)
    }

    deinit { timer?.cancel() }

    /// One of the ports that RFC 5881, section 4 asks for, the same for the life of the session.
    private static func bound(_ address: IPAddress) throws(SystemError) -> FileDescriptor {
        var attempts = 0
        while true {
            do throws(SystemError) {
                return try Socket.bound(.datagram, address, port: UInt16.random(in: 49152...65535))
            } catch {
                attempts += 1
                guard error.code == EADDRINUSE, attempts < 64 else { throw error }
            }
        }
    }

    func handle(_ event: BFDEvent) {
        let before = session.transmitDeadline
        let actions = session.handle(event, now: UInt64(Clock.monotonic()), companion: monitor.nextTransmission)
        if session.transmitDeadline != before { monitor.nextTransmission = session.transmitDeadline }
        for action in actions {
            switch action {
            case .send(let packet): send(packet)
            case .changed(let change): changed(change)
            }
        }
        updateTimer()
    }

    /// What cannot be sent is lost like any other packet: the next one tells. A connected socket spares the kernel looking for
    /// the route each time; it also tells of ICMP errors, each of which fails one call that then has sent nothing.
    private func send(_ packet: ControlPacket) {
        if !isConnected { isConnected = (try? Socket.connect(socket.raw, to: target)) != nil }
        guard isConnected else { return }
        withUnsafeTemporaryAllocation(byteCount: ControlPacket.byteCount, alignment: 4) { buffer in
            var bytes = buffer.mutableBytes
            packet.encode(into: &bytes)
            if Glibc.send(socket.raw, buffer.baseAddress, buffer.count, 0) < 0 {
                _ = Glibc.send(socket.raw, buffer.baseAddress, buffer.count, 0)
            }
        }
    }

    private func changed(_ change: BFDChange) {
        loop.leaveWork()
        monitor.stateChanged(endpoint)
        monitor.onChange?(neighbour, change)
        if change.isFailure { neighbour.pathFailed(isPath: session.isRemoteControlPlaneIndependent) }
        if change.to == .up { neighbour.pathWorks() }
    }

    // MARK: Timer

    /// The session's timers only ever need one of the loop's: packets come and move the Detection Time away, and the next
    /// packet to send is nearly always due before.
    private func updateTimer() {
        guard let deadline = session.deadline else { return }
        let time = Nanoseconds(clamping: deadline)
        guard time < timerDeadline else { return }
        timer?.cancel()
        timerDeadline = time
        timer = loop.schedule(at: time, isSelfContained: true) { [weak self] in self?.timerFired() }
    }

    private func timerFired() {
        timer = nil
        // Until all is looked at, what is due next is not known.
        timerDeadline = .min
        let now = UInt64(Clock.monotonic())
        // Packets that have come in time may wait: those for which nobody wakes, and others where the loop was held up.
        if let deadline = session.detectionDeadline, deadline <= now { monitor.receive(endpoint) }
        if let deadline = session.deadline, deadline <= now { handle(.timer) }
        // Without a look at what has come, the next awakening would be for that look alone.
        if let detection = session.detectionDeadline, let transmit = session.transmitDeadline, detection < transmit {
            monitor.receiveSteady(endpoint)
        }
        timerDeadline = .max
        updateTimer()
    }
}
