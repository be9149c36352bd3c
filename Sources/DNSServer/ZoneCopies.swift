import DNSWire
import DNSZone
import Net
import Sys

/// Keeps the zones of a site the same as those of other sites: fetches what a primary has newer (RFC 1034, section 4.3.5), and tells
/// others of what is newer here (RFC 1996).
///
/// A zone is looked at when the server starts, when its primary says so, and every REFRESH seconds of its SOA; after an
/// attempt that failed, RETRY seconds later. It does not expire: the copy that came with the configuration is there for good.
final class ZoneCopies {
    private let loop: EventLoop
    private let configuration: DNSConfiguration
    private let install: (DomainName, Zone) -> Void
    private var serial: (DomainName) -> UInt32? = { _ in nil }
    private var fetches: [DomainName: ZoneFetch] = [:]
    private var timers: [DomainName: Timer] = [:]
    private let notifier: Notifier

    init(_ loop: EventLoop, _ configuration: DNSConfiguration, install: @escaping (DomainName, Zone) -> Void) {
        self.loop = loop
        self.configuration = configuration
        self.install = install
        notifier = Notifier(loop, from: configuration.unicast, port: configuration.port)
    }

    deinit { for timer in timers.values { timer.cancel() } }

    /// Begins to look after the zones; `serial` answers which version of one is served now.
    func start(_ serial: @escaping (DomainName) -> UInt32?) {
        self.serial = serial
        for zone in configuration.zones where !zone.primaries.isEmpty { refresh(zone.origin) }
    }

    /// Tells those that fetch the zone from here that it has changed.
    func notify(_ origin: DomainName) {
        guard let zone = configuration.zones.first(where: { $0.origin == origin }) else { return }
        notifier.notify(origin, zone.notified)
    }

    /// Asks the primaries of a zone whether there is a newer version, and fetches it. Asked again meanwhile, it begins anew: what
    /// is on its way may be older.
    func refresh(_ origin: DomainName) {
        guard let zone = configuration.zones.first(where: { $0.origin == origin }), !zone.primaries.isEmpty,
            let serial = serial(origin)
        else { return }
        let sources = configuration.unicast
        fetches[origin] = ZoneFetch(
            loop, origin, newerThan: serial, from: zone.primaries, sources: sources, port: configuration.port
        ) { [weak self] in self?.finish(origin, $0) }
    }

    private func finish(_ origin: DomainName, _ outcome: ZoneFetch.Outcome) {
        fetches[origin] = nil
        if case .newer(let zone) = outcome { install(origin, zone) }
        schedule(origin, outcome)
        if case .newer = outcome { notify(origin) }
    }

    private func schedule(_ origin: DomainName, _ outcome: ZoneFetch.Outcome) {
        let seconds: UInt32 =
            switch outcome {
            case .newer(let zone): zone.refresh
            case .current(let refresh): refresh
            case .failed: 0
            }
        // A failed one comes again soon at first: with the sites of a lab, most failures are at the start, before routing is there.
        let pause = outcome.isFailure ? retryPause(origin) : Nanoseconds(max(seconds, 1)) * 1_000_000_000
        timers[origin]?.cancel()
        timers[origin] = loop.schedule(after: pause) { [weak self] in self?.refresh(origin) }
    }

    private var failures: [DomainName: Int] = [:]

    private func retryPause(_ origin: DomainName) -> Nanoseconds {
        let count = failures[origin, default: 0]
        failures[origin] = min(count + 1, 6)
        return 1_000_000_000 << Nanoseconds(count)
    }
}
