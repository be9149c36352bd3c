import Glibc
import JSON
import Sys

/// A Unix socket on which operators say ``ControlCommands`` and ask for what `SpeakerViews` shows, a JSON object a line each
/// way; any number of them at once. Only root and the speaker's own user may.
final class ControlSocket {
    private let commands: ControlCommands
    private let path: String
    private let socket: FileDescriptor
    private var channels: [ObjectIdentifier: LineChannel] = [:]

    /// Listens at `path`, with mode 0600. A socket that an earlier life left there is replaced; one that somebody listens on is
    /// not. Throws `SystemError`.
    init(_ commands: ControlCommands, path: String) throws(SystemError) {
        self.commands = commands
        self.path = path
        socket = try Self.listening(path)
        try commands.speaker.loop.add(socket.raw, .read) { [weak self] _ in self?.accept() }
    }

    deinit {
        commands.speaker.loop.remove(socket.raw)
        unlink(path)
    }

    private static func listening(_ path: String) throws(SystemError) -> FileDescriptor {
        do {
            return try Socket.listening(unixPath: path)
        } catch  where error.code == EADDRINUSE {
            do {
                _ = try Socket.connected(unixPath: path)
            } catch let refusal where refusal.code == ECONNREFUSED {
                unlink(path)
                return try Socket.listening(unixPath: path)
            }
            throw error
        }
    }

    private func accept() {
        while let accepted = try? Socket.accept(socket.raw) {
            let descriptor = accepted.take()
            // The folder's owner could have changed the mode of the socket; who connects cannot change who it is.
            guard let user = Socket.peerUser(descriptor.raw), user == 0 || user == geteuid(),
                let channel = try? LineChannel(commands.speaker.loop, descriptor)
            else { continue }
            let key = ObjectIdentifier(channel)
            channels[key] = channel
            channel.onLine = { [weak self, weak channel] line in
                guard let self, let channel else { return }
                self.answer(line) { [weak channel] in channel?.send($0.description.utf8) }
            }
            channel.onEnd = { [weak self] in self?.channels[key] = nil }
        }
    }

    private func answer(_ line: ArraySlice<UInt8>, _ send: @escaping (JSON) -> Void) {
        guard let command = try? JSON(parsing: line), command["do"] == "dump" else { return send(answer(line)) }
        let id: [JSON.Member] = command["id"].map { [.init("reply", $0)] } ?? []
        TableDump.follow(command, commands.speaker) { send(.object(id + $0)) }
    }

    private func answer(_ line: ArraySlice<UInt8>) -> JSON {
        guard let command = try? JSON(parsing: line), let verb = command["do"]?.string else {
            return ["error": "an object with \"do\" expected"]
        }
        let id: [JSON.Member] = command["id"].map { [.init("reply", $0)] } ?? []
        do throws(CommandError) {
            if verb == "show" { return .object(id + (try SpeakerViews(speaker: commands.speaker).answer(command))) }
            guard ControlCommands.verbs.contains(verb) else {
                let known = (ControlCommands.verbs.sorted() + ["show", "dump"]).joined(separator: ", ")
                throw CommandError(reason: "unknown command '\(verb)'; there are \(known)")
            }
            return .object(id + (try commands.follow(verb, command)))
        } catch {
            return .object(id + [.init("error", .string(error.reason))])
        }
    }
}
