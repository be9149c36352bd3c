import DNSResponder
import DNSWire
import DNSZone
import Glibc
import Net
import Sys
import Testing

@testable import DNSServer

/// Zones that come from elsewhere, beside a primary of the tests.
@Suite(.serialized) struct CopyTests {
    private static let second: Nanoseconds = 1_000_000_000

    private func zone(serial: Int, expire: Int = 100) throws -> Zone {
        try Zone(
            origin: DomainName("a.test"),
            text: "@ SOA ns1 h \(serial) 10 4 \(expire) 60\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.2")
    }

    // MARK: Schedule

    @Test func anAttemptThatFailedComesAgainUpToRetryAndSuccessForgetsIt() throws {
        let zone = try zone(serial: 1)
        var schedule = CopySchedule(of: zone, at: 0)
        #expect(schedule.nextLook == 0 && schedule.expiry == 100 * Self.second)
        for pause in [1, 2, 4, 4, 4] as [Nanoseconds] {
            schedule.failed(zone, at: 7)
            #expect(schedule.nextLook == 7 + pause * Self.second)
        }
        #expect(schedule.expiry == 100 * Self.second)
        schedule.confirmed(zone, at: 50 * Self.second)
        #expect(schedule.nextLook == 60 * Self.second && schedule.expiry == 150 * Self.second)
        schedule.failed(zone, at: 0)
        #expect(schedule.nextLook == Self.second)
    }

    @Test func aCopyDoesNotExpireBeforeItCouldBeConfirmed() throws {
        #expect(CopySchedule(of: try zone(serial: 1, expire: 0), at: 0).expiry == 14 * Self.second)
        // The greatest numbers that an SOA has, on a machine that has been up for nine years.
        var data = [0, 0] + [UInt8](repeating: 0xFF, count: 20) as [UInt8]
        data[2] = 0
        let records = [ZoneRecord(owner: try DomainName("a.test"), type: .soa, ttl: 1, data: data)]
        let schedule = CopySchedule(of: try Zone(origin: try DomainName("a.test"), records: records), at: 1 << 58)
        #expect(schedule.expiry > 1 << 58)
    }

    // MARK: Fetching

    /// Answers for a zone at an address of its own; what is asked is kept.
    private final class Primary {
        let service: StreamService
        let address: IPAddress
        var responder: Responder
        var asked: [RecordType] = []
        var onQuery: () -> Void = {}

        init(_ loop: EventLoop, _ last: UInt8, _ zones: [Zone], port: inout UInt16) throws {
            address = .v4(IPv4Address(127, 0, 0, last))
            responder = Responder(zones: zones, identity: "x", cookies: ServerCookies(1, 2))
            weak var me: Primary?
            service = StreamService(loop) { query, connection, memory in me?.answer(query, connection, memory) }
            let socket = try Socket.listening(address, port: port)
            port = try Socket.localAddress(socket.raw).port
            try service.listen(StreamService.Listener(socket))
            me = self
        }

        private func answer(
            _ query: UnsafeRawBufferPointer, _ connection: StreamConnection, _ memory: UnsafeMutableRawBufferPointer
        ) -> StreamService.Response? {
            var span = memory.mutableBytes
            let arrival = Responder.Arrival(from: connection.client, over: .tcp, isUnicast: true)
            guard let reply = responder.respond(to: query.bytes, arrival, into: &span), let type = reply.type else {
                return nil
            }
            asked.append(type)
            onQuery()
            guard case .transfer(let zone) = reply.task else { return .message(reply.byteCount) }
            return ZoneTransfer(of: responder.zones[zone], in: span.bytes.extracting(first: reply.byteCount)).map {
                .transfer($0)
            }
        }
    }

    private final class Zones: ZoneServer {
        var zone: Zone
        var expired: [Bool] = []
        init(_ zone: Zone) { self.zone = zone }

        func zone(_ origin: DomainName) -> Zone? { zone }
        func install(_ zone: Zone) { self.zone = zone }
        func setExpired(_ origin: DomainName, _ isExpired: Bool) {
            if expired.last != isExpired { expired.append(isExpired) }
        }
    }

