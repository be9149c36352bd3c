import BFD
import Net
import Sys

/// BFD for all neighbours that want it: the sockets on which packets come, and to which session each belongs.
final class BFDMonitor {
    private let loop: EventLoop
    private var peers: [UInt32: BFDPeer] = [:]
    private var sockets: [BFDEndpoint: FileDescriptorBox] = [:]
    private let receiver = BFDReceiver()

    /// Told of each change of a session's state.
    var onChange: ((Neighbour, BFDChange) -> Void)?

    /// Nil when no neighbour wants BFD. Throws `SystemError`.
    init?(_ loop: EventLoop, _ neighbours: [Neighbour]) throws(SystemError) {
        guard neighbours.contains(where: { $0.configuration.bfd != nil }) else { return nil }
        self.loop = loop
        for neighbour in neighbours {
            if let configuration = neighbour.configuration.bfd { try watch(neighbour, configuration) }
        }
    }

    private func watch(_ neighbour: Neighbour, _ configuration: BFDConfiguration) throws(SystemError) {
        // Random, so that nobody off the path can guess it; unique (RFC 5880, section 6.3).
        var discriminator: UInt32
        repeat { discriminator = .random(in: 1 ... .max) } while peers[discriminator] != nil
        let peer = try BFDPeer(neighbour, configuration, self, discriminator: discriminator)
        peers[discriminator] = peer
        let endpoint = peer.endpoint
        guard sockets[endpoint] == nil else { return }
        let socket = FileDescriptorBox(try BFDReceiver.open(endpoint))
        sockets[endpoint] = socket
        try loop.add(socket.descriptor.raw, .read) { [weak self] _ in self?.receive(endpoint) }
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

    /// Takes all packets that wait.
    func receive(_ endpoint: BFDEndpoint) {
        guard let socket = sockets[endpoint] else { return }
        receiver.receive(socket.descriptor.raw) { payload, arrival in take(payload, arrival, endpoint) }
    }

    private func take(_ payload: RawSpan, _ arrival: BFDArrival, _ endpoint: BFDEndpoint) {
        guard let packet = try? ControlPacket(decoding: payload),
            let peer = peer(of: packet, arrival.source, endpoint),
            arrival.timeToLive >= peer.configuration.minimumTimeToLive
        else { return }
        peer.handle(.received(packet))
    }

    /// The session of a packet: by Your Discriminator alone if it is there (RFC 5880, section 6.3), and else by the two
    /// addresses. A packet on the other port has not passed this session's TTL check.
    private func peer(of packet: ControlPacket, _ source: IPAddress, _ endpoint: BFDEndpoint) -> BFDPeer? {
        if packet.yourDiscriminator != 0 {
            return peers[packet.yourDiscriminator].flatMap { $0.endpoint == endpoint ? $0 : nil }
        }
        return peers.values.first { $0.endpoint == endpoint && $0.neighbour.configuration.address == source }
    }
}
