import DNSResponder
import DNSWire
import DNSZone
import Glibc
import JSON
import Net
import Sys
import Testing

@testable import DNSServer

/// The daemon as its clients see it: real `dig` in an own network namespace. Needs root and Debian's bind9-dnsutils.
@Suite(.serialized) struct ServerTests {
    private static let zone = """
        www 300 A 198.51.100.10
        alias CNAME www
        *.wild TXT "any of them"
        big TXT \(String(repeating: "\"\(String(repeating: "x", count: 250))\" ", count: 20))
        huge TXT \(String(repeating: "\"\(String(repeating: "y", count: 250))\" ", count: 200))
        """

    private func start() throws -> TestServer {
        let (server, event) = try TestServer.start(TestServer.configuration(zone: Self.zone))
        #expect(event == ["event": "ready"])
        return server
    }

    private func query(_ id: UInt16, _ name: String, _ type: RecordType = .a) throws -> [UInt8] {
        Message.query(id: id, name: try DomainName(name), type: type).encoded()
    }

    @Test func digIsAnsweredOnEveryAddressAndTransport() throws {
        let server = try start()
        for address in TestServer.addresses {
            for transport in ["+notcp", "+tcp"] {
                let at = "@\(address)"
                #expect(try server.dig(at, transport, "+short", "www.hello.test") == "198.51.100.10\n")
                for name in ["id.server", "hostname.bind"] {
                    #expect(try server.dig(at, transport, "+short", "CH", "TXT", name) == "\"london\"\n")
                }
                let full = try server.dig(at, transport, "+nsid", "alias.hello.test")
                #expect(full.contains("NSID: 6c 6f 6e 64 6f 6e (\"london\")"))
                #expect(full.contains("status: NOERROR") && full.contains("flags: qr aa rd;"))
                #expect(try server.dig(at, transport, "no.hello.test").contains("status: NXDOMAIN"))
                #expect(try server.dig(at, transport, "example.com").contains("status: REFUSED"))
            }
            // The answer does not fit UDP: dig comes again over TCP by itself.
            #expect(try server.dig("@\(address)", "+short", "TXT", "big.hello.test").contains("xxx"))
        }
        #expect(try server.stop() == 0)
    }

