import BGPSession
import BGPTable
import BGPWire
import JSON
import Net
import Sys

/// What the speaker and the supervisor say to each other: one JSON object per line.
///
///     -> {"event":"ready"}
///     -> {"event":"session","peer":"10.1.128.0","name":"eurocore-fra","state":"Established","reason":"","time_ns":1}
///     -> {"event":"best","prefix":"192.0.2.0/24","as_path":[65010],"next_hop":"10.1.128.0","from":"eurocore-fra",
///         "reason":"AS path length","old_from":"eurocore-ams","old_as_path":[65011,65010],"time_ns":1,"wall_ns":2}
///     -> {"event":"bfd","peer":"10.1.128.0","name":"eurocore-fra","state":"Up","diagnostic":"No Diagnostic","time_ns":1}
///     -> {"event":"damping","peer":"10.1.128.0","name":"eurocore-fra","prefix":"192.0.2.0/24","state":"suppressed","figure":2100,
///         "reuse_ms":7400,"time_ns":1}                              "reused" when it takes part again
///     -> {"event":"idle","sessions":[{"peer","name","state","received","sent","end_of_rib"}]}
///     <- {"do":"start"}   {"do":"withdraw"}   {"do":"announce"}   {"do":"stop"}
///     <- {"do":"counters","id":7}     -> {"reply":7,"sessions":[...],"routes":9,"idle":true}
///     <- {"do":"show","view":"table","id":8}     -> {"reply":8,"routes":[...],"next":4096}, see `SpeakerViews`
///     <- {"do":"dump","path":"/tmp/fra.mrt","id":9}   -> {"reply":9,"prefixes":1,"routes":2,"octets":99}, see `TableDump`
///     <- {"do":"impose","prepend":2,"id":9}   -> {"reply":9}, see ``Imposition``
///     <- {"do":"shut","peer":"10.1.128.0","message":"maintenance","id":9}     and whatever else ``ControlCommands`` follow
///     -> {"reply":9,"peer":"10.1.128.0","state":"Idle","changes":["eurocore-fra 10.1.128.0: shut"],"reset":[]}
///
/// "withdraw" and "announce" without a prefix are for all that is configured.
/// "idle" of a reply is false while a change waits: for a decision, for a socket, or for MinRouteAdvertisementInterval.
/// "idle" is said when everything received has been decided, written to the kernel and handed to the sockets.
final class ControlChannel {
    private let commands: ControlCommands
    private var speaker: Speaker { commands.speaker }
    private let channel: LineChannel

    /// Takes over a connected stream socket. Throws `SystemError`.
    init(_ commands: ControlCommands, _ descriptor: consuming FileDescriptor) throws(SystemError) {
        self.commands = commands
        let speaker = commands.speaker
        channel = try LineChannel(speaker.loop, descriptor)
        channel.onLine = { [weak self] in self?.receive($0) }
        // Nobody is left who could stop this process.
        channel.onEnd = { [weak self] in self?.speaker.stop() }
        speaker.onSession = { [weak self] in self?.send(session: $0, reason: $1) }
        speaker.table.reportsReplaced = true
        speaker.onBest = { [weak self] in self?.send(best: $0) }
        speaker.onPath = { [weak self] in self?.send(JSON($0, $1)) }
        speaker.onDamping = { [weak self] in self?.send(damping: $0) }
        speaker.onRest = { [weak self] in self?.sendRest() }
    }

    /// Says that connections are taken.
    func sendReady() { send(["event": "ready"]) }

    private func send(_ message: JSON) {
        var line: [UInt8] = []
        message.write(to: &line)
        channel.send(line)
    }

    // MARK: Commands

    private func receive(_ line: ArraySlice<UInt8>) {
        do {
            let command = try JSON(parsing: line)
            guard let verb = command["do"]?.string else { return send(["error": "\"do\" expected"]) }
            follow(verb, command)
        } catch {
            send(["error": .string("\(error)")])
        }
    }

