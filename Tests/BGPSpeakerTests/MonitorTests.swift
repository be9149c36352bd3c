import BGPWire
import Foundation
import JSON
import Net
import Sys
import TestSupport
import Testing

@testable import BGPSpeaker

/// A BMP station, the log of messages and dumps of the table, looked at with programs of others: tshark and bgpdump.
@Suite("Monitoring", .serialized)
struct MonitorTests {
    /// A TCP port inside of a namespace that keeps what it is told, or does not read at all.
    final class Station {
        private let listener: FileDescriptor
        private var connection: FileDescriptor?
        private(set) var octets: [UInt8] = []

        init(_ node: TestNode, _ address: String, port: UInt16) throws {
            let address = try #require(IPAddress(address))
            let namespace = try NetworkNamespace.open("/run/netns/\(node.name)")
            listener = try namespace.perform { try Socket.listening(address, port: port) }
            try Socket.set(listener.raw, SOL_SOCKET, SO_RCVBUF, 4096)
        }

        /// Takes the next connection.
        func accept() throws {
            octets = []
            var entry = pollfd(fd: listener.raw, events: Int16(POLLIN), revents: 0)
            try #require(poll(&entry, 1, 10000) == 1, "no connection")
            guard let accepted = try Socket.accept(listener.raw) else { return }
            connection = accepted.take()
        }

        /// Reads until what came satisfies, or the connection ends.
        func read(within seconds: Double = 5, until isEnough: ([BMPText]) -> Bool) throws -> [BMPText] {
            let end = Clock.monotonic() + Nanoseconds(seconds * 1e9)
            while true {
                let messages = BMPText.all(octets)
                if isEnough(messages) { return messages }
                guard let raw = connection?.raw else { return messages }
                let left = (end - Clock.monotonic()) / 1_000_000
                var entry = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
                guard left > 0, poll(&entry, 1, Int32(left)) == 1 else { return messages }
                var chunk = [UInt8](repeating: 0, count: 65536)
                let count = Glibc.read(raw, &chunk, chunk.count)
                guard count > 0 else { return messages }
                octets += chunk[..<count]
            }
        }
    }

    /// A message of BMP as far as these tests need it, cut by hand: type, peer type and flags, and the BGP message in it.
    struct BMPText {
        let type: UInt8
        let flags: UInt8
        let isLocRIB: Bool
        let body: [UInt8]
        let whole: [UInt8]

        static func all(_ octets: [UInt8]) -> [BMPText] {
            var messages: [BMPText] = []
            var rest = octets[...]
            while rest.count >= 6 {
                let head = Array(rest.prefix(6))
                let length = head[1...4].reduce(0) { $0 << 8 | Int($1) }
                guard head[0] == 3, length >= 6, length <= rest.count else { break }
                let message = Array(rest.prefix(length))
                let hasPeer = head[5] < 4 || head[5] == 6
                messages.append(
                    BMPText(
                        type: head[5], flags: hasPeer ? message[7] : 0, isLocRIB: hasPeer && message[6] == 3,
                        body: Array(message.dropFirst(hasPeer ? 48 : 6)), whole: message))
                rest = rest.dropFirst(length)
            }
            return messages
        }

        /// The prefixes that a Route Monitoring message announces and withdraws.
        var update: UpdateMessage? {
            guard type == 0, body.count > 19 else { return nil }
            let context = UpdateContext(isInternal: false, isFourOctetASN: true, families: [.ipv4, .ipv6])
            return try? UpdateMessage(decoding: Array(body.dropFirst(19)).span.bytes, context: context)
        }
        var announced: [String] {
            let routes = update?.announcements.flatMap { $0.prefixes.map(\.description) } ?? []
            return routes + (isOwn ? update?.withdrawn.map(\.description) ?? [] : [])
        }
        var withdrawn: [String] { isOwn ? [] : update?.withdrawn.map(\.description) ?? [] }
        /// Routes of the speaker itself have no next hop, with which no neighbour may come.
        private var isOwn: Bool { isLocRIB && update?.treatedAsWithdraw != nil }
    }

    /// V is 0x80, L 0x40, O 0x10.
    static let views: [(name: String, flags: UInt8, isLocRIB: Bool)] = [
        ("pre-policy", 0, false), ("post-policy", 0x40, false), ("adj-rib-out", 0x50, false), ("loc-rib", 0, true),
    ]

