import BGPTable
import BGPWire
import JSON
import Net
import Testing

@testable import BGPSpeaker

/// A table with no room for what a neighbour sends (RFC 4486, section 4).
@Suite("Speaker, full table")
struct FullTableTests {
    @Test("A neighbour whose routes find no room gets Cease / Out of Resources and loses them; others have the room")
    func outOfResources() throws {
        let pair = try FeaturePair()
        // Two prefixes of its own, and two more.
        var limits = TableLimits()
        limits.elements = 4
        let speaker = try RunningSpeaker(
            pair.provider,
            configuration(
                "provider", asn: 65010, identifier: "10.0.0.2", originate: ["198.51.100.0/24", "2001:db8:99::/48"],
                pair.toSite.json([.init("passive", true)])),
            limits: limits)
        speaker.start()
        let peer = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
        try peer.open()
        try peer.announce(["192.0.2.0/24", "203.0.113.0/24"])
        #expect(try eventually { try pair.provider.route("203.0.113.0/24") != "" })
        try peer.announce(["100.64.0.0/24"])
        #expect(try peer.notification() == NotificationMessage(.outOfResources))
        let end = try #require(
            speaker.wait { $0["event"] == "session" && $0["peer"] == "10.1.0.1" && $0["state"] != "Established" })
        #expect(end["reason"]?.string?.contains("Out of Resources") == true)
        for prefix in ["192.0.2.0/24", "203.0.113.0/24", "100.64.0.0/24"] {
            #expect(try eventually { try pair.provider.route(prefix) == "" })
        }
        let other = try FakePeer(pair.site, from: "2001:db8:1::1", to: "2001:db8:1::")
        try other.open([.multiprotocol(FamilyIdentifier(.ipv6)), .fourOctetASN(ASN(64500))])
        try other.announce(["2001:db8:77::/48", "2001:db8:78::/48"])
        #expect(try eventually { try pair.provider.route("2001:db8:78::/48") != "" })
        speaker.stop()
    }
}
