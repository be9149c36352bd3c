import CLinux
import DNSResponder
import Glibc
import Net
import Sys

/// DNS over TCP: each message after two octets with its length (RFC 1035, section 4.2.2), as many as the client likes on
/// one connection (RFC 7766, section 6.2.1), answered in their order.
///
/// Queries are read into, and responses written into, memory that all connections share: a connection that waits costs
/// a descriptor and nothing else.
///
/// Why it is fast: one read takes all queries that have come, and the responses to all of them leave in one write (RFC 7766,
/// section 6.2.1.1), as one segment where they fit. Nothing is allocated unless a message is cut in the middle, and the loop is not
/// spoken to unless what a connection waits for has changed.
final class StreamService {
    /// With one more, the connection that has been idle for longest is closed (RFC 9210, section 4.2).
    static let maximumConnections = 128
    /// A connection without a whole query for so long is closed (RFC 7766, section 6.2.3: a few seconds).
    let idleTimeout: Nanoseconds
    /// What it is unless somebody says otherwise.
    static let usualIdleTimeout: Nanoseconds = 10_000_000_000
    /// How long no connection is accepted after the kernel has refused one, as when descriptors are short.
    private static let acceptPause: Nanoseconds = 100_000_000

    private let loop: EventLoop
    private let answer: Answer
    private var listeners: [Int32: Listener] = [:]
    private var connections: [Int32: StreamConnection] = [:]
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: frameByteCount, alignment: 16)
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * frameByteCount, alignment: 16)

    /// A length and the longest message.
    private static let frameByteCount = 2 + Responder.maximumTCPByteCount

    /// What is said to a query.
    enum Response {
        /// A message of that length.
        case message(Int)
        /// A zone.
        case transfer(ZoneTransfer)
    }

    /// Writes the response to a query of a connection; nil when there is none.
    typealias Answer = (
        _ query: UnsafeRawBufferPointer, _ connection: StreamConnection, _ response: UnsafeMutableRawBufferPointer
    ) -> Response?

    /// A socket that listens.
    final class Listener {
        fileprivate let descriptor: FileDescriptor
        /// Whether it is bound to the site's own address.
        var isUnicast = false

        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    init(_ loop: EventLoop, idleTimeout: Nanoseconds = usualIdleTimeout, answer: @escaping Answer) {
        self.loop = loop
        self.idleTimeout = idleTimeout
        self.answer = answer
    }

    deinit {
        input.deallocate()
        output.deallocate()
    }

    var connectionCount: Int { connections.count }
    private(set) var acceptedCount = 0

    /// Accepts connections. Throws ``SystemError``.
    func listen(_ listener: Listener) throws(SystemError) {
        try loop.add(listener.descriptor.raw, .read) { [weak self, unowned listener] _ in self?.accept(listener) }
        listeners[listener.descriptor.raw] = listener
    }

    /// Accepts no more connections there; those that there are stay.
    func stopListening(_ listener: Listener) {
        if listeners.removeValue(forKey: listener.descriptor.raw) != nil { loop.remove(listener.descriptor.raw) }
    }

    private func accept(_ listener: Listener) {
        let raw = listener.descriptor.raw
        do {
            while let accepted = try Socket.accept(raw) {
                acceptedCount += 1
                guard let client = accepted.peer.address else { continue }
                if connections.count >= Self.maximumConnections { closeIdlest() }
                try add(
                    StreamConnection(
                        accepted.take(), client: client, isUnicast: listener.isUnicast, now: Clock.monotonic()))
            }
        } catch {
            try? loop.modify(raw, [])
            // When that is over, the descriptor may be another's.
            loop.schedule(after: Self.acceptPause) { [weak self] in
                if let self, listeners[raw] === listener { try? loop.modify(raw, .read) }
            }
        }
    }

    private func add(_ connection: StreamConnection) throws(SystemError) {
        let raw = connection.descriptor.raw
        try? Socket.setNoDelay(raw)
        try loop.add(raw, .read) { [weak self, unowned connection] in self?.handle(connection, $0) }
        connections[raw] = connection
        if connections.count == 1 { scheduleSweep() }
    }

    private func close(_ connection: StreamConnection) {
        loop.remove(connection.descriptor.raw)
        connections[connection.descriptor.raw] = nil
    }

    private func closeIdlest() {
        if let idlest = connections.values.min(by: { $0.lastActivity < $1.lastActivity }) { close(idlest) }
    }

    /// Looks for idle connections ten times in a time-out, and only while there are connections.
    private func scheduleSweep() {
        loop.schedule(after: idleTimeout / 10) { [weak self] in
            guard let self else { return }
            let oldest = Clock.monotonic() - idleTimeout
            for connection in connections.values where connection.lastActivity < oldest { close(connection) }
            if !connections.isEmpty { scheduleSweep() }
        }
    }

    private func handle(_ connection: StreamConnection, _ readiness: Readiness) {
        // Whatever closes the connection, it lives until the end of this function.
        withExtendedLifetime(connection) {
            let isAlive = connection.output.isEmpty ? receive(connection) : sendOutput(connection)
            if isAlive { finish(connection) } else { close(connection) }
        }
    }

    /// Sends what was kept, and goes on with the queries behind it. False when the connection has failed.
    private func sendOutput(_ connection: StreamConnection) -> Bool {
        guard connection.sendOutput() else { return false }
        connection.lastActivity = Clock.monotonic()
        if connection.output.isEmpty { answerWaiting(connection, adding: 0) }
        return true
    }

    /// Closes a connection that has nothing more to do, or waits for what it needs next.
    private func finish(_ connection: StreamConnection) {
        if connection.output.isEmpty, connection.hasEnded { return close(connection) }
        let interest: Readiness = connection.output.isEmpty ? .read : .write
        guard interest != connection.interest else { return }
        connection.interest = interest
        try? loop.modify(connection.descriptor.raw, interest)
    }

    /// Reads once and answers every whole query. False when the connection has failed.
    private func receive(_ connection: StreamConnection) -> Bool {
        let kept = connection.input.count
        let room = UnsafeMutableRawBufferPointer(rebasing: input[min(kept, input.count)...])
        let count = recv(connection.descriptor.raw, room.baseAddress, room.count, 0)
        if count < 0 { return cl_errno() == EAGAIN || cl_errno() == EINTR }
        if count == 0 { connection.hasEnded = true }
        answerWaiting(connection, adding: count)
        return true
    }

    /// Answers every whole query among the octets kept from before and `count` new ones that stand behind their place in
    /// ``input``. A message that has no answer over UDP has no place on a connection at all, and ends it.
    private func answerWaiting(_ connection: StreamConnection, adding count: Int) {
        input.copyBytes(from: connection.input)
        let received = UnsafeRawBufferPointer(rebasing: input[..<(connection.input.count + count)])
        var offset = 0
        var written = 0
        var isSound = true
        while isSound, connection.output.isEmpty {
            if output.count - written < Self.frameByteCount {
                isSound = send(connection, written)
                written = 0
                continue
            }
            let response = UnsafeMutableRawBufferPointer(rebasing: output[(written + 2)...])
            if connection.transfer != nil {
                if let length = nextOfTransfer(connection, response) {
                    written += frame(length, at: written)
                } else {
                    isSound = connection.transfer?.hasFailed == false
                    connection.transfer = nil
                }
                continue
            }
            guard let query = Self.frame(in: received, at: offset) else { break }
            offset += 2 + query.count
            switch answer(query, connection, response) {
            case .message(let length): written += frame(length, at: written)
            case .transfer(let transfer): connection.transfer = transfer
            case nil: isSound = false
            }
        }
        if offset > 0 { connection.lastActivity = Clock.monotonic() }
        if written > 0, !send(connection, written) { isSound = false }
        connection.input = isSound ? Array(received[offset...]) : []
        if !isSound { connection.hasEnded = true }
    }

    /// Writes the next message of the zone that is on its way, and returns its length; nil when there is none.
    private func nextOfTransfer(_ connection: StreamConnection, _ response: UnsafeMutableRawBufferPointer) -> Int? {
        var span = response.mutableBytes
        return connection.transfer?.next(into: &span)
    }

    /// Writes the length of a message before it, and returns that of both.
    private func frame(_ length: Int, at offset: Int) -> Int {
        output.storeBytes(of: UInt16(truncatingIfNeeded: length).bigEndian, toByteOffset: offset, as: UInt16.self)
        return 2 + length
    }

    private func send(_ connection: StreamConnection, _ count: Int) -> Bool {
        connection.send(UnsafeRawBufferPointer(rebasing: output[..<count]))
    }

    /// The message that starts with its length at `offset`; nil until all of it is there.
    private static func frame(in bytes: UnsafeRawBufferPointer, at offset: Int) -> UnsafeRawBufferPointer? {
        guard bytes.count - offset >= 2 else { return nil }
        let length = Int(bytes[offset]) << 8 | Int(bytes[offset + 1])
        guard bytes.count - offset - 2 >= length else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[(offset + 2)..<(offset + 2 + length)])
    }
}
