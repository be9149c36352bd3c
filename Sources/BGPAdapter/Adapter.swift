import Glibc
import JSON
import Net
import Netlink
import Sys

/// Runs a daemon of others and looks at it again and again: often while anything changes, seldom while it rests. What it
/// sees it tells as our own speaker does (``BGPSpeaker``'s control channel), so that nobody else has to know the difference.
final class Adapter {
    private let configuration: AdapterConfiguration
    private let dialect: any Dialect
    private let loop: EventLoop
    private let channel: LineChannel
    private let table: ForwardingTable
    private let monitor: NetlinkMonitor
    private let processes: Processes
    private var settling: Settling
    private var next: Timer?
    private var isReady = false
    private var isOriginating = true
    /// Whether the daemon is stopped, as by `kill -STOP`: it is not looked at, for it would not answer.
    private var isFrozen = false
    /// What was said meanwhile.
    private var postponed: [[UInt8]] = []
    /// What whoever runs us was told last.
    private var toldSettled = false
    private var hurriedAt: Nanoseconds = 0
    private var sessions: [SessionState] = []
    private var entries: [ForwardingTable.Entry] = []
    /// Why the process ends; nil after a regular end.
    private(set) var failure: String?

    /// While something changes, in nanoseconds.
    private static let shortPause: Nanoseconds = 100_000_000
    /// At rest, for daemons whose routes the kernel tells of as they change.
    private static let longPause: Nanoseconds = 1_000_000_000
    /// At rest, for daemons that have to be asked for their routes.
    private static let mediumPause: Nanoseconds = 250_000_000
    /// After the kernel told of a change: others often follow.
    private static let breath: Nanoseconds = 10_000_000

    init(
        _ configuration: AdapterConfiguration, _ dialect: any Dialect, _ loop: EventLoop,
        control: consuming FileDescriptor
    ) throws {
        self.configuration = configuration
        self.dialect = dialect
        self.loop = loop
        channel = try LineChannel(loop, control)
        monitor = try NetlinkMonitor([.routes, .links])
        table = try ForwardingTable()
        settling = Settling(quiet: Nanoseconds(configuration.quiet) * 1_000_000, now: Clock.monotonic())
        var onEnd: ((String) -> Void)?
        processes = Processes(loop, dialect.processes) { onEnd?($0) }
        onEnd = { [weak self] in self?.fail($0) }
        channel.onLine = { [weak self] in self?.receive($0) }
        // Nobody is left who could stop this process.
        channel.onEnd = { [weak self] in self?.loop.stop() }
    }

    /// Starts the daemon. Throws `SystemError`, ``AdapterError``.
    func start() throws {
        try loop.add(monitor.descriptor, .read) { [weak self] _ in self?.kernelChanged() }
        try processes.start()
        lookAgain(after: Self.breath)
    }

    private func fail(_ reason: String) {
        failure = failure ?? reason
        loop.stop()
    }

    // MARK: Looking

    private func lookAgain(after pause: Nanoseconds) {
        next?.cancel()
        guard !isFrozen else { return }
        next = loop.schedule(after: pause) { [weak self] in self?.look() }
    }

    private func kernelChanged() {
        var isSomething = false
        _ = try? monitor.receive { _ in isSomething = true }
        if isSomething, isReady { lookAgain(after: Self.breath) }
    }

    /// Looks once, tells what is new, and arranges the next look.
    private func look() {
        guard processes.areStarted else { return lookAgain(after: Self.shortPause) }
        do {
            try observe()
        } catch  where !isReady {
            // It does not answer yet.
            return lookAgain(after: Self.shortPause / 4)
        } catch {
            Diagnostics.write("labd adapter: \(error)")
        }
        let isSettled = settling.isSettled(now: Clock.monotonic())
        if isSettled != toldSettled { tellRest(isSettled) }
        lookAgain(
            after: !isSettled ? Self.shortPause : dialect.writesKernel ? Self.longPause : Self.mediumPause)
    }

