import DNSResponder
import DNSWire
import DNSZone
import Glibc
import JSON
import Net
import Sys

/// The sockets of a server on all its addresses, and the responder behind them.
///
/// Every socket is bound to one address. A response so leaves from the address that was asked, without a word to the
/// kernel per datagram, and two addresses of one machine never mix.
final class DNSServer: ZoneServer {
    private let loop: EventLoop
    private let path: String
    private var configuration: DNSConfiguration
    private var responder: Responder
    private let batch = DatagramBatch()
    private var endpoints: [Place: Endpoint] = [:]
    /// What sockets that are closed had no room for.
    private var overflowedBefore = 0
    private var streams: StreamService?
    private var counters = Counters()
    private var limiter: RateLimiter?
    private var budget: QueryBudget?
    private var copies: ZoneCopies?
    /// For configurations that have none: one secret as long as the server runs, so that its cookies stay good.
    private let ownCookies: ServerCookies

    private struct Place: Hashable {
        let address: IPAddress
        let port: UInt16
    }

    /// The two sockets of a place.
    private final class Endpoint {
        let datagrams: FileDescriptor
        let listener: StreamService.Listener

        init(_ datagrams: consuming FileDescriptor, _ listener: StreamService.Listener) {
            self.datagrams = datagrams
            self.listener = listener
        }
    }

    /// Reads the configuration at `path` and binds UDP and TCP on every address. Throws ``ConfigurationError`` or ``SystemError``.
    convenience init(path: String, _ loop: EventLoop) throws {
        try self.init(DNSConfiguration(path: path), path: path, loop)
    }

    private init(_ configuration: DNSConfiguration, path: String, _ loop: EventLoop) throws {
        self.loop = loop
        self.path = path
        self.configuration = configuration
        let cookies = ServerCookies(.random(in: 0 ... .max), .random(in: 0 ... .max))
        ownCookies = cookies
        responder = Self.responder(configuration, try Self.zones(configuration), configuration.cookies ?? cookies)
        limiter = Self.limiter(configuration)
        budget = configuration.capacity.map { QueryBudget(capacity: $0) }
        streams = StreamService(loop) { [unowned self] in answerStream($0, $1, $2) }
        try bind(to: configuration)
        copies = ZoneCopies(loop, configuration, self)
    }

    private static func limiter(_ configuration: DNSConfiguration) -> RateLimiter? {
        configuration.rateLimits.map { RateLimiter($0, seed: .random(in: 0 ... .max)) }
    }

    /// The zones as the configuration has them, but for those that are `kept`.
    private static func zones(
        _ configuration: DNSConfiguration, kept: [DomainName: Zone] = [:]
    ) throws(ConfigurationError) -> [Zone] {
        var zones: [Zone] = []
        for zone in configuration.zones {
            if let known = kept[zone.origin] {
                zones.append(known)
            } else {
                zones.append(try zone.zone(configuration.addresses))
            }
        }
        return zones
    }

    private static func responder(
        _ configuration: DNSConfiguration, _ zones: [Zone], _ cookies: ServerCookies
    ) -> Responder {
        let primaries = configuration.zones.map { ($0.origin, $0.primaries) }
        return Responder(
            zones: zones, identity: configuration.identity, cookies: cookies,
            primaries: Dictionary(primaries, uniquingKeysWith: { first, _ in first }),
            keepalive: UInt16(clamping: StreamService.usualIdleTimeout / 100_000_000))
    }

    // MARK: Sockets

    /// Binds to places that are new, and lets those go that are not wanted any more. Throws ``SystemError``.
    private func bind(to configuration: DNSConfiguration) throws(SystemError) {
        let wanted = (configuration.addresses + configuration.unicast).map {
            Place(address: $0, port: configuration.port)
        }
        for place in wanted where endpoints[place] == nil { endpoints[place] = try bind(place) }
        for (place, endpoint) in endpoints {
            endpoint.listener.isUnicast = !configuration.addresses.contains(place.address)
            if !wanted.contains(place) { close(endpoint, at: place) }
        }
    }

    private func bind(_ place: Place) throws(SystemError) -> Endpoint {
        let datagrams = try Socket.bound(.datagram, place.address, port: place.port)
        let raw = datagrams.raw
        let listener = StreamService.Listener(try Socket.listening(place.address, port: place.port))
        let endpoint = Endpoint(datagrams, listener)
        try loop.add(raw, .read) { [unowned self, unowned endpoint] _ in
            batch.serve(
                raw, at: place.address, isUnicast: endpoint.listener.isUnicast, with: responder,
                within: &budget, limitedBy: &limiter, counting: &counters
            ) {
                carryOut($0)
            }
        }
        do {
            try streams?.listen(listener)
        } catch {
            loop.remove(raw)
            throw error
        }
        return endpoint
    }

