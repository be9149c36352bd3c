import DNSWire
import Glibc
import Net
import Sys

/// Tells other servers that a zone has changed (RFC 1996): over UDP, and again, each time after twice as long, until they answer.
final class Notifier {
    /// How often, and the first pause (RFC 1996, section 3.6, leaves both to the implementation).
    private static let (attempts, pause): (Int, Nanoseconds) = (6, 1_000_000_000)

    private struct Notice {
        let target: IPAddress
        let query: [UInt8]
        var attempts = 0
    }

    private let loop: EventLoop
    private let sources: [IPAddress]
    private let port: UInt16
    private var sockets: [AddressFamily: Endpoint] = [:]
    private var pending: [UInt16: Notice] = [:]

    private final class Endpoint {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    init(_ loop: EventLoop, from sources: [IPAddress], port: UInt16) {
        self.loop = loop
        self.sources = sources
        self.port = port
    }

    deinit { for socket in sockets.values { loop.remove(socket.descriptor.raw) } }

    /// Tells each of the targets. What is still to be said of an older version is dropped.
    func notify(_ origin: DomainName, _ targets: [IPAddress]) {
        pending = [:]
        for target in targets {
            var message = Message(id: 0, questions: [Question(name: origin, type: .soa)])
            message.flags.opcode = .notify
            message.flags.insert(.authoritative)
            repeat { message.id = .random(in: 0 ... .max) } while pending[message.id] != nil
            pending[message.id] = Notice(target: target, query: message.encoded())
            send(message.id)
        }
    }

    private func send(_ id: UInt16) {
        guard var notice = pending[id] else { return }
        guard notice.attempts < Self.attempts, let socket = socket(notice.target.family) else {
            pending[id] = nil
            return
        }
        let target = SocketAddress(notice.target, port: port)
        // What does not go out now goes out the next time.
        _ = notice.query.withUnsafeBytes { bytes in
            target.withPointer { sendto(socket, bytes.baseAddress, bytes.count, 0, $0, $1) }
        }
        loop.schedule(after: Self.pause << Nanoseconds(notice.attempts)) { [weak self] in self?.send(id) }
        notice.attempts += 1
        pending[id] = notice
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

    /// Any answer ends the matter: a server that refuses would refuse again.
    private func receive(_ socket: Int32) {
        withUnsafeTemporaryAllocation(byteCount: 1232, alignment: 8) { buffer in
            while case let count = recv(socket, buffer.baseAddress, buffer.count, 0), count >= 0 {
                guard let header = Header(reading: UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes),
                    header.flags.contains(.response), header.flags.opcode == .notify
                else { continue }
                pending[header.id] = nil
            }
        }
    }
}
