import DNSWire
import Glibc
import Net
import Sys

/// Tells other servers that a zone has changed (RFC 1996): over UDP, and again, each time after twice as long, until they answer.
final class Notifier {
    /// How often, and the first pause (RFC 1996, section 3.6, leaves both to the implementation).
    private static let (attempts, pause): (Int, Nanoseconds) = (6, 1_000_000_000)

    /// Who is to be told of which zone.
    private struct Target: Hashable {
        let origin: DomainName
        let address: IPAddress
    }

    private struct Notice {
        let id: UInt16
        var attempts = 0
        var timer: Timer?
    }

    private let loop: EventLoop
    private let sources: [IPAddress]
    private let port: UInt16
    private var sockets: [AddressFamily: Endpoint] = [:]
    private var pending: [Target: Notice] = [:]

    private final class Endpoint {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    init(_ loop: EventLoop, from sources: [IPAddress], port: UInt16) {
        self.loop = loop
        self.sources = sources
        self.port = port
    }

    deinit {
        for notice in pending.values { notice.timer?.cancel() }
        for socket in sockets.values { loop.remove(socket.descriptor.raw) }
    }

    /// Tells each of the targets. What is still to be said of an older version of the zone is dropped.
    func notify(_ origin: DomainName, _ targets: [IPAddress]) {
        for target in pending.keys where target.origin == origin { forget(target) }
        for address in targets {
            let target = Target(origin: origin, address: address)
            pending[target] = Notice(id: .random(in: 0 ... .max))
            send(target)
        }
    }

    private func forget(_ target: Target) { pending.removeValue(forKey: target)?.timer?.cancel() }

    private func send(_ target: Target) {
        guard var notice = pending[target] else { return }
        guard notice.attempts < Self.attempts, let socket = socket(target.address.family) else { return forget(target) }
        var message = Message(id: notice.id, questions: [Question(name: target.origin, type: .soa)])
        message.flags.opcode = .notify
        message.flags.insert(.authoritative)
        // What does not go out now goes out the next time.
        _ = message.encoded().withUnsafeBytes { bytes in
            SocketAddress(target.address, port: port).withPointer {
                sendto(socket, bytes.baseAddress, bytes.count, 0, $0, $1)
            }
        }
        notice.timer = loop.schedule(after: Self.pause << Nanoseconds(notice.attempts)) { [weak self] in
            self?.send(target)
        }
        notice.attempts += 1
        pending[target] = notice
    }

    /// The socket of a family, bound to the site's own address: by that the others know us.
    private func socket(_ family: AddressFamily) -> Int32? {
        if let known = sockets[family] { return known.descriptor.raw }
        guard let source = sources.first(where: { $0.family == family }) else { return nil }
        do {
            let endpoint = Endpoint(try Socket.bound(.datagram, source, port: 0))
            let raw = endpoint.descriptor.raw
            try loop.add(raw, .read) { [weak self] _ in self?.receive(raw) }
            sockets[family] = endpoint
            return raw
        } catch {
            return nil
        }
    }

    private func receive(_ socket: Int32) {
        withUnsafeTemporaryAllocation(byteCount: 1232, alignment: 8) { buffer in
            while true {
                var source = SocketAddress()
                let count = source.withMutablePointer { recvfrom(socket, buffer.baseAddress, buffer.count, 0, $0, $1) }
                guard count >= 0 else { return }
                take(UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes, from: source)
            }
        }
    }

    /// An answer with the ID, the zone, the address and the port of a notice ends it, whatever it says: a server that refuses would
    /// refuse again (RFC 1996, section 3.6).
    private func take(_ bytes: RawSpan, from source: SocketAddress) {
        guard let message = try? Message(parsing: bytes), message.flags.contains(.response),
            message.flags.opcode == .notify, let origin = message.questions.first?.name,
            let address = source.address, source.port == port
        else { return }
        let target = Target(origin: origin, address: address)
        if pending[target]?.id == message.id { forget(target) }
    }
}
