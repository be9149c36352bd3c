import LabModel
import Net
import Sys

/// What is asked of a site.
enum HealthTrial: Equatable {
    case dns(DNSExpectation)
    case http(path: String)
    case command(String)
}

/// The health of one site: checks it time after time, and says when it goes down or comes back.
final class SiteHealth {
    let check: HealthCheck
    /// What is tried: the question that the zone of now makes of the check, the path of a web server.
    let trial: HealthTrial
    let addresses: [IPAddress]
    let namespace: NodeNamespace
    private let loop: EventLoop
    private let probe: any HealthProbe
    private var judge: HealthJudge
    private var startedAt: Nanoseconds = 0
    private var next: Timer?
    private var deadline: Timer?

    /// Since when it is as it is, in nanoseconds of CLOCK_REALTIME.
    private(set) var since = Clock.wall()
    /// What is wrong; nil while it is up.
    var reason: String? { judge.reason }
    var isUp: Bool { judge.isUp }
    /// Called with each change.
    var onChange: ((HealthJudge.Change) -> Void)?

    init(
        _ loop: EventLoop, _ namespace: NodeNamespace, _ addresses: [IPAddress], _ check: HealthCheck,
        _ trial: HealthTrial
    ) {
        self.loop = loop
        self.namespace = namespace
        self.addresses = addresses
        self.check = check
        self.trial = trial
        judge = HealthJudge(check)
        probe =
            switch trial {
            case .dns(let expectation): DNSProbe(loop, namespace, addresses, expectation)
            case .http(let path): HTTPProbe(loop, namespace, addresses, path: path)
            case .command(let command): CommandProbe(loop, namespace, command)
            }
    }

    deinit {
        next?.cancel()
        deadline?.cancel()
    }

    /// Begins after a part of an interval, 0 to 1, so that the sites of a large lab are not all checked at once.
    func start(after part: Double) {
        let offset = Nanoseconds(Double(check.interval) * 1_000_000 * part)
        next = loop.schedule(after: offset) { [weak self] in self?.begin() }
    }

    private func begin() {
        startedAt = Clock.monotonic()
        let timeout = Nanoseconds(check.timeout) * 1_000_000
        deadline = loop.schedule(at: startedAt + timeout) { [weak self] in
            self?.probe.expire()
        }
        probe.begin { [weak self] problem in self?.finish(problem) }
    }

    private func finish(_ problem: String?) {
        deadline?.cancel()
        let now = Clock.monotonic()
        let change = judge.record(problem, now: now)
        next = loop.schedule(at: max(startedAt + Nanoseconds(check.interval) * 1_000_000, now)) { [weak self] in
            self?.begin()
        }
        guard let change else { return }
        if change != .reason { since = Clock.wall() }
        onChange?(change)
    }
}
