import Foundation
import Net
import Sys
import Testing

/// The web server of a site, as small as can be: it answers whatever comes over a connection with one response. A thread of its own; ends
/// with this object.
final class WebAnswerer {
    /// What it does with a connection.
    enum Manner {
        /// Answers after so many microseconds.
        case answers(after: UInt32)
        /// Reads the request and closes.
        case closes
        /// Accepts nothing: the kernel makes connections, and nobody is behind them.
        case sleeps
    }

    private final class Server: Sendable {
        let listeners: [Answerer.FileDescriptorBox]
        let response: String
        let manner: Manner
        let ended = DispatchSemaphore(value: 0)
        let wakeUp: (read: Int32, write: Int32)

        init(_ listeners: [Answerer.FileDescriptorBox], _ response: String, _ manner: Manner) throws {
            (self.listeners, self.response, self.manner) = (listeners, response, manner)
            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            wakeUp = (ends[0], ends[1])
        }
    }

    private let server: Server

    /// Begins to listen at the addresses of a site. `head` is that of the response.
    init(_ lab: LiveLab, _ site: String, head: String? = nil, _ manner: Manner = .answers(after: 0)) throws {
        let namespace = try NetworkNamespace.open(lab.path(site))
        let listeners = try namespace.perform {
            try [SmallLab.service4, SmallLab.service6].map {
                Answerer.FileDescriptorBox(try Socket.listening($0, port: 80))
            }
        }
        let head = head ?? "HTTP/1.1 204 No Content\r\nX-Site: \(site)"
        let server = try Server(listeners, head + "\r\n\r\n", manner)
        self.server = server
        Thread { Self.serve(server) }.start()
    }

    deinit {
        _ = write(server.wakeUp.write, [0], 1)
        server.ended.wait()
        close(server.wakeUp.read)
        close(server.wakeUp.write)
    }

    private static func serve(_ server: Server) {
        defer { server.ended.signal() }
        let listeners = server.listeners.map { $0.descriptor.raw }
        var connections: [Int32] = []
        defer { for connection in connections { close(connection) } }
        while true {
            let watched = if case .sleeps = server.manner { connections } else { listeners + connections }
            var polls = (watched + [server.wakeUp.read]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            _ = poll(&polls, UInt(polls.count), -1)
            if polls[polls.count - 1].revents != 0 { return }
            for ready in polls where ready.revents != 0 {
                if listeners.contains(ready.fd) {
                    let connection = accept(ready.fd, nil, nil)
                    if connection >= 0 { connections.append(connection) }
                } else if !answer(ready.fd, server) {
                    connections.removeAll { $0 == ready.fd }
                    close(ready.fd)
                }
            }
        }
    }

    /// False when the connection is to be closed.
    private static func answer(_ connection: Int32, _ server: Server) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 2048)
        guard recv(connection, &buffer, buffer.count, 0) > 0 else { return false }
        guard case .answers(let delay) = server.manner else { return false }
        if delay > 0 { usleep(delay) }
        return send(connection, server.response, server.response.utf8.count, Int32(MSG_NOSIGNAL)) > 0
    }
}