    @Test func queriesInOneStreamAreAnsweredInOrderHoweverTheyAreCut() throws {
        let server = try start()
        let client = try StreamClient(server)
        var octets: [UInt8] = []
        for id in 0..<300 {
            octets += StreamClient.frame(
                try query(UInt16(id), id % 3 == 0 ? "www.hello.test" : "a\(id).wild.hello.test"))
        }
        var sent = 0
        for size in sequence(first: 1, next: { ($0 * 7) % 211 }) where sent < octets.count {
            client.send(Array(octets[sent..<min(sent + size, octets.count)]))
            sent += size
            if sent >= octets.count { break }
        }
        for id in 0..<300 { #expect(try client.readMessage().id == UInt16(id)) }
        client.endSending()
        #expect(client.read(1) == [])
        #expect(try server.stop() == 0)
    }

    @Test func aClientThatDoesNotReadIsServedWhenItDoes() throws {
        let server = try start()
        let slow = try StreamClient(server)
        // 400 answers of 50 kB: more than the sockets hold.
        for id in 0..<400 { slow.send(StreamClient.frame(try query(UInt16(id), "huge.hello.test", .txt))) }
        slow.endSending()
        #expect(try server.dig("@192.0.2.53", "+short", "+tcp", "www.hello.test") == "198.51.100.10\n")
        for id in 0..<400 {
            let message = try slow.readMessage()
            #expect(message.id == UInt16(id) && message.answers.first?.data.count == 200 * 251)
        }
        #expect(slow.read(1) == [])
        #expect(try server.stop() == 0)
    }

    @Test func garbageEndsNothingAndLeavesNothingOpen() throws {
        let server = try start()
        var generator = SystemRandomNumberGenerator()
        func garbage(_ most: Int) -> [UInt8] {
            (0..<Int.random(in: 0...most, using: &generator)).map { _ in .random(in: 0...255, using: &generator) }
        }
        let namespace = NetworkNamespace(FileDescriptor(owning: dup(server.namespace)))
        for address in TestServer.addresses.compactMap({ IPAddress($0) }) {
            let target = SocketAddress(address, port: 53)
            let socket = try namespace.perform { try Socket.open(target.domain, .datagram) }
            for _ in 0..<2000 {
                let bytes = garbage(300)
                _ = bytes.withUnsafeBytes { buffer in
                    target.withPointer { sendto(socket.raw, buffer.baseAddress, buffer.count, 0, $0, $1) }
                }
            }
        }
        for _ in 0..<200 {
            let client = try StreamClient(server)
            client.send(garbage(600))
        }
        for address in TestServer.addresses {
            #expect(try server.dig("@\(address)", "+short", "www.hello.test") == "198.51.100.10\n")
        }
        var open: JSON?
        repeat {
            open = try server.ask(["do": "counters", "id": 1])["connections"]?["open"]
        } while open != 0
        #expect(try server.stop() == 0)
    }

    @Test func ofTooManyConnectionsTheIdlestIsClosed() throws {
        let server = try start()
        var clients: [StreamClient] = []
        for _ in 0..<StreamService.maximumConnections {
            let client = try StreamClient(server)
            client.send(StreamClient.frame(try query(1, "www.hello.test")))
            _ = try client.readMessage()
            clients.append(client)
        }
        let last = try StreamClient(server)
        last.send(StreamClient.frame(try query(2, "www.hello.test")))
        #expect(try last.readMessage().id == 2)
        #expect(clients[0].read(1) == [])
        clients[1].send(StreamClient.frame(try query(3, "www.hello.test")))
        #expect(try clients[1].readMessage().id == 3)
        let counters = try server.ask(["do": "counters", "id": 1])
        #expect(counters["connections"] == ["accepted": 129, "open": 128])
        #expect(try server.stop() == 0)
    }

    @Test func idleConnectionsAreClosedAlsoThoseWithHalfAQuery() throws {
        let loop = try EventLoop()
        let streams = StreamService(loop, idleTimeout: 50_000_000) { _, _, _ in nil }
        let address = IPAddress.v4(IPv4Address(127, 0, 0, 1))
        let listener = try Socket.listening(address, port: 0)
        let local = try Socket.localAddress(listener.raw)
        try streams.listen(StreamService.Listener(listener))
        let client = try Socket.open(AF_INET, .stream)
        _ = try Socket.connect(client.raw, to: local)
        var half: [UInt8] = [0, 40, 1]
        #expect(send(client.raw, &half, 3, 0) == 3)
        let start = Clock.monotonic()
        try loop.add(client.raw, .read) { [unowned loop] _ in loop.stop() }
        loop.schedule(after: 5_000_000_000) { [unowned loop] in loop.stop() }
        try loop.run()
        #expect((50_000_000..<4_000_000_000).contains(Clock.monotonic() - start))
        #expect(streams.connectionCount == 0)
        #expect(streams.acceptedCount == 1)
    }

    @Test func theControlChannelCountsAndStops() throws {
        let server = try start()
        _ = try server.dig("@192.0.2.53", "+short", "www.hello.test")
        _ = try server.dig("@192.0.2.53", "+short", "+tcp", "no.hello.test")
        _ = try server.dig("@192.0.2.53", "+short", "+ignore", "TXT", "big.hello.test")
        let counters = try server.ask(["do": "counters", "id": 7])
        #expect(counters["reply"] == 7)
        #expect(counters["queries"] == ["udp": 2, "tcp": 1])
        #expect(counters["types"] == ["A": 2, "TXT": 1])
        #expect(counters["responses"] == ["NOERROR": 2, "NXDOMAIN": 1])
        #expect(counters["truncated"] == 1)
        #expect(counters["dropped"] == 0)
        #expect(try server.ask(["do": "dance", "id": 8])["error"] != nil)
        try server.send("not JSON")
        #expect(try server.readLine()["error"] != nil)
        #expect(try server.ask(["do": "stop", "id": 9]) == ["reply": 9])
        #expect(server.join() == 0)
    }

    /// Of a flood from one prefix a second's worth is answered; the others are dropped or truncated, and TCP is not limited.
    @Test func aFloodIsLimitedAndEveryResponseCounted() throws {
        let zone = "www 300 A 198.51.100.10"
        let limit = #","rate_limit":{"responses":5,"slip":3}}"#
        let (server, event) = try TestServer.start(String(TestServer.configuration(zone: zone).dropLast()) + limit)
        #expect(event == ["event": "ready"])
        let target = SocketAddress(.v4(IPv4Address(192, 0, 2, 53)), port: 53)
        let namespace = NetworkNamespace(FileDescriptor(owning: dup(server.namespace)))
        // The server's other address: to the one that is asked itself, there is no limit.
        let source = IPAddress.v4(IPv4Address(192, 0, 2, 54))
        let socket = try namespace.perform { try Socket.bound(.datagram, source, port: 0) }
        let bytes = try query(1, "www.hello.test")
        for _ in 0..<3000 {
            _ = bytes.withUnsafeBytes { buffer in
                target.withPointer { sendto(socket.raw, buffer.baseAddress, buffer.count, 0, $0, $1) }
            }
        }
        for _ in 0..<20 {
            #expect(try server.dig("@192.0.2.53", "+tcp", "+short", "www.hello.test") == "198.51.100.10\n")
        }
        // Truncated or not answered at first, dig is answered in the end: it comes again over TCP, or asks once more.
        let words = ["-b", "192.0.2.54", "@192.0.2.53", "+short", "www.hello.test"]
        #expect(try server.run("/usr/bin/dig", words) == "198.51.100.10\n")
        let counters = try server.ask(["do": "counters", "id": 1])
        let udp = try #require(counters["queries"]?["udp"]?.int)
        let dropped = try #require(counters["rate_limited"]?["dropped"]?.int)
        let truncated = try #require(counters["rate_limited"]?["truncated"]?.int)
        let answered = try #require(counters["responses"]?["NOERROR"]?.int)
        let tcp = try #require(counters["queries"]?["tcp"]?.int)
        #expect(dropped > 100 && tcp >= 20)
        // Of three that are over the limit, one is truncated and two are dropped.
        #expect((2 * truncated...2 * truncated + 2).contains(dropped))
        #expect(udp + tcp == answered + dropped)
        #expect(counters["types"] == ["A": .int(udp + tcp)])
        #expect(try server.stop() == 0)
    }

    @Test func whoeverChecksTheServerFromItsOwnAddressIsNotLimited() throws {
        let limit = #","rate_limit":{"responses":1,"slip":0}}"#
        let zone = "www 300 A 198.51.100.10"
        let (server, _) = try TestServer.start(String(TestServer.configuration(zone: zone).dropLast()) + limit)
        for address in TestServer.addresses {
            for _ in 0..<5 {
                let answer = try server.dig("-b", address, "@" + address, "+short", "www.hello.test")
                #expect(answer == "198.51.100.10\n")
            }
        }
        #expect(try server.ask(["do": "counters", "id": 1])["rate_limited"] == ["dropped": 0, "truncated": 0])
        #expect(try server.stop() == 0)
    }

    /// Of two datagrams in one batch, the second one's IPv6 address is not where a word may be read.
    @Test func everyAddressOfABatchIsRead() throws {
        let server = try start()
        let own = try #require(IPAddress("2001:db8:53::53"))
        let namespace = NetworkNamespace(FileDescriptor(owning: dup(server.namespace)))
        let socket = try namespace.perform { try Socket.bound(.datagram, own, port: 5300) }
        let client = try namespace.perform { try Socket.bound(.datagram, own, port: 5301) }
        let bytes = try query(1, "www.hello.test")
        let target = SocketAddress(own, port: 5300)
        for _ in 0..<3 {
            let count = bytes.withUnsafeBytes { octets in
                target.withPointer { sendto(client.raw, octets.baseAddress, octets.count, 0, $0, $1) }
            }
            #expect(count == bytes.count)
        }
        let zone = try Zone(origin: DomainName("hello.test"), text: Self.zone)
        let responder = Responder(zones: [zone], identity: "london", cookies: ServerCookies(1, 2))
        var limiter: RateLimiter? = RateLimiter(RateLimits(responses: 1, slip: 0), seed: 1)
        var counters = Counters()
        var budget: QueryBudget?
        DatagramBatch().serve(
            socket.raw, at: own, isUnicast: false, with: responder, within: &budget, limitedBy: &limiter,
            counting: &counters
        ) { _ in }
        var answer = [UInt8](repeating: 0, count: 512)
        for _ in 0..<3 { #expect(recv(client.raw, &answer, answer.count, 0) > 12) }
        #expect(try server.stop() == 0)
    }

    @Test func anAddressMayChangeItsPortAndItsKind() throws {
        let server = try start()
        let transfer = { try server.dig("@192.0.2.54", "-p", $0, "+tcp", "hello.test", "AXFR") }
        #expect(try transfer("53").contains("Transfer failed"))
        let before = TestServer.configuration(zone: Self.zone)
        let unicast = before.replacing(#","192.0.2.54""#, with: "").replacing(
            #""zones""#, with: #""unicast":["192.0.2.54"],"zones""#)
        #expect(try server.reload(unicast) == ["reply": 99])
        #expect(try transfer("53").contains("XFR size"))
        #expect(try server.reload(unicast.replacing(#""zones""#, with: #""port":5353,"zones""#)) == ["reply": 99])
        #expect(try transfer("5353").contains("XFR size"))
        #expect(try server.dig("@192.0.2.53", "-p", "5353", "+short", "www.hello.test") == "198.51.100.10\n")
        #expect(try transfer("53").contains("connection refused"))
        #expect(try server.stop() == 0)
    }

    @Test func aCookieStaysGoodWhenTheConfigurationIsReadAgain() throws {
        let server = try start()
        let first = try server.dig("@192.0.2.53", "+cookie=0102030405060708", "+qr", "www.hello.test")
        let cookie = try #require(first.firstMatch(of: /COOKIE: (0102030405060708[0-9a-f]{32})/)?.output.1)
        let words = ["@192.0.2.53", "+header-only", "+cookie=\(cookie)"]
        #expect(try server.run("/usr/bin/dig", words).contains("status: NOERROR"))
        #expect(try server.reload(TestServer.configuration(zone: "other A 192.0.2.1")) == ["reply": 99])
        #expect(try server.dig("@192.0.2.53", "+short", "other.hello.test") == "192.0.2.1\n")
        #expect(try server.run("/usr/bin/dig", words).contains("status: NOERROR"))
        #expect(try server.stop() == 0)
    }

    /// While no connection can be accepted, the socket may be closed, and its number become another's.
    @Test func aListenerThatIsGoneIsNotListenedToAgain() throws {
        let loop = try EventLoop()
        let streams = StreamService(loop) { _, _, _ in nil }
        // It does not listen, so that accept(2) fails.
        let socket = try Socket.bound(.stream, .v4(IPv4Address(127, 0, 0, 1)), port: 0)
        let raw = socket.raw
        let listener = StreamService.Listener(socket)
        try streams.listen(listener)
        loop.schedule(after: 1) { [unowned loop] in loop.schedule(after: 1) { loop.stop() } }
        try loop.run()
        streams.stopListening(listener)
        // Another descriptor of that number, with something to read, of which nobody wants to hear.
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        #expect(dup2(ends[0], raw) == raw && write(ends[1], "x", 1) == 1)
        var wasRead = false
        try loop.add(raw, []) { _ in wasRead = true }
        loop.schedule(after: 150_000_000) { [unowned loop] in loop.schedule(after: 1) { loop.stop() } }
        try loop.run()
        #expect(!wasRead)
        loop.remove(raw)
        close(ends[0])
        close(ends[1])
    }

    /// It may have been given another version while it was not running (RFC 1996, section 4.1).
    @Test func othersAreToldWhatAServerHasWhenItStarts() throws {
        let text = TestServer.configuration(zone: "www A 192.0.2.1").replacing(
            #""zones":[{"#, with: #""unicast":["127.0.0.1"],"zones":[{"notify":["127.0.0.9"],"#)
        let (server, event) = try TestServer.start(text)
        #expect(event == ["event": "ready"])
        let namespace = NetworkNamespace(FileDescriptor(owning: dup(server.namespace)))
        let address = try #require(IPAddress("127.0.0.9"))
        let socket = try namespace.perform { try Socket.bound(.datagram, address, port: 53) }
        _ = fcntl(socket.raw, F_SETFL, 0)
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket.raw, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = recv(socket.raw, &bytes, bytes.count, 0)
        let notice = try Message(parsing: Array(bytes.prefix(max(count, 0))))
        #expect(notice.flags.opcode == .notify && notice.questions.first?.name.description == "hello.test.")
        #expect(try server.stop() == 0)
    }

    @Test func aSignalEndsTheDaemonWithStatusZero() throws {
        let server = try start()
        server.signal(SIGTERM)
        #expect(server.join() == 0)
    }

    @Test func failuresAreToldBeforeTheEnd() throws {
        let (wrong, event) = try TestServer.start(#"{"nod":"x"}"#)
        #expect(event == ["event": "failed", "reason": "unknown key 'nod'"])
        #expect(wrong.join() == 2)
        // All addresses, where one of them has the port already.
        let address = "0.0.0.0"
        let twice = TestServer.configuration(zone: "").replacing("192.0.2.54", with: address)
        let (taken, failure) = try TestServer.start(twice)
        #expect(failure["reason"]?.string?.contains("\(address) port 53") == true)
        #expect(taken.join() == 4)
    }
}
