import ArgumentParser
import JSON
import LabModel
import LabObserve
import LabPlan
import LabRuntime
import Net
import Sys

/// `lab failover FILE`.
struct Failover: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes something fail again and again, and measures how long every client has no answer.",
        discussion: """
            The lab is brought up under its own name, and taken down at the end. Every client sends numbered probes to every service
            address all the time, and each is accounted for: answered by a site in time, late (after a second), answered twice, lost
            and where, or sent round until its TTL ended. Sent is the sum of these.

            GAP is the time from the first probe that was not answered until the next one that was. 95% OF P50 is where the median
            lies with a confidence of 95%, by order statistics, whatever the distribution; it takes six repetitions.

            Example:
              lab failover labs/hello.yaml --fail site=london --how link-down --repeat 100
              lab failover labs/hello.yaml --fail link=london--eurocore --how link-down --interval 1ms --json
              lab failover labs/hello.yaml --fail site=london --how blackhole --repeat 20 --report failover.html
              lab failover labs/stateful.yaml --fail site=london --flows 10
            """)

    @Argument(help: "The lab file.")
    var file: String
    @Option(help: "What fails: site=NAME, network=NAME, link=A--B or target=ANYTHING.")
    var fail: String
    @Option(help: "What happens to it, as 'lab fail --how' has it.")
    var how = "link-down"
    @Option(name: .customLong("repeat"), help: "How many times.")
    var times = 10
    @Option(help: "The time between the probes of a client to an address.")
    var interval = "5ms"
    @Option(help: "TCP connections that each client holds meanwhile to each address of each web service.")
    var flows = 0
    @Option(help: "Seconds to wait for the lab to come up, and for rest after a fault.")
    var timeout = 60
    @Option(help: "Where delays are made: in the kernel (netem) or in user space (wire).")
    var links: LinkBackend?
    @Option(help: "Write the results with pictures as one HTML page to this file.")
    var report: String?
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (0...Int(Scenario.Connections.most)).contains(flows) else {
            throw ValidationError("--flows is 0 to \(Scenario.Connections.most)")
        }
        guard (1...1000).contains(times) else { throw ValidationError("--repeat is 1 to 1000") }
        guard (1...3600).contains(timeout) else { throw ValidationError("--timeout is 1 to 3600 seconds") }
    }

    func run() throws {
        let topology = try FileLoading.topology(file)
        let fault = try fault(in: topology)
        if flows > 0, !topology.lab.services.contains(where: { $0.kind == .http }) {
            throw Failure(
                .badInput, "the lab has no web service to hold connections to",
                hint: "a service of it would be of kind: http")
        }
        let interval = try probeInterval()
        if let report { try OutputFile.check(report) }
        let staged = try StagedLab(topology, links: links, timeout: timeout, isQuiet: json)
        var runs: [FailoverRun.Outcome] = []
        do {
            let run = FailoverRun(
                staged, fault, interval: interval, flows: flows, limit: Int64(timeout) * 1_000_000_000)
            var line = ProgressLine()
            defer { line.clear() }
            for number in 1...times {
                runs.append(try run.once())
                if !json { line.show("repetitions", number, of: times) }
            }
        } catch {
            try staged.end()
            throw error
        }
        try staged.end()
        if let report {
            let page = FailoverPage(topology, fault, runs.map { ($0.ledger, $0.changes) }, text(topology, fault, runs))
            try OutputFile.write(page.document, to: report)
        }
        if json { Console.print(document(topology, fault, runs)) } else { print(text(topology, fault, runs)) }
    }

    /// `site=london`, or the bare name, and what happens to it.
    private func fault(in topology: Topology) throws -> Fault {
        let parts = fail.split(separator: "=", maxSplits: 1).map(String.init)
        let kinds = ["site", "network", "link", "target"]
        guard let target = parts.last, parts.count == 1 || kinds.contains(parts[0]) else {
            throw Failure(
                .badInput, "'\(fail)' does not say what fails", hint: "it is one of: site=NAME, network=NAME, link=A--B"
            )
        }
        do {
            return try Fault(target, try FaultKind(how)).checked(in: topology).fault
        } catch {
            throw Failure(.badInput, "\(error)", hint: "'lab fail --help' shows all kinds")
        }
    }

    private func probeInterval() throws -> Nanoseconds {
        let most: Nanoseconds = 1_000_000_000
        guard let interval = try? Quantity.delay(interval), (Ledger.shortestInterval...most).contains(interval) else {
            throw Failure(.badInput, "'\(interval)' is no interval of probes", hint: "it goes from 1ms to 1s, like 5ms")
        }
        return interval
    }

    // MARK: Results

    private func document(_ topology: Topology, _ fault: Fault, _ runs: [FailoverRun.Outcome]) -> JSON {
        let rows = FailoverStatistics.of(runs.map(\.ledger))
        return [
            "lab": .string(topology.lab.name), "target": .string(fault.target), "how": .string(fault.kind.text),
            "repeat": .int(times),
            "rows": .array(rows.map(\.json)), "median_interval": "order statistics, 95%",
            "runs": .array(runs.map(\.json)),
        ]
    }

    private func text(_ topology: Topology, _ fault: Fault, _ runs: [FailoverRun.Outcome]) -> String {
        let rows = FailoverStatistics.of(runs.map(\.ledger))
        let interval = runs.first.map { $0.ledger.interval.asDuration } ?? ""
        var parts = [
            "lab \(topology.lab.name): \(fault.target), \(fault.kind.text), \(times) times; a probe every \(interval) of each client to each address",
            FailoverTables.gaps(rows),
        ]
        let gaps = Distribution(rows.flatMap(\.gaps.sorted).filter { $0 > 0 })
        if !gaps.sorted.isEmpty { parts.append(FailoverTables.histogram(gaps)) }
        if let first = runs.first, !first.changes.isEmpty {
            parts.append("best paths, the first time:\n" + FailoverTables.timeline(first))
        }
        for held in runs.first?.held ?? [] {
            parts.append(
                "connections, the first time: \(held.broken()) of \(held.count()) broken\n" + HeldFlowTable.text(held))
        }
        let sent = rows.reduce(0) { $0 + $1.sent }
        let unserved = rows.reduce(0) { $0 + $1.unserved }
        parts.append("\(sent) probes, all accounted for: \(sent - unserved) answered in time, \(unserved) not")
        return parts.joined(separator: "\n\n")
    }
}

