/// A BGP daemon that others have written, in the place of ours in every router of a network.
public enum OtherDaemon: String, Hashable, Sendable, Codable, CaseIterable {
    /// BIRD 2.
    case bird
    /// FRR: zebra for the kernel's routes, and bgpd.
    case frr
    /// GoBGP, which writes no routes into the kernel by itself.
    case gobgp
    /// OpenBGPD, whose portable edition writes no routes into a Linux kernel.
    case openbgpd

    /// What its authors call it.
    public var title: String {
        switch self {
        case .bird: "BIRD"
        case .frr: "FRR"
        case .gobgp: "GoBGP"
        case .openbgpd: "OpenBGPD"
        }
    }

    /// The Debian package that brings its programs.
    public var package: String {
        switch self {
        case .bird: "bird2"
        case .frr: "frr"
        case .gobgp: "gobgpd"
        case .openbgpd: "openbgpd"
        }
    }

    /// The programs that a router of it needs, where their packages put them.
    public var programs: [String] {
        switch self {
        case .bird: ["/usr/sbin/bird", "/usr/sbin/birdc"]
        case .frr: ["/usr/lib/frr/zebra", "/usr/lib/frr/bgpd", "/usr/bin/vtysh"]
        case .gobgp: ["/usr/bin/gobgpd", "/usr/bin/gobgp"]
        case .openbgpd: ["/usr/sbin/bgpd", "/usr/sbin/bgpctl"]
        }
    }

    /// Whether it writes its best routes into the kernel itself. For those that do not, whoever runs them does.
    public var writesKernel: Bool { self == .bird || self == .frr }

    /// Whether it takes the OTC attribute off a route (RFC 9234), without which no leak is believed.
    public var canLeak: Bool { self == .bird }

    /// How unwilling it is to connect soon again after a refusal: the less willing side of a session waits for the other.
    var patience: Int { writesKernel ? 0 : 1 }
}

extension Topology {
    /// The daemon of others that a node runs; nil for ours.
    public func otherDaemon(of node: Int) -> OtherDaemon? {
        guard nodes[node].kind == .router else { return nil }
        return lab.networks.first { $0.name == nodes[node].network }?.daemon
    }
}

extension Lab {
    /// The daemons of others that the lab needs, each with the first network that asks for it.
    public var otherDaemons: [(daemon: OtherDaemon, network: String)] {
        OtherDaemon.allCases.compactMap { daemon in
            networks.first { $0.daemon == daemon }.map { (daemon, $0.name) }
        }
    }
}
