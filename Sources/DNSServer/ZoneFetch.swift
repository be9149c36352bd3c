import CLinux
import DNSResponder
import DNSWire
import DNSZone
import Glibc
import Net
import Sys

/// Fetches a zone from the first of its primaries that has a newer version: over TCP, the SOA first, and AXFR if its serial is newer
/// (RFC 1034, section 4.3.5; RFC 5936).
final class ZoneFetch {
    /// How it ended.
    enum Outcome {
        /// There is a newer version.
        case newer(Zone)
        /// There is none with any primary that could be asked.
        case current
        /// No primary could be asked, or what it sent is no zone: why, in words.
        case failed(String)
    }

    /// What is asked of a primary, all of which can be lowered for tests.
    struct Limits {
        /// A primary that says nothing for so long is given up, and so is one with whom all takes longer than that.
        var silence: Nanoseconds = 5_000_000_000
        var whole: Nanoseconds = 120_000_000_000
        /// The octets of the longest transfer.
        var byteCount = 64 << 20
    }

    private let loop: EventLoop
    private let origin: SecondaryZone.Origin
    private let serial: UInt32
    private var primaries: [IPAddress]
    private let limits: Limits
    private let done: (Outcome) -> Void
    private var primary: IPAddress?
    private var connection: FileDescriptor?
    private var silenceTimer: Timer?
    private var wholeTimer: Timer?
    private var received: [UInt8] = []
    private var receivedCount = 0
    private var incoming: IncomingZone?
    private var wasAnswered = false
    private var reasons: [String] = []

    /// Begins; `done` is called at a later turn, once.
    init(
        _ loop: EventLoop, _ origin: SecondaryZone.Origin, newerThan serial: UInt32, inOrder primaries: [IPAddress],
        _ limits: Limits = Limits(), done: @escaping (Outcome) -> Void
    ) {
        self.loop = loop
        self.origin = origin
        self.serial = serial
        self.primaries = primaries
        self.limits = limits
        self.done = done
        silenceTimer = loop.schedule(after: 0) { [weak self] in self?.tryNext() }
    }

    deinit { close() }

    private func close() {
        silenceTimer?.cancel()
        wholeTimer?.cancel()
        if let descriptor = connection.take() { loop.remove(descriptor.raw) }
        received = []
        receivedCount = 0
        incoming = nil
    }

    private func end(_ outcome: Outcome) {
        close()
        done(outcome)
    }

    private func fail(_ reason: String) {
        if let primary { reasons.append("\(primary): \(reason)") }
        tryNext()
    }

    private func tryNext() {
        close()
        guard !primaries.isEmpty else {
            return end(wasAnswered ? .current : .failed(reasons.joined(separator: "; ")))
        }
        let next = primaries.removeFirst()
        primary = next
        do {
            try connect(to: next)
            waitForOctets()
            wholeTimer = loop.schedule(after: limits.whole) { [weak self, limits] in
                self?.fail("not ready after \(limits.whole / 1_000_000_000) s")
            }
        } catch {
            fail(error.reason)
        }
    }

    private func waitForOctets() {
        silenceTimer?.cancel()
        silenceTimer = loop.schedule(after: limits.silence) { [weak self] in self?.fail("no answer") }
    }

    /// From the site's own address: the primary may know it by that.
    private func connect(to primary: IPAddress) throws(SystemError) {
        let target = SocketAddress(primary, port: origin.port)
        let socket: FileDescriptor
        if let source = origin.sources.first(where: { $0.family == primary.family }) {
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
        guard let raw = connection?.raw else { return }
        let code = Socket.pendingError(raw)
        guard code == 0 else { return fail(SystemError(code: code, call: "connect").reason) }
        guard ask(.soa) else { return fail("the connection takes nothing") }
        loop.remove(raw)
        do {
            try loop.add(raw, .read) { [weak self] _ in self?.receive() }
        } catch {
            fail(error.reason)
        }
    }

    private func ask(_ type: RecordType) -> Bool {
        guard let raw = connection?.raw else { return false }
        let id = UInt16.random(in: 0 ... .max)
        incoming = IncomingZone(origin.name, id: id, isWhole: type == .axfr)
        let query = Message(id: id, questions: [Question(name: origin.name, type: type)]).encoded()
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
            return fail("the connection ended too early")
        }
        receivedCount += count
        guard receivedCount <= limits.byteCount else { return fail("more than \(limits.byteCount) octets") }
        waitForOctets()
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
                guard let result = try incoming?.take(message) else { continue }
                if !take(result) { return }
            } catch {
                return fail(error.description)
            }
        }
        if connection != nil { received.removeFirst(min(offset, received.count)) }
    }

    /// False when this connection has done its work.
    private func take(_ result: IncomingZone.Result) -> Bool {
        switch result {
        case .version(let found) where found.isNewer(than: serial):
            if ask(.axfr) { return true }
            fail("the connection takes nothing")
        case .zone(let zone) where zone.serial.isNewer(than: serial): end(.newer(zone))
        case .version, .zone:
            wasAnswered = true
            tryNext()
        }
        return false
    }
}
