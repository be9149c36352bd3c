import BGPSession
import BGPWire
import Glibc
import Net
import Sys

/// One TCP connection with a neighbour: bytes in, bytes out. What it means is the session's business.
final class PeerConnection {
    /// What became of the socket.
    enum Event {
        /// The connection that was being opened is open.
        case opened
        /// Messages may wait in ``reader``.
        case received
        /// The kernel has taken something of what was to be sent.
        case sent
        /// The connection could not be opened, or has ended.
        case ended
    }

    /// Cuts what came into messages. Every OPEN of ours offers extended messages (RFC 8654, section 4).
    var reader = MessageReader(maximumLength: MessageHeader.extendedMaximumLength)
    /// What the kernel has not taken yet. Append, then ``flush()``.
    var unsent: [UInt8] {
        get { writer.unsent }
        _modify { yield &writer.unsent }
    }

    private let loop: EventLoop
    private var descriptor: FileDescriptor?
    private var isOpening: Bool
    private var writer: SocketWriter
    private let handler: (Event) -> Void

    /// Bytes taken from the socket before others have their turn.
    private static let readAtOnce = 262_144

    /// Opens a connection from `local`. Throws `SystemError` when it fails at once.
    init(
        _ loop: EventLoop, from local: IPAddress, to remote: SocketAddress, _ protection: ConnectionProtection,
        _ handler: @escaping (Event) -> Void
    ) throws(SystemError) {
        let socket = try Socket.bound(.stream, local, port: 0)
        try Socket.setNoDelay(socket.raw)
        try protection.apply(to: socket.raw, local.family)
        if let address = remote.address { try protection.sign(socket.raw, address) }
        _ = try Socket.connect(socket.raw, to: remote)
        self.loop = loop
        self.handler = handler
        isOpening = true
        writer = SocketWriter(isOpening: true)
        let raw = socket.raw
        descriptor = consume socket
        // A connection that is open already is writable, too: one way for both.
        try loop.add(raw, .write) { [weak self] in self?.handle($0) }
    }

    /// Takes over an accepted connection. Throws `SystemError`.
    init(
        _ loop: EventLoop, accepted socket: consuming FileDescriptor, _ family: AddressFamily,
        _ protection: ConnectionProtection,
        _ handler: @escaping (Event) -> Void
    ) throws(SystemError) {
        try Socket.setNoDelay(socket.raw)
        try protection.apply(to: socket.raw, family)
        self.loop = loop
        self.handler = handler
        isOpening = false
        writer = SocketWriter(isOpening: false)
        let raw = socket.raw
        descriptor = consume socket
        try loop.add(raw, .read) { [weak self] in self?.handle($0) }
    }

    deinit { close() }

    /// The TCP ports of both ends; nil after the end.
    var ports: (local: UInt16, remote: UInt16)? {
        guard let raw = descriptor?.raw, let local = try? Socket.localAddress(raw).port,
            let remote = try? Socket.remoteAddress(raw).port
        else { return nil }
        return (local, remote)
    }

    private func handle(_ readiness: Readiness) {
        if isOpening { return finishOpening() }
        if readiness.contains(.write) { flush() }
        if !readiness.isDisjoint(with: [.read, .hangUp]) { receive() }
    }

    private func finishOpening() {
        guard let raw = descriptor?.raw else { return }
        isOpening = false
        guard writer.opened(raw, loop) else { return handler(.ended) }
        handler(.opened)
    }

    private func receive() {
        let isOver = withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { chunk in
            var taken = 0
            while taken < Self.readAtOnce, let raw = descriptor?.raw {
                let count = recv(raw, chunk.baseAddress, chunk.count, 0)
                if count > 0 {
                    reader.append(UnsafeRawBufferPointer(rebasing: chunk[..<count]).bytes)
                    taken += count
                    if count < chunk.count { return false }
                } else if count < 0, errno == EINTR {
                    continue
                } else {
                    return count == 0 || errno != EAGAIN
                }
            }
            return false
        }
        handler(.received)
        if isOver, descriptor != nil { handler(.ended) }
    }

    /// Gives the kernel what it takes now; the rest follows when there is room. An error comes back as a hang-up.
    func flush() {
        guard let raw = descriptor?.raw, !isOpening else { return }
        if writer.flush(raw, loop) > 0 { handler(.sent) }
    }

    /// Ends the connection after what the kernel has taken (``Farewell``).
    ///
    /// A silent end is for a link that is down. There the kernel would go on sending what is left, and ask for the neighbour's
    /// MAC address the moment the link is up but not yet answered; the new session would wait a second for it to ask again.
    func close(isSilent: Bool = false) {
        guard let descriptor = descriptor.take() else { return }
        loop.remove(descriptor.raw)
        // A socket in repair sends nothing when it is closed.
        if isSilent, (try? Socket.set(descriptor.raw, Int32(IPPROTO_TCP), TCP_REPAIR, 1)) != nil { return }
        if !isOpening { _ = Farewell(loop, descriptor) }
    }
}