    private func observe() throws {
        // Before the daemon is asked anything, for a question wakes it up.
        let (queues, isAwake) = quietMoment()
        let told = try dialect.sessions(try dialect.sessionQuestions.map(CommandRunner.run))
        // GoBGP tells them in another order each time.
        let known = configuration.sessions.compactMap { session in told.first { $0.peer == session.peer } }
        if !dialect.writesKernel {
            try table.write(try routes().filter(\.isBest), except: isReady ? configuration.originate : [])
        }
        let found = try table.entries()
        if !isReady { try becomeReady() }
        settling.observe(
            hasChanged: known.map(\.fingerprint) != sessions.map(\.fingerprint) || found != entries, queues,
            isAwake: isAwake, now: Clock.monotonic())
        tellSessions(known)
        tellRoutes(found)
        try hurry()
    }

    /// Looks at queues and threads until nothing is to be done, or for ``patience`` looks: a KEEPALIVE is read in no time.
    private func quietMoment() -> (queues: [TCPQueue], isAwake: Bool) {
        let numbers = processes.numbers.map(\.pid)
        for _ in 1..<Self.patience {
            let queues = TCPQueue.read()
            if queues.allSatisfy({ $0.unread == 0 }), !Sleepers.areAwake(numbers) { return (queues, false) }
            usleep(Self.blink)
        }
        return (TCPQueue.read(), Sleepers.areAwake(numbers))
    }

    /// How often a moment without work is looked for, and the pause in between in microseconds.
    private static let patience = 10
    private static let blink: UInt32 = 3000

    /// Lets sessions be tried again that the daemon would leave alone for long.
    private func hurry() throws {
        let now = Clock.monotonic()
        guard now - hurriedAt >= Self.longPause else { return }
        hurriedAt = now
        for session in sessions where session.state == "Idle" {
            if let command = dialect.hurry(session.peer) { _ = try CommandRunner.run(command) }
        }
    }

    private func becomeReady() throws {
        if dialect.originatesByCommand { try setOriginating(true) }
        isReady = true
        let numbers = processes.numbers.map { each -> JSON in
            ["role": .string(each.name), "pid": .int(Int(each.pid))]
        }
        send(["event": "ready", "processes": .array(numbers)])
    }

    private func setOriginating(_ isOn: Bool) throws {
        for command in dialect.originate(isOn) { _ = try CommandRunner.run(command) }
        isOriginating = isOn
    }

    // MARK: Telling

    private func send(_ message: JSON) {
        var line: [UInt8] = []
        message.write(to: &line)
        channel.send(line)
    }

    private func name(of peer: IPAddress) -> String? {
        configuration.sessions.first { $0.peer == peer }?.name
    }

    private func tellSessions(_ known: [SessionState]) {
        // Attempts to connect that come to nothing are no events.
        let established = Set(sessions.filter(\.isEstablished).map(\.peer))
        for session in known where session.isEstablished != established.contains(session.peer) {
            guard let name = name(of: session.peer) else { continue }
            send([
                "event": "session", "peer": .string(session.peer.description), "name": .string(name),
                "state": .string(session.state), "reason": "", "time_ns": .int(Int(Clock.monotonic())),
            ])
        }
        sessions = known
    }

    /// Tells of the kernel's routes that changed: a daemon of others does not say which AS path they have.
    private func tellRoutes(_ found: [ForwardingTable.Entry]) {
        guard found != entries else { return }
        func tell(_ prefix: IPPrefix, _ gateway: IPAddress?) {
            send([
                "event": "best", "prefix": .string(prefix.description),
                "next_hop": gateway.map { .string($0.description) } ?? .null,
                "from": gateway.flatMap(name).map { .string($0) } ?? .null, "time_ns": .int(Int(Clock.monotonic())),
                "wall_ns": .int(Int(Clock.wall())),
            ])
        }
        let (old, new) = (Set(entries), Set(found))
        for entry in found where !old.contains(entry) { tell(entry.prefix, entry.gateways.first) }
        let left = Set(found.map(\.prefix))
        for entry in entries where !new.contains(entry) && !left.contains(entry.prefix) { tell(entry.prefix, nil) }
        entries = found
    }

