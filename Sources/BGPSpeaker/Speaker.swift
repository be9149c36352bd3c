import BFD
import BGPSession
import BGPTable
import BGPWire
import Net
import Sys

/// The speaker: neighbours, table and kernel around one event loop.
///
/// Handlers only take in what happened. What follows from it is done once for all of it, before the loop sleeps: next hops
/// are resolved, best routes decided, written to the kernel, and sent. So a burst of messages costs one decision for each prefix.
final class Speaker {
    /// The port of BGP (RFC 4271, section 8.2.1).
    static let port: UInt16 = 179

    /// Changed by ``reconfigure(_:)`` alone.
    var configuration: SpeakerConfiguration
    let loop: EventLoop
    let kernel: Kernel
    var table: Table
    var neighbours: [Neighbour] = []
    var listeners: [IPAddress: FileDescriptorBox] = [:]
    var bfd: BFDMonitor?
    /// Whether the configured prefixes are announced.
    private(set) var isOriginating = true
    /// What faults of the lab make of all this; changed by ``impose(_:)`` alone.
    var imposed = Imposition()
    /// Who looks on at all that happens; nobody unless the configuration asks for it.
    private(set) var observers: Observers?
    var trackedNextHops: Set<IPAddress> = []
    var trackedOnLinks: Set<LinkNextHop> = []
    private(set) var isStarted = false
    var isSwept = false
    var isWorkScheduled = false
    /// Our own graceful restart; nil unless the configuration asks for it.
    var restart: Restart?

    /// Something that a report of rest would show has changed since the last one.
    var hasChanged = true
    /// Told of each session that becomes or ceases to be Established.
    var onSession: ((Neighbour, String) -> Void)?
    /// Told of each change of a best route.
    var onBest: ((BGPTable.RouteChange) -> Void)?
    /// Told of each route that is suppressed for its flaps, or used again.
    var onDamping: ((DampingChange) -> Void)?
    /// Stands at the table's next deadline of damping.
    var dampingTimer: Timer?
    var dampingDeadline: UInt64?
    /// Told of each change of a BFD session.
    var onPath: ((Neighbour, BFDChange) -> Void)? {
        didSet { bfd?.onChange = onPath }
    }
    /// Told when there is nothing left to do.
    var onRest: (() -> Void)?

    /// How long an earlier life's routes are kept for neighbours that do not come back.
    private static let longestSweepDelay: Nanoseconds = 10_000_000_000

    init(_ configuration: SpeakerConfiguration, _ loop: EventLoop) throws {
        self.configuration = configuration
        self.loop = loop
        kernel = try Kernel(
            loop, isWriting: configuration.writesKernel, isResilient: configuration.hashesResiliently)
        table = Table(
            local: LocalSpeaker(asn: configuration.asn, identifier: configuration.identifier),
            decision: configuration.decision)
        setDamping(configuration.damping)
        restart = configuration.restart.map { Restart($0, hasRestarted: kernel.hasEarlierRoutes) }
        for neighbour in configuration.neighbours {
            let id = table.addPeer(peerConfiguration(neighbour))
            neighbours.append(Neighbour(neighbour, id: id, speaker: self))
        }
        applyOptions()
        for route in configuration.originated { table.originate(route) }
        kernel.onLink = { [weak self] in self?.linkChanged($0, $1) }
        kernel.onDelivery = { [weak self] in self?.addressDelivered($0) }
        loop.beforeSleep = { [weak self] in self?.work() }
        for address in Set(configuration.neighbours.map(\.localAddress)).sorted() { try listen(address) }
        if neighbours.contains(where: { $0.configuration.bfd != nil }) {
            let monitor = BFDMonitor(loop)
            for neighbour in neighbours { try monitor.add(neighbour, isStarted: false) }
            bfd = monitor
        }
        observers = try Observers(self)
    }

    /// A neighbour as the table takes it, with our own addresses of the kernel.
    func peerConfiguration(_ neighbour: NeighbourConfiguration) -> PeerConfiguration {
        let link = neighbour.interface.flatMap { kernel.interior.link(named: $0)?.index }
        return neighbour.peer(ownAddresses: link.map { kernel.interior.addresses(on: $0) } ?? [])
    }

    /// Gives the table what import and export change.
    func applyOptions() { table.applyOptions(of: neighbours.map { ($0.configuration, $0.id) }, imposed) }

    // MARK: Administration

    /// Starts all sessions; again does nothing.
    func start() {
        guard !isStarted else { return }
        isStarted = true
        hasChanged = true
        if let restart, restart.isDeferring {
            loop.schedule(after: restart.configuration.deferralTime) { [weak self] in self?.restart?.isDeferring = false
            }
        } else {
            loop.schedule(after: Self.longestSweepDelay) { [weak self] in self?.sweep() }
        }
        for neighbour in neighbours { neighbour.start() }
        bfd?.start()
    }

    /// Originates the configured prefixes, or no longer.
    func setOriginating(_ isOriginating: Bool) {
        let before = originated
        hasChanged = true
        self.isOriginating = isOriginating
        originate(originated, before: before)
    }

    /// Takes leave of all neighbours, takes the routes out of the kernel and stops the loop.
    func stop() {
        loop.beforeSleep = nil
        for neighbour in neighbours { neighbour.handle(.manualStop(NotificationMessage(.administrativeShutdown))) }
        bfd?.stop()
        observers?.stop()
        kernel.removeAll()
        loop.stop()
    }

    private func linkChanged(_ name: String, _ isUsable: Bool) {
        guard isStarted else { return }
        for neighbour in neighbours where neighbour.configuration.interface == name {
            if isUsable { neighbour.startIfPossible() } else { neighbour.handle(.automaticStop(nil)) }
        }
    }

    private func addressDelivered(_ address: IPAddress) {
        guard isStarted else { return }
        for neighbour in neighbours
        where neighbour.configuration.localAddress == address && neighbour.configuration.interface != nil {
            neighbour.startIfPossible()
        }
    }

    /// A session has become Established, or has ended.
    func sessionChanged(_ neighbour: Neighbour, reason: String, wasEstablished: Bool = true) {
        hasChanged = true
        let state = neighbour.negotiated != nil ? SessionState.established : neighbour.state
        let place = "\(neighbour.configuration.name) \(neighbour.configuration.address)"
        Diagnostics.write("\(configuration.node): \(place): \(state)" + (reason.isEmpty ? "" : " (\(reason))"))
        if wasEstablished { onSession?(neighbour, reason) }
    }
}
