import BFD
import Foundation
import JSON
import Net
import Sys
import Testing

@testable import BGPSpeaker

/// BFD of two speakers, and with BIRD.
@Suite("BFD", .serialized)
struct BFDSpeakerTests {
    private func bfd(_ interval: Int, multiplier: Int = 3, multihop: Bool = false) -> JSON.Member {
        .init("bfd", ["interval_ms": .int(interval), "multiplier": .int(multiplier), "multihop": .bool(multihop)])
    }

    private func isBFD(_ message: JSON, _ peer: String, _ state: String) -> Bool {
        message["event"] == "bfd" && message["peer"] == .string(peer) && message["state"] == .string(state)
    }

    private let toRight = NeighbourText(
        name: "right", asn: 65002, interface: "to-right", relation: "peer", link: 0, isEven: true)
    private let toLeft = NeighbourText(
        name: "left", asn: 65001, interface: "to-left", relation: "peer", link: 0, isEven: false)

    private func speaker(_ link: SilentlyCutLink, left more: [JSON.Member]) throws -> RunningSpeaker {
        try RunningSpeaker(
            link.left,
            configuration(
                "left", asn: 65001, identifier: "10.0.0.1", originate: ["192.0.2.0/24", "2001:db8:53::/48"],
                toRight.json(more)))
    }

    private func speaker(_ link: SilentlyCutLink, right more: [JSON.Member]) throws -> RunningSpeaker {
        try RunningSpeaker(
            link.right,
            configuration(
                "right", asn: 65002, identifier: "10.0.0.2", originate: ["198.51.100.0/24"], toLeft.json(more)))
    }

    /// Waits until both BFD sessions of a speaker are up and its routes are there, in whatever order they come.
    private func waitUntilUp(_ speaker: RunningSpeaker, _ peers: [String], established: Bool = true) {
        var missing = Set(peers.flatMap { established ? [$0, "bgp " + $0] : [$0] })
        let last = speaker.wait(within: 10) { message in
            guard let peer = message["peer"]?.string else { return false }
            if isBFD(message, peer, "Up") { missing.remove(peer) }
            if message["event"] == "session", message["state"] == "Established" { missing.remove("bgp " + peer) }
            return missing.isEmpty
        }
        #expect(last != nil, "missing: \(missing)")
    }

