import Glibc
import JSON
import Sys

/// Answers the command line on the lab's Unix socket: a JSON object a line each way.
final class ControlServer {
    private unowned let supervisor: Supervisor
    private let socket: FileDescriptor
    private var channels: [ObjectIdentifier: LineChannel] = [:]

    /// Listens at `path`. Throws `SystemError`.
    init(_ supervisor: Supervisor, path: String) throws(SystemError) {
        self.supervisor = supervisor
        socket = try Socket.listening(unixPath: path)
        try supervisor.loop.add(socket.raw, .read) { [weak self] _ in self?.accept() }
    }

    private func accept() {
        guard let descriptor = try? Socket.accept(socket.raw)?.take() else { return }
        // The socket is its owner's alone (0600), and stays so if somebody changes that.
        guard Socket.peerUser(descriptor.raw) == geteuid() else {
            try? descriptor.writeAll(Self.refusal.utf8)
            return
        }
        guard let channel = try? LineChannel(supervisor.loop, descriptor) else { return }
        let key = ObjectIdentifier(channel)
        channels[key] = channel
        channel.onLine = { [weak self, weak channel] line in
            if let channel { self?.handle(line, channel) }
        }
        channel.onEnd = { [weak self, weak channel] in
            if let channel { self?.supervisor.events.unfollow(channel) }
            self?.channels[key] = nil
        }
    }

    private static let refusal = "{\"error\":\"the lab is another user's\"}\n"

    private func handle(_ line: ArraySlice<UInt8>, _ channel: LineChannel) {
        func answer(_ json: JSON) { channel.send(json.description.utf8) }
        do {
            let request = try JSON(parsing: line)
            let target = request["target"]?.string ?? ""
            switch request["do"]?.string {
            case "status": supervisor.status { answer($0) }
            case "counters": supervisor.counters { answer($0) }
            case "fail": try supervisor.fail(request) { answer($0) }
            case "heal": try supervisor.heal(request) { answer($0) }
            case "apply": try supervisor.apply(request) { answer($0) }
            case "rest": supervisor.whenAtRest { answer(["ok": true]) }
            case "link": try supervisor.link(request) { answer($0) }
            case "control": try supervisor.control(request["command"] ?? [:], of: target) { answer($0) }
            case "zones": supervisor.zones { answer(["zones": .array($0)]) }
            case "zone": try supervisor.loadZone(request) { answer($0) }
            case "show", "dump": try supervisor.relay(request, to: target) { answer($0) }
            case "follow": supervisor.events.follow(channel)
            default: throw RequestError("unknown request")
            }
        } catch {
            answer(["error": .string("\(error)")])
        }
    }
}
