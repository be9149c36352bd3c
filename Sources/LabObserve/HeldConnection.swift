import CLinux
import Glibc
import HTTPWire
import Net
import Sys

/// A TCP connection to a web service that is held: it asks for nothing now and then, on the same connection, and so finds out whether
/// its packets still reach whoever knows it.
final class HeldConnection {
    /// Something that happened to it.
    enum Event {
        /// The connection is there.
        case connected
        /// The question was answered.
        case answered(site: String?)
        /// It is no more.
        case ended(HeldFlow.End)
    }

    /// When the question was sent that is not answered yet; nil when none is.
    private(set) var askedAt: Nanoseconds?
    private let socket: FileDescriptor
    private let parser = MessageParser(.response, mostContent: 65536)
    private var isConnected = false

    var descriptor: Int32 { socket.raw }

    /// Begins to connect, in the namespace of the calling thread. Throws `SystemError`, as when there is no route.
    init(to address: IPAddress, port: UInt16) throws(SystemError) {
        let target = SocketAddress(address, port: port)
        socket = try Socket.open(target.domain, .stream)
        askedAt = Clock.monotonic()
        isConnected = try Socket.connect(socket.raw, to: target)
    }

    /// What the loop has to watch it for.
    var interest: Readiness { isConnected ? .read : .write }

    /// Asks whether anybody is there: `OPTIONS *`, the ping of RFC 9110, section 9.3.7.
    func ask() -> Event? {
        let request = HTTPRequest(method: "OPTIONS", target: "*", fields: ["Host": "held"]).octets
        askedAt = Clock.monotonic()
        parser.reset()
        // So few octets have room, for the ones before were answered.
        let count = request.withUnsafeBytes { send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        return count < 0 ? .ended(Self.end(cl_errno())) : nil
    }

    /// Takes in what the loop tells of.
    func handle() -> Event? {
        if !isConnected {
            let code = Socket.pendingError(socket.raw)
            guard code == 0 else { return .ended(Self.end(code)) }
            isConnected = true
            return .connected
        }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = bytes.withUnsafeMutableBytes { recv(socket.raw, $0.baseAddress, $0.count, 0) }
        if count < 0 { return cl_errno() == EAGAIN || cl_errno() == EINTR ? nil : .ended(Self.end(cl_errno())) }
        guard count > 0 else { return .ended(.closed) }
        bytes.removeLast(bytes.count - count)
        guard (try? parser.parse(bytes)) != nil else { return .ended(.closed) }
        guard parser.isComplete else { return nil }
        askedAt = nil
        return .answered(site: parser.response.fields["X-Site"])
    }

    private static func end(_ code: Int32) -> HeldFlow.End {
        switch code {
        case ECONNRESET, EPIPE: .reset
        case ECONNREFUSED: .refused
        case ETIMEDOUT: .silent
        default: .unreachable
        }
    }
}
