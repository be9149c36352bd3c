import JSON
import Testing

/// Two speakers with a switch between them, so that a port's failure is seen at one end alone.
@Suite("Speakers at a switch", .serialized)
struct SwitchTests {
    private let lan: TestNode
    private let ours: TestNode
    private let theirs: TestNode

    init() throws {
        lan = try TestNode()
        ours = try TestNode()
        theirs = try TestNode()
        try lan.ip("link", "add", "lan", "type", "bridge")
        try lan.ip("link", "set", "lan", "up")
        for (host, node) in [ours, theirs].enumerated() {
            let port = "port\(host)"
            try lan.ip(
                "link", "add", port, "index", "\(100 + host)", "type", "veth", "peer", "name", "lan", "netns",
                node.name, "index", "\(200 + host)")
            try lan.ip("link", "set", port, "master", "lan", "up")
            try node.ip("addr", "add", "10.1.0.\(host)/31", "dev", "lan")
            try node.ip("addr", "add", "2001:db8:1::\(host)/127", "dev", "lan", "nodad")
            try node.ip("link", "set", "lan", "up")
        }
    }

    /// A speaker whose KEEPALIVEs are half a minute apart.
    private func speaker(_ node: TestNode, isEven: Bool, _ originate: [String]) throws -> RunningSpeaker {
        let neighbour = NeighbourText(
            name: "other", asn: isEven ? 65002 : 65001, interface: "lan", relation: "peer", link: 0, isEven: isEven)
        let speaker = try RunningSpeaker(
            node,
            configuration(
                isEven ? "ours" : "theirs", asn: isEven ? 65001 : 65002, identifier: "10.0.0.\(isEven ? 1 : 2)",
                originate: originate, neighbour.json([.init("timers", ["hold_ms": 90_000])])))
        speaker.start()
        return speaker
    }

    @Test("Whose own port failed and works again has its routes back long before the neighbour's next KEEPALIVE is due")
    func ownPort() throws {
        let prefixes = ["192.0.2.0/24", "2001:db8:53::/48"]
        let their = try speaker(theirs, isEven: false, prefixes)
        let our = try speaker(ours, isEven: true, [])
        #expect(our.waitForTables())
        try lan.ip("link", "set", "port0", "down")
        for prefix in prefixes { #expect(try eventually { try ours.route(prefix) == "" }, "\(prefix)") }
        #expect(try their.ask("counters")["sessions"]?.array?.allSatisfy { $0["state"] == "Established" } == true)
        try lan.ip("link", "set", "port0", "up")
        for prefix in prefixes {
            #expect(try eventually(within: 15) { try ours.route(prefix) != "" }, "\(prefix)")
        }
        withExtendedLifetime((our, their)) {}
    }
}
