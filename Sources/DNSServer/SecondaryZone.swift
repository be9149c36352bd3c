import DNSWire
import DNSZone
import Net
import Sys

/// Who serves the versions of zones.
protocol ZoneServer: AnyObject {
    /// The version that is served now, expired or not; nil for a zone that is not here.
    func zone(_ origin: DomainName) -> Zone?
    /// Serves another version from now on.
    func install(_ zone: Zone)
    /// Says whether a zone has expired.
    func setExpired(_ origin: DomainName, _ isExpired: Bool)
}

/// A zone that comes from elsewhere: it is looked at when it is made, when a primary says so, and as the ``CopySchedule`` has it.
final class SecondaryZone {
    /// Where a zone comes from.
    struct Origin: Equatable {
        let name: DomainName
        let primaries: [IPAddress]
        /// The site's own addresses, by which the primaries may know it, and the port of all.
        let sources: [IPAddress]
        let port: UInt16
    }

    let origin: Origin
    private let loop: EventLoop
    private unowned let server: any ZoneServer
    private let onNewer: () -> Void
    private var schedule: CopySchedule
    private var fetch: ZoneFetch?
    /// Who has said, while a fetch was under way, that there is a newer version: what is on its way may be older.
    private var saidMeanwhile: IPAddress?
    private var lookTimer: Timer?
    private var expiryTimer: Timer?
    /// Why the last attempt failed; nil when it did not.
    private(set) var failure: String?
    private(set) var isExpired = false

    /// Begins to look after a zone that `server` has. `onNewer` is called when there is another version of it.
    init?(_ loop: EventLoop, _ origin: Origin, _ server: any ZoneServer, onNewer: @escaping () -> Void) {
        guard let zone = server.zone(origin.name) else { return nil }
        self.origin = origin
        self.loop = loop
        self.server = server
        self.onNewer = onNewer
        schedule = CopySchedule(of: zone, at: Clock.monotonic())
        setTimers()
    }

    deinit {
        lookTimer?.cancel()
        expiryTimer?.cancel()
    }

    /// Asks the primaries whether there is a newer version, first the one that says so. While they are being asked, this is put off
    /// until they have been (RFC 1996, section 4.4).
    func refresh(saidBy primary: IPAddress? = nil) {
        guard fetch == nil else {
            saidMeanwhile = primary ?? saidMeanwhile
            return
        }
        guard let zone = server.zone(origin.name) else { return }
        lookTimer?.cancel()
        let first = origin.primaries.filter { $0 == primary }
        fetch = ZoneFetch(
            loop, origin, newerThan: zone.serial, inOrder: first + origin.primaries.filter { !first.contains($0) }
        ) { [weak self] in self?.finish($0) }
    }

    private func finish(_ outcome: ZoneFetch.Outcome) {
        fetch = nil
        failure = nil
        switch outcome {
        case .newer(let zone):
            server.install(zone)
            confirm(zone)
            onNewer()
        case .current: if let zone = server.zone(origin.name) { confirm(zone) }
        case .failed(let reason):
            failure = reason
            if let zone = server.zone(origin.name) { schedule.failed(zone, at: Clock.monotonic()) }
        }
        setTimers()
        if let primary = saidMeanwhile.take() { refresh(saidBy: primary) }
    }

    private func confirm(_ zone: Zone) {
        schedule.confirmed(zone, at: Clock.monotonic())
        setExpired(false)
    }

    private func setExpired(_ expired: Bool) {
        isExpired = expired
        server.setExpired(origin.name, expired)
    }

    private func setTimers() {
        lookTimer?.cancel()
        lookTimer = loop.schedule(at: schedule.nextLook) { [weak self] in self?.refresh() }
        expiryTimer?.cancel()
        guard !isExpired else { return }
        expiryTimer = loop.schedule(at: schedule.expiry) { [weak self] in self?.setExpired(true) }
    }
}
