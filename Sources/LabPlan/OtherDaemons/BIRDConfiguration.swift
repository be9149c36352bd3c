import LabModel
import Net

/// The configuration of BIRD 2 (2.0.12 and later: it needs roles).
///
/// Which route wins is as RFC 4271, section 9.1.2.2 says: MULTI_EXIT_DISC compared within each neighbouring AS, no regard
/// to age, and the interior metric of the next hop. BIRD takes that metric from the route by which the next hop resolves. So
/// all next hops are resolved recursively: by the links, whose delay is stated here, and by the interior routes that the
/// supervisor keeps in the kernel, whose metric is learned with them.
enum BIRDConfiguration {
    static func text(_ topology: Topology, node: Int) -> String {
        let own = topology.nodes[node]
        var parts = ["log stderr all;", "router id \(own.address);", "protocol device { }"]
        for family in AddressFamily.allCases {
            parts.append(kernel(family))
            parts.append(links(topology, node: node, family))
            let prefixes = own.prefixes.filter { $0.family == family }.map { "  route \($0) unreachable;\n" }
            parts.append("protocol static own\(family.digit) {\n  \(family.rawValue);\n\(prefixes.joined())}")
        }
        parts += NeighbourPolicy.all(topology, node: node).map(protocolText)
        return parts.joined(separator: "\n") + "\n"
    }

    /// Writes what BGP brings, and learns the interior: the static routes, but not those that stand for a whole prefix.
    private static func kernel(_ family: AddressFamily) -> String {
        """
        protocol kernel kernel\(family.digit) {
          learn;
          \(family.rawValue) {
            import filter {
              if krt_source != 4 || krt_metric >= 2147483648 then reject;
              igp_metric = krt_metric;
              accept;
            };
            export where source = RTS_BGP;
          };
        }
        """
    }

    /// The links of the node with their delays in microseconds.
    private static func links(_ topology: Topology, node: Int, _ family: AddressFamily) -> String {
        let routes = topology.links(of: node).map { link, end, _ -> String in
            let base = IPPrefix(link.a.address(family), length: family == .ipv4 ? 31 : 127)
            let metric = max(1, link.quality.delay / 1000)
            return "  route \(base) via \"\(end.interface)\" { igp_metric = \(metric); };\n"
        }
        return
            "protocol static links\(family.digit) {\n  check link on;\n  \(family.rawValue);\n\(routes.joined())}"
    }

    private static func protocolText(_ policy: NeighbourPolicy) -> String {
        let session = policy.session
        var lines = [
            "description \"\(policy.name)\"", "local \(session.localAddress) as \(policy.localASN)",
            "neighbor \(session.remoteAddress) as \(policy.remoteASN)", "hold time \(policy.hold)",
        ]
        if policy.keepalive > 0 { lines.append("keepalive time \(policy.keepalive)") }
        lines += [
            "connect retry time \(policy.connectRetry)", "connect delay time 1", "error wait time 1, 2",
            "deterministic med on",
        ]
        if let interface = policy.interface { lines += ["direct", "interface \"\(interface)\""] }
        if let role = policy.role { lines.append("local role \(role)") }
        if session.isPassive { lines.append("passive on") }
        if policy.isReflectorClient { lines.append("rr client") }
        let options = lines.map { "  \($0);\n" }.joined()
        return "protocol bgp session\(policy.number) {\n\(options)  \(session.family.rawValue) {\n"
            + "    gateway recursive;\n" + (policy.isInternal ? internalChannel : externalChannel(policy)) + "  };\n}"
    }

    /// Our own routes are the dearest to all of our AS. The next hop of what others announced is the router that they
    /// announced it to.
    private static var internalChannel: String {
        """
            next hop self ebgp;
            import all;
            export filter {
              if source != RTS_BGP && proto !~ "own*" then reject;
              if source != RTS_BGP then bgp_local_pref = \(NeighbourPolicy.ownPreference);
              accept;
            };

        """
    }

    private static func externalChannel(_ policy: NeighbourPolicy) -> String {
        var importing = ["bgp_local_pref = \(policy.localPreference);"]
        // Without a role BIRD does not mark by itself what comes from above or from beside.
        if policy.leaks, policy.isMarked {
            importing.append("if !defined(bgp_otc) then bgp_otc = \(policy.remoteASN);")
        }
        importing += ["if (65535, 0) ~ bgp_community then bgp_local_pref = 0;", "accept;"]
        var exporting = ["if source != RTS_BGP && proto !~ \"own*\" then reject;"]
        if policy.leaks { exporting.append("unset(bgp_otc);") }
        exporting += [String](repeating: "bgp_path.prepend(\(policy.localASN));", count: policy.prepend)
        exporting.append(policy.multiExitDiscriminator.map { "bgp_med = \($0);" } ?? "unset(bgp_med);")
        exporting += policy.communities.map { "bgp_community.add((\($0), \($1)));" }
        exporting.append("accept;")
        func filter(_ lines: [String]) -> String { lines.map { "      \($0)\n" }.joined() }
        return "    import filter {\n\(filter(importing))    };\n    export filter {\n\(filter(exporting))    };\n"
    }
}

extension AddressFamily {
    /// `4` or `6`, for names.
    var digit: String { self == .ipv4 ? "4" : "6" }
}