    private func follow(_ verb: String, _ command: JSON) {
        let id = command["id"]?.int
        switch verb {
        case "start": speaker.start()
        case "withdraw" where command["prefix"] == nil: speaker.setOriginating(false)
        case "announce" where command["prefix"] == nil: speaker.setOriginating(true)
        case "stop": speaker.stop()
        case "counters":
            reply(
                id, .init("sessions", sessions), .init("routes", .int(speaker.table.bestCount)),
                .init("idle", .bool(speaker.isIdle)))
        case "show": show(command)
        case "dump": dump(command)
        case "impose": impose(command)
        case _ where ControlCommands.verbs.contains(verb): control(verb, command)
        default: reply(id, .init("error", .string("unknown command '\(verb)'")))
        }
    }

    private func control(_ verb: String, _ command: JSON) {
        let id = command["id"]?.int
        do throws(CommandError) {
            reply(id, try commands.follow(verb, command))
        } catch {
            reply(id, .init("error", .string(error.reason)))
        }
    }

    private func show(_ question: JSON) {
        let id = question["id"]?.int
        do throws(CommandError) {
            reply(id, try SpeakerViews(speaker: speaker).answer(question))
        } catch {
            reply(id, .init("error", .string(error.reason)))
        }
    }

    private func impose(_ command: JSON) {
        let id = command["id"]?.int
        do throws(ConfigurationError) {
            speaker.impose(
                try Imposition(try ConfigurationFields(command, "", keys: ["do", "id"] + Imposition.keys)))
            reply(id)
        } catch {
            reply(id, .init("error", .string(error.description)))
        }
    }

    private func dump(_ command: JSON) {
        let id = command["id"]?.int
        TableDump.follow(command, speaker) { [weak self] in self?.reply(id, $0) }
    }

    private func reply(_ id: Int?, _ members: JSON.Member...) { reply(id, members) }

    private func reply(_ id: Int?, _ members: [JSON.Member]) {
        send(.object((id.map { [.init("reply", .int($0))] } ?? []) + members))
    }

    // MARK: Events

    private func send(session neighbour: Neighbour, reason: String) {
        send([
            "event": "session", "peer": .string(neighbour.configuration.address.description),
            "name": .string(neighbour.configuration.name), "state": .string(neighbour.stateName),
            "reason": .string(reason), "time_ns": .int(Int(Clock.monotonic())),
        ])
    }

    private func send(best change: BGPTable.RouteChange) {
        let best = speaker.table.bestAttributes(for: change.prefix)
        send([
            "event": "best", "prefix": .string(change.prefix.description),
            "as_path": (best?.asPath).map(JSON.init) ?? [],
            "next_hop": change.route.map { .string($0.nextHop.address.description) } ?? .null,
            "from": name(change.route?.peer), "reason": .string(change.route?.step.text ?? "no usable route"),
            "old_from": name(change.replaced?.peer),
            "old_as_path": change.replaced.map { JSON($0.asPath) } ?? .null,
            "time_ns": .int(Int(Clock.monotonic())), "wall_ns": .int(Int(Clock.wall())),
        ])
    }

    private func send(damping change: DampingChange) {
        guard let neighbour = speaker.neighbours.first(where: { $0.id == change.peer }) else { return }
        send(JSON(neighbour, change))
    }

    private func sendRest() { send(["event": "idle", "sessions": sessions]) }

    // MARK: Views

    private var sessions: JSON {
        .array(
            speaker.neighbours.map { neighbour in
                let (received, sent) = neighbour.counters
                return [
                    "peer": .string(neighbour.configuration.address.description),
                    "name": .string(neighbour.configuration.name), "state": .string(neighbour.stateName),
                    "received": .int(received), "sent": .int(sent), "end_of_rib": .bool(neighbour.isTableComplete),
                ]
            })
    }

    private func name(_ peer: PeerID?) -> JSON {
        guard let peer, let neighbour = speaker.neighbours.first(where: { $0.id == peer }) else { return .null }
        return .string(neighbour.configuration.name)
    }
}

extension Neighbour {
    /// The state as RFC 4271 names it.
    var stateName: String { negotiated != nil ? "Established" : state.description }
}
