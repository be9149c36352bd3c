import JSON
import Sys

/// The control channel to the supervisor: one JSON object per line.
/// ```
/// ->  {"event": "ready"}                         every socket is bound
/// ->  {"event": "failed", "reason": "..."}       and then the process ends
/// <-  {"do": "counters", "id": 1}                ->  {"reply": 1, "queries": {...}, ...}
/// <-  {"do": "zones", "id": 3}                   ->  {"reply": 3, "zones": [{"zone": "hello.test.", "serial": 7,
///                                                             "expired": false, "reason": null}]}
/// <-  {"do": "reload", "id": 4}                  ->  {"reply": 4}: the configuration is read again, without a pause
/// <-  {"do": "stop", "id": 2}                    ->  {"reply": 2}, and the process ends
/// ```
/// What cannot be read or is not known is answered with `error`. When the supervisor closes the channel, nobody
/// owns this process any more, and it ends.
final class DNSControl {
    private let channel: LineChannel
    private let loop: EventLoop
    /// What `counters` is answered from.
    weak var server: DNSServer?

    /// Takes over a stream socket. Throws ``SystemError``.
    init(_ loop: EventLoop, _ descriptor: consuming FileDescriptor) throws(SystemError) {
        self.loop = loop
        channel = try LineChannel(loop, descriptor)
        channel.onEnd = { [unowned loop] in loop.stop() }
        channel.onLine = { [unowned self] in handle($0) }
    }

    func sendReady() { send([JSON.Member("event", "ready")]) }

    func sendFailure(_ reason: String) {
        send([JSON.Member("event", "failed"), JSON.Member("reason", .string(reason))])
    }

    private func send(_ members: [JSON.Member]) {
        var line: [UInt8] = []
        JSON.object(members).write(to: &line)
        channel.send(line)
    }

    private func handle(_ line: ArraySlice<UInt8>) {
        guard let request = try? JSON(parsing: line) else {
            return reply(.null, [JSON.Member("error", "this line is not JSON")])
        }
        let id = request["id"] ?? .null
        switch request["do"]?.string {
        case "counters":
            reply(id, server?.counterMembers ?? [])
        case "zones":
            reply(id, server?.zoneMembers ?? [])
        case "reload":
            do {
                try server?.reload()
                reply(id, [])
            } catch {
                reply(id, [JSON.Member("error", .string("\(error)"))])
            }
        case "stop":
            reply(id, [])
            loop.stop()
        default:
            reply(id, [JSON.Member("error", "'do' must be counters, zones, reload or stop")])
        }
    }

    private func reply(_ id: JSON, _ members: [JSON.Member]) {
        send([JSON.Member("reply", id)] + members)
    }
}
