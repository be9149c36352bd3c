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
final class DNSServer {
    private let loop: EventLoop
    private let path: String
    private var configuration: DNSConfiguration
    private var responder: Responder
    private let batch = DatagramBatch()
    private var sockets: [IPAddress: DatagramSocket] = [:]
    /// What sockets that are closed had no room for.
    private var overflowedBefore = 0
    private var streams: StreamService?
    private var counters = Counters()
    private var limiter: RateLimiter?
    private var budget: QueryBudget?
    private var copies: ZoneCopies?

    private final class DatagramSocket {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    /// Reads the configuration at `path` and binds UDP and TCP on every address. Throws ``ConfigurationError`` or ``SystemError``.
    convenience init(path: String, _ loop: EventLoop) throws {
        try self.init(DNSConfiguration(path: path), path: path, loop)
    }

    private init(_ configuration: DNSConfiguration, path: String, _ loop: EventLoop) throws {
        self.loop = loop
        self.path = path
        self.configuration = configuration
        responder = try Self.responder(configuration, keeping: nil)
        limiter = Self.limiter(configuration)
        budget = configuration.capacity.map { QueryBudget(capacity: $0) }
        streams = StreamService(loop) { [unowned self] in answerStream($0, $1, $2) }
        try bind(to: configuration)
        copies = ZoneCopies(loop, configuration) { [unowned self] in install($0, $1) }
        copies?.start(serial)
    }

    private static func limiter(_ configuration: DNSConfiguration) -> RateLimiter? {
        configuration.rateLimits.map { RateLimiter($0, seed: .random(in: 0 ... .max)) }
    }

    /// A zone whose text is as before stays the version that it is: it may be a newer one, from its primary.
    private static func responder(
        _ configuration: DNSConfiguration, keeping before: (DNSConfiguration, Responder)?
    ) throws(ConfigurationError) -> Responder {
        var zones: [Zone] = []
        for zone in configuration.zones {
            let isKept = before?.0.zones.contains(zone) == true && before?.0.addresses == configuration.addresses
            let known = isKept ? before?.1.zones.first { $0.origin == zone.origin } : nil
            if let known { zones.append(known) } else { zones.append(try zone.zone(configuration.addresses)) }
        }
        let primaries = configuration.zones.map { ($0.origin, $0.primaries) }
        return Responder(
            zones: zones, identity: configuration.identity,
            cookies: configuration.cookies ?? ServerCookies(.random(in: 0 ... .max), .random(in: 0 ... .max)),
            primaries: Dictionary(primaries, uniquingKeysWith: { first, _ in first }),
            keepalive: UInt16(clamping: StreamService.usualIdleTimeout / 100_000_000))
    }

    // MARK: Sockets

    /// Binds to addresses that are new, and lets those go that are not there any more. Throws ``SystemError``.
    private func bind(to configuration: DNSConfiguration) throws(SystemError) {
        let wanted = configuration.addresses + configuration.unicast.filter { !configuration.addresses.contains($0) }
        for address in wanted where sockets[address] == nil {
            try bind(address, port: configuration.port, isUnicast: !configuration.addresses.contains(address))
        }
        for (address, socket) in sockets where !wanted.contains(address) {
            loop.remove(socket.descriptor.raw)
            overflowedBefore += Socket.overflowed(socket.descriptor.raw)
            sockets[address] = nil
            streams?.stopListening(at: address)
        }
    }

    private func bind(_ address: IPAddress, port: UInt16, isUnicast: Bool) throws(SystemError) {
        let socket = DatagramSocket(try Socket.bound(.datagram, address, port: port))
        try streams?.listen(try Socket.listening(address, port: port), at: address, isUnicast: isUnicast)
        sockets[address] = socket
        let raw = socket.descriptor.raw
        try loop.add(raw, .read) { [unowned self] _ in
            batch.serve(
                raw, at: address, isUnicast: isUnicast, with: responder, within: &budget, limitedBy: &limiter,
                counting: &counters
            ) {
                carryOut($0)
            }
        }
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
        return ZoneTransfer(of: responder.zones[zone], for: query.bytes).map { .transfer($0) }
    }

    // MARK: Versions of zones

    /// At the next turn: while a query is answered, responder and counters are in use.
    private func carryOut(_ task: Responder.Task) {
        guard case .refresh(let zone) = task else { return }
        let origin = responder.zones[zone].origin
        loop.schedule(after: 0) { [weak self] in self?.copies?.refresh(origin) }
    }

    private func serial(_ origin: DomainName) -> UInt32? {
        responder.zones.first { $0.origin == origin }?.serial
    }

    /// Serves another version of a zone.
    private func install(_ origin: DomainName, _ zone: Zone) {
        guard let number = responder.zones.firstIndex(where: { $0.origin == origin }) else { return }
        responder = responder.replacing(number, with: zone)
    }

    /// Reads the configuration again and goes over to it. Throws ``ConfigurationError`` or ``SystemError``; then all is as before, but
    /// for addresses that could be bound already.
    func reload() throws {
        let new = try DNSConfiguration(path: path)
        let next = try Self.responder(new, keeping: (configuration, responder))
        try bind(to: new)
        let before = responder
        if new.rateLimits != configuration.rateLimits { limiter = Self.limiter(new) }
        if new.capacity != configuration.capacity { budget = new.capacity.map { QueryBudget(capacity: $0) } }
        (configuration, responder) = (new, next)
        copies = ZoneCopies(loop, new) { [unowned self] in install($0, $1) }
        copies?.start(serial)
        for zone in next.zones where before.zones.first(where: { $0.origin == zone.origin })?.serial != zone.serial {
            copies?.notify(zone.origin)
        }
    }

    // MARK: What is told of it

    /// What the server has done, for the control channel.
    var counterMembers: [JSON.Member] {
        counters.members(
            acceptedConnections: streams?.acceptedCount ?? 0, openConnections: streams?.connectionCount ?? 0,
            overflowed: sockets.values.reduce(overflowedBefore) { $0 + Socket.overflowed($1.descriptor.raw) })
    }

    /// The zones and their serials, for the control channel.
    var zoneMembers: [JSON.Member] {
        let zones = responder.zones.map { zone -> JSON in
            ["zone": .string(zone.origin.description), "serial": .int(Int(zone.serial))]
        }
        return [JSON.Member("zones", .array(zones))]
    }
}
