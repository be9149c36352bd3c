import CLinux
import Glibc
import JSON
import LabModel
import LabPlan
import Net
import Sys

/// Owns a lab: carries out its plan, starts and restarts its daemons, knows when routing has come to rest, answers the
/// command line, and writes down what happens. It is process 1 of a PID namespace, so its end ends every process of the
/// lab, whatever the reason.
final class Supervisor {
    let loop: EventLoop
    let paths: LabPaths
    var plan: Plan
    let executor: PlanExecutor
    var bfdLoad: BFDLoad
    let events: EventLog
    let journal: Journal
    private let labd: String
    private let lock: FileDescriptor
    private let logs: LogKeeper

    var daemons: [Daemon] = []
    /// Daemons that a change is about to end, by name.
    var leaving: [String: Daemon] = [:]
    var convergence: Convergence
    var faults = Faults()
    var qualities = LinkQualities()
    /// The sites that are checked, by name.
    var health: [String: SiteHealth] = [:]
    /// Sessions that an operator has shut, by the end that was told to, with both ends.
    var shut: [Convergence.Key: [Convergence.Key]] = [:]
    /// The zones that sites have been given, by the sites' names.
    var loadedZones: [String: LoadedZone] = [:]
    /// Sessions whose neighbour a reload has taken away, by the end that lost it, with both ends.
    var removed: [Convergence.Key: [Convergence.Key]] = [:]
    /// Whether routing came to rest since the last change that anybody saw.
    var isConverged = false
    /// Whether the sessions were started: before that there is no rest.
    var isStarted = false
    /// What of it whoever brings the lab up was told last.
    var toldProgress = Convergence.Progress()
    /// Counts the times that all speakers were asked whether they are at rest.
    var rounds = 0
    /// Whether somebody has reported since the round under way began.
    var hasNews = false
    /// Those who wait for rest after a change.
    var waitingForRest: [() -> Void] = []
    /// How many changes of links and faults wait for a daemon's answer, and those who wait for the end of all.
    var changesUnderWay = 0
    var waitingForChanges: [() -> Void] = []
    /// Whether the lab is being changed to another file.
    var isChanging = false
    /// Whether the lab is up for good: before that, the end of whoever brings it up is the end of the lab.
    var isCommitted = false
    /// Whether it then goes on without them.
    private var staysUp = true
    /// The one who brings the lab up, until it is committed.
    private(set) var builder: LineChannel?
    private var control: ControlServer?

    var topology: Topology { plan.topology }

    /// Claims the lab's folder and prepares everything that is inside it. Throws `SystemError`, with EEXIST when the
    /// name is taken; then nothing was changed.
    init(_ plan: Plan, labd: String) throws {
        paths = LabPaths(plan.topology.lab.name)
        self.plan = plan
        bfdLoad = BFDLoad(plan.topology, processors: ResourceLimits.processors)
        self.labd = labd
        loop = try EventLoop()
        lock = try Registry.claim(paths.name)
        do {
            for folder in ["config", "log"] { try Files.makeDirectory(paths.directory + "/" + folder) }
            if paths.place != .machine { try Files.makeDirectory(paths.namespaces) }
            try Supervisor.redirectOutput(to: paths.log("supervisor"))
            logs = LogKeeper(loop, paths.logs)
            journal = try Journal(creating: paths.journal)
            events = try EventLog(paths.events)
            try Files.write(paths.lab, StoredLab(plan.topology.lab, plan.backend).json.description.utf8)
            executor = PlanExecutor(plan, paths: paths)
            convergence = Convergence(pairs: Supervisor.pairs(plan.topology))
        } catch {
            try? Teardown.undo(paths.name)
            throw error
        }
    }

    private static func redirectOutput(to path: String) throws(SystemError) {
        let log = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
        for target: Int32 in [1, 2] { try systemCall("dup2") { dup2(log.raw, target) } }
    }

    static func pairs(_ topology: Topology) -> [(Convergence.Key, Convergence.Key)] {
        topology.sessions.filter(\.isPassive).map { session in
            (
                Convergence.Key(node: session.node, remoteAddress: session.remoteAddress.description),
                Convergence.Key(node: session.remote, remoteAddress: session.localAddress.description)
            )
        }
    }

