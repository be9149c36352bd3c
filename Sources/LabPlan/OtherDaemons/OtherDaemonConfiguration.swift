public import JSON
public import LabModel
import Net

/// A file that a daemon of others is started with.
public struct DaemonFile: Hashable, Sendable {
    /// The name, in the folder that the daemon has for its `/run`.
    public let name: String
    /// The whole of it.
    public let text: String
}

/// What a router is told that runs a daemon of others: files in that daemon's own language, and for `labd adapter`, which
/// runs the daemon and speaks for it, what to expect.
public enum OtherDaemonConfiguration {
    /// The files of the daemon itself.
    public static func files(_ topology: Topology, node: Int, _ daemon: OtherDaemon) -> [DaemonFile] {
        switch daemon {
        case .bird: [DaemonFile(name: "bird.conf", text: BIRDConfiguration.text(topology, node: node))]
        case .frr: FRRConfiguration.files(topology, node: node)
        case .gobgp: [DaemonFile(name: "gobgpd.toml", text: GoBGPConfiguration.text(topology, node: node))]
        case .openbgpd: [DaemonFile(name: "bgpd.conf", text: OpenBGPDConfiguration.text(topology, node: node))]
        }
    }

    /// What the adapter is told.
    public static func adapter(_ topology: Topology, node: Int, _ daemon: OtherDaemon) -> JSON {
        let own = topology.nodes[node]
        let sessions = topology.sessions.filter { $0.node == node }.map { session -> JSON in
            [
                "peer": .string(session.remoteAddress.description),
                "name": .string(topology.nodes[session.remote].name),
            ]
        }
        return [
            "daemon": .string(daemon.rawValue), "asn": .int(Int(own.asn.rawValue)),
            "router_id": .string(own.address.description), "address6": .string(own.address6.description),
            "originate": .array(own.prefixes.map { .string($0.description) }), "sessions": .array(sessions),
            "quiet_ms": .int(quiet(topology, node: node, daemon)),
        ]
    }

    /// How long nothing may change at a router before it is believed to be at rest, in milliseconds: a round trip of the
    /// longest link and the time that a busy machine may take, and where the daemon holds announcements back, that.
    static func quiet(_ topology: Topology, node: Int, _ daemon: OtherDaemon) -> Int {
        let longest = topology.links.map(\.quality).map { $0.delay + $0.jitter }.max() ?? 0
        let sessions = daemon == .frr ? topology.sessions.filter { $0.node == node } : []
        let held = sessions.map { max($0.timers.advertisementExternal, $0.timers.advertisementInternal) }.max() ?? 0
        return 500 + Int(2 * longest / 1_000_000) + Int(held)
    }
}
