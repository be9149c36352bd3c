import BGPWire
import Foundation
import JSON
import Net
import Sys
import TestSupport
import Testing

@testable import BGPSpeaker

/// What two speakers agree on in their OPEN messages, and what an operator does to a session.
@Suite("Session features", .serialized)
struct SessionFeatureTests {
    // MARK: Send hold timer (RFC 9687)

    @Test("A neighbour that talks and takes nothing is given up after the send hold time")
    func sendHold() throws {
        let pair = try FeaturePair()
        try run("ip", ["netns", "exec", pair.provider.name, "sysctl", "-qw", "net.ipv4.tcp_wmem=4096 4096 4096"])
        let prefixes = (0..<20_000).map { "20.\($0 >> 8).\($0 & 255).0/24" }
        let provider = try pair.providerSpeaker(
            [.init("passive", true), .init("timers", ["hold_ms": 3000, "send_hold_ms": 4000])], originate: prefixes)
        let peer = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0", receiveBuffer: 2048)
        try peer.open(holdTime: 3)
        #expect(provider.waitForSession("10.1.0.1", "Established") != nil)
        let before = Clock.monotonic()
        var ended: JSON?
        while ended == nil, Clock.monotonic() - before < 10_000_000_000 {
            peer.keepalive()
            ended = provider.wait(within: 0.5) { $0["event"] == "session" && $0["peer"] == "10.1.0.1" }
        }
        #expect(ended?["reason"] == "sent Send Hold Timer Expired" && ended?["state"] == "Active")
        #expect(Clock.monotonic() - before >= 3_500_000_000)
    }

    @Test("Who is told that the session ends may go on talking until that is read")
    func farewell() throws {
        let pair = try FeaturePair()
        let (peer, speaker) = try pair.fakeSite()
        speaker.send(["do": "shut", "peer": "10.1.0.1", "message": "moved to AS65009"])
        #expect(speaker.waitForSession("10.1.0.1", "Idle") != nil)
        // A reset in answer to the first would make the second fail.
        for _ in 0..<2 {
            peer.keepalive()
            #expect(eventually { peer.isAcknowledged })
        }
        let expected = NotificationMessage(.administrativeShutdown, communication: "moved to AS65009")
        #expect(try peer.notification() == expected)
        #expect(try peer.next() == nil)
    }

    // MARK: Roles (RFC 9234)

    @Test("Relations that do not correspond are a role mismatch for both", arguments: ["peer", "customer"])
    func roleMismatch(relation: String) throws {
        let pair = try FeaturePair()
        var wrong = pair.toProvider
        wrong.relation = relation
        let site = try RunningSpeaker(
            pair.site, configuration("site", asn: 64500, identifier: "10.0.0.1", originate: [], wrong.json()))
        let provider = try pair.providerSpeaker()
        site.start()
        #expect(provider.wait(within: 1) { $0["state"] == "Established" } == nil)
        #expect(try site.states().allSatisfy { $0 != "Established" })
    }

    @Test("The NOTIFICATION of a mismatch is 2/11, and a role must be named where strictness asks for it")
    func strictRole() throws {
        for (isStrict, role, expected) in [
            (false, Role.provider, NotificationReason.roleMismatch), (true, nil, .roleMismatch), (true, .customer, nil),
            (false, nil, nil),
        ] {
            let pair = try FeaturePair()
            let provider = try pair.providerSpeaker([.init("passive", true), .init("role_strict", .bool(isStrict))])
            let peer = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
            try peer.open(FakePeer.capabilities + (role.map { [.role($0)] } ?? []))
            if let expected {
                #expect(try peer.notification() == NotificationMessage(expected))
            } else {
                #expect(provider.waitForSession("10.1.0.1", "Established") != nil)
            }
        }
    }

    @Test("Roles that correspond, asked for strictly by both, make the session")
    func strictPair() throws {
        let pair = try FeaturePair()
        let strict = [JSON.Member("role_strict", true)]
        let (site, provider) = (try pair.siteSpeaker(strict), try pair.providerSpeaker(strict))
        #expect(site.waitForTables() && provider.waitForTables())
    }

    // MARK: Refresh (RFC 2918, RFC 7313)

    @Test("A refresh is answered with the whole Adj-RIB-Out between its markers")
    func refreshAnswered() throws {
        let (peer, provider) = try FeaturePair().fakeSite()
        peer.endOfRIB()
        var isEndOfRIB = false
        while !isEndOfRIB, let (type, body) = try peer.next() { isEndOfRIB = type == .update && body.count == 4 }
        #expect(isEndOfRIB)
        peer.refresh(RouteRefreshMessage.request)
        var seen: [String] = []
        while seen.last != "EoRR", let (type, body) = try peer.next() {
            switch type {
            case .routeRefresh: seen.append(body[2] == 1 ? "BoRR" : "EoRR")
            case .update: seen.append(body.suffix(4).elementsEqual([24, 198, 51, 100]) ? "198.51.100.0/24" : "?")
            default: continue
            }
        }
        #expect(seen == ["BoRR", "198.51.100.0/24", "EoRR"])
        #expect(try provider.states().first == "Established")
    }

