import LabModel
import Net

/// The configuration of OpenBGPD (7.7 and later: it needs roles). What the router itself announces is not here: whoever runs
/// it adds that by bgpctl, which takes away only what it has added.
///
/// It keeps leaks back by OTC (RFC 9234) only towards neighbours that have told their role. So what came from a provider or
/// peer is marked with a large community of the AS, by which it is kept from other providers and peers, and which leaves
/// the AS nowhere. Its decisions are those of RFC 4271, section 9.1.2.2, but for the interior metric: the portable edition reads no routes of
/// a Linux kernel, takes every next hop for reachable, and knows no distance.
enum OpenBGPDConfiguration {
    static func text(_ topology: Topology, node: Int) -> String {
        let own = topology.nodes[node]
        let policies = NeighbourPolicy.all(topology, node: node)
        var lines = [
            "AS \(own.asn)", "router-id \(own.address)", "fib-update no", "socket \"/run/openbgpd/control\"",
            "rde med compare strict", "rde route-age ignore",
            "connect-retry \(policies.map(\.connectRetry).min() ?? 1)",
        ]
        for policy in policies { lines += neighbour(policy) }
        lines += ["allow from any", "allow to any"]
        // Who heard a route from outside is its next hop inside.
        lines.append("match from ebgp set nexthop self")
        let mark = "\(own.asn):1:1"
        for policy in policies where !policy.isInternal { lines += rules(policy, mark) }
        lines.append("match to ebgp set large-community delete \(mark)")
        lines.append("match from ebgp community GRACEFUL_SHUTDOWN set localpref 0")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func neighbour(_ policy: NeighbourPolicy) -> [String] {
        let session = policy.session
        var lines = [
            "remote-as \(policy.remoteASN)", "descr \"\(policy.name)\"", "local-address \(session.localAddress)",
            "announce IPv4 \(session.family == .ipv4 ? "unicast" : "none")",
            "announce IPv6 \(session.family == .ipv6 ? "unicast" : "none")",
        ]
        if policy.hold > 0 { lines.append("holdtime \(policy.hold)") }
        if session.isPassive { lines.append("passive") }
        if let role = policy.role { lines.append("announce policy \(role)") }
        if policy.isReflectorClient { lines.append("route-reflector") }
        return ["neighbor \(session.remoteAddress) {"] + lines.map { "  " + $0 } + ["}"]
    }

    private static func rules(_ policy: NeighbourPolicy, _ mark: String) -> [String] {
        let address = policy.session.remoteAddress
        var rules = ["match from \(address) set localpref \(policy.localPreference)"]
        if policy.isMarked { rules.append("match from \(address) set large-community \(mark)") }
        if policy.isRestricted { rules.append("deny quick to \(address) large-community \(mark)") }
        var sets: [String] = []
        if policy.prepend > 0 { sets.append("prepend-self \(policy.prepend)") }
        if let value = policy.multiExitDiscriminator { sets.append("metric \(value)") }
        sets += policy.communities.map { "community \(Self.community($0))" }
        if !sets.isEmpty { rules.append("match to \(address) set { \(sets.joined(separator: " ")) }") }
        return rules
    }

    /// It takes the well-known communities by their names only.
    private static func community(_ numbers: (UInt16, UInt16)) -> String {
        switch numbers {
        case (65535, 65281): "NO_EXPORT"
        case (65535, 65282): "NO_ADVERTISE"
        case (65535, 65283): "NO_EXPORT_SUBCONFED"
        case (65535, 65284): "NO_PEER"
        case (65535, 0): "GRACEFUL_SHUTDOWN"
        case (65535, 666): "BLACKHOLE"
        default: "\(numbers.0):\(numbers.1)"
        }
    }
}
