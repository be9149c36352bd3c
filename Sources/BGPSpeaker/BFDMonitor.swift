import BFD
import Net
import Sys

/// BFD for all neighbours that want it: the sockets on which packets come, and to which session each belongs.
final class BFDMonitor {
    private let loop: EventLoop
    private var peers: [UInt32: BFDPeer] = [:]
    private var endpoints: [BFDEndpoint] = []
    private let receiver: BFDReceiver
    /// When the session that was scheduled last sends next: others may join it.
    var nextTransmission: UInt64?

    /// Told of each change of a session's state.
    var onChange: ((Neighbour, BFDChange) -> Void)?

    /// Made with the first neighbour that wants BFD: it has memory for packets.
    init(_ loop: EventLoop) {
        self.loop = loop
        receiver = BFDReceiver()
    }

    /// Watches the path to a neighbour, if it wants it. Throws `SystemError`.
    func add(_ neighbour: Neighbour, isStarted: Bool) throws(SystemError) {
        guard let configuration = neighbour.configuration.bfd else { return }
        let peer = try peer(neighbour, configuration)
        if isStarted { peer.handle(.start) }
    }

    /// Watches no longer, and tells the neighbour that nothing is wrong with the path.
    func remove(_ neighbour: Neighbour) {
        for (discriminator, peer) in peers where peer.neighbour === neighbour {
            peer.handle(.disable(.administrativelyDown))
            peers[discriminator] = nil
        }
    }

    private func peer(
        _ neighbour: Neighbour, _ configuration: BFDConfiguration
    ) throws(SystemError) -> BFDPeer {
        // Random, so that nobody off the path can guess it; unique (RFC 5880, section 6.3).
        var discriminator: UInt32
        repeat { discriminator = .random(in: 1 ... .max) } while peers[discriminator] != nil
        let endpoint = try endpoint(neighbour.configuration.localAddress, configuration.isMultihop)
        let peer = try BFDPeer(neighbour, configuration, self, endpoint, discriminator: discriminator)
        peers[discriminator] = peer
        return peer
    }

    private func endpoint(_ address: IPAddress, _ isMultihop: Bool) throws(SystemError) -> BFDEndpoint {
        for endpoint in endpoints where endpoint.localAddress == address && endpoint.isMultihop == isMultihop {
            return endpoint
        }
        let endpoint = try BFDEndpoint(address, isMultihop: isMultihop)
        endpoints.append(endpoint)
        try loop.add(endpoint.urgent.raw, .read, isSelfContained: true) { [unowned self, unowned endpoint] _ in
            receive(endpoint)
        }
        return endpoint
    }

    /// A session that is initializing comes up by the first packet that says Up.
    func stateChanged(_ endpoint: BFDEndpoint) {
        let isEager = peers.values.contains { $0.endpoint === endpoint && $0.session.state == .initializing }
        guard isEager != endpoint.isEager else { return }
        endpoint.isEager = isEager
        guard isEager else { return loop.remove(endpoint.steady.raw) }
        // Where it fails, packets are found when a timer looks for them.
        try? loop.add(endpoint.steady.raw, .read, isSelfContained: true) { [unowned self, unowned endpoint] _ in
            receiveSteady(endpoint)
        }
    }

    /// Starts all sessions.
    func start() {
        for peer in peers.values { peer.handle(.start) }
    }

    /// Tells the neighbours that nothing is wrong with the path.
    func stop() {
        for peer in peers.values { peer.handle(.disable(.administrativelyDown)) }
    }

    // MARK: Reception

    /// Takes all packets that wait. Those that say Up come before one that says something else.
    func receive(_ endpoint: BFDEndpoint) {
        receiveSteady(endpoint)
        receive(endpoint.urgent.raw, endpoint)
    }

    /// Takes the packets for which nobody has woken.
    func receiveSteady(_ endpoint: BFDEndpoint) {
        endpoint.clock.set(wall: Clock.wall(), monotonic: Clock.monotonic())
        receive(endpoint.steady.raw, endpoint)
    }

    private func receive(_ socket: Int32, _ endpoint: BFDEndpoint) {
        receiver.receive(socket) { datagram in
            guard let packet = try? ControlPacket(decoding: datagram.payload.bytes),
                let peer = peer(of: packet, datagram.index, endpoint),
                let timeToLive = datagram.timeToLive, timeToLive >= peer.configuration.minimumTimeToLive
            else { return }
            peer.handle(.received(packet, age: datagram.arrival.map(endpoint.clock.age) ?? 0))
        }
    }

    /// The session of a packet: by Your Discriminator alone if it is there (RFC 5880, section 6.3), and else by the two
    /// addresses. A packet on the other port has not passed this session's TTL check.
    private func peer(of packet: ControlPacket, _ index: Int, _ endpoint: BFDEndpoint) -> BFDPeer? {
        if packet.yourDiscriminator != 0 {
            guard let peer = peers[packet.yourDiscriminator], peer.endpoint === endpoint else { return nil }
            return peer
        }
        guard let source = receiver.source(index) else { return nil }
        return peers.values.first { $0.endpoint === endpoint && $0.neighbour.configuration.address == source }
    }
}
