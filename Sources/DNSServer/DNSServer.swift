import DNSResponder
import JSON
import Sys

/// The sockets of a server on all its addresses, and the responder behind them.
///
/// Every socket is bound to one address. A response so leaves from the address that was asked, without a word to the
/// kernel per datagram, and two addresses of one machine never mix.
final class DNSServer {
    private let loop: EventLoop
    private let responder: Responder
    private let batch = DatagramBatch()
    private var sockets: [DatagramSocket] = []
    private var streams: StreamService?
    private var counters = Counters()
    private var limiter: RateLimiter?

    private final class DatagramSocket {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    /// Binds UDP and TCP on every address. Throws ``SystemError``.
    init(_ configuration: DNSConfiguration, _ loop: EventLoop) throws(SystemError) {
        self.loop = loop
        responder = Responder(zones: configuration.zones, identity: configuration.identity)
        limiter = configuration.rateLimits.map { RateLimiter($0, seed: .random(in: 0 ... .max)) }
        let streams = StreamService(loop) { [unowned self] in answerStream($0, $1) }
        self.streams = streams
        for address in configuration.addresses {
            try streams.listen(try Socket.listening(address, port: configuration.port))
            let socket = DatagramSocket(try Socket.bound(.datagram, address, port: configuration.port))
            sockets.append(socket)
            let raw = socket.descriptor.raw
            try loop.add(raw, .read) { [unowned self] _ in
                batch.serve(raw, at: address, with: responder, limitedBy: &limiter, counting: &counters)
            }
        }
    }

    private func answerStream(_ query: UnsafeRawBufferPointer, _ response: UnsafeMutableRawBufferPointer) -> Int? {
        var span = response.mutableBytes
        let reply = responder.respond(to: query.bytes, over: .tcp, into: &span)
        counters.count(reply, over: .tcp, received: query.count, sent: reply?.byteCount ?? 0)
        return reply?.byteCount
    }

    /// What the server has done, for the control channel.
    var counterMembers: [JSON.Member] {
        counters.members(
            acceptedConnections: streams?.acceptedCount ?? 0, openConnections: streams?.connectionCount ?? 0)
    }
}
