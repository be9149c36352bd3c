import CLinux
import Glibc
import Net
import Sys

/// Sends segments in the flow of a TCP connection that end on the way. Routers choose for them as for the connection's own.
///
/// They say that they are shorter than a header (a data offset of 0; RFC 9293, section 3.1), so whoever they reach drops them, and neither
/// end of the connection hears of them. Each has its number in the sequence number, which ICMP errors quote. Errors about segments of the
/// connection itself come here too: TCP sockets do not tell from whom an error is.
///
/// The socket is raw and not connected, so its packets carry no hash of their own (``ProbeSocket``).
final class SegmentSocket: ProbeChannel {
    let packet: Packet
    /// Takes errors about the connection.
    var onConnectionError: ((ProbeAnswer) -> Void)?
    private let socket: FileDescriptor
    private let target: SocketAddress
    private let began = Clock.monotonic()

    private static let headerByteCount = 20

    var descriptor: Int32 { socket.raw }

    /// Opens the socket in the namespace of the calling thread, for a connection from `source`. Throws `SystemError`.
    init(to destination: IPAddress, from source: SocketAddress) throws(SystemError) {
        packet = Packet(
            destination: destination, source: source.address, sourcePort: source.port, transport: .tcp)
        // A raw socket has no ports.
        target = SocketAddress(destination, port: 0)
        let domain = target.domain
        let type = SOCK_RAW.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let number = Int32(packet.transport.number)
        socket = FileDescriptor(owning: try systemCall("socket", "raw") { Glibc.socket(domain, Int32(type), number) })
        let raw = socket.raw
        if let address = source.address {
            let own = SocketAddress(address, port: 0)
            try systemCall("bind", address.description) { own.withPointer { Glibc.bind(raw, $0, $1) } }
        }
        try systemCall("setsockopt", "filter") { cl_refuse_packets(raw) }
        try systemCall("setsockopt", "error queue") { cl_probe_prepare(raw, domain) }
    }

    func send(_ id: UInt16, ttl: Int) throws(SystemError) {
        var segment = [UInt8](repeating: 0, count: Self.headerByteCount)
        for (offset, value) in [(0, packet.sourcePort), (2, packet.transport.port), (6, id)] {
            segment[offset] = UInt8(truncatingIfNeeded: value >> 8)
            segment[offset + 1] = UInt8(truncatingIfNeeded: value)
        }
        try systemCall("sendmsg", packet.destination.description) {
            segment.withUnsafeBytes { bytes in
                target.withPointer { cl_probe_send(socket.raw, $0, $1, Int32(ttl), bytes.baseAddress, bytes.count) }
            }
        }
    }

    func receive(_ take: (ProbeSocket.Arrival) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 1024)
        while let arrival = ProbeSocket.next(descriptor, true, into: &buffer) {
            // Errors of all TCP of this node come; those of other flows are nothing here.
            guard arrival.count >= 13, let responder = ProbeSocket.responder(arrival),
                let kind = ProbeSocket.error(arrival, packet.destination.family),
                Self.number(buffer, 0) == packet.sourcePort, Self.number(buffer, 2) == packet.transport.port
            else { continue }
            let time = ProbeSocket.time(arrival)
            if buffer[12] >> 4 == 0 {
                take(ProbeSocket.Arrival(id: Self.number(buffer, 6), kind: kind, responder: responder, time: time))
            } else {
                onConnectionError?(ProbeAnswer(kind: kind, responder: responder, rtt: max(0, time - began)))
            }
        }
    }

    private static func number(_ bytes: [UInt8], _ offset: Int) -> UInt16 {
        UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
    }
}
