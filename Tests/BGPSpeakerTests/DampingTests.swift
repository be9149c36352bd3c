import Foundation
import JSON
import Testing

@testable import BGPSpeaker

/// Route flap damping over a real session.
@Suite("Damping of the speaker", .serialized)
struct DampingTests {
    /// Two withdrawals within six seconds are enough.
    private static let options: JSON = [
        "half_life_ms": 2000, "suppress": 1100, "reuse": 750, "max_suppress_ms": 20000,
    ]

    private func path(_ speaker: RunningSpeaker) throws -> JSON? {
        let answer = try speaker.ask("show", [.init("view", "prefix"), .init("prefix", "192.0.2.0/24")])
        return answer["paths"]?.array?.first
    }

    private func site(_ speaker: RunningSpeaker) throws -> JSON {
        try #require(try speaker.ask("show", [.init("view", "neighbors")])["neighbors"]?.array?.first)
    }

    private func waitForDamping(_ speaker: RunningSpeaker, _ state: JSON, within seconds: Double = 10) -> JSON? {
        speaker.wait(within: seconds) { $0["event"] == "damping" && $0["state"] == state }
    }

    private func start(_ pair: FeaturePair, _ damping: JSON) throws -> (FakePeer, RunningSpeaker) {
        let speaker = try RunningSpeaker(pair.provider, configuration(pair, damping))
        speaker.start()
        let peer = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
        try peer.open()
        _ = try #require(speaker.waitForSession("10.1.0.1", "Established"))
        return (peer, speaker)
    }

    private func configuration(_ pair: FeaturePair, _ damping: JSON) -> JSON {
        BGPSpeakerTests.configuration(
            "provider", asn: 65010, identifier: "10.0.0.2", originate: [], pair.toSite.json([.init("passive", true)]),
            [.init("damping", damping)])
    }

    private func flap(_ peer: FakePeer, _ times: Int) throws {
        for _ in 0..<times {
            try peer.announce(["192.0.2.0/24"])
            peer.withdraw(["192.0.2.0/24"])
        }
        try peer.announce(["192.0.2.0/24"])
    }

    @Test("A route that flaps leaves the kernel, says when it comes back, and does")
    func suppressed() throws {
        let pair = try FeaturePair()
        let (peer, speaker) = try start(pair, Self.options)
        try flap(peer, 2)
        let event = try #require(waitForDamping(speaker, "suppressed"))
        #expect(event["name"] == "site" && event["prefix"] == "192.0.2.0/24" && event["peer"] == "10.1.0.1")
        #expect(event["figure"]?.int ?? 0 > 1100 && event["reuse_ms"]?.int ?? 0 > 0)
        let shown = try #require(try path(speaker))
        // It may have come back on a machine that is very busy; then the event is there.
        let reason = try #require(shown["reason"]?.string)
        if reason.hasPrefix("damped, reuse in ") {
            #expect(reason.hasSuffix(" s") && shown["best"] == false)
        } else {
            #expect(shown["best"] == true)
        }
        let reused = try #require(waitForDamping(speaker, "reused", within: 30))
        #expect(reused["reuse_ms"] == 0 && reused["figure"]?.int ?? 0 <= 750)
        #expect(try eventually { try path(speaker)?["best"] == true })
        #expect(try eventually { try pair.provider.route("192.0.2.0/24").contains("via 10.1.0.1") })
        speaker.stop()
    }

    @Test("It can be switched on and off while sessions live")
    func reloaded() throws {
        let pair = try FeaturePair()
        let (peer, speaker) = try start(pair, false)
        try flap(peer, 20)
        #expect(try eventually { try path(speaker)?["best"] == true })
        // Of a long time, so that nothing comes back by itself.
        let on = try speaker.ask("reload", [.init("configuration", configuration(pair, ["suppress": 1100]))])
        #expect(on["changes"] == ["damping"] && on["reset"] == [])
        try flap(peer, 3)
        _ = try #require(waitForDamping(speaker, "suppressed"))
        #expect(try eventually { try pair.provider.route("192.0.2.0/24").isEmpty })
        let prefixes = try #require(try site(speaker)["prefixes"])
        #expect(prefixes["damped"] == 1 && prefixes["received"] == 1 && prefixes["accepted"] == 0)
        let received = try speaker.ask("show", [.init("view", "received"), .init("peer", "10.1.0.1")])["routes"]
        #expect(received?.array?.first?["excluded"]?.string?.hasPrefix("damped, reuse in ") == true)
        // Sooner under other values, and at once without.
        let long = try #require(waitTime(path(speaker)))
        let other: JSON = ["suppress": 1100, "half_life_ms": 300_000]
        #expect(
            try speaker.ask("reload", [.init("configuration", configuration(pair, other))])["changes"] == ["damping"])
        #expect(try #require(waitTime(path(speaker))) < long / 2)
        _ = try speaker.ask("reload", [.init("configuration", configuration(pair, false))])
        #expect(waitForDamping(speaker, "reused") != nil)
        #expect(try eventually { try pair.provider.route("192.0.2.0/24").contains("via 10.1.0.1") })
        #expect(try site(speaker)["established"] == 1)
        speaker.stop()
    }

    /// The seconds of `damped, reuse in 12 s`.
    private func waitTime(_ path: JSON?) -> Int? {
        path?["reason"]?.string.flatMap { Int($0.filter(\.isNumber)) }
    }
}
