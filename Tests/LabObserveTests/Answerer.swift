import DNSWire
import Foundation
import LabModel
import Net
import Sys
import Testing

/// The DNS server of a site, as small as can be: it answers every query with a name. A thread of its own; ends with this
/// object.
final class Answerer {
    /// What the thread works with.
    private final class Server: Sendable {
        let sockets: [FileDescriptorBox]
        let name: String
        let delay: Nanoseconds
        let ignored: Int
        let ended = DispatchSemaphore(value: 0)
        let wakeUp: (read: Int32, write: Int32)

        init(_ sockets: [FileDescriptorBox], name: String, delay: Nanoseconds, ignored: Int) throws {
            self.sockets = sockets
            self.name = name
            self.delay = delay
            self.ignored = ignored
            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            wakeUp = (ends[0], ends[1])
        }
    }

    final class FileDescriptorBox: Sendable {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    private let server: Server

    /// Begins to answer at the addresses of a site, `delay` nanoseconds after each query. At each address the first
    /// `ignored` queries get no answer.
    init(_ lab: LiveLab, _ site: String, name: String? = nil, delay: Nanoseconds = 0, ignored: Int = 0) throws {
        let namespace = try NetworkNamespace.open(lab.path(site))
        let sockets = try namespace.perform {
            try [SmallLab.service4, SmallLab.service6].map {
                FileDescriptorBox(try Socket.bound(.datagram, $0, port: 53))
            }
        }
        let server = try Server(sockets, name: name ?? site, delay: delay, ignored: ignored)
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
        var polls = (server.sockets.map { $0.descriptor.raw } + [server.wakeUp.read]).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        var ignored = server.sockets.map { _ in server.ignored }
        while true {
            _ = poll(&polls, UInt(polls.count), -1)
            if polls[polls.count - 1].revents != 0 { return }
            for (index, socket) in server.sockets.enumerated() {
                answerAll(socket.descriptor.raw, server, ignoring: &ignored[index])
            }
        }
    }

    private static func answerAll(_ socket: Int32, _ server: Server, ignoring ignored: inout Int) {
        var buffer = [UInt8](repeating: 0, count: 2048)
        while true {
            var peer = SocketAddress()
            let count = peer.withMutablePointer { recvfrom(socket, &buffer, buffer.count, 0, $0, $1) }
            guard count > 0 else { return }
            guard let query = try? Message(parsing: Array(buffer.prefix(count))) else { continue }
            ignored -= 1
            if ignored >= 0 { continue }
            if server.delay > 0 { usleep(UInt32(server.delay / 1000)) }
            let reply = response(to: query, name: server.name).encoded()
            _ = peer.withPointer { sendto(socket, reply, reply.count, 0, $0, $1) }
        }
    }

    private static func response(to query: Message, name: String) -> Message {
        let text = Array(name.utf8)
        var response = Message(id: query.id, flags: [.response, .authoritative], questions: query.questions)
        response.answers = query.questions.map {
            ResourceRecord(name: $0.name, type: .txt, recordClass: .chaos, ttl: 0, data: [UInt8(text.count)] + text)
        }
        if query.nsid != nil {
            response.additionals = [EDNS(options: [EDNSOption(code: EDNSOption.nsid, data: text)]).record]
        }
        return response
    }
}