    @Test("End-of-RIB comes behind the last of many routes, and the end of a refresh, too, with changes meanwhile")
    func refreshOfMany() throws {
        let pair = try FeaturePair()
        let provider = try pair.providerSpeaker(
            [.init("passive", true)], originate: (0..<10_000).map { "20.\($0 >> 8).\($0 & 255).0/24" })
        let peer = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
        try peer.open()
        let context = UpdateContext(isInternal: false, isFourOctetASN: true, families: .ipv4)
        /// The prefixes announced and withdrawn up to a message that ends them.
        func count(until isEnd: (MessageType, [UInt8]) -> Bool) throws -> (announced: Int, withdrawn: Int) {
            var result = (announced: 0, withdrawn: 0)
            while let (type, body) = try peer.next(), !isEnd(type, body) {
                guard type == .update else { continue }
                let update = try UpdateMessage(decoding: body.span.bytes, context: context)
                result.announced += update.announcements.reduce(0) { $0 + $1.prefixes.count }
                result.withdrawn += update.withdrawn.count
            }
            return result
        }
        #expect(try count { $0 == .update && $1.count == 4 } == (10_000, 0))
        peer.refresh(RouteRefreshMessage.request)
        #expect(try count { $0 == .routeRefresh && $1[2] == 1 } == (0, 0))
        #expect(try count { $0 == .routeRefresh && $1[2] == 2 } == (10_000, 0))
        peer.refresh(RouteRefreshMessage.request)
        provider.send(["do": "withdraw"])
        var withdrawn = try count { $0 == .routeRefresh && $1[2] == 2 }.withdrawn
        // What was decided too late for the refresh follows.
        while withdrawn < 10_000, let (type, body) = try peer.next() {
            if type == .update {
                withdrawn += try UpdateMessage(decoding: body.span.bytes, context: context).withdrawn.count
            }
        }
        #expect(withdrawn == 10_000)
        #expect(try eventually { try provider.ask("counters")["idle"] == true })
        provider.stop()
    }

    @Test("Without the enhanced capability the answer has no markers")
    func refreshUnmarked() throws {
        let (peer, provider) = try FeaturePair().fakeSite(
            [], FakePeer.capabilities.filter { $0 != .enhancedRouteRefresh })
        defer { provider.stop() }
        peer.refresh(RouteRefreshMessage.request)
        var updates = 0
        // The route, End-of-RIB, and the route again.
        while updates < 3, let (type, _) = try peer.next() {
            #expect(type != .routeRefresh)
            if type == .update { updates += 1 }
        }
        #expect(updates == 3)
    }

    @Test("What is not sent again between the markers is gone; an end without a beginning changes nothing")
    func refreshReceived() throws {
        let pair = try FeaturePair()
        let (peer, provider) = try pair.fakeSite()
        func isReached(_ prefix: String) throws -> Bool { try pair.provider.route(prefix) != "" }
        try peer.announce(["192.0.2.0/24", "203.0.113.0/24"])
        peer.refresh(RouteRefreshMessage.end)
        try peer.announce(["100.64.0.0/24"])
        #expect(try eventually { try isReached("100.64.0.0/24") })
        #expect(try isReached("192.0.2.0/24") && isReached("203.0.113.0/24"))
        peer.refresh(RouteRefreshMessage.beginning)
        try peer.announce(["192.0.2.0/24"])
        try peer.announce(["100.64.1.0/24"])
        #expect(try eventually { try isReached("100.64.1.0/24") })
        #expect(try isReached("203.0.113.0/24"), "stale routes are used until the end")
        peer.refresh(RouteRefreshMessage.end)
        #expect(try eventually { try !isReached("203.0.113.0/24") && !isReached("100.64.0.0/24") })
        #expect(try isReached("192.0.2.0/24") && isReached("100.64.1.0/24"))
        peer.refresh(77)
        #expect(try provider.states().first == "Established")
    }

    @Test("A refresh before the End-of-RIB of a neighbour with graceful restart is ignored")
    func refreshTooEarly() throws {
        let pair = try FeaturePair()
        let restart = Capability.gracefulRestart(GracefulRestart(restartTime: 120, families: []))
        let (peer, provider) = try pair.fakeSite([], FakePeer.capabilities + [restart])
        defer { provider.stop() }
        try peer.announce(["192.0.2.0/24"])
        peer.refresh(RouteRefreshMessage.beginning)
        peer.refresh(RouteRefreshMessage.end)
        try peer.announce(["100.64.0.0/24"])
        #expect(try eventually { try pair.provider.route("100.64.0.0/24") != "" })
        #expect(try pair.provider.route("192.0.2.0/24") != "")
    }