    private func tellRest(_ isSettled: Bool) {
        toldSettled = isSettled
        send(["event": isSettled ? "idle" : "busy", "sessions": sessionsJSON(isSettled)])
    }

    private func sessionsJSON(_ isSettled: Bool) -> JSON {
        .array(
            configuration.sessions.map { session in
                let known = sessions.first { $0.peer == session.peer }
                return [
                    "peer": .string(session.peer.description), "name": .string(session.name),
                    "state": .string(known?.state ?? "Idle"), "received": .int(known?.received ?? 0),
                    "sent": .int(known?.sent ?? 0), "settled": .bool(isSettled),
                ]
            })
    }

    // MARK: Commands

    private func receive(_ line: ArraySlice<UInt8>) {
        guard let command = try? JSON(parsing: line), let verb = command["do"]?.string else { return }
        if isFrozen, verb != "thaw", verb != "stop" { return postponed.append(Array(line)) }
        let id = command["id"]?.int
        func reply(_ members: JSON.Member...) { send(.object((id.map { [.init("reply", .int($0))] } ?? []) + members)) }
        do {
            switch verb {
            // Its sessions start with it.
            case "start": break
            // An operator's commands have a number and name prefixes; those without are for all that the router announces.
            case "withdraw" where id == nil, "announce" where id == nil:
                let isOn = verb == "announce"
                if isOn != isOriginating { try setOriginating(isOn) }
                lookAgain(after: Self.breath)
            case "stop": loop.stop()
            case "freeze", "thaw": try setFrozen(verb == "freeze")
            case "counters":
                look()
                let isSettled = settling.isSettled(now: Clock.monotonic())
                // Rest has to be said again to whoever heard otherwise.
                toldSettled = isSettled
                reply(.init("sessions", sessionsJSON(isSettled)), .init("idle", .bool(isSettled)))
            case "show":
                send(.object((id.map { [.init("reply", .int($0))] } ?? []) + (try show(command))))
            default:
                reply(.init("error", .string("\(configuration.daemon) cannot be asked '\(verb)'")))
            }
        } catch {
            reply(.init("error", .string("\(error)")))
        }
    }

    /// Stops the daemon as by `kill -STOP`, or lets it go on: all of its processes, also those that it started itself, which are
    /// all of our PID namespace but us.
    private func setFrozen(_ isFrozen: Bool) throws {
        guard getpid() == 1 else {
            throw AdapterError("only process 1 of a PID namespace knows all processes of a daemon")
        }
        try systemCall("kill") { kill(-1, isFrozen ? SIGSTOP : SIGCONT) }
        self.isFrozen = isFrozen
        guard !isFrozen else {
            next?.cancel()
            return
        }
        let lines = postponed
        postponed = []
        for line in lines { receive(line[...]) }
        lookAgain(after: Self.breath)
    }

    private func show(_ question: JSON) throws -> [JSON.Member] {
        let views = AdapterViews(configuration: configuration, sessions: sessions)
        let view = question["view"]?.string ?? ""
        switch view {
        case "neighbors": return views.neighbours
        case "table": return views.table(try routes())
        case "prefix": return try views.paths(to: question["prefix"]?.string ?? "", try routes())
        default:
            throw AdapterError(
                "\(configuration.daemon) cannot be asked for '\(view)' here: neighbors, table and prefix are shown, "
                    + "and its own command line has the rest")
        }
    }

    private func routes() throws -> [KnownRoute] {
        try dialect.routes(try dialect.routeQuestions.map(CommandRunner.run))
    }
}
