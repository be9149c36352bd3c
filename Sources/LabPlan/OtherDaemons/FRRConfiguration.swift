import LabModel
import Net

/// The configuration of FRR (8.4 and later: it needs roles): `frr.conf` for bgpd, `zebra.conf` for zebra.
///
/// bgpd is told to decide as RFC 4271, section 9.1.2.2 says: MULTI_EXIT_DISC compared within each neighbouring AS before all
/// else of it, and the BGP Identifier instead of the age of an external route. It has the interior metrics from zebra,
/// which reads them from the kernel.
enum FRRConfiguration {
    static func files(_ topology: Topology, node: Int) -> [DaemonFile] {
        [
            DaemonFile(name: "frr.conf", text: text(topology, node: node)),
            DaemonFile(name: "zebra.conf", text: "hostname \(topology.nodes[node].name)\n"),
        ]
    }

    private static func text(_ topology: Topology, node: Int) -> String {
        let own = topology.nodes[node]
        let policies = NeighbourPolicy.all(topology, node: node)
        var lines = [
            "hostname \(own.name)", "frr defaults traditional", "log stdout",
            "bgp community-list standard graceful-shutdown permit graceful-shutdown", "route-map own permit 10",
            " set local-preference \(NeighbourPolicy.ownPreference)", "exit",
        ]
        for policy in policies where !policy.isInternal { lines += routeMaps(policy) }
        lines += insideMap(own, policies)
        lines += [
            "router bgp \(own.asn)", " bgp router-id \(own.address)", " no bgp default ipv4-unicast",
            " no bgp ebgp-requires-policy", " no bgp network import-check", " bgp deterministic-med",
            " bgp bestpath compare-routerid",
        ]
        for policy in policies { lines += neighbour(policy) }
        for family in AddressFamily.allCases {
            lines.append(" address-family \(family.rawValue) unicast")
            lines += own.prefixes.filter { $0.family == family }.map { "  network \($0) route-map own" }
            lines += ["  maximum-paths 1", "  maximum-paths ibgp 1"]
            for policy in policies where policy.session.family == family { lines += activation(policy, policies) }
            lines.append(" exit-address-family")
        }
        return (lines + ["exit"]).joined(separator: "\n") + "\n"
    }

    private static func routeMaps(_ policy: NeighbourPolicy) -> [String] {
        // Of the two next hops of an IPv6 route it would prefer the link-local one, by which it knows no metric.
        let global = policy.session.family == .ipv6 ? [" set ipv6 next-hop prefer-global"] : []
        var lines = ["route-map import\(policy.number) permit 10", " match community graceful-shutdown"]
        lines += [" set local-preference 0"] + global + ["exit", "route-map import\(policy.number) permit 20"]
        lines += [" set local-preference \(policy.localPreference)"] + global + ["exit"]
        lines.append("route-map export\(policy.number) permit 10")
        if policy.prepend > 0 {
            let numbers = [String](repeating: policy.localASN.description, count: policy.prepend)
            lines.append(" set as-path prepend " + numbers.joined(separator: " "))
        }
        if let value = policy.multiExitDiscriminator { lines.append(" set metric \(value)") }
        let communities = policy.communities.map { "\($0):\($1)" }
        if !communities.isEmpty { lines.append(" set community \(communities.joined(separator: " ")) additive") }
        return lines + ["exit"]
    }

    /// What next-hop-self does not do to a route whose global next hop was preferred: who heard it from outside is its next
    /// hop inside, and routes that are only reflected keep theirs.
    private static func insideMap(_ own: Node, _ policies: [NeighbourPolicy]) -> [String] {
        let outside = policies.filter { !$0.isInternal && $0.session.family == .ipv6 }
        guard !outside.isEmpty, policies.contains(where: \.isInternal) else { return [] }
        return outside.map { "ipv6 prefix-list outside permit \($0.session.remoteAddress)/128" } + [
            "route-map inside permit 10", " match ipv6 next-hop prefix-list outside",
            " set ipv6 next-hop global \(own.address6)", "exit", "route-map inside permit 20", "exit",
        ]
    }

    private static func neighbour(_ policy: NeighbourPolicy) -> [String] {
        let (session, address) = (policy.session, policy.session.remoteAddress)
        let interval =
            policy.isInternal ? session.timers.advertisementInternal : session.timers.advertisementExternal
        var lines = [
            "remote-as \(policy.remoteASN)", "description \(policy.name)", "timers \(policy.keepalive) \(policy.hold)",
            "timers connect \(policy.connectRetry)", "advertisement-interval \((interval + 999) / 1000)",
        ]
        if policy.isInternal { lines.append("update-source \(session.localAddress)") }
        if session.isPassive { lines.append("passive") }
        if let role = policy.role { lines.append("local-role \(role)") }
        return lines.map { " neighbor \(address) \($0)" }
    }

    private static func activation(_ policy: NeighbourPolicy, _ all: [NeighbourPolicy]) -> [String] {
        var lines = ["activate"]
        if policy.isInternal {
            lines.append("next-hop-self")
            if policy.isReflectorClient { lines.append("route-reflector-client") }
            let hasOutside = all.contains { !$0.isInternal && $0.session.family == .ipv6 }
            if policy.session.family == .ipv6, hasOutside { lines.append("route-map inside out") }
        } else {
            lines += ["route-map import\(policy.number) in", "route-map export\(policy.number) out"]
        }
        return lines.map { "  neighbor \(policy.session.remoteAddress) \($0)" }
    }
}