    private func origin(_ primaries: [IPAddress], _ port: UInt16) throws -> SecondaryZone.Origin {
        SecondaryZone.Origin(name: try DomainName("a.test"), primaries: primaries, sources: [], port: port)
    }

    /// Runs the loop until something is so, or ten seconds have passed.
    private func run(_ loop: EventLoop, until holds: @escaping () -> Bool) throws {
        let end = Clock.monotonic() + 10 * Self.second
        func look() {
            if holds() || Clock.monotonic() > end { return loop.stop() }
            loop.schedule(after: 1_000_000) { look() }
        }
        look()
        try loop.run()
        #expect(holds())
    }

    private func outcome(
        _ loop: EventLoop, _ origin: SecondaryZone.Origin, newerThan serial: UInt32,
        _ limits: ZoneFetch.Limits = ZoneFetch.Limits()
    ) throws -> String {
        var text: String?
        let fetch = ZoneFetch(loop, origin, newerThan: serial, inOrder: origin.primaries, limits) { outcome in
            text =
                switch outcome {
                case .newer(let zone): "newer \(zone.serial)"
                case .current: "current"
                case .failed(let reason): reason
                }
        }
        try withExtendedLifetime(fetch) { try run(loop) { text != nil } }
        return text ?? ""
    }

    @Test func allPrimariesAreAskedUntilOneHasANewerVersion() throws {
        let loop = try EventLoop()
        var port: UInt16 = 0
        let lame = try Primary(loop, 2, [], port: &port)
        let old = try Primary(loop, 3, [try zone(serial: 5)], port: &port)
        let new = try Primary(loop, 4, [try zone(serial: 6)], port: &port)
        let nobody = IPAddress.v4(IPv4Address(127, 0, 0, 5))
        let all = [nobody, lame.address, old.address, new.address]
        #expect(try outcome(loop, origin(all, port), newerThan: 5) == "newer 6")
        #expect(new.asked == [.soa, .axfr])
        #expect(try outcome(loop, origin(all, port), newerThan: 6) == "current")
        #expect(try outcome(loop, origin([nobody, old.address], port), newerThan: 9) == "current")
        let reason = "127.0.0.5: Connection refused; 127.0.0.2: REFUSED"
        #expect(try outcome(loop, origin([nobody, lame.address], port), newerThan: 1) == reason)
    }

    @Test func aTransferHasItsLimits() throws {
        let loop = try EventLoop()
        var port: UInt16 = 0
        let primary = try Primary(loop, 2, [try zone(serial: 2)], port: &port)
        let origin = try origin([primary.address], port)
        var limits = ZoneFetch.Limits()
        limits.byteCount = 150
        #expect(try outcome(loop, origin, newerThan: 1, limits) == "127.0.0.2: more than 150 octets")
        // It takes connections, and says nothing on them.
        let silent = try Socket.listening(.v4(IPv4Address(127, 0, 0, 3)), port: port)
        let quiet = try self.origin([.v4(IPv4Address(127, 0, 0, 3))], port)
        limits.silence = 50_000_000
        #expect(try outcome(loop, quiet, newerThan: 1, limits) == "127.0.0.3: no answer")
        (limits.silence, limits.whole) = (100 * Self.second, Self.second)
        #expect(try outcome(loop, quiet, newerThan: 1, limits) == "127.0.0.3: not ready after 1 s")
        #expect(silent.raw >= 0)
    }

    /// RFC 1996, section 4.4.
    @Test func aNoticeWaitsForTheFetchThatIsUnderWay() throws {
        let loop = try EventLoop()
        var port: UInt16 = 0
        let primary = try Primary(loop, 2, [try zone(serial: 2)], port: &port)
        let zones = Zones(try zone(serial: 1))
        let copy = try #require(SecondaryZone(loop, origin([primary.address], port), zones) {})
        primary.onQuery = { [unowned primary, unowned copy] in
            guard primary.asked.count < 3 else { return }
            for _ in 0..<3 { copy.refresh(saidBy: primary.address) }
        }
        try run(loop) { primary.asked.count >= 3 }
        #expect(primary.asked == [.soa, .axfr, .soa] && zones.zone.serial == 2)
        #expect(primary.service.acceptedCount == 2)
    }

