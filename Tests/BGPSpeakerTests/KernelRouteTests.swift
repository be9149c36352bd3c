import JSON
import Testing

@testable import BGPSpeaker

/// What policy and decision make of the kernel's routes, as `ip` shows them: several next hops, and blackholes.
@Suite("Routes in the kernel", .serialized)
struct KernelRouteTests {
    private static let prefixes = ["192.0.2.0/24", "2001:db8:53::/48"]

    @Test("Two equal routes carry packets together, and one alone when the other's link is gone")
    func multipath() throws {
        let pair = try TwoLinks()
        let theirs = try pair.theirSpeaker(Self.prefixes)
        let ours = try pair.ourSpeaker([.init("multipath", 2)])
        #expect(ours.waitForTables())
        for prefix in Self.prefixes {
            #expect(try eventually { try pair.interfaces(prefix) == ["up0", "up1"] }, "\(prefix)")
        }
        // Nothing is written again that is there already.
        let monitor = try RouteMonitor(pair.ours)
        theirs.send(["do": "withdraw"])
        #expect(try eventually { try Self.prefixes.allSatisfy { try pair.interfaces($0) == [] } })
        theirs.send(["do": "announce"])
        for prefix in Self.prefixes { #expect(try eventually { try pair.interfaces(prefix) == ["up0", "up1"] }) }
        try pair.ours.ip("link", "set", "up1", "down")
        for prefix in Self.prefixes { #expect(try eventually { try pair.interfaces(prefix) == ["up0"] }) }
        try pair.ours.ip("link", "set", "up1", "up")
        for prefix in Self.prefixes { #expect(try eventually { try pair.interfaces(prefix) == ["up0", "up1"] }) }
        let changes = monitor.stop().filter { line in Self.prefixes.contains { line.contains($0) } }
        #expect(changes.count < 16, "\(changes)")
        withExtendedLifetime((ours, theirs)) {}
    }

    @Test("Without a limit above one, one route carries all packets")
    func singlePath() throws {
        let pair = try TwoLinks()
        let theirs = try pair.theirSpeaker(Self.prefixes)
        let ours = try pair.ourSpeaker([])
        #expect(ours.waitForTables())
        for prefix in Self.prefixes { #expect(try eventually { try pair.interfaces(prefix) == ["up0"] }) }
        withExtendedLifetime((ours, theirs)) {}
    }

    @Test("BLACKHOLE drops packets where it was agreed on, and nowhere else")
    func blackhole() throws {
        let pair = try TwoLinks()
        let theirs = try pair.theirSpeaker(
            Self.prefixes + ["198.51.100.0/24"], [.init("export", ["communities": ["BLACKHOLE"]])])
        let ours = try pair.ourSpeaker(
            [], neighbours: [.init("import", ["blackholes": .array(Self.prefixes.map { .string($0) })])])
        #expect(ours.waitForTables())
        for prefix in Self.prefixes {
            #expect(try eventually { try pair.ours.route(prefix).hasPrefix("blackhole \(prefix)") }, "\(prefix)")
        }
        #expect(try pair.ours.route("198.51.100.0/24") == "", "the neighbor may not ask for this one")
        theirs.send(["do": "withdraw"])
        for prefix in Self.prefixes { #expect(try eventually { try pair.ours.route(prefix) == "" }, "\(prefix)") }
        withExtendedLifetime(ours) {}
    }

    @Test("Rules on import and export decide what is taken, and what goes out in which form")
    func policy() throws {
        let pair = try TwoLinks()
        let policy: JSON = [
            ["match": ["prefixes": ["198.51.100.0/24"], "neighbors": ["local"]], "then": "reject"],
            ["match": ["family": "ipv6"], "set": ["prepend": 2, "communities": ["add": ["65002:7"]]]],
        ]
        let theirs = try pair.theirSpeaker(
            Self.prefixes + ["198.51.100.0/24"], [.init("export", ["policy": policy])])
        let imported: JSON = [
            ["match": ["neighbors": ["link1"]], "set": ["local_preference": 500]],
            ["match": ["as_path": "^65002 65002", "communities": ["65002:7"]], "set": ["med": 42]],
        ]
        let ours = try pair.ourSpeaker([], neighbours: [.init("import", ["policy": imported])])
        #expect(ours.waitForTables())
        for prefix in Self.prefixes { #expect(try eventually { try pair.interfaces(prefix) == ["up1"] }) }
        #expect(try pair.ours.route("198.51.100.0/24") == "")
        func best(_ prefix: JSON) throws -> JSON {
            let answer = try ours.ask("show", [.init("view", "prefix"), .init("prefix", prefix)])
            return try #require(answer["paths"]?.array?.first)
        }
        let six = try best("2001:db8:53::/48")
        #expect(six["as_path"] == [65002, 65002, 65002] && six["med"] == 42 && six["local_preference"] == 500)
        let four = try best("192.0.2.0/24")
        #expect(four["as_path"] == [65002] && four["med"] == .null && four["reason"] == "local preference")
        withExtendedLifetime(theirs) {}
    }
}
