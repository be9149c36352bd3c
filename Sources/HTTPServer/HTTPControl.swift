import JSON
import Sys

/// The control channel to the supervisor: one JSON object per line.
/// ```
/// ->  {"event": "ready"}                         every socket is bound
/// ->  {"event": "failed", "reason": "..."}       and then the process ends
/// <-  {"do": "counters", "id": 1}                ->  {"reply": 1, "requests": {"GET": 7, ...}, ...}
/// <-  {"do": "reload", "id": 2}                  ->  {"reply": 2}: the configuration is read again; connections stay
/// <-  {"do": "stop", "id": 3}                    ->  {"reply": 3}, and the process ends
/// ```
/// What cannot be read or is not known is answered with `error`. When the supervisor closes the channel, nobody
/// owns this process any more, and it ends.
final class HTTPControl {
    private let channel: LineChannel
    private let loop: EventLoop
    /// What is asked and told.
    weak var site: WebSite?

    /// Takes over a stream socket. Throws ``SystemError``.
    init(_ loop: EventLoop, _ descriptor: consuming FileDescriptor) throws(SystemError) {
        self.loop = loop
        channel = try LineChannel(loop, descriptor)
        channel.onEnd = { [unowned loop] in loop.stop() }
        channel.onLine = { [unowned self] in handle($0) }
    }

    func sendReady() { send(["event": "ready"]) }

    func sendFailure(_ reason: String) { send(["event": "failed", "reason": .string(reason)]) }

    private func send(_ message: JSON) { channel.send(message.description.utf8) }

    private func handle(_ line: ArraySlice<UInt8>) {
        guard let request = try? JSON(parsing: line) else {
            return send(["reply": .null, "error": "this line is not JSON"])
        }
        send(.object([.init("reply", request["id"] ?? .null)] + follow(request["do"]?.string)))
    }

    private func follow(_ command: String?) -> [JSON.Member] {
        switch command {
        case "counters":
            return site?.counters.members ?? []
        case "reload":
            do {
                try site?.reload()
                return []
            } catch {
                return [.init("error", .string("\(error)"))]
            }
        case "stop":
            // The answer goes out first.
            loop.schedule(after: 0) { [unowned loop] in loop.stop() }
            return []
        default:
            return [.init("error", "'do' must be counters, reload or stop")]
        }
    }
}