    @Test("A marker of a wrong length is a ROUTE-REFRESH Message Error with the message")
    func refreshLength() throws {
        let (peer, provider) = try FeaturePair().fakeSite()
        defer { provider.stop() }
        let message = [UInt8](repeating: 0xFF, count: 16) + [0, 24, 5, 0, 1, 1, 1, 0]
        peer.send { $0 += message }
        #expect(try peer.notification() == NotificationMessage(.invalidRouteRefreshLength, data: message))
    }

    @Test("An operator's refresh brings everything again between two speakers")
    func refreshAsked() throws {
        let pair = try FeaturePair()
        let (site, provider) = (try pair.siteSpeaker(), try pair.providerSpeaker())
        #expect(site.waitForTables() && provider.waitForTables())
        func received() throws -> Int {
            try #require(try site.ask("counters")["sessions"]?.array?.first?["received"]?.int)
        }
        let before = try received()
        site.send(["do": "refresh", "peer": "10.1.0.0", "id": 5])
        #expect(site.wait { $0["reply"] == 5 }?["state"] == "Established")
        #expect(try eventually { try received() == before + 1 })
        #expect(try pair.site.route("198.51.100.0/24") != "")
    }

    // MARK: Maximum prefixes (RFC 4486)

    @Test("More prefixes than allowed end the session of their family, which comes back after a pause")
    func prefixLimit() throws {
        let pair = try FeaturePair()
        let many = ["192.0.2.0/24", "198.18.0.0/24", "203.0.113.0/24", "2001:db8:53::/48"]
        let site = try pair.siteSpeaker(originate: many)
        let provider = try pair.providerSpeaker([.init("max_prefixes", ["ipv4": 2, "ipv6": 1])])
        let reason = "Cease, Maximum Number of Prefixes Reached"
        let ended = provider.waitForSession("10.1.0.1", "Idle")
        #expect(ended?["reason"]?.string == "sent \(reason)")
        let before = Clock.monotonic()
        #expect(site.waitForSession("10.1.0.0", "Idle")?["reason"]?.string == "received \(reason)")
        #expect(try eventually { try pair.provider.route("192.0.2.0/24") == "" })
        #expect(try eventually { try pair.provider.route("2001:db8:53::/48") != "" }, "the limit of IPv6 is kept")
        site.send(["do": "withdraw"])
        #expect(provider.waitForSession("10.1.0.1", "Established", within: 10) != nil)
        #expect(Clock.monotonic() - before >= 700_000_000)
    }

