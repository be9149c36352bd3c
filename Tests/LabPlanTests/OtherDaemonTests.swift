import Foundation
import LabModel
import Net
import Testing

@testable import LabPlan

/// The configurations of other daemons, as files beside this one and as the daemons' own parsers see them.
struct OtherDaemonTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("OtherDaemons")

    private static func place(_ code: String, _ latitude: Double, _ longitude: Double) -> Place {
        Place(code: code, name: code, country: nil, latitude: latitude, longitude: longitude)
    }

    /// A network of the daemon with every relation, each option of a relation, and `count` routers.
    static func topology(_ daemon: OtherDaemon, routers count: Int = 2, timers: Timers = .fast) throws -> Topology {
        let cities = [
            place("FRA", 50.03, 8.57), place("AMS", 52.31, 4.76), place("LHR", 51.47, -0.45),
            place("CDG", 49.01, 2.55), place("MAD", 40.47, -3.56),
        ]
        var up = Relation(network: "up", kind: .provider)
        up.prepend = 2
        up.communities = ["65000:1", "NO_ADVERTISE"]
        up.noExport = true
        up.multiExitDiscriminator = 7
        var side = Relation(network: "side", kind: .peer)
        side.localPreference = 150
        side.leak = daemon.canLeak
        let relations = [
            up, side, Relation(network: "down", kind: .customer), Relation(network: "kin", kind: .sibling),
        ]
        func network(
            _ name: String, _ asn: UInt32, _ daemon: OtherDaemon? = nil, _ relations: [Relation] = []
        ) -> Network {
            Network(
                name: name, asn: ASN(asn), cities: daemon == nil ? [cities[0]] : Array(cities.prefix(count)),
                relations: relations, timers: TimerOverrides(), daemon: daemon)
        }
        return try Topology(
            Lab(
                name: "others", description: nil, timers: timers,
                networks: [
                    network("mid", 65010, daemon, relations), network("up", 65020), network("side", 65030),
                    network("down", 65040), network("kin", 4_200_000_001),
                ], services: [], sites: [], clients: [], links: []))
    }

    private func files(_ daemon: OtherDaemon, _ topology: Topology, node: Int = 0) -> [DaemonFile] {
        OtherDaemonConfiguration.files(topology, node: node, daemon)
    }

    @Test(arguments: OtherDaemon.allCases)
    func filesAreThoseBesideTheTest(daemon: OtherDaemon) throws {
        for file in files(daemon, try Self.topology(daemon)) {
            let golden = Self.folder.appendingPathComponent(file.name)
            if ProcessInfo.processInfo.environment["WRITE_GOLDEN"] != nil {
                try file.text.write(to: golden, atomically: true, encoding: .utf8)
            }
            #expect(try String(contentsOf: golden, encoding: .utf8) == file.text, "\(file.name)")
        }
    }

    @Test(arguments: OtherDaemon.allCases)
    func theDaemonItselfTakesThem(daemon: OtherDaemon) throws {
        var slow = Timers.internet
        slow.hold = 0
        // A full mesh, reflectors and their clients, and timers that a daemon may not know.
        for (count, timers) in [(2, Timers.fast), (5, Timers.internet), (1, slow)] {
            let topology = try Self.topology(daemon, routers: count, timers: timers)
            for node in topology.nodes where node.network == "mid" {
                let (status, output) = try check(daemon, files(daemon, topology, node: node.index))
                #expect(status == 0, "\(daemon) of \(count) routers: \(output)")
            }
        }
    }

    @Test(arguments: OtherDaemon.allCases)
    func theCheckCanFail(daemon: OtherDaemon) throws {
        let broken = files(daemon, try Self.topology(daemon)).map {
            DaemonFile(name: $0.name, text: $0.text + "\nnonsense\n")
        }
        #expect(try check(daemon, broken).status != 0)
    }

    /// Asks the daemon's parser. Answers its exit status and what it said.
    private func check(_ daemon: OtherDaemon, _ files: [DaemonFile]) throws -> (status: Int32, output: String) {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("daemon-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        for file in files {
            try file.text.write(to: place.appendingPathComponent(file.name), atomically: true, encoding: .utf8)
        }
        let file = place.appendingPathComponent(files[0].name).path
        let words =
            switch daemon {
            case .bird: ["/usr/sbin/bird", "-p", "-c", file]
            case .frr: ["/usr/lib/frr/bgpd", "-C", "-S", "-f", file]
            case .gobgp: ["/usr/bin/gobgpd", "--dry-run", "-f", file]
            case .openbgpd: ["/usr/sbin/bgpd", "-n", "-f", file]
            }
        let process = Process()
        // FRR makes folders of its own in both places, even to check.
        let hidden = "mount -t tmpfs none /run && mount -t tmpfs none /var/tmp && exec \"$@\""
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments = ["--mount", "sh", "-c", hidden, "sh"] + words
        process.standardInput = FileHandle.nullDevice
        let log = place.appendingPathComponent("log")
        try Data().write(to: log)
        let handle = try FileHandle(forWritingTo: log)
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        process.waitUntilExit()
        let output = try String(contentsOf: log, encoding: .utf8)
        // FRR tells of a line that it does not know, and is content.
        let status = output.contains("on config line") ? 1 : process.terminationStatus
        return (status, output)
    }

    /// Who waits for whom: daemons that connect again late let the others connect.
    @Test func theLessPatientSideConnects() throws {
        for (daemon, waits) in [(OtherDaemon.gobgp, true), (.openbgpd, true)] {
            let topology = try Self.topology(daemon, routers: 1)
            let external = topology.sessions.filter { $0.node == 0 && $0.link != nil }
            #expect(!external.isEmpty && external.allSatisfy { $0.isPassive == waits }, "\(daemon)")
        }
        // Exactly one side of each session waits.
        for daemon in OtherDaemon.allCases {
            let topology = try Self.topology(daemon)
            #expect(topology.sessions.count { $0.isPassive } * 2 == topology.sessions.count)
        }
    }

    @Test func quietTimeCoversALongLinkAndWhatTheDaemonHoldsBack() throws {
        let topology = try Self.topology(.frr, timers: .internet)
        let longest = topology.links.map(\.quality.delay).max() ?? 0
        let quiet = OtherDaemonConfiguration.quiet(topology, node: 0, .bird)
        #expect(quiet == 500 + Int(2 * longest / 1_000_000))
        #expect(OtherDaemonConfiguration.quiet(topology, node: 0, .frr) == quiet + 30000)
    }
}