    private func speaker(_ pair: FeaturePair, _ more: [JSON.Member]) throws -> RunningSpeaker {
        let plain = configuration(
            "provider", asn: 65010, identifier: "10.0.0.2", originate: ["198.51.100.0/24", "2001:db8:99::/48"],
            pair.toSite.json([.init("passive", true)]))
        return try RunningSpeaker(pair.provider, .object((plain.members ?? []) + more))
    }

    private func station(_ views: [String], statistics: Int = 0) -> JSON.Member {
        .init(
            "bmp",
            [
                "address": "10.1.0.0", "port": 11019, "statistics_ms": .int(statistics),
                "monitor": .array(views.map { .string($0) }),
            ])
    }

    @Test("Each view tells what comes, changes and goes", arguments: views)
    func view(name: String, flags: UInt8, isLocRIB: Bool) throws {
        let pair = try FeaturePair()
        let station = try Station(pair.provider, "10.1.0.0", port: 11019)
        let speaker = try speaker(pair, [self.station([name])])
        speaker.start()
        try station.accept()
        let site = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
        try site.open()
        try site.announce(["192.0.2.0/24"])
        let expected = name == "adj-rib-out" ? "198.51.100.0/24" : "192.0.2.0/24"
        let messages = try station.read { $0.contains { $0.announced.contains(expected) } }
        let types = messages.map(\.type)
        #expect(types.first == 4 && types.contains(3), "initiation, peer up: \(types)")
        let told = try #require(messages.last { $0.announced.contains(expected) })
        #expect(told.announced.contains(expected) && told.flags == flags && told.isLocRIB == isLocRIB)
        #expect(messages.filter { $0.type == 0 }.allSatisfy { $0.flags == flags && $0.isLocRIB == isLocRIB })

        if name == "adj-rib-out" {
            speaker.send(["do": "withdraw"])
        } else {
            site.withdraw(["192.0.2.0/24"])
        }
        let after = try station.read { $0.contains { $0.withdrawn.contains(expected) } }
        #expect(after.last { $0.withdrawn.contains(expected) }?.withdrawn == [expected])
        speaker.stop()
        let end = try station.read { $0.last?.type == 5 }
        #expect(end.last?.type == 5, "termination")
        #expect(end.contains { $0.type == 2 && $0.body.first == 1 }, "peer down with our NOTIFICATION")
    }

    @Test("A station that comes late is told the tables, each with its End-of-RIB")
    func late() throws {
        let pair = try FeaturePair()
        let speaker = try speaker(pair, [station(Self.views.map(\.name))])
        speaker.start()
        let site = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
        try site.open()
        try site.announce(["192.0.2.0/24", "203.0.113.0/24"])
        site.endOfRIB()
        #expect(speaker.wait { $0["event"] == "best" && $0["prefix"] == "203.0.113.0/24" } != nil)
        let station = try Station(pair.provider, "10.1.0.0", port: 11019)
        try station.accept()
        // Four tables of IPv4, and the Loc-RIB of IPv6.
        let messages = try station.read { $0.count { $0.update?.endOfRIB != nil } >= 5 }
        for (name, flags, isLocRIB) in Self.views {
            let told = messages.filter { $0.type == 0 && $0.flags == flags && $0.isLocRIB == isLocRIB }
            let own = ["198.51.100.0/24", "2001:db8:99::/48"]
            let learned = ["192.0.2.0/24", "203.0.113.0/24"]
            let expected = name == "adj-rib-out" ? [own[0]] : isLocRIB ? own + learned : learned
            #expect(Set(told.flatMap(\.announced)) == Set(expected), "\(name)")
            #expect(told.last?.update?.endOfRIB != nil, "\(name)")
        }
    }

    @Test("Numbers are told as often as wished")
    func statistics() throws {
        let pair = try FeaturePair()
        let station = try Station(pair.provider, "10.1.0.0", port: 11019)
        let speaker = try speaker(pair, [self.station(["loc-rib"], statistics: 20)])
        speaker.start()
        try station.accept()
        // One number: two prefixes of our own in the Loc-RIB.
        let messages = try station.read { $0.count { $0.type == 1 } >= 2 }
        #expect(messages.last?.body == [0, 0, 0, 1, 0, 8, 0, 8, 0, 0, 0, 0, 0, 0, 0, 2])
    }

