import BGPWire
import Foundation
import JSON
import Net
import Sys
import Testing

@testable import BGPSpeaker

/// Graceful restart (RFC 4724) over veth: with a neighbour whose every octet the test decides, and between two speakers.
@Suite("Speaker, graceful restart", .serialized)
struct RestartTests {
    private static func capabilities(
        flags: UInt8 = 0, seconds: UInt16 = 60, family: UInt8? = GracefulRestart.Family.forwardingKept
    ) -> [Capability] {
        let families = family.map { [GracefulRestart.Family(FamilyIdentifier(.ipv4), flags: $0)] } ?? []
        return FakePeer.capabilities + [
            .gracefulRestart(GracefulRestart(flags: flags, restartTime: seconds, families: families))
        ]
    }

    /// A provider with two routes of a site that can restart.
    private struct Restarting {
        let pair: FeaturePair
        let speaker: RunningSpeaker
        var site: FakePeer

        init(seconds: UInt16 = 60) throws {
            pair = try FeaturePair()
            (site, speaker) = try pair.fakeSite([], capabilities(seconds: seconds))
            try site.announce(["192.0.2.0/24", "203.0.113.0/24"])
            site.endOfRIB()
            let node = pair.provider
            #expect(try eventually { try node.route("203.0.113.0/24") != "" })
        }

        /// The kernel's routes.
        var routes: [Bool] {
            get throws { try ["192.0.2.0/24", "203.0.113.0/24"].map { try pair.provider.route($0) != "" } }
        }

        /// The site's connection ends without a word.
        mutating func goAway() throws {
            site.hangUp()
            #expect(speaker.waitForSession("10.1.0.1", "Active")?["reason"] == "connection closed")
            _ = try speaker.ask("counters")
        }

        mutating func comeBack(_ capabilities: [Capability]) throws {
            site = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
            try site.open(capabilities)
            _ = try #require(speaker.waitForSession("10.1.0.1", "Established"))
        }
    }

    @Test("The neighbour restarts: its routes are never out of the kernel, and what does not come again goes")
    func helper() throws {
        var state = try Restarting()
        let monitor = try RouteMonitor(state.pair.provider)
        try state.goAway()
        #expect(try state.routes == [true, true])
        try state.comeBack(Self.capabilities(flags: GracefulRestart.restarted))
        #expect(try state.routes == [true, true])
        try state.site.announce(["192.0.2.0/24"])
        state.site.endOfRIB()
        let speaker = state
        #expect(try eventually { try speaker.routes == [true, false] })
        #expect(!monitor.stop().contains { $0.contains("Deleted 192.0.2.0/24") })
    }

    @Test("Routes go when the neighbour says that it has not gone on forwarding, or says nothing of it")
    func notForwarded() throws {
        for capabilities in [
            Self.capabilities(flags: GracefulRestart.restarted, family: 0), Self.capabilities(family: nil),
            FakePeer.capabilities,
        ] {
            var state = try Restarting()
            try state.goAway()
            #expect(try state.routes == [true, true])
            try state.comeBack(capabilities)
            let speaker = state
            #expect(try eventually { try speaker.routes == [false, false] })
        }
    }

    @Test("Routes go when the Restart Time is over")
    func restartTime() throws {
        var state = try Restarting(seconds: 1)
        try state.goAway()
        let speaker = state
        #expect(try eventually { try speaker.routes == [false, false] })
    }

    @Test("A NOTIFICATION and a dead link end the routes at once")
    func otherEnds() throws {
        var state = try Restarting()
        state.site.send { NotificationMessage(.administrativeShutdown).encode(to: &$0) }
        var speaker = state
        #expect(try eventually { try speaker.routes == [false, false] })

        state = try Restarting()
        try state.goAway()
        try state.pair.site.ip("link", "set", "to-isp", "down")
        speaker = state
        #expect(try eventually { try speaker.routes == [false, false] })
    }