/// One fault after the other, and what it does.
struct FailoverRun {
    /// What one fault did.
    struct Outcome {
        let ledger: LedgerReport
        let changes: [PathChange]
        /// What became of the connections that were held, a report for each web service.
        let held: [HeldFlowReport]

        var json: JSON {
            let zero = ledger.disturbedAt ?? ledger.start
            return .object(
                (ledger.json.members ?? []) + [
                    .init("paths", .array(changes.map { $0.json(relativeTo: zero) })),
                    .init("connections", .array(held.map(\.json))),
                ])
        }
    }

    private let staged: StagedLab
    private let fault: Fault
    private let interval: Nanoseconds
    private let flows: Int
    private let limit: Nanoseconds

    /// `flows` is how many connections each client holds to each address of a web service meanwhile.
    init(_ staged: StagedLab, _ fault: Fault, interval: Nanoseconds, flows: Int, limit: Nanoseconds) {
        (self.staged, self.fault, self.interval, self.flows, self.limit) = (staged, fault, interval, flows, limit)
    }

    /// The fault, until routing is at rest and service is steady; then its end, until routing is at rest. Throws ``Failure``.
    func once() throws -> Outcome {
        let ledger = try staged.ledger(interval: interval)
        let held = try hold()
        defer { for held in held { held.close() } }
        try steady(ledger)
        var events = PathEvents(staged.lab)
        ledger.markDisturbance()
        try request("fail", [.init("target", .string(fault.target)), .init("how", .string(fault.kind.text))])
        _ = try staged.rest(within: limit)
        try steady(ledger)
        let report: LedgerReport
        do {
            report = try ledger.close()
        } catch {
            throw Failure(.failedAtRunTime, "the probes could not be sent: \(error)")
        }
        let connections = try held.map { try $0.report() }
        let changes = events.changes(since: report.disturbedAt ?? report.start)
        // Nothing else fails in this lab; a flap may have ended by itself, which leaves nothing to mend.
        try request("heal")
        guard try staged.rest(within: limit) else {
            throw Failure(.failedAtRunTime, "routing did not come to rest after \(fault.target) was mended")
        }
        return Outcome(ledger: report, changes: changes, held: connections)
    }

    private func hold() throws -> [HeldConnections] {
        guard flows > 0 else { return [] }
        let services = staged.lab.topology.lab.services.filter { $0.kind == .http }
        let held = try services.map { try HeldConnections(staged, .init(service: $0.name, flows: flows)) }
        for held in held { _ = try held.wait() }
        return held
    }

    /// Clients that nobody serves any more are waited for in vain, so not for ever.
    private func steady(_ ledger: Ledger) throws {
        let deadline = Clock.monotonic() + min(limit, 15_000_000_000)
        while !ledger.isSteady, Clock.monotonic() < deadline { try staged.pause(10_000_000) }
    }

    private func request(_ verb: String, _ members: [JSON.Member] = []) throws {
        do {
            _ = try staged.control.request([.init("do", .string(verb))] + members)
        } catch let error as RequestError {
            throw Failure(.badInput, error.description)
        }
    }
}
