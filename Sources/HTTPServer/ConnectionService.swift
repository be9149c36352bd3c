import CLinux
import Glibc
import HTTPWire
import Net
import Sys

/// HTTP/1.1 connections of clients (RFC 9112): they stay, requests may come before earlier ones are answered, and responses go in their
/// order. What is no request is answered with its status, and ends the connection.
final class ConnectionService {
    /// With one more, the connection that has been idle for longest is closed.
    static let maximumConnections = 1024
    /// A connection without a whole request for so long is closed.
    static let idleTimeout: Nanoseconds = 60_000_000_000
    /// How long a client may take to close after the last response.
    private static let drainTimeout: Nanoseconds = 2_000_000_000
    /// How long no connection is accepted after the kernel has refused one, as when descriptors are short.
    private static let acceptPause: Nanoseconds = 100_000_000

    /// Answers a request now or later; `respond` takes the response, once.
    typealias Answer = (_ request: HTTPRequest, _ respond: @escaping (HTTPResponse) -> Void) -> Void
    /// The response to what is no request.
    typealias Refusal = (_ status: Int, _ reason: String) -> HTTPResponse

    private let loop: EventLoop
    private let answer: Answer
    private let refusal: Refusal
    private var listeners: [IPAddress: Listener] = [:]
    private var connections: [Int32: ClientConnection] = [:]
    private(set) var acceptedCount = 0
    /// Octets of all connections, heads included.
    private(set) var (receivedBytes, sentBytes) = (0, 0)
    var openCount: Int { connections.count }

    private final class Listener {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    init(_ loop: EventLoop, refusal: @escaping Refusal, answer: @escaping Answer) {
        self.loop = loop
        self.refusal = refusal
        self.answer = answer
    }

    /// Listens at these addresses and at no others; connections that there are stay. Every socket is bound to one address, so
    /// that a response leaves from the address that was asked. Throws ``SystemError``.
    func listen(at addresses: [IPAddress], port: UInt16) throws(SystemError) {
        for address in addresses where listeners[address] == nil {
            let listener = Listener(try Socket.listening(address, port: port, backlog: 1024))
            try loop.add(listener.descriptor.raw, .read) { [weak self, unowned listener] _ in self?.accept(listener) }
            listeners[address] = listener
        }
        for (address, listener) in listeners where !addresses.contains(address) {
            loop.remove(listener.descriptor.raw)
            listeners[address] = nil
        }
    }

    private func accept(_ listener: Listener) {
        let raw = listener.descriptor.raw
        do {
            while let accepted = try Socket.accept(raw) {
                acceptedCount += 1
                if connections.count >= Self.maximumConnections { closeIdlest() }
                try add(ClientConnection(accepted.take(), now: Clock.monotonic()))
            }
        } catch {
            try? loop.modify(raw, [])
            loop.schedule(after: Self.acceptPause) { [loop] in try? loop.modify(raw, .read) }
        }
    }

    private func add(_ connection: ClientConnection) throws(SystemError) {
        let raw = connection.descriptor.raw
        try? Socket.setNoDelay(raw)
        try loop.add(raw, .read) { [weak self, unowned connection] in self?.handle(connection, $0) }
        connections[raw] = connection
        if connections.count == 1 { scheduleSweep() }
    }

    private func close(_ connection: ClientConnection) {
        loop.remove(connection.descriptor.raw)
        connections[connection.descriptor.raw] = nil
    }

    private func closeIdlest() {
        if let idlest = connections.values.min(by: { $0.lastActivity < $1.lastActivity }) { close(idlest) }
    }

    /// Looks for idle connections once a second, and only while there are connections.
    private func scheduleSweep() {
        loop.schedule(after: 1_000_000_000) { [weak self] in
            guard let self else { return }
            let now = Clock.monotonic()
            for connection in connections.values where !connection.isAnswering {
                let patience = connection.isDraining ? Self.drainTimeout : Self.idleTimeout
                if now - connection.lastActivity > patience { close(connection) }
            }
            if !connections.isEmpty { scheduleSweep() }
        }
    }

    // MARK: One connection

    private func handle(_ connection: ClientConnection, _ readiness: Readiness) {
        // Whatever closes the connection, it lives until the end of this function.
        withExtendedLifetime(connection) {
            if readiness.contains(.hangUp) || !move(connection) { close(connection) }
        }
    }

    /// Sends or reads, and answers what has come. False when the connection is to be closed.
    private func move(_ connection: ClientConnection) -> Bool {
        if connection.hasOutput {
            guard connection.sendOutput(counting: &sentBytes) else { return false }
            connection.lastActivity = Clock.monotonic()
        } else if !connection.isAnswering {
            guard let count = connection.receive() else { return false }
            receivedBytes += count
            if connection.isDraining {
                connection.input = []
                return !connection.hasEnded
            }
        }
        return answerWaiting(connection)
    }

    /// Answers the requests that wait until one takes time, or the client does not read. False when the connection is to be closed.
    private func answerWaiting(_ connection: ClientConnection) -> Bool {
        while !connection.isAnswering, !connection.hasOutput, !connection.isLast, readRequest(connection) {
            guard connection.sendOutput(counting: &sentBytes) else { return false }
        }
        return finish(connection)
    }

    /// Takes the next request among the octets that have come. False when there is none.
    private func readRequest(_ connection: ClientConnection) -> Bool {
        let parser = connection.parser
        do throws(MessageParser.Failure) {
            connection.input.removeFirst(try parser.parse(connection.input))
            guard parser.isComplete else {
                if connection.hasEnded { try parser.parseEnd() }
                return false
            }
        } catch {
            refuse(connection, error)
            return true
        }
        let request = parser.request
        parser.reset()
        connection.lastActivity = Clock.monotonic()
        connection.isAnswering = true
        answer(request) { [weak self, weak connection] response in
            guard let self, let connection else { return }
            respond(connection, to: request, response)
        }
        return true
    }

    private func refuse(_ connection: ClientConnection, _ failure: MessageParser.Failure) {
        let status =
            switch failure {
            case .headTooLong: 431
            case .contentTooLong: 413
            case .malformed: 400
            }
        connection.isLast = true
        let response = refusal(status, "\(failure)")
        connection.queue(response.head(keepingAlive: false) + response.body)
    }

    private func respond(_ connection: ClientConnection, to request: HTTPRequest, _ response: HTTPResponse) {
        guard connection.isAnswering else { return }
        connection.isAnswering = false
        connection.lastActivity = Clock.monotonic()
        if !request.keepsAlive { connection.isLast = true }
        connection.queue(response.head(keepingAlive: !connection.isLast))
        if request.method != "HEAD", !response.isWithoutContent { connection.queue(response.body) }
        // What takes time is answered outside of the connection's own event.
        guard connections[connection.descriptor.raw] === connection, connection.interest == [] else { return }
        if !connection.sendOutput(counting: &sentBytes) || !answerWaiting(connection) { close(connection) }
    }

    /// Ends a connection that has nothing more to do, or waits for what it needs next. False when it is to be closed.
    private func finish(_ connection: ClientConnection) -> Bool {
        if !connection.hasOutput, !connection.isAnswering {
            if connection.hasEnded { return false }
            if connection.isLast, !connection.isDraining {
                connection.isDraining = true
                shutdown(connection.descriptor.raw, Int32(SHUT_WR))
            }
        }
        let interest: Readiness = connection.hasOutput ? .write : connection.isAnswering ? [] : .read
        if interest != connection.interest {
            connection.interest = interest
            try? loop.modify(connection.descriptor.raw, interest)
        }
        return true
    }
}
