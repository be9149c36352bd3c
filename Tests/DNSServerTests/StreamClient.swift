import DNSWire
import Glibc
import Net
import Sys

/// A TCP client inside a server's namespace, blocking, with a time-out of five seconds.
final class StreamClient {
    let descriptor: FileDescriptor

    init(_ server: TestServer, address: String = "192.0.2.53") throws {
        guard let address = IPAddress(address) else { throw NoNamespace() }
        let namespace = NetworkNamespace(FileDescriptor(owning: dup(server.namespace)))
        descriptor = try namespace.perform { try Socket.open(AF_INET, .stream) }
        let raw = descriptor.raw
        _ = fcntl(raw, F_SETFL, 0)
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(raw, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        guard try Socket.connect(raw, to: SocketAddress(address, port: 53)) else { throw NoNamespace() }
    }

    /// The octets of a query with its length before it.
    static func frame(_ message: [UInt8]) -> [UInt8] {
        [UInt8(message.count >> 8), UInt8(message.count & 255)] + message
    }

    /// Sends octets; false when the other side has closed.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes {
                Glibc.send(descriptor.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }

    func endSending() { shutdown(descriptor.raw, Int32(SHUT_WR)) }

    /// Reads `count` octets, or fewer when the other side ends; nil after an error or five seconds of silence.
    func read(_ count: Int) -> [UInt8]? {
        var result: [UInt8] = []
        while result.count < count {
            var chunk = [UInt8](repeating: 0, count: count - result.count)
            let received = recv(descriptor.raw, &chunk, chunk.count, 0)
            if received == 0 || (received < 0 && errno == ECONNRESET) { return result }
            guard received > 0 else { return nil }
            result += chunk[..<received]
        }
        return result
    }

    func readMessage() throws -> Message {
        guard let length = read(2), length.count == 2, let bytes = read(Int(length[0]) << 8 | Int(length[1])) else {
            throw NoLine()
        }
        return try Message(parsing: bytes)
    }
}