    private func close(_ endpoint: Endpoint, at place: Place) {
        loop.remove(endpoint.datagrams.raw)
        overflowedBefore += Socket.overflowed(endpoint.datagrams.raw)
        streams?.stopListening(endpoint.listener)
        endpoints[place] = nil
    }

    private func answerStream(
        _ query: UnsafeRawBufferPointer, _ connection: StreamConnection, _ response: UnsafeMutableRawBufferPointer
    ) -> StreamService.Response? {
        var span = response.mutableBytes
        let arrival = Responder.Arrival(
            from: connection.client, over: .tcp, isUnicast: connection.isUnicast,
            time: UInt32(truncatingIfNeeded: time(nil)))
        let reply = responder.respond(to: query.bytes, arrival, into: &span)
        counters.count(reply, over: .tcp, received: query.count, sent: reply?.byteCount ?? 0)
        guard let reply else { return nil }
        guard case .transfer(let zone) = reply.task else {
            if let task = reply.task { carryOut(task) }
            return .message(reply.byteCount)
        }
        return ZoneTransfer(of: responder.zones[zone], in: span.bytes.extracting(first: reply.byteCount)).map {
            .transfer($0)
        }
    }

    // MARK: Versions of zones

    /// At the next turn: while a query is answered, responder and counters are in use.
    private func carryOut(_ task: Responder.Task) {
        guard case .refresh(let zone, let primary) = task else { return }
        let origin = responder.zones[zone].origin
        loop.schedule(after: 0) { [weak self] in self?.copies?.refresh(origin, saidBy: primary) }
    }

    func zone(_ origin: DomainName) -> Zone? { number(of: origin).map { responder.zones[$0] } }

    func install(_ zone: Zone) {
        if let number = number(of: zone.origin) { responder.replace(number, with: zone) }
    }

    func setExpired(_ origin: DomainName, _ isExpired: Bool) {
        if let number = number(of: origin) { responder.setExpired(number, isExpired) }
    }

    private func number(of origin: DomainName) -> Int? { responder.zones.firstIndex { $0.origin == origin } }

    /// Reads the configuration again and goes over to it. A zone whose text is as before stays the version that it is: it may be a
    /// newer one, from its primary. Throws ``ConfigurationError`` or ``SystemError``; then all is as before, but for addresses
    /// that could be bound already.
    func reload() throws {
        let new = try DNSConfiguration(path: path)
        var kept: [DomainName: Zone] = [:]
        // A text without addresses of its name servers has those that the service answers on.
        for zone in new.zones where new.addresses == configuration.addresses {
            guard configuration.zones.contains(where: { $0.hasSameText(as: zone) }) else { continue }
            kept[zone.origin] = self.zone(zone.origin)
        }
        let zones = try Self.zones(new, kept: kept)
        try bind(to: new)
        if new.rateLimits != configuration.rateLimits { limiter = Self.limiter(new) }
        if new.capacity != configuration.capacity { budget = new.capacity.map { QueryBudget(capacity: $0) } }
        responder = Self.responder(new, zones, new.cookies ?? ownCookies)
        configuration = new
        copies?.follow(new, changed: new.zones.map(\.origin).filter { kept[$0] == nil })
    }

    // MARK: What is told of it

    /// What the server has done, for the control channel.
    var counterMembers: [JSON.Member] {
        counters.members(
            acceptedConnections: streams?.acceptedCount ?? 0, openConnections: streams?.connectionCount ?? 0,
            overflowed: endpoints.values.reduce(overflowedBefore) { $0 + Socket.overflowed($1.datagrams.raw) })
    }

    /// The zones, for the control channel: their serials, whether they have expired, and why no primary could be asked.
    var zoneMembers: [JSON.Member] {
        let zones = responder.zones.map { zone -> JSON in
            let state = copies?.state(of: zone.origin)
            return [
                "zone": .string(zone.origin.description), "serial": .int(Int(zone.serial)),
                "expired": .bool(state?.isExpired ?? false), "reason": state?.failure.map { .string($0) } ?? .null,
            ]
        }
        return [JSON.Member("zones", .array(zones))]
    }
}
