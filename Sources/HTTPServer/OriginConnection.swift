import CLinux
import Glibc
import HTTPWire
import Net
import Sys

/// A connection to an origin: it connects, and then carries one request after the other.
final class OriginConnection {
    /// Why there is no response.
    enum Failure: Error, CustomStringConvertible {
        /// It could not be reached, or what it sent is no response.
        case bad(String)
        /// It did not answer in time.
        case late

        var description: String {
            switch self {
            case .bad(let reason): reason
            case .late: "no answer in \(OriginConnection.patience / 1_000_000_000) s"
            }
        }
    }

    /// How long a response may take.
    static let patience: Nanoseconds = 5_000_000_000

    private let loop: EventLoop
    private let descriptor: FileDescriptor
    private var isConnected: Bool
    private var unsent: [UInt8] = []
    private let parser = MessageParser(.response, mostContent: HTTPConfiguration.mostOctets)
    private var done: ((Result<HTTPResponse, Failure>) -> Void)?
    private var timer: Timer?
    /// Whether it has carried a request before: the origin may have closed it just when it is used again.
    private(set) var isUsed = false
    /// Whether it can carry another request.
    private(set) var isAlive = true

    /// Begins to connect, from an own address of the same family. Throws ``SystemError``.
    init(_ loop: EventLoop, to address: IPAddress, port: UInt16, from own: [IPAddress]) throws(SystemError) {
        self.loop = loop
        let source = own.first { $0.family == address.family }
        let target = SocketAddress(address, port: port)
        descriptor =
            if let source {
                try Socket.bound(.stream, source, port: 0)
            } else {
                try Socket.open(target.domain, .stream)
            }
        try? Socket.setNoDelay(descriptor.raw)
        isConnected = try Socket.connect(descriptor.raw, to: target)
        try loop.add(descriptor.raw, isConnected ? .read : .write) { [weak self] in self?.handle($0) }
    }

    deinit { close() }

    /// Sends a request; `done` is called once, later.
    func send(_ request: HTTPRequest, _ done: @escaping (Result<HTTPResponse, Failure>) -> Void) {
        self.done = done
        parser.reset()
        unsent = request.octets
        timer = loop.schedule(after: Self.patience) { [weak self] in self?.end(.failure(.late)) }
        if isConnected { flush() }
    }

    /// Ends it. Nobody is told.
    func close() {
        guard isAlive else { return }
        isAlive = false
        timer?.cancel()
        loop.remove(descriptor.raw)
    }

    private func handle(_ readiness: Readiness) {
        guard isAlive else { return }
        if !isConnected {
            let code = Socket.pendingError(descriptor.raw)
            guard code == 0 else { return end(.failure(.bad("\(SystemError(code: code, call: "connect"))"))) }
            isConnected = true
        }
        if !unsent.isEmpty { flush() }
        if isAlive, !readiness.isDisjoint(with: [.read, .hangUp]) { receive() }
    }

    private func flush() {
        let count = unsent.withUnsafeBytes { Glibc.send(descriptor.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count >= 0 {
            unsent.removeFirst(count)
        } else if cl_errno() != EAGAIN, cl_errno() != EINTR {
            return end(.failure(.bad("\(SystemError.last("send"))")))
        }
        try? loop.modify(descriptor.raw, unsent.isEmpty ? .read : [.read, .write])
    }

    private func receive() {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = bytes.withUnsafeMutableBytes { recv(descriptor.raw, $0.baseAddress, $0.count, 0) }
        if count < 0 {
            if cl_errno() != EAGAIN, cl_errno() != EINTR { end(.failure(.bad("\(SystemError.last("recv"))"))) }
            return
        }
        bytes.removeLast(bytes.count - count)
        do throws(MessageParser.Failure) {
            try take(bytes)
            if parser.isComplete { end(.success(parser.response)) }
        } catch {
            end(.failure(.bad("\(error)")))
        }
    }

    /// Reads octets of the response; none are its end.
    private func take(_ bytes: [UInt8]) throws(MessageParser.Failure) {
        guard done != nil else { throw .malformed("octets that nobody asked for") }
        let taken = try parser.parse(bytes)
        guard taken == bytes.count else { throw .malformed("octets behind the response") }
        guard bytes.isEmpty else { return }
        try parser.parseEnd()
        if !parser.isComplete { throw .malformed("the connection ended before the response") }
    }

    private func end(_ result: Result<HTTPResponse, Failure>) {
        timer?.cancel()
        isUsed = true
        if case .success(let response) = result, response.keepsAlive {} else { close() }
        let done = done
        self.done = nil
        done?(result)
    }
}
