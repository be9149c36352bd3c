import DNSWire
import DNSZone
import Net
import Sys

/// Keeps the zones of a site the same as those of other sites: fetches what a primary has newer (RFC 1034, section 4.3.5), and tells
/// others of what is newer here (RFC 1996).
final class ZoneCopies {
    private let loop: EventLoop
    private unowned let server: any ZoneServer
    private var configuration: DNSConfiguration
    private var copies: [DomainName: SecondaryZone] = [:]
    private var notifier: Notifier

    /// Begins to look after the zones of `server`, and tells those that fetch them from here which version it has: it may have been
    /// given another one while it was not running.
    init(_ loop: EventLoop, _ configuration: DNSConfiguration, _ server: any ZoneServer) {
        self.loop = loop
        self.server = server
        self.configuration = configuration
        notifier = Notifier(loop, from: configuration.unicast, port: configuration.port)
        follow(configuration, changed: configuration.zones.map(\.origin))
    }

    /// Goes over to another configuration. What is known of a zone stays, and what is under way goes on, unless it is among the
    /// `changed` or comes from elsewhere now.
    func follow(_ new: DNSConfiguration, changed: [DomainName]) {
        var changed = changed
        if new.unicast != configuration.unicast || new.port != configuration.port {
            notifier = Notifier(loop, from: new.unicast, port: new.port)
            changed = new.zones.map(\.origin)
        }
        configuration = new
        let known = copies
        copies = [:]
        for zone in new.zones where !zone.primaries.isEmpty {
            let origin = SecondaryZone.Origin(
                name: zone.origin, primaries: zone.primaries, sources: new.unicast, port: new.port)
            if let copy = known[zone.origin], copy.origin == origin, !changed.contains(zone.origin) {
                copies[zone.origin] = copy
                if copy.isExpired { server.setExpired(zone.origin, true) }
            } else {
                copies[zone.origin] = SecondaryZone(loop, origin, server) { [weak self] in self?.notify(zone.origin) }
            }
        }
        for origin in changed { notify(origin) }
    }

    /// A primary says that it has a newer version of a zone.
    func refresh(_ origin: DomainName, saidBy primary: IPAddress) { copies[origin]?.refresh(saidBy: primary) }

    /// Whether a zone has expired, and why its primaries could not be asked the last time.
    func state(of origin: DomainName) -> (isExpired: Bool, failure: String?) {
        (copies[origin]?.isExpired ?? false, copies[origin]?.failure)
    }

    private func notify(_ origin: DomainName) {
        guard let zone = configuration.zones.first(where: { $0.origin == origin }) else { return }
        notifier.notify(origin, zone.notified)
    }
}