    @Test("Prefixes count once, withdrawn ones not at all, and the families of one session apart", arguments: [1, 2])
    func prefixCounting(afi: UInt8) throws {
        let pair = try FeaturePair()
        let neighbour: JSON = [
            "name": "site", "address": "10.1.0.1", "local_address": "10.1.0.0", "asn": 64500, "interface": "to-site",
            "relation": "customer", "passive": true, "max_prefixes": ["ipv4": 2, "ipv6": 1],
        ]
        let provider = try RunningSpeaker(
            pair.provider, configuration("provider", asn: 65010, identifier: "10.0.0.2", originate: [], [neighbour]))
        provider.start()
        let peer = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
        try peer.open(FakePeer.capabilities + [.multiprotocol(FamilyIdentifier(.ipv6))])
        for _ in 0..<3 {
            try peer.announce(["192.0.2.0/24", "203.0.113.0/24"])
            try peer.announce(["2001:db8:53::/48"])
        }
        let gone = [try #require(IPPrefix("192.0.2.0/24")), try #require(IPPrefix("2001:db8:53::/48"))]
        peer.send { _ = UpdateEncoder(isFourOctetASN: true).withdraw(gone.span, to: &$0) }
        try peer.announce(["100.64.0.0/24"])
        try peer.announce(["2001:db8:54::/48"])
        #expect(try eventually { try pair.provider.route("2001:db8:54::/48") != "" })
        #expect(try pair.provider.route("100.64.0.0/24") != "")
        #expect(try provider.states() == ["Established"])
        try peer.announce(afi == 1 ? ["192.0.2.0/24"] : ["2001:db8:53::/48"])
        let expected = NotificationMessage(
            .maximumNumberOfPrefixesReached, data: [0, afi, 1, 0, 0, 0, afi == 1 ? 2 : 1])
        #expect(try peer.notification() == expected)
    }

    // MARK: Extended messages (RFC 8654)

    /// More communities than fit into a message of 4096 octets.
    private static let communities = JSON.Member(
        "export", ["communities": .array((0..<2000).map { .string("65010:\($0)") })])

    @Test("Attributes beyond 4096 octets pass between two speakers")
    func extendedMessage() throws {
        let pair = try FeaturePair()
        let (site, provider) = (try pair.siteSpeaker(), try pair.providerSpeaker([Self.communities]))
        #expect(site.waitForTables() && provider.waitForTables())
        #expect(try pair.site.route("198.51.100.0/24") != "" && pair.site.route("2001:db8:99::/48") != "")
    }

    @Test("A neighbour without the capability gets no such message, and the session lives")
    func extendedMessageNotTaken() throws {
        let (peer, provider) = try FeaturePair().fakeSite([Self.communities])
        var updates: [Int] = []
        while updates.last != 4, let (type, body) = try peer.next() {
            if type == .update { updates.append(body.count) }
        }
        #expect(updates == [8, 4], "a withdrawal, and End-of-RIB")
        #expect(try provider.states().first == "Established")
    }

    // MARK: Shutdown (RFC 9003)

    @Test("A neighbour that was shut reads why, stays away, and comes back")
    func shut() throws {
        let pair = try FeaturePair()
        let (site, provider) = (try pair.siteSpeaker(), try pair.providerSpeaker())
        #expect(site.waitForTables() && provider.waitForTables())
        provider.send(["do": "shut", "peer": "10.1.0.1", "message": "Wartung für alle", "id": 7])
        let expected: JSON = [
            "reply": 7, "peer": "10.1.0.1", "state": "Idle", "peers": ["10.1.0.1"], "changes": ["site 10.1.0.1: shut"],
            "reset": [],
        ]
        #expect(provider.wait { $0["reply"] == 7 } == expected)
        let reason = site.waitForSession("10.1.0.0", "Active")?["reason"]?.string
        #expect(reason == "received Cease, Administrative Shutdown \"Wartung für alle\"")
        #expect(try eventually { try pair.provider.route("192.0.2.0/24") == "" })
        #expect(provider.waitForSession("10.1.0.1", "Established", within: 1) == nil)
        #expect(try provider.states() == ["Idle", "Established"], "the other family stays")
        // A link that comes back does not start it.
        try pair.site.ip("link", "set", "to-isp", "down")
        #expect(provider.waitForSession("2001:db8:1::1", "Idle") != nil)
        try pair.site.ip("link", "set", "to-isp", "up")
        #expect(provider.waitForSession("2001:db8:1::1", "Established") != nil)
        #expect(try provider.states().first == "Idle")
        provider.send(["do": "unshut", "peer": "10.1.0.1", "id": 8])
        #expect(provider.waitForSession("10.1.0.1", "Established") != nil)
        #expect(try eventually { try pair.provider.route("192.0.2.0/24") != "" })
    }

    @Test("What cannot be followed is answered with the reason")
    func commands() throws {
        let provider = try FeaturePair().providerSpeaker()
        for (command, reason): (JSON, String) in [
            (["do": "shut", "id": 1], "peer: missing: a neighbor's name or address expected"),
            (["do": "shut", "peer": "x", "id": 1], "peer: no neighbor 'x'; there are site"),
            (["do": "unshut", "peer": "10.9.9.9", "id": 1], "peer: no neighbor '10.9.9.9'; there are site"),
            (["do": "shut", "peer": "10.1.0.1", "message": 3, "id": 1], "message: a string expected"),
            (
                ["do": "shut", "peer": "10.1.0.1", "message": .string(String(repeating: "é", count: 128)), "id": 1],
                "a message of at most 255 octets expected"
            ),
        ] {
            provider.send(command)
            #expect(provider.wait { $0["reply"] == 1 } == ["reply": 1, "error": .string(reason)])
        }
        provider.send(["do": "refresh", "peer": "10.1.0.1", "id": 2])
        #expect(provider.wait { $0["reply"] == 2 }?["error"]?.string?.hasPrefix("the session is ") == true)
    }

    // MARK: Rest

    @Test("A speaker that holds a change back for MinRouteAdvertisementInterval is not idle")
    func idle() throws {
        let pair = try FeaturePair()
        let site = try pair.siteSpeaker([.init("timers", ["mrai_external_ms": 1500])])
        let provider = try pair.providerSpeaker()
        #expect(site.waitForTables() && provider.waitForTables())
        #expect(try eventually { try site.ask("counters")["idle"] == true && provider.ask("counters")["idle"] == true })
        for verb in ["withdraw", "announce", "withdraw", "announce"] {
            site.send(["do": .string(verb)])
            _ = try site.ask("counters")
        }
        let isIdle = try eventually(within: 0.3) { try site.ask("counters")["idle"] == true }
        #expect(!isIdle, "an announcement waits")
        #expect(try pair.provider.route("192.0.2.0/24") == "")
        #expect(try eventually { try site.ask("counters")["idle"] == true })
        #expect(try eventually { try pair.provider.route("192.0.2.0/24") != "" })
    }
}