    @Test("A silent cut ends the sessions of both families with Cease, BFD Down, and its end brings them back")
    func silentCut() throws {
        let rounds = ProcessInfo.processInfo.environment["BFD_ROUNDS"].flatMap { Int($0) } ?? 2
        for interval in [10, 50] {
            let link = try SilentlyCutLink()
            let left = try speaker(link, left: [bfd(interval)])
            let right = try speaker(link, right: [bfd(interval)])
            left.start()
            right.start()
            let peers = [toLeft.remote(.ipv4), toLeft.remote(.ipv6)]
            var times: [Int] = []
            var routeTimes: [Int] = []
            for round in 0..<rounds {
                waitUntilUp(right, peers)
                waitUntilUp(left, [toRight.remote(.ipv4), toRight.remote(.ipv6)])
                #expect(try eventually { try link.right.route("192.0.2.0/24") != "" })
                // Any point of the interval, and after the Poll Sequence that ends the slow start.
                usleep(UInt32(interval * 4000 + round * 37 % interval * 1000))
                let start = link.setCut(true)
                let down = try #require(right.wait { isBFD($0, peers[0], "Down") })
                #expect(down["diagnostic"] == "Control Detection Time Expired")
                times.append(try #require(down["time_ns"]?.int) - Int(start))
                let end = try #require(right.wait { $0["event"] == "session" && $0["peer"] == .string(peers[0]) })
                #expect(end["reason"] == "sent Cease, BFD Down")
                let best = right.wait { $0["event"] == "best" && $0["prefix"] == "192.0.2.0/24" }
                routeTimes.append(try #require(best?["time_ns"]?.int) - Int(start))
                #expect(best?["next_hop"] == .null)
                #expect(try eventually { try link.right.route("192.0.2.0/24") == "" })
                #expect(left.wait { isBFD($0, toRight.remote(.ipv6), "Down") } != nil)
                link.setCut(false)
            }
            print("BFD \(interval) ms x 3, silent cut to Down:", summary(times))
            print("BFD \(interval) ms x 3, silent cut to no route:", summary(routeTimes))
        }
    }

    private func summary(_ times: [Int]) -> String {
        let sorted = times.sorted().map { Double($0) / 1e6 }
        let at = { (part: Double) in sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))] }
        return String(
            format: "median %.1f ms, p99 %.1f ms, most %.1f ms of %d", at(0.5), at(0.99), at(1), sorted.count)
    }

    // MARK: A neighbour made by hand

    private func packet(_ state: BFDState, _ yours: UInt32, mine: UInt32 = 77) -> ControlPacket {
        ControlPacket(
            state: state, detectMultiplier: 255, myDiscriminator: mine, yourDiscriminator: yours,
            desiredMinTxInterval: 1_000_000, requiredMinRxInterval: 50_000)
    }

    @Test(
        "Packets with a TTL below the least, or for no session, are passed over; ours have TTL 255 and the right ports",
        arguments: AddressFamily.allCases, [false, true])
    func strictness(_ family: AddressFamily, _ isMultihop: Bool) throws {
        let link = try SilentlyCutLink()
        let more: JSON = ["interval_ms": 50, "multiplier": 3, "multihop": true, "minimum_ttl": 200]
        let left = try speaker(link, left: [isMultihop ? .init("bfd", more) : bfd(50)])
        let ours = try #require(IPAddress(toLeft.remote(family)))
        let theirs = try #require(IPAddress(toRight.remote(family)))
        let port: UInt16 = isMultihop ? 4784 : 3784
        let peer = try HandMadeBFD(link.right, theirs, to: ours, port: port)
        left.start()
        let first = try #require(try peer.receive())
        #expect(first.timeToLive == 255 && first.port >= 49152)
        #expect(first.packet.state == .down && first.packet.requiredMinRxInterval == 50_000)
        let discriminator = first.packet.myDiscriminator

        let least: UInt8 = isMultihop ? 200 : 255
        try peer.send(packet(.initializing, discriminator), timeToLive: least - 1)
        try peer.send(packet(.initializing, discriminator &+ 1))
        var bad = packet(.initializing, discriminator)
        bad.detectMultiplier = 0
        try peer.send(bad)
        try link.right.ip("addr", "add", family == .ipv4 ? "10.1.0.9/32" : "2001:db8:1::9/128", "dev", "lo")
        try link.left.ip(
            "route", "add", family == .ipv4 ? "10.1.0.9/32" : "2001:db8:1::9/128", "via", theirs.description)
        let stranger = try HandMadeBFD(
            link.right, try #require(IPAddress(family == .ipv4 ? "10.1.0.9" : "2001:db8:1::9")), to: ours, port: port)
        try stranger.send(packet(.down, 0))
        try peer.send(packet(.down, 0), timeToLive: least)
        // Any of those before would have led to Up, or to a session with the stranger.
        let event = try #require(left.wait { $0["event"] == "bfd" })
        #expect(isBFD(event, theirs.description, "Init"))
        try peer.send(packet(.initializing, discriminator), timeToLive: least)
        #expect(isBFD(try #require(left.wait { $0["event"] == "bfd" }), theirs.description, "Up"))
        let answer = try #require(try peer.receive { $0.state == .up })
        #expect(answer.port == first.port && answer.packet.myDiscriminator == discriminator)
        #expect(answer.packet.yourDiscriminator == 77)
    }

    @Test(
        "Up is heard at once by a session that initializes, and Down by one that is up",
        arguments: AddressFamily.allCases)
    func urgency(_ family: AddressFamily) throws {
        let link = try SilentlyCutLink()
        let left = try speaker(link, left: [bfd(50)])
        let theirs = try #require(IPAddress(toRight.remote(family)))
        let peer = try HandMadeBFD(link.right, theirs, to: try #require(IPAddress(toLeft.remote(family))))
        left.start()
        let discriminator = try #require(try peer.receive()).packet.myDiscriminator
        try peer.send(packet(.down, 0))
        #expect(isBFD(try #require(left.wait { $0["event"] == "bfd" }), theirs.description, "Init"))
        // The Detection Time is four minutes: no timer looks for what has come.
        try peer.send(packet(.up, discriminator))
        #expect(isBFD(try #require(left.wait { $0["event"] == "bfd" }), theirs.description, "Up"))
        try peer.send(packet(.up, discriminator))
        try peer.send(packet(.down, discriminator))
        try peer.send(packet(.up, discriminator))
        #expect(isBFD(try #require(left.wait { $0["event"] == "bfd" }), theirs.description, "Down"))
        try peer.send(packet(.down, discriminator))
        #expect(isBFD(try #require(left.wait { $0["event"] == "bfd" }), theirs.description, "Init"))
    }

    @Test("BGP does not wait for BFD, lives through the neighbour's AdminDown, and ends with Down")
    func administrative() throws {
        let link = try SilentlyCutLink()
        let left = try speaker(link, left: [bfd(50)])
        let right = try speaker(link, right: [])
        left.start()
        right.start()
        let theirs = toRight.remote(.ipv4)
        #expect(left.waitForSession(theirs, "Established") != nil, "a neighbour without BFD")
        let peer = try HandMadeBFD(
            link.right, try #require(IPAddress(theirs)), to: try #require(IPAddress(toLeft.remote(.ipv4))))
        func isEstablished() throws -> Bool {
            try #require(try left.ask("counters")["sessions"]?.array).contains {
                $0["peer"] == .string(theirs) && $0["state"] == "Established"
            }
        }
        func comeUp() throws {
            let discriminator = try #require(try peer.receive { $0.state == .down }).packet.myDiscriminator
            try peer.send(packet(.initializing, discriminator))
            #expect(left.wait { isBFD($0, theirs, "Up") } != nil)
            #expect(try isEstablished())
        }
        try comeUp()
        var goodbye = packet(.adminDown, 0)
        goodbye.diagnostic = .administrativelyDown
        try peer.send(goodbye)
        let event = try #require(left.wait { isBFD($0, theirs, "Down") })
        #expect(event["diagnostic"] == "Neighbor Signaled Session Down")
        #expect(try isEstablished())

        while try peer.receive(within: 0.01) != nil {}
        try comeUp()
        try peer.send(packet(.down, 0))
        let end = left.wait { $0["event"] == "session" && $0["peer"] == .string(theirs) }
        #expect(end?["state"] == "Idle" && end?["reason"] == "sent Cease, BFD Down")
        #expect(right.waitForSession(toLeft.remote(.ipv4), "Active")?["reason"] == "received Cease, BFD Down")
        #expect(left.waitForSession(theirs, "Established") != nil, "BGP may be up while BFD is down")
    }

    @Test("A speaker that stops says AdminDown")
    func stop() throws {
        let link = try SilentlyCutLink()
        let left = try speaker(link, left: [bfd(50)])
        let peer = try HandMadeBFD(
            link.right, try #require(IPAddress(toRight.remote(.ipv6))),
            to: try #require(IPAddress(toLeft.remote(.ipv6))))
        left.start()
        #expect(try peer.receive { $0.state == .down } != nil)
        left.stop()
        #expect(try peer.receive { $0.state == .adminDown }?.packet.diagnostic == .administrativelyDown)
    }

    // MARK: BIRD

    @Test("With BIRD: up in both families and over several hops, a cut seen by both, and up again")
    func bird() throws {
        let link = try SilentlyCutLink()
        for (node, own, other, gateway) in [
            (link.left, "10.9.0.1", "10.9.0.2", "10.1.0.1"), (link.right, "10.9.0.2", "10.9.0.1", "10.1.0.0"),
        ] {
            try node.ip("addr", "add", "\(own)/32", "dev", "lo")
            try node.ip("route", "add", "\(other)/32", "via", gateway, "src", own)
        }
        let session = "connect retry time 1; connect delay time 1; error wait time 1, 2; bfd on;"
        let bird = try Bird(
            link.right,
            """
            router id 10.0.0.2;
            protocol device { }
            protocol direct { ipv4; ipv6; }
            protocol bfd {
              interface "*" { interval 50 ms; multiplier 3; };
              multihop { interval 100 ms; multiplier 3; };
            }
            protocol bgp four { local 10.1.0.1 as 65001; neighbor 10.1.0.0 as 65001; direct; \(session) ipv4; }
            protocol bgp six { local 2001:db8:1::1 as 65001; neighbor 2001:db8:1:: as 65001; direct; \(session) ipv6; }
            protocol bgp far { local 10.9.0.2 as 65001; neighbor 10.9.0.1 as 65001; multihop; \(session) ipv4; }
            """)
        func neighbour(_ remote: String, _ local: String, _ family: String, _ more: JSON.Member) -> JSON {
            .object([
                .init("name", "bird"), .init("address", .string(remote)), .init("local_address", .string(local)),
                .init("asn", 65001), .init("relation", "internal"), .init("families", [.string(family)]), more,
            ])
        }
        let peers = ["10.1.0.1", "2001:db8:1::1", "10.9.0.2"]
        let left = try RunningSpeaker(
            link.left,
            configuration(
                "left", asn: 65001, identifier: "10.0.0.1", originate: [],
                [
                    neighbour(peers[0], "10.1.0.0", "ipv4", bfd(50)),
                    neighbour(peers[1], "2001:db8:1::", "ipv6", bfd(50)),
                    neighbour(peers[2], "10.9.0.1", "ipv4", bfd(100, multihop: true)),
                ]))
        left.start()
        for round in 0..<2 {
            waitUntilUp(left, peers)
            #expect(
                try eventually {
                    let text = try bird.command("show", "bfd", "sessions")
                    return text.components(separatedBy: " Up ").count == 4
                })
            if round == 0 {
                let text = try bird.command("show", "bfd", "sessions")
                for timing in ["0.050    0.150", "0.100    0.300"] { #expect(text.contains(timing), "\(text)") }
            }
            link.setCut(true)
            var missing = Set(peers)
            #expect(
                left.wait {
                    if $0["event"] == "bfd", $0["state"] == "Down", let peer = $0["peer"]?.string {
                        missing.remove(peer)
                    }
                    return missing.isEmpty
                } != nil)
            #expect(
                try eventually {
                    let text = try bird.command("show", "bfd", "sessions")
                    return text.components(separatedBy: " Up ").count == 1
                })
            link.setCut(false)
        }
    }
}