    @Test("A station that does not read holds nothing up, is let go, and gets all of it when it reads again")
    func slow() throws {
        let pair = try FeaturePair()
        let station = try Station(pair.provider, "10.1.0.0", port: 11019)
        let speaker = try speaker(pair, [self.station(["pre-policy"])])
        speaker.start()
        try station.accept()
        let site = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
        try site.open()
        // 6 MB of updates, of which the station reads nothing.
        let attributes = PathAttributes(
            origin: .igp, asPath: ASPath(sequence: [ASN(64500)]), nextHop: NextHop(try #require(IPAddress("10.1.0.1"))),
            communities: (0..<900).map { Community(rawValue: $0) })
        for number in 0..<1600 {
            let prefixes = [IPPrefix(.v4(IPv4Address(rawValue: 0xCB00_0000 + UInt32(number % 200) << 8)), length: 24)]
            site.sendAll { buffer in
                _ = try? UpdateEncoder(isFourOctetASN: true).announce(
                    prefixes.span, attributes: attributes, to: &buffer)
            }
        }
        try site.announce(["192.0.2.0/24"])
        #expect(
            speaker.wait(within: 60) { $0["event"] == "best" && $0["prefix"] == "192.0.2.0/24" } != nil, "BGP goes on")
        #expect(try eventually(within: 60) { try view(of: speaker)["overflows"]?.int == 1 }, "the station is let go")
        try station.accept()
        let messages = try station.read(within: 60) { $0.contains { $0.update?.endOfRIB != nil } }
        #expect(Set(messages.flatMap(\.announced)).count == 201)
    }

    private func view(of speaker: RunningSpeaker) throws -> JSON {
        try speaker.ask("show", [.init("view", "neighbors")])["speaker"]?["bmp"] ?? .null
    }

    @Test("tshark reads what a station is told")
    func tshark() throws {
        let pair = try FeaturePair()
        let station = try Station(pair.provider, "10.1.0.0", port: 11019)
        let speaker = try speaker(pair, [self.station(Self.views.map(\.name) + ["errors"], statistics: 50)])
        speaker.start()
        try station.accept()
        let site = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
        try site.open()
        try site.announce(["192.0.2.0/24"])
        // ORIGIN of 3 is treated as a withdrawal (RFC 7606, section 7.1).
        let bad: [UInt8] = [0, 0, 0, 4, 0x40, 1, 1, 3, 24, 192, 0, 2]
        site.send { $0 += BGPMessages.whole(.update, bad) }
        _ = try station.read { $0.contains { $0.type == 6 } && $0.contains { $0.type == 1 } }
        speaker.stop()
        _ = try station.read { $0.last?.type == 5 }
        let lines = try dissect(station.octets)
        let expected = [
            "Type: Initiation Message (4)", "Type: Peer Up Notification (3)", "Type: Route Monitoring (0)",
            "Type: Statistics Report (1)", "Type: Route Mirroring (6)", "Type: Peer Down Notification (2)",
            "Type: Termination Message (5)", "Loc-RIB Instance Peer (3)", "192.0.2.0/24", "OPEN Message",
            "ASN: 64500",
        ]
        for text in expected { #expect(lines.contains { $0.contains(text) }, "\(text)") }
        #expect(!lines.contains { $0.contains("Malformed") })
    }

    /// What tshark says of octets sent to a BMP station.
    private func dissect(_ octets: [UInt8]) throws -> [String] {
        let folder = NSTemporaryDirectory() + "/bmp-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // A capture of raw IP packets with TCP in it.
        var capture: [UInt8] =
            [0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0] + [UInt8](repeating: 0, count: 8) + [0, 0, 4, 0, 101, 0, 0, 0]
        var sequence: UInt32 = 1
        // A message a packet: it need not be put together again.
        for payload in BMPText.all(octets).map(\.whole) {
            let length = 40 + payload.count
            func big(_ value: UInt32, _ count: Int) -> [UInt8] {
                (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt32($0 * 8)) }
            }
            let ip = [0x45, 0] + big(UInt32(length), 2) + [0, 0, 0, 0, 64, 6, 0, 0, 10, 1, 0, 0, 10, 1, 0, 1]
            let tcp =
                big(40000, 2) + big(11019, 2) + big(sequence, 4) + big(1, 4) + [0x50, 0x18, 0xFF, 0xFF, 0, 0, 0, 0]
            let size = [UInt8(length & 255), UInt8(length >> 8), 0, 0]
            capture += [UInt8](repeating: 0, count: 8) + size + size + ip + tcp + payload
            sequence += UInt32(payload.count)
        }
        try Data(capture).write(to: URL(fileURLWithPath: folder + "/bmp.pcap"))
        return try run("tshark", ["-r", folder + "/bmp.pcap", "-d", "tcp.port==11019,bmp", "-V"]).split(separator: "\n")
            .map(String.init)
    }

