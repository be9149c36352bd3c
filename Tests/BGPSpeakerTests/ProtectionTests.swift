import Foundation
import JSON
import Net
import Sys
import TestSupport
import Testing

@testable import BGPSpeaker

/// TCP-MD5 (RFC 2385) and GTSM (RFC 5082).
@Suite("Protected connections", .serialized)
struct ProtectionTests {
    private func password(_ text: String) -> JSON.Member { .init("md5_password", .string(text)) }

    @Test("The same key on both sides makes sessions of both families, whoever connects")
    func sameKey() throws {
        for passive in [false, true] {
            let pair = try FeaturePair()
            let site = try pair.siteSpeaker([password("s3cret"), .init("passive", .bool(passive))])
            let provider = try pair.providerSpeaker([password("s3cret"), .init("passive", .bool(!passive))])
            #expect(site.waitForTables() && provider.waitForTables())
            #expect(try pair.site.route("198.51.100.0/24") != "" && pair.site.route("2001:db8:99::/48") != "")
        }
    }

    @Test("Another key, and none, make no session", arguments: [[JSON.Member("md5_password", "other")], []])
    func otherKey(members: [JSON.Member]) throws {
        let pair = try FeaturePair()
        let site = try pair.siteSpeaker(members)
        let provider = try pair.providerSpeaker([password("s3cret")])
        #expect(site.wait(within: 1.2) { $0["event"] == "session" } == nil)
        #expect(try provider.states().allSatisfy { $0 != "Established" })
        let stranger = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
        #expect(!stranger.opens(within: 0.4), "an unsigned SYN is not answered")
    }

    @Test("A key that the kernel takes is as long as one that the configuration takes")
    func longestKey() throws {
        let pair = try FeaturePair()
        let key = password(String(repeating: "k", count: ConnectionProtection.longestPassword))
        let (site, provider) = (try pair.siteSpeaker([key]), try pair.providerSpeaker([key]))
        #expect(site.waitForTables() && provider.waitForTables())
    }

    @Test("GTSM on both sides makes sessions, whoever connects; a packet from farther away is not heard")
    func security() throws {
        for passive in [false, true] {
            let pair = try FeaturePair()
            let hops = JSON.Member("ttl_security", 1)
            let site = try pair.siteSpeaker([hops, .init("passive", .bool(passive))])
            let provider = try pair.providerSpeaker([hops, .init("passive", .bool(!passive))])
            #expect(site.waitForTables() && provider.waitForTables())
            let stranger = try FakePeer(pair.site, from: "10.1.0.1", to: "10.1.0.0")
            #expect(!stranger.opens(within: 0.4), "its TTL is 64")
        }
    }

    @Test("GTSM on one side only makes no session")
    func oneSided() throws {
        let pair = try FeaturePair()
        let site = try pair.siteSpeaker()
        let provider = try pair.providerSpeaker([.init("ttl_security", 1)])
        #expect(site.wait(within: 1.2) { $0["event"] == "session" && $0["state"] == "Established" } == nil)
        #expect(try provider.states().allSatisfy { $0 != "Established" })
    }

    @Test("The least TTL follows from the hops", arguments: [(UInt8(1), UInt8(255)), (2, 254), (254, 2)])
    func least(hops: UInt8, least: UInt8) {
        #expect(ConnectionProtection(securityHops: hops).leastTimeToLive == least)
        #expect(ConnectionProtection(timeToLive: 1).leastTimeToLive == nil)
    }

    @Test("A neighbour two hops away passes with two hops, and not with one", arguments: [1, 2])
    func hops(allowed: Int) throws {
        let site = try TestNode()
        let router = try TestNode()
        let provider = try TestNode()
        try router.link("s", to: site, "r", number: 0)
        try router.link("p", to: provider, "r", number: 1)
        try run("ip", ["netns", "exec", router.name, "sysctl", "-qw", "net.ipv4.ip_forward=1"])
        try site.ip("route", "add", "10.1.0.3/32", "via", "10.1.0.0")
        try provider.ip("route", "add", "10.1.0.1/32", "via", "10.1.0.2")
        func end(_ node: TestNode, _ asn: Int, _ other: Int, _ own: String, _ peer: String, _ relation: String) throws
            -> RunningSpeaker
        {
            let neighbour: JSON = [
                "name": "far", "address": .string(peer), "local_address": .string(own), "asn": .int(other),
                "relation": .string(relation), "families": ["ipv4"], "ttl_security": .int(allowed),
            ]
            let text = configuration("n", asn: asn, identifier: own, originate: [], [neighbour])
            let speaker = try RunningSpeaker(node, text)
            speaker.start()
            return speaker
        }
        let near = try end(site, 64500, 65010, "10.1.0.1", "10.1.0.3", "provider")
        let far = try end(provider, 65010, 64500, "10.1.0.3", "10.1.0.1", "customer")
        let established = near.waitForSession("10.1.0.3", "Established", within: allowed == 1 ? 1.2 : 5)
        #expect((established != nil) == (allowed == 2))
        far.stop()
    }
}