    /// Brings the lab up and stays until it is taken down. `builder` is told how it goes, a JSON object a line; when it
    /// goes away before it has said `commit`, the lab goes away too.
    func run(builder descriptor: consuming FileDescriptor) throws {
        let builder = try LineChannel(loop, descriptor)
        self.builder = builder
        builder.onLine = { [weak self] line in self?.handleBuilder(line) }
        builder.onEnd = { [weak self] in self?.builderLeft() }
        try loop.onSignals([SIGTERM, SIGINT, SIGHUP]) { [weak self] _ in self?.end() }
        loop.beforeSleep = { [weak self] in self?.events.flush() }
        loop.schedule(after: 0) { [weak self] in self?.guarded { try self?.build() } }
        try loop.run()
    }

    // MARK: Bringing up

    private func build() throws {
        events.record("up", [.init("lab", .string(paths.name)), .init("links", .string(plan.backend.rawValue))])
        let count = topology.nodes.count
        try executor.createNamespaces(journal) { done in
            if done == count || done % 64 == 0 { self.tell("namespaces", done, of: count) }
        }
        try executor.writeHosts()
        guard plan.backend == .wire, !topology.links.isEmpty else {
            try executor.createLinks()
            return try configure()
        }
        let wire = try addWire()
        var isFirst = true
        wire.onReady = { [weak self] in
            guard let self else { return }
            if isFirst { self.guarded { try self.configure() } } else { self.restoreWire() }
            isFirst = false
        }
        try wire.start()
    }

    private func configure() throws {
        tell("links", topology.links.count, of: topology.links.count)
        try executor.address()
        if plan.backend == .netem { try executor.shape() }
        try executor.spreadPackets()
        try executor.installRoutes()
        tell("addresses", topology.nodes.count, of: topology.nodes.count)
        for case .startDaemon(let node?, let role) in plan.steps.map(\.action) { try addNodeDaemon(role, node) }
        for daemon in daemons where daemon.role != .wire { try daemon.start() }
        if daemons.allSatisfy({ $0.role == .wire }) { checkConvergence() }
    }

    /// The delay line with all links of the plan.
    func addWire() throws -> Daemon {
        try addDaemon(
            .wire, node: nil,
            DaemonConfiguration.wire(topology) { self.paths.namespace(self.topology.nodes[$0].name) })
    }

    func addNodeDaemon(_ role: DaemonRole, _ node: Int) throws {
        let daemon =
            if role == .bgp, let other = topology.otherDaemon(of: node) {
                try addOtherDaemon(other, node)
            } else {
                try addDaemon(role, node: node, configuration(role, node))
            }
        daemon.onReady = { [weak self, weak daemon] in self?.becameReady(daemon) }
    }

    /// What a daemon of a node is told.
    func configuration(_ role: DaemonRole, _ node: Int) -> JSON {
        switch role {
        case .bgp, .wire: DaemonConfiguration.bgp(topology, node: node, load: bfdLoad)
        case .dns: responderConfiguration(node)
        case .http: DaemonConfiguration.http(topology, node: node)
        }
    }

    /// A daemon of others, with the adapter that runs it, in a folder of its own.
    private func addOtherDaemon(_ other: OtherDaemon, _ node: Int) throws -> Daemon {
        let launch = OtherDaemonLaunch(paths, topology.nodes[node].name)
        try launch.writeFiles(
            OtherDaemonConfiguration.files(topology, node: node, other),
            adapter: OtherDaemonConfiguration.adapter(topology, node: node, other))
        return register(
            .bgp, node: node, name: "\(topology.nodes[node].name).bgp",
            launch.options(labd: labd, networkNamespace: executor.nodes[node].namespace.descriptor.raw))
    }

    @discardableResult
    private func addDaemon(_ role: DaemonRole, node: Int?, _ configuration: JSON) throws -> Daemon {
        let name = node.map { "\(topology.nodes[$0].name).\(role.rawValue)" } ?? role.rawValue
        try Files.write(paths.configuration(name), configuration.description.utf8)
        return register(
            role, node: node, name: name,
            .daemon(
                role, labd: labd, configuration: paths.configuration(name),
                networkNamespace: node.map { executor.nodes[$0].namespace.descriptor.raw }))
    }

    private func register(_ role: DaemonRole, node: Int?, name: String, _ options: ProcessOptions) -> Daemon {
        let daemon = Daemon(loop, role: role, node: node, name: name, log: paths.log(name), options)
        daemon.onMessage = { [weak self, weak daemon] message in
            if let daemon { self?.handle(message, from: daemon) }
        }
        if let node {
            let prefix = Array("{\"node\":\(JSON.string(topology.nodes[node].name)),".utf8)
            daemon.onBestPath = { [weak self] line in
                self?.isConverged = false
                self?.events.record(line, from: prefix)
            }
        }
        daemon.onEnd = { [weak self, weak daemon] end in
            if let daemon { self?.ended(daemon, end) }
        }
        daemons.append(daemon)
        return daemon
    }

