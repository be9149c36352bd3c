import ArgumentParser
import Glibc
import JSON
import LabModel
import LabObserve
import LabRuntime
import Sys

/// `lab flood CLIENT...`.
struct FloodCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flood", abstract: "Sends queries from clients at a rate, and counts what became of each.",
        discussion: """
            A client is meant by its name, by its network (all clients of that provider), or by its country (ISO 3166, or EU). The
            queries are DNS over UDP for id.server, from sockets inside the clients, to all addresses of the service in turn. They never
            leave the lab. It ends after the time, on Ctrl-C, and with the lab.

            Sent is answered plus lost. What a site was offered, and what it dropped (beyond its capacity, or because its sockets were
            full), is what its responder counted in the meantime.

            Example:
              lab flood tokyo-cafe sydney-campus --rate 5kqps --for 10s
              lab flood EU --service resolver --rate 20kqps --json
            """)

    @OptionGroup var lab: LabOption
    @Argument(help: "Clients, networks or countries.")
    var clients: [String]
    @Option(help: "The service that is asked; not needed where there is only one.")
    var service: String?
    @Option(help: "Queries a second of all clients together, up to 100kqps.")
    var rate = "1kqps"
    @Option(name: .customLong("for"), help: "How long, up to 300s.")
    var time = "10s"
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let flood = try flood()
        let lab = try RunningLab(lab.name)
        try lab.enter()
        let control = try lab.connect()
        let waiting = try FloodWait(lab)
        let before = try Self.counters(control)
        let (traffic, _) = try Self.begin(flood, lab)
        try waiting.wait(for: traffic)
        let report = try Self.report(traffic)
        guard !waiting.hasLabEnded else {
            throw Failure(.failedAtRunTime, "the lab '\(lab.name)' ended; \(report.sent) queries had been sent")
        }
        let outcome = FloodOutcome([report], before: before, after: try Self.counters(control))
        if json { Console.print(outcome.document(lab: lab.name)) } else { print(FloodTables.text(outcome)) }
    }

    private func flood() throws -> Flood {
        Flood(
            clients: clients, service: service, rate: try Self.read(rate, "--rate", Flood.rate),
            duration: try Self.read(time, "--for", Flood.duration))
    }

    private static func read<Value>(
        _ text: String, _ option: String, _ reader: (String) throws(Quantity.Wrong) -> Value
    ) throws -> Value {
        do throws(Quantity.Wrong) {
            return try reader(text)
        } catch {
            throw Failure(.badInput, "'\(text)' \(error.message) for \(option)", hint: error.hint)
        }
    }

    // MARK: Parts that scenarios have in common with it

    /// Begins a flood in a lab whose namespaces this process can see, and answers it with the number of its clients. Throws
    /// ``Failure``.
    static func begin(_ flood: Flood, _ lab: RunningLab) throws -> (traffic: FloodTraffic, clients: Int) {
        do {
            let service = try lab.topology.floodedService(flood.service)
            let clients = try lab.topology.clients(named: flood.clients)
            let traffic = try FloodTraffic(
                flood, clients: clients, service: service, topology: lab.topology, namespacePath: lab.namespacePath)
            return (traffic, clients.count)
        } catch let error as FloodError {
            throw Failure(.badInput, error.description)
        } catch let error as ObservationError {
            throw Failure(.failedAtRunTime, "the flood cannot begin: \(error)")
        }
    }

    /// The end of a flood. Throws ``Failure``.
    static func report(_ traffic: FloodTraffic) throws -> FloodReport {
        do {
            return try traffic.report()
        } catch {
            throw Failure(.failedAtRunTime, "the queries could not be sent: \(error)")
        }
    }

    /// What the responders have counted. Throws ``Failure``.
    static func counters(_ control: ControlClient) throws -> [JSON] {
        do {
            return try control.request([.init("do", "counters")])["sites"]?.array ?? []
        } catch let error as RequestError {
            throw Failure(.failedAtRunTime, error.description)
        }
    }
}

/// Waits for the end of a flood, and ends it on a signal, or with the lab.
private final class FloodWait {
    private let loop: EventLoop
    private let channel: LineChannel
    private var isEnding = false
    private(set) var hasLabEnded = false

    /// Takes the signals over; to be made before the flood's thread. Throws ``Failure``, `SystemError`.
    init(_ lab: RunningLab) throws {
        loop = try EventLoop()
        channel = try LineChannel(loop, try lab.connectSocket())
        channel.onEnd = { [unowned self] in
            isEnding = true
            hasLabEnded = true
        }
        try loop.onSignals([SIGINT, SIGTERM, SIGHUP]) { [unowned self] _ in isEnding = true }
    }

    /// Throws `SystemError`.
    func wait(for traffic: FloodTraffic) throws(SystemError) {
        look(traffic)
        try loop.run()
        loop.removeAll()
    }

    private func look(_ traffic: FloodTraffic) {
        if isEnding { traffic.stop() }
        if traffic.isOver { return loop.stop() }
        loop.schedule(after: 20_000_000) { [unowned self] in look(traffic) }
    }
}
