import Foundation
import JSON
import TestSupport
import Testing

/// Whatever happens to the kernel's routes, they become again what the table wants, and those that should stay are never taken
/// away for it. Each kind of route is there in both families: by two next hops, and blackholes.
@Suite("Agreement of kernel and table", .serialized)
struct KernelAgreementTests {
    private static let forwarded = ["192.0.2.0/24", "2001:db8:53::/48"]
    private static let dropped = ["203.0.113.0/24", "2001:db8:bad::/48"]
    /// Of these, no route is wanted.
    private static let unwanted = ["198.51.100.0/24", "2001:db8:99::/48"]

    /// A provider that announces all prefixes, and a speaker whose process can be stopped and killed.
    private final class Router {
        let links: TwoLinks
        let provider: RunningSpeaker
        let speaker: SpeakerProcess
        /// The routes when all is well.
        private(set) var agreed: [String] = []
        private let monitor: RouteMonitor

        init() throws {
            links = try TwoLinks()
            let blackholes: JSON = .array(dropped.map { .string($0) })
            provider = try links.theirSpeaker(
                forwarded + dropped,
                [
                    .init(
                        "export",
                        [
                            "policy": [
                                ["match": ["prefixes": blackholes], "set": ["communities": ["add": ["BLACKHOLE"]]]]
                            ]
                        ])
                ])
            speaker = try SpeakerProcess(
                links.ours,
                links.ourConfiguration(
                    [.init("multipath", 2)], neighbours: [.init("import", ["blackholes": blackholes])]))
            let links = links
            #expect(try eventually { try forwarded.allSatisfy { try links.interfaces($0) == ["up0", "up1"] } })
            #expect(try eventually { try dropped.allSatisfy { try links.ours.route($0).hasPrefix("blackhole ") } })
            monitor = try RouteMonitor(links.ours)
            agreed = try routes()
        }

        /// The kernel's routes to all prefixes, line by line.
        func routes() throws -> [String] {
            try (forwarded + dropped + unwanted).flatMap { prefix in
                try links.ours.route(prefix).split(separator: "\n").map { prefix + ": " + $0 }.sorted()
            }
        }

        /// Whether the routes become what they were.
        func agrees(within seconds: Double = 10) throws -> Bool {
            try eventually(within: seconds) { try routes() == agreed }
        }

        /// Does several things to the kernel with nothing in between.
        func batch(_ lines: [String]) throws {
            let file = speaker.folder + "/batch"
            try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
            try run("ip", ["-n", links.ours.name, "-batch", file])
        }

        /// Ends the watch; answers the prefixes whose routes were taken away, each as often as it was.
        func deletions() -> [String] {
            monitor.stop().filter { $0.hasPrefix("Deleted ") }.compactMap { line in
                (forwarded + dropped + unwanted).first { line.contains(" \($0) ") }
            }
        }
    }

    @Test("What somebody removes comes back")
    func removed() throws {
        let router = try Router()
        let ours = router.links.ours
        for prefix in Self.forwarded + Self.dropped {
            try ours.ip("route", "del", prefix)
            #expect(try router.agrees(), "\(prefix)")
        }
        try ours.ip("route", "del", "2001:db8:53::/48", "via", "2001:db8:1::1", "dev", "up0")
        #expect(try router.agrees(), "one next hop of two")
        try router.batch((Self.forwarded + Self.dropped).map { "route del \($0)" })
        #expect(try router.agrees())
    }

    @Test("What somebody puts in the place of ours is replaced, and what nobody wants goes")
    func replaced() throws {
        let router = try Router()
        let ours = router.links.ours
        func other(_ prefix: String) -> [String] {
            [prefix, "via", prefix.contains(":") ? "2001:db8:1::3" : "10.1.0.3", "dev", "up1", "proto", "bgp"]
        }
        for prefix in Self.forwarded + Self.dropped {
            try run("ip", ["-n", ours.name, "route", "replace"] + other(prefix) + ["metric", "20"])
            #expect(try router.agrees(), "\(prefix)")
        }
        #expect(router.deletions() == [], "replaced, not deleted and added")
        for prefix in Self.unwanted {
            for metric in ["20", "7"] {
                try run("ip", ["-n", ours.name, "route", "add"] + other(prefix) + ["metric", metric])
                #expect(try router.agrees(), "\(prefix) \(metric)")
            }
        }
        // A route of another protocol is nearer than BGP's, and BGP's comes back when it goes.
        for prefix in Self.forwarded + Self.dropped {
            try ours.ip("route", "replace", prefix, "dev", "lo", "proto", "static", "metric", "20")
            #expect(try eventually { try ours.route(prefix).hasPrefix("\(prefix) dev lo proto static") })
            try ours.ip("route", "del", prefix, "proto", "static")
            #expect(try router.agrees(), "\(prefix)")
        }
    }