    /// Sessions start when every daemon listens, so that nobody connects to a port that is not there yet.
    private func becameReady(_ daemon: Daemon?) {
        guard let daemon else { return }
        if isCommitted || isStarted { return startSessions(daemon) }
        let waiting = daemons.filter { $0.state != .running }
        tell("daemons", daemons.count - waiting.count, of: daemons.count)
        guard waiting.isEmpty else { return }
        isStarted = true
        for daemon in daemons { startSessions(daemon) }
        checkConvergence()
    }

    private func startSessions(_ daemon: Daemon) {
        guard daemon.role == .bgp, let node = daemon.node else { return }
        restoreSpeaker(daemon, node)
        retellHealth(of: node)
        daemon.send(["do": "start"])
    }

    /// A delay line that was started again knows nothing of links that are down, or that were changed.
    func restoreWire() {
        for link in topology.links where !faults.isUp(link) { setWire(link, isUp: false) }
        for link in topology.links where effectiveQuality(link) != .init(link.quality) {
            setWire(link, effectiveQuality(link))
        }
        // It may have come back so soon that no session noticed, and nobody reports.
        checkConvergence()
    }

    // MARK: What daemons say

    private func handle(_ message: JSON, from daemon: Daemon) {
        guard let node = daemon.node, let event = message["event"]?.string else { return }
        switch event {
        // Who was stopped meanwhile said it before.
        case "idle" where daemon.isFrozen, "busy" where daemon.isFrozen: break
        case "idle", "busy":
            report(message["sessions"]?.array ?? [], node: node)
            checkConvergence()
        default:
            isConverged = false
            events.record(event, [.init("node", .string(topology.nodes[node].name))] + (message.members ?? []))
        }
    }

    private func ended(_ daemon: Daemon, _ end: DaemonEnd) {
        // What a server's end changes is its answers: sessions and routes stay.
        if daemon.role == .bgp, let node = daemon.node {
            convergence.lost(node: node)
            forgetControl(node: node)
        }
        if daemon.role != .dns, daemon.role != .http { isConverged = false }
        events.record("exit", [.init("daemon", .string(daemon.name))] + end.members)
        if daemon.endsInARow == Daemon.failingEnds {
            events.record(
                "failing",
                [.init("daemon", .string(daemon.name)), .init("ends", .int(daemon.endsInARow))] + end.members)
        }
        if !isCommitted {
            abandon("\(daemon.name) \(end): \(lastLine(ofLog: daemon.name))")
        }
    }

    private func lastLine(ofLog name: String) -> String {
        let text = String(decoding: (try? Files.read(paths.log(name))) ?? [], as: UTF8.self)
        return text.split(separator: "\n").last.map(String.init) ?? "it said nothing"
    }

    // MARK: Whoever brings the lab up

    func tell(_ what: String, _ done: Int, of total: Int) {
        builder?.send(
            JSON.object([.init("progress", .string(what)), .init("done", .int(done)), .init("of", .int(total))])
                .description.utf8)
    }

    private func handleBuilder(_ line: ArraySlice<UInt8>) {
        guard let message = try? JSON(parsing: line), message["do"]?.string == "commit", !isCommitted else { return }
        guarded {
            control = try ControlServer(self, path: paths.control)
            isCommitted = true
            staysUp = message["stays_up"]?.bool != false
            // Not before: a site that is ill from the start would keep the lab from coming up.
            followHealth()
            builder?.send(JSON.object([.init("committed", true)]).description.utf8)
        }
    }

    private func builderLeft() {
        builder = nil
        if !isCommitted || !staysUp { end() }
    }

    /// Runs a part of bringing up; what it throws ends the lab, and the builder learns why.
    private func guarded(_ body: () throws -> Void) {
        do { try body() } catch { abandon("\(error)") }
    }

    private func abandon(_ reason: String) {
        builder?.send(JSON.object([.init("error", .string(reason))]).description.utf8)
        end()
    }

    // MARK: The end

    /// Ends every process of the lab and takes it down.
    private func end() {
        // Process 1 of a PID namespace reaches all others of it, and none outside.
        if getpid() == 1 { _ = Glibc.kill(-1, SIGKILL) }
        for daemon in daemons { daemon.kill() }
        try? Teardown.undo(paths.name)
        loop.stop()
    }
}
