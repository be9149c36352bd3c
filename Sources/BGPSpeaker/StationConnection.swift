import Glibc
import Net
import Sys

/// A TCP connection on which only this side speaks.
final class StationConnection {
    /// What became of it.
    enum Event {
        /// It is open.
        case opened
        /// The kernel takes more.
        case writable
        /// It could not be opened, or has ended.
        case ended
    }

    /// What the kernel has not taken yet. Append, then ``flush()``.
    var unsent: [UInt8] {
        get { writer.unsent }
        _modify { yield &writer.unsent }
    }

    /// Octets that the kernel keeps, half of what it takes for them.
    private static let kernelBuffer: Int32 = 1 << 19

    private let loop: EventLoop
    private var descriptor: FileDescriptor?
    private(set) var isOpen = false
    private var writer = SocketWriter(isOpening: true)
    private let handler: (Event) -> Void

    /// Begins to connect. Throws `SystemError` when that fails at once.
    init(_ loop: EventLoop, to remote: SocketAddress, _ handler: @escaping (Event) -> Void) throws(SystemError) {
        let socket = try Socket.open(remote.domain, .stream)
        // What the kernel keeps for a station that does not read has a bound, too.
        try Socket.set(socket.raw, SOL_SOCKET, SO_SNDBUF, Self.kernelBuffer)
        _ = try Socket.connect(socket.raw, to: remote)
        self.loop = loop
        self.handler = handler
        let raw = socket.raw
        descriptor = consume socket
        try loop.add(raw, .write) { [weak self] in self?.handle($0) }
    }

    deinit { close() }

    private func handle(_ readiness: Readiness) {
        if !isOpen { return finishOpening() }
        if !readiness.isDisjoint(with: [.read, .hangUp]), hasEnded() { return handler(.ended) }
        if readiness.contains(.write) {
            flush()
            handler(.writable)
        }
    }

    private func finishOpening() {
        guard let raw = descriptor?.raw else { return }
        guard writer.opened(raw, loop) else { return handler(.ended) }
        isOpen = true
        handler(.opened)
    }

    /// Reads what the station has no business to say, to learn of its end.
    private func hasEnded() -> Bool {
        guard let raw = descriptor?.raw else { return true }
        return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { chunk in
            let count = recv(raw, chunk.baseAddress, chunk.count, 0)
            return count == 0 || count < 0 && errno != EAGAIN && errno != EINTR
        }
    }

    /// Gives the kernel what it takes now; the rest follows when there is room. An error comes back as a hang-up.
    func flush() {
        guard let raw = descriptor?.raw, isOpen else { return }
        writer.flush(raw, loop)
    }

    /// Ends the connection after what the kernel has taken.
    func close() {
        guard let descriptor = descriptor.take() else { return }
        loop.remove(descriptor.raw)
        isOpen = false
    }
}
