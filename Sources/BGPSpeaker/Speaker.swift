import BFD
import BGPSession
import BGPTable
import BGPWire
import Net
import Netlink
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
    private var listeners: [IPAddress: FileDescriptorBox] = [:]
    var bfd: BFDMonitor?
    /// Whether the configured prefixes are announced.
    private(set) var isOriginating = true
    /// What faults of the lab make of all this; changed by ``impose(_:)`` alone.
    var imposed = Imposition()
    /// Who looks on at all that happens; nobody unless the configuration asks for it.
    private(set) var observers: Observers?
    private var trackedNextHops: Set<IPAddress> = []
    private var trackedOnLinks: Set<LinkNextHop> = []
    private(set) var isStarted = false
    private var isSwept = false
    /// Our own graceful restart; nil unless the configuration asks for it.
    private(set) var restart: Restart?

    /// Something that a report of rest would show has changed since the last one.
    var hasChanged = true
    /// Told of each session that becomes or ceases to be Established.
    var onSession: ((Neighbour, String) -> Void)?
    /// Told of each change of a best route.
    var onBest: ((BGPTable.RouteChange) -> Void)?
    /// Told of each change of a BFD session.
    var onPath: ((Neighbour, BFDChange) -> Void)? {
        didSet { bfd?.onChange = onPath }
    }
    /// Told when there is nothing left to do.
    var onRest: (() -> Void)?

    /// Prefixes decided before sockets and timers have their turn.
    private static let decisionsAtOnce = 2048
    /// How long an earlier life's routes are kept for neighbours that do not come back.
    private static let longestSweepDelay: Nanoseconds = 10_000_000_000
    /// How long to wait when a connection cannot be accepted.
    private static let acceptPause: Nanoseconds = 1_000_000_000

    init(_ configuration: SpeakerConfiguration, _ loop: EventLoop) throws {
        self.configuration = configuration
        self.loop = loop
        kernel = try Kernel(loop, isWriting: configuration.writesKernel)
        table = Table(
            local: LocalSpeaker(asn: configuration.asn, identifier: configuration.identifier),
            decision: configuration.decision)
        restart = configuration.restart.map { Restart($0, hasRestarted: kernel.hasEarlierRoutes) }
        for neighbour in configuration.neighbours {
            let id = table.addPeer(peerConfiguration(neighbour))
            neighbours.append(Neighbour(neighbour, id: id, speaker: self))
        }
        applyOptions()
        for route in configuration.originated { table.originate(route) }
        kernel.onLink = { [weak self] in self?.linkChanged($0, $1) }
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
            neighbour.handle(isUsable ? .automaticStart : .automaticStop(nil))
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

    // MARK: Listening

    func listen(_ address: IPAddress) throws(SystemError) {
        let socket = try ConnectionProtection.listening(
            address, for: configuration.neighbours.filter { $0.localAddress == address })
        let raw = socket.raw
        listeners[address] = FileDescriptorBox(socket)
        try watch(raw, address)
    }

    /// Closes the socket that listens on `address`.
    func stopListening(_ address: IPAddress) {
        guard let listener = listeners.removeValue(forKey: address) else { return }
        loop.remove(listener.descriptor.raw)
    }

    private func watch(_ listener: Int32, _ address: IPAddress) throws(SystemError) {
        try loop.add(listener, .read) { [weak self] _ in self?.accept(listener, on: address) }
    }

    /// Only configured neighbours get as far as the state machine. Others are closed without a word.
    private func accept(_ listener: Int32, on address: IPAddress) {
        do {
            while let accepted = try Socket.accept(listener) {
                let peer = accepted.peer.address
                let neighbour = neighbours.first {
                    $0.configuration.address == peer && $0.configuration.localAddress == address
                }
                neighbour?.offer(accepted.take())
            }
        } catch {
            // Out of descriptors: the connection would stay ready and keep the loop from sleeping.
            loop.remove(listener)
            loop.schedule(after: Self.acceptPause) { [weak self] in
                guard let self, self.listeners[address]?.descriptor.raw == listener else { return }
                try? self.watch(listener, address)
            }
        }
    }

    // MARK: Work

    private func work() {
        if restart?.isDeferring == true, isStarted, neighbours.allSatisfy(\.isTableCompleteForRestart) {
            restart?.isDeferring = false
        }
        let isMore = converge()
        // Before the neighbours hear of it and send packets.
        kernel.flush()
        for neighbour in neighbours where neighbour.sendUpdates() { scheduleWork() }
        if observers?.work() == true { scheduleWork() }
        if isMore { return scheduleWork() }
        guard restart?.isDeferring != true else { return }
        if !isSwept, isStarted, restart?.hasRestarted == true || neighbours.allSatisfy(\.isTableComplete) { sweep() }
        guard neighbours.allSatisfy(\.isQuiet) else { return }
        guard hasChanged else { return }
        hasChanged = false
        for neighbour in neighbours { neighbour.digest() }
        onRest?()
    }

    /// Nothing is left to do and nothing is held back, by MinRouteAdvertisementInterval or a slow socket.
    var isIdle: Bool {
        !hasChanged && !table.needsDecision && restart?.isDeferring != true && neighbours.allSatisfy(\.isQuiet)
    }

    private var isWorkScheduled = false

    private func scheduleWork() {
        guard !isWorkScheduled else { return }
        isWorkScheduled = true
        loop.schedule(after: 0) { [weak self] in self?.isWorkScheduled = false }
    }

    /// Resolves next hops and decides. Answers whether there is more to decide.
    private func converge() -> Bool {
        let changes = kernel.takeChanges()
        for request in table.takeNextHopRequests() {
            switch request {
            case .track(let address):
                trackedNextHops.insert(address)
                table.nextHopChanged(address, to: kernel.interior.resolve(address))
            case .forget(let address): trackedNextHops.remove(address)
            case .trackOnLink(let address, let peer):
                trackedOnLinks.insert(LinkNextHop(address: address, peer: peer))
                table.nextHopChanged(address, onLinkOf: peer, to: resolve(address, onLinkOf: peer))
            case .forgetOnLink(let address, let peer):
                trackedOnLinks.remove(LinkNextHop(address: address, peer: peer))
            }
        }
        if changes.hasNextHops {
            for address in trackedNextHops { table.nextHopChanged(address, to: kernel.interior.resolve(address)) }
            for hop in trackedOnLinks {
                table.nextHopChanged(
                    hop.address, onLinkOf: hop.peer, to: resolve(hop.address, onLinkOf: hop.peer))
            }
        }
        // RFC 4724, section 4.1: no route is selected, and so none sent, before the neighbours have told theirs.
        guard restart?.isDeferring != true else {
            return false
        }
        let decided = table.decide(atMost: Self.decisionsAtOnce)
        observers?.station?.selected(decided)
        for change in decided {
            kernel.write(change.prefix, change.route)
            onBest?(change)
            hasChanged = true
        }
        rewrite(changes)
        return table.needsDecision
    }

    /// A link-local next hop is on the link to the neighbour that named it.
    private func resolve(_ address: IPAddress, onLinkOf peer: PeerID) -> NextHopResolution? {
        guard let name = neighbours.first(where: { $0.id == peer })?.configuration.interface,
            let link = kernel.interior.link(named: name)
        else { return nil }
        return kernel.interior.resolve(address, onLink: link.index)
    }

    /// Writes again what the kernel may have lost.
    private func rewrite(_ changes: Kernel.Changes) {
        for prefix in changes.suspects {
            if let best = table.best(for: prefix) { kernel.write(prefix, best) }
        }
        for prefix in changes.intruded { kernel.write(prefix, table.best(for: prefix)) }
        guard !changes.flushedLinks.isEmpty || changes.present != nil else { return }
        var present = changes.present
        for prefix in table.knownPrefixes {
            guard let best = table.best(for: prefix), best.peer != .local else { continue }
            let told = present?.removeValue(forKey: prefix)
            if best.ways.contains(where: { changes.flushedLinks.contains($0.interface) })
                || changes.present != nil && told.map(KernelRoute(to: prefix, best).fares(as:)) != true
            {
                kernel.write(prefix, best)
            }
        }
        // What an earlier life has left waits for its sweep.
        if isSwept, let present { for prefix in present.keys { kernel.write(prefix, nil) } }
    }

    private func sweep() {
        guard !isSwept else { return }
        isSwept = true
        kernel.sweep { prefix in table.best(for: prefix).map { $0.peer != .local } ?? false }
    }
}

/// A link-local next hop, with the neighbour on whose link it is.
struct LinkNextHop: Hashable {
    let address: IPAddress
    let peer: PeerID
}

/// A descriptor in a collection, which holds no values that cannot be copied.
final class FileDescriptorBox {
    let descriptor: FileDescriptor
    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}
