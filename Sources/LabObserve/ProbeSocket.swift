import CLinux
import DNSWire
import Net
import Sys

/// A socket that queries are sent from, and their answers and the errors that quote them come back to: one flow.
///
/// Every query has a number of its own, its DNS ID, by which they are told apart.
///
/// The socket is not connected, and has no automatic flow label: either would make the kernel put a random hash on its
/// packets, which stays on them across veth links and by which every router there chooses among equal ways
/// (`skb->l4_hash`). No look-up could foretell that. Packets without it are told apart by addresses and ports.
final class ProbeSocket: ProbeChannel {
    let destination: IPAddress
    /// The address and port that the kernel chose.
    let source: SocketAddress
    private let socket: FileDescriptor
    private let target: SocketAddress

    var descriptor: Int32 { socket.raw }
    var packet: Packet { Packet(destination: destination, source: source.address, sourcePort: source.port) }

    /// Opens the socket in the namespace of the calling thread.
    init(to destination: IPAddress) throws(SystemError) {
        self.destination = destination
        target = SocketAddress(destination, port: Packet.port)
        socket = try Socket.bound(.datagram, try Self.source(towards: target), port: 0)
        let (raw, domain) = (socket.raw, target.domain)
        try systemCall("setsockopt", "error queue") { cl_probe_prepare(raw, domain) }
        source = try Socket.localAddress(raw)
    }

    /// The address that the kernel would send from, which connecting tells without a packet.
    static func source(towards target: SocketAddress) throws(SystemError) -> IPAddress {
        let scout = try Socket.open(target.domain, .datagram)
        _ = try Socket.connect(scout.raw, to: target)
        guard let address = try Socket.localAddress(scout.raw).address else {
            throw SystemError(code: EAFNOSUPPORT, call: "getsockname")
        }
        return address
    }

    /// Sends the query of a number; a TTL of 0 stands for the usual one.
    func send(_ id: UInt16, ttl: Int) throws(SystemError) {
        var query = Self.template
        query[0] = UInt8(truncatingIfNeeded: id >> 8)
        query[1] = UInt8(truncatingIfNeeded: id)
        try systemCall("sendmsg", destination.description) {
            query.withUnsafeBytes { bytes in
                target.withPointer { cl_probe_send(socket.raw, $0, $1, Int32(ttl), bytes.baseAddress, bytes.count) }
            }
        }
    }

    /// CH TXT id.server, with an empty NSID option.
    static let template: [UInt8] = {
        guard let name = try? DomainName("id.server") else { return [0, 0] }
        return Message.query(id: 0, name: name, type: .txt, recordClass: .chaos, wantsNSID: true).encoded()
    }()

    /// What came in for a query.
    struct Arrival {
        let id: UInt16
        /// What it says; nil for a response from elsewhere than where the query went.
        let kind: ProbeAnswer.Kind?
        let responder: IPAddress
        /// When the kernel got it, on the monotonic clock.
        let time: Nanoseconds
    }

    /// Hands over all that waits, errors first.
    func receive(_ take: (Arrival) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        for isError in [true, false] {
            while let arrival = Self.next(descriptor, isError, into: &buffer) {
                guard arrival.count >= 2, let responder = Self.responder(arrival) else { continue }
                var kind: ProbeAnswer.Kind?
                if isError {
                    guard let error = Self.error(arrival, destination.family) else { continue }
                    kind = error
                } else {
                    guard let identity = ServerIdentity(Array(buffer.prefix(arrival.count))) else { continue }
                    let isFromThere = responder == destination && arrival.sender_port == Packet.port
                    kind = isFromThere ? .response(identity) : nil
                }
                let id = UInt16(buffer[0]) << 8 | UInt16(buffer[1])
                take(Arrival(id: id, kind: kind, responder: responder, time: Self.time(arrival)))
            }
        }
    }

    // MARK: What any socket of probes has

    /// Takes the next arrival of a socket, or the next error from its error queue.
    static func next(_ descriptor: Int32, _ fromErrorQueue: Bool, into buffer: inout [UInt8]) -> cl_arrival? {
        var arrival = cl_arrival()
        let result = buffer.withUnsafeMutableBytes {
            cl_probe_receive(descriptor, fromErrorQueue, $0.baseAddress, $0.count, &arrival)
        }
        return result == 1 ? arrival : nil
    }

    /// Who sent it.
    static func responder(_ arrival: cl_arrival) -> IPAddress? {
        withUnsafeBytes(of: arrival.sender) { IPAddress(bytes: $0.prefix(arrival.sender_count)) }
    }

    /// What an error says.
    static func error(_ arrival: cl_arrival, _ family: AddressFamily) -> ProbeAnswer.Kind? {
        guard arrival.is_icmp else { return nil }
        return ProbeAnswer.Kind(icmp: arrival.type, code: arrival.code, family: family)
    }

    /// The kernel's stamps are of the clock that may be set.
    static func time(_ arrival: cl_arrival) -> Nanoseconds {
        let now = Clock.monotonic()
        return arrival.stamp == 0 ? now : now - max(0, Clock.wall() - arrival.stamp)
    }
}

/// What the probes of one flow are sent from.
protocol ProbeChannel: AnyObject {
    var descriptor: Int32 { get }
    var packet: Packet { get }
    /// Sends the probe of a number; a TTL of 0 stands for the usual one.
    func send(_ id: UInt16, ttl: Int) throws(SystemError)
    /// Hands over all that waits.
    func receive(_ take: (ProbeSocket.Arrival) -> Void)
}