    @Test func theSourceOfANoticeIsAskedFirst() throws {
        let loop = try EventLoop()
        var port: UInt16 = 0
        let first = try Primary(loop, 2, [try zone(serial: 1)], port: &port)
        let second = try Primary(loop, 3, [try zone(serial: 1)], port: &port)
        let zones = Zones(try zone(serial: 1))
        let copy = try #require(SecondaryZone(loop, origin([first.address, second.address], port), zones) {})
        try run(loop) { second.asked == [.soa] }
        second.responder.replace(0, with: try zone(serial: 2))
        copy.refresh(saidBy: second.address)
        try run(loop) { zones.zone.serial == 2 }
        #expect(first.asked == [.soa])
    }

    @Test func aCopyThatNobodyConfirmsExpires() throws {
        let loop = try EventLoop()
        var port: UInt16 = 0
        let text = "@ SOA ns1 h 1 1 1 1 60\n@ NS ns1\nns1 A 192.0.2.1"
        let zones = Zones(try Zone(origin: try DomainName("a.test"), text: text))
        let primary = try Primary(loop, 2, [], port: &port)
        let copy = try #require(SecondaryZone(loop, origin([primary.address], port), zones) {})
        try run(loop) { zones.expired == [true] }
        #expect(copy.isExpired && copy.failure == "127.0.0.2: REFUSED")
        primary.responder = Responder(zones: [zones.zone], identity: "x", cookies: ServerCookies(1, 2))
        try run(loop) { zones.expired == [true, false] }
        #expect(!copy.isExpired && copy.failure == nil)
    }

    // MARK: Notices

    @Test func aNoticeEndsWithItsOwnAnswerOnly() throws {
        let loop = try EventLoop()
        let source = IPAddress.v4(IPv4Address(127, 0, 0, 2))
        let address = IPAddress.v4(IPv4Address(127, 0, 0, 3))
        let socket = try Socket.bound(.datagram, address, port: 0)
        let port = try Socket.localAddress(socket.raw).port
        let stranger = try Socket.bound(.datagram, .v4(IPv4Address(127, 0, 0, 4)), port: port)
        var heard: [(Message, SocketAddress)] = []
        try loop.add(socket.raw, .read) { [raw = socket.raw] _ in
            var bytes = [UInt8](repeating: 0, count: 512)
            var from = SocketAddress()
            let count = from.withMutablePointer { recvfrom(raw, &bytes, 512, 0, $0, $1) }
            if let message = try? Message(parsing: Array(bytes.prefix(max(count, 0)))) { heard.append((message, from)) }
        }
        func answer(_ index: Int, from raw: Int32, _ change: (inout Message) -> Void = { _ in }) {
            var message = heard[index].0
            message.flags.insert(.response)
            change(&message)
            _ = message.encoded().withUnsafeBytes { bytes in
                heard[index].1.withPointer { sendto(raw, bytes.baseAddress, bytes.count, 0, $0, $1) }
            }
        }
        let notifier = Notifier(loop, from: [source], port: port)
        let names = try ["b.test", "a.test"].map { try DomainName($0) }
        for name in names { notifier.notify(name, [address]) }
        try run(loop) { heard.count >= 2 }
        #expect(heard.map(\.0.questions.first?.name) == names)
        answer(0, from: socket.raw)
        answer(1, from: stranger.raw)
        answer(1, from: socket.raw) { $0.questions[0].name = names[0] }
        answer(1, from: socket.raw) { $0.id &+= 1 }
        // The notice for b.test would have come again before the one for a.test.
        try run(loop) { heard.count >= 3 }
        let third = try #require(heard.dropFirst(2).first).0
        #expect(third.questions.first?.name == names[1] && third.id == heard[1].0.id)
        loop.remove(socket.raw)
    }
}