    @Test("bgpdump reads the log of messages")
    func messageLog() throws {
        let pair = try FeaturePair()
        let file = NSTemporaryDirectory() + "/messages-\(UUID().uuidString).mrt"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let speaker = try speaker(pair, [.init("mrt", ["messages": .string(file)])])
        speaker.start()
        let site = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
        try site.open()
        try site.announce(["192.0.2.0/24"])
        site.withdraw(["192.0.2.0/24"])
        try site.announce(["203.0.113.0/24"])
        #expect(speaker.wait { $0["event"] == "best" && $0["prefix"] == "203.0.113.0/24" } != nil)
        speaker.stop()
        let lines = try run("bgpdump", ["-m", file]).split(separator: "\n").map(String.init)
        #expect(lines.contains { $0.hasSuffix("|STATE|10.1.0.1|64500|5|6") })
        #expect(lines.contains { $0.contains("|A|10.1.0.1|64500|192.0.2.0/24|64500|IGP|10.1.0.1|") })
        #expect(lines.contains { $0.hasSuffix("|W|10.1.0.1|64500|192.0.2.0/24") })
    }

    @Test("bgpdump reads a dump of the table")
    func dump() throws {
        let pair = try FeaturePair()
        let file = NSTemporaryDirectory() + "/table-\(UUID().uuidString).mrt"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let speaker = try speaker(pair, [])
        speaker.start()
        let site = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
        try site.open()
        try site.announce(["192.0.2.0/24"])
        #expect(speaker.wait { $0["event"] == "best" && $0["prefix"] == "192.0.2.0/24" } != nil)
        let answer = try speaker.ask("dump", [.init("path", .string(file))])
        #expect(answer["prefixes"] == 3 && answer["routes"] == 3)
        #expect(answer["octets"]?.int == (try Data(contentsOf: URL(fileURLWithPath: file))).count)
        let lines = try run("bgpdump", ["-m", file]).split(separator: "\n").filter { $0.contains("|B|") }.map { line in
            line.split(separator: "|", omittingEmptySubsequences: false).dropFirst(2).prefix(6).joined(separator: "|")
        }
        #expect(
            Set(lines) == [
                "B|10.1.0.1|64500|192.0.2.0/24|64500|IGP", "B|0.0.0.0|65010|198.51.100.0/24||IGP",
                "B|0.0.0.0|65010|2001:db8:99::/48||IGP",
            ])
        #expect(
            try speaker.ask("dump", [.init("path", "/nowhere/x.mrt")])["error"]?.string?.contains("/nowhere") == true)
        #expect(try speaker.ask("dump", [.init("path", "x.mrt")])["error"] == "\"path\": an absolute path expected")
    }

    @Test("bgpdump reads a dump of a table with several routes of a neighbour to a prefix (RFC 8050)")
    func pathDump() throws {
        let file = NSTemporaryDirectory() + "/paths-\(UUID().uuidString).mrt"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let (peer, speaker) = try FeaturePair().fakeSite([AddPathTests.both], AddPathTests.capabilities)
        for (path, med): (UInt32, UInt32) in [(7, 10), (70000, 20)] {
            try AddPathTests.announce(peer, "192.0.2.0/24", paths: [path], med: med)
        }
        try #require(
            eventually {
                try speaker.ask("show", [.init("view", "prefix"), .init("prefix", "192.0.2.0/24")])["paths"]?
                    .array?.count == 2
            })
        let answer = try speaker.ask("dump", [.init("path", .string(file))])
        #expect(answer["prefixes"] == 3 && answer["routes"] == 4)
        let text = try run("bgpdump", [file])
        #expect(text.contains("TYPE: TABLE_DUMP_V2/IPV4_UNICAST_ADDPATH\nPREFIX: 192.0.2.0/24 PATH_ID: 7\n"))
        #expect(text.contains("PREFIX: 192.0.2.0/24 PATH_ID: 70000\n"))
        // Prefixes whose routes have no identifiers are said as ever.
        #expect(text.contains("TYPE: TABLE_DUMP_V2/IPV6_UNICAST\n"))
        speaker.stop()
    }
}