    @Test("A killed speaker that starts again takes nothing away but what is not wanted any more")
    func killed() throws {
        let router = try Router()
        router.speaker.killHard()
        #expect(try router.routes() == router.agreed)
        for prefix in Self.unwanted {
            let gateway = prefix.contains(":") ? "2001:db8:1::1" : "10.1.0.1"
            try router.links.ours.ip("route", "add", prefix, "via", gateway, "proto", "bgp", "metric", "20")
        }
        try router.links.ours.ip("route", "del", Self.forwarded[0])
        try router.speaker.start()
        // The sweep comes when all tables are there, or after ten seconds.
        #expect(try router.agrees(within: 20))
        #expect(router.deletions().sorted() == ([Self.forwarded[0]] + Self.unwanted).sorted())
    }

    @Test("A link that goes and comes takes its next hop along, and nothing else")
    func oneLink() throws {
        let router = try Router()
        for node in [(router.links.ours, "up1"), (router.links.theirs, "down1")] {
            try node.0.ip("link", "set", node.1, "down")
            for prefix in Self.forwarded { #expect(try eventually { try router.links.interfaces(prefix) == ["up0"] }) }
            try node.0.ip("link", "set", node.1, "up")
            #expect(try router.agrees())
        }
        #expect(router.deletions() == [])
    }

    @Test("All links down and up again in one moment, in which the kernel drops routes without a word")
    func allLinks() throws {
        let router = try Router()
        try router.batch(["link set up0 down", "link set up1 down", "link set up0 up", "link set up1 up"])
        #expect(try router.agrees())
        try router.batch(["link set up0 down", "link set up0 up"])
        #expect(try router.agrees())
    }

    @Test("An address that is removed and added again")
    func addresses() throws {
        let router = try Router()
        let four = "10.1.0.0/31 dev up0", six = "2001:db8:1::/127 dev up0"
        for address in [four, six] {
            try router.batch(["addr del \(address)", "addr add \(address)" + (address == six ? " nodad" : "")])
            #expect(try router.agrees(), "\(address) at once")
            let prefix = address == six ? Self.forwarded[1] : Self.forwarded[0]
            try router.batch(["addr del \(address)"])
            #expect(try eventually { try router.links.interfaces(prefix) == ["up1"] }, "\(address)")
            try router.batch(["addr add \(address)" + (address == six ? " nodad" : "")])
            #expect(try router.agrees(), "\(address)")
        }
        #expect(router.deletions() == [])
    }

    @Test("Changes that were not heard, since others overran the socket, are found all the same")
    func overrun() throws {
        let router = try Router()
        router.speaker.signal(SIGSTOP)
        // More than the socket holds: what comes behind is lost.
        let flood = (0..<4000).map { "198.18.\($0 / 256).\($0 % 256)/32 dev lo" }
        try router.batch(flood.map { "route add \($0)" })
        let removed = Self.forwarded[0], replaced = Self.forwarded[1]
        try router.batch(
            [
                "route del \(removed)", "route replace unreachable \(Self.dropped[0]) proto bgp metric 20",
                "route replace \(replaced) via 2001:db8:1::3 dev up1 proto bgp metric 20",
                "route del \(Self.dropped[1])",
            ] + Self.unwanted.map { "route add blackhole \($0) proto bgp metric 20" })
        router.speaker.signal(SIGCONT)
        #expect(try router.agrees())
        try router.batch(flood.map { "route del \($0)" })
        #expect(try router.agrees())
        #expect(
            router.deletions().sorted() == ([removed, Self.dropped[1]] + Self.unwanted).sorted(),
            "what was in its place stays there")
    }
}
