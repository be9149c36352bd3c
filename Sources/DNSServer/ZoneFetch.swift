import CLinux
import DNSResponder
import DNSWire
import DNSZone
import Glibc
import Net
import Sys

/// Fetches a zone from the first of its primaries that has it: over TCP, the SOA first, and AXFR if its serial is newer
/// (RFC 1034, section 4.3.5; RFC 5936).
final class ZoneFetch {
    /// How it ended.
    enum Outcome {
        /// There is a newer version.
        case newer(Zone)
        /// There is none; `refresh` says in how many seconds to ask again.
        case current(refresh: UInt32)
        /// No primary could be asked, or what it sent is no zone.
        case failed

        var isFailure: Bool { if case .failed = self { true } else { false } }
    }

    /// A primary that says nothing for so long is given up.
    private static let patience: Nanoseconds = 5_000_000_000

    private let loop: EventLoop
    private let origin: DomainName
    private let serial: UInt32
    private var primaries: [IPAddress]
    private let sources: [IPAddress]
    private let port: UInt16
    private let done: (Outcome) -> Void
    private var connection: FileDescriptor?
    private var timer: Timer?
    private var received: [UInt8] = []
    private var incoming: IncomingZone?
    private var refresh: UInt32 = 0

    /// Begins; `done` is called at a later turn, once.
    init(
        _ loop: EventLoop, _ origin: DomainName, newerThan serial: UInt32, from primaries: [IPAddress],
        sources: [IPAddress], port: UInt16, done: @escaping (Outcome) -> Void
    ) {
        self.loop = loop
        self.origin = origin
        self.serial = serial
        self.primaries = primaries
        self.sources = sources
        self.port = port
        self.done = done
        timer = loop.schedule(after: 0) { [weak self] in self?.tryNext() }
    }

    deinit { close() }

    private func close() {
        timer?.cancel()
        if let descriptor = connection.take() { loop.remove(descriptor.raw) }
        received = []
        incoming = nil
    }

    private func end(_ outcome: Outcome) {
        close()
        done(outcome)
    }

    private func tryNext() {
        close()
        guard !primaries.isEmpty else { return end(.failed) }
        let primary = primaries.removeFirst()
        do {
            try connect(to: primary)
            timer = loop.schedule(after: Self.patience) { [weak self] in self?.tryNext() }
        } catch {
            tryNext()
        }
    }

    /// From the site's own address: the primary may know it by that.
    private func connect(to primary: IPAddress) throws(SystemError) {
        let target = SocketAddress(primary, port: port)
        let socket: FileDescriptor
        if let source = sources.first(where: { $0.family == primary.family }) {
            socket = try Socket.bound(.stream, source, port: 0)
        } else {
            socket = try Socket.open(target.domain, .stream)
        }
        let raw = socket.raw
        connection = consume socket
        _ = try Socket.connect(raw, to: target)
        try loop.add(raw, .write) { [weak self] _ in self?.connected() }
    }

    private func connected() {
        guard let raw = connection?.raw, Socket.pendingError(raw) == 0, ask(.soa) else { return tryNext() }
        loop.remove(raw)
        do {
            try loop.add(raw, .read) { [weak self] _ in self?.receive() }
        } catch {
            tryNext()
        }
    }

    private func ask(_ type: RecordType) -> Bool {
        guard let raw = connection?.raw else { return false }
        let id = UInt16.random(in: 0 ... .max)
        incoming = IncomingZone(origin, id: id, isWhole: type == .axfr)
        let query = Message(id: id, questions: [Question(name: origin, type: type)]).encoded()
        let frame = bigEndian(UInt16(clamping: query.count)) + query
        // A new connection takes these few octets at once.
        return frame.withUnsafeBytes { send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } == frame.count
    }

    private func receive() {
        guard let raw = connection?.raw else { return }
        let count = withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { buffer in
            let count = recv(raw, buffer.baseAddress, buffer.count, 0)
            if count > 0 { received += buffer[..<count] }
            return count
        }
        guard count > 0 else {
            if count < 0, cl_errno() == EAGAIN || cl_errno() == EINTR { return }
            return tryNext()
        }
        timer?.cancel()
        timer = loop.schedule(after: Self.patience) { [weak self] in self?.tryNext() }
        takeMessages()
    }

    private func takeMessages() {
        var offset = 0
        while connection != nil, received.count - offset >= 2 {
            let length = Int(received[offset]) << 8 | Int(received[offset + 1])
            guard received.count - offset - 2 >= length else { break }
            let message = Array(received[(offset + 2)..<(offset + 2 + length)])
            offset += 2 + length
            do throws(IncomingZone.Failure) {
                guard let zone = try incoming?.take(message) else { continue }
                if !take(zone) { return }
            } catch {
                return tryNext()
            }
        }
        if connection != nil { received.removeFirst(min(offset, received.count)) }
    }

    /// False when this connection has done its work.
    private func take(_ result: IncomingZone.Result) -> Bool {
        switch result {
        case .version(let found, let refresh):
            guard found.isNewer(than: serial) else {
                end(.current(refresh: refresh))
                return false
            }
            if ask(.axfr) { return true }
            tryNext()
        case .zone(let zone): end(.newer(zone))
        }
        return false
    }
}