    @Test("A neighbour that connects anew while its session seems to live has restarted")
    func silentRestart() throws {
        var state = try Restarting()
        let monitor = try RouteMonitor(state.pair.provider)
        let old = state.site
        // Right after its beginning it would be taken for the other connection of a collision.
        let speaker = state.speaker
        #expect(
            try eventually {
                let shown = try speaker.ask("show", [.init("view", "neighbors")])["neighbors"]?.array?.first
                return shown?["uptime_ms"]?.int ?? 0 >= 1000
            })
        try state.comeBack(Self.capabilities(flags: GracefulRestart.restarted))
        try state.site.announce(["192.0.2.0/24", "203.0.113.0/24"])
        state.site.endOfRIB()
        _ = try state.speaker.ask("counters")
        #expect(try state.routes == [true, true])
        #expect(
            !monitor.stop().contains { $0.contains("Deleted 192.0.2.0/24") || $0.contains("Deleted 203.0.113.0/24") })
        old.hangUp()
    }

    @Test(
        "We restart: no route of an earlier life is removed before the neighbour has told its own, nor one that stays")
    func restarter() throws {
        let pair = try FeaturePair()
        for prefix in ["192.0.2.0/24", "203.0.113.0/24"] {
            try pair.provider.ip("route", "add", prefix, "via", "10.1.0.1", "proto", "bgp", "metric", "20")
        }
        let monitor = try RouteMonitor(pair.provider)
        let speaker = try RunningSpeaker(
            pair.provider,
            configuration(
                "provider", asn: 65010, identifier: "10.0.0.2", originate: ["198.51.100.0/24"],
                Array(pair.toSite.json([.init("passive", true)]).prefix(1)),
                [.init("graceful_restart", ["restart_ms": 30000])]))
        speaker.start()
        let site = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
        try site.open(Self.capabilities())
        let open = try #require(try site.next())
        let message = try OpenMessage(decoding: open.body.span.bytes)
        #expect(
            message.capabilities.contains(
                .gracefulRestart(
                    GracefulRestart(
                        flags: 8, restartTime: 30,
                        families: [GracefulRestart.Family(FamilyIdentifier(.ipv4), flags: 0x80)]))))
        _ = try #require(speaker.waitForSession("10.1.0.1", "Established"))
        try site.announce(["192.0.2.0/24"])
        // Its own route is not announced yet: the first UPDATE comes after the site's End-of-RIB.
        func sent() throws -> Int? { try speaker.ask("counters")["sessions"]?.array?.first?["sent"]?.int }
        #expect(try sent() == 0)
        #expect(try pair.provider.route("203.0.113.0/24") != "")
        site.endOfRIB()
        #expect(try eventually { try pair.provider.route("203.0.113.0/24") == "" })
        #expect(speaker.wait { $0["event"] == "idle" } != nil)
        #expect(try sent() ?? 0 > 0)
        #expect(try pair.provider.route("192.0.2.0/24") != "")
        #expect(!monitor.stop().contains { $0.contains("Deleted 192.0.2.0/24") })
    }

    @Test("Who never comes back is waited for until the Selection_Deferral_Timer")
    func deferral() throws {
        let pair = try FeaturePair()
        try pair.provider.ip("route", "add", "203.0.113.0/24", "via", "10.1.0.1", "proto", "bgp", "metric", "20")
        let speaker = try RunningSpeaker(
            pair.provider,
            configuration(
                "provider", asn: 65010, identifier: "10.0.0.2", originate: [], pair.toSite.json(),
                [.init("graceful_restart", ["deferral_ms": 300])]))
        #expect(try pair.provider.route("203.0.113.0/24") != "")
        speaker.start()
        #expect(try eventually { try pair.provider.route("203.0.113.0/24") == "" })
        #expect(speaker.wait { $0["event"] == "idle" } != nil)
    }

    @Test("Who is behind a dead link is not waited for, and the others are")
    func deadLink() throws {
        let pair = try FeaturePair()
        try pair.provider.ip("route", "add", "203.0.113.0/24", "via", "10.1.0.1", "proto", "bgp", "metric", "20")
        let speaker = try RunningSpeaker(
            pair.provider,
            configuration(
                "provider", asn: 65010, identifier: "10.0.0.2", originate: [], pair.toSite.json(),
                [.init("graceful_restart", ["deferral_ms": 3_600_000])]))
        speaker.start()
        // The neighbour has a link, and is only silent.
        _ = try speaker.ask("counters")
        #expect(try pair.provider.route("203.0.113.0/24") != "")
        try pair.site.ip("link", "set", "to-isp", "down")
        #expect(try eventually { try pair.provider.route("203.0.113.0/24") == "" })
        #expect(speaker.wait { $0["event"] == "idle" } != nil)
    }

    @Test("MinRouteAdvertisementInterval holds withdrawals back where it is told to, and all of it is sent in the end")
    func delayedWithdrawals() throws {
        let pair = try FeaturePair()
        let timers: JSON = ["mrai_external_ms": 800, "mrai_withdrawals": true]
        let site = try pair.siteSpeaker([.init("timers", timers)])
        let provider = try pair.providerSpeaker()
        #expect(provider.waitForTables())
        func change(_ verb: String) throws {
            site.send(["do": .string(verb)])
            _ = try #require(provider.wait { $0["event"] == "best" && $0["prefix"] == "192.0.2.0/24" })
        }
        // Between two UPDATE messages pass 75 % of the interval at least (RFC 4271, section 9.2.1.1), however late we look.
        let first = Clock.monotonic()
        try change("withdraw")
        let second = Clock.monotonic()
        try change("announce")
        #expect(Clock.monotonic() - first >= 600_000_000)
        try change("withdraw")
        #expect(Clock.monotonic() - second >= 600_000_000)
        #expect(site.wait { $0["event"] == "idle" } != nil)
    }
}
