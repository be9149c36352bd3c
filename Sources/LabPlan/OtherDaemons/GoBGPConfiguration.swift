import LabModel
import Net

/// The configuration of GoBGP (3.10). What the router itself announces is not here: GoBGP takes that over its API.
///
/// It has no roles (RFC 9234) and lets the attribute OTC pass unread. What came from a provider or peer is therefore marked
/// with a large community of the AS, by which it is kept from other providers and peers, and which leaves the AS nowhere.
/// Its decisions are those of RFC 4271, section 9.1.2.2, but for the interior metric, which it does not know.
enum GoBGPConfiguration {
    static func text(_ topology: Topology, node: Int) -> String {
        let own = topology.nodes[node]
        let policies = NeighbourPolicy.all(topology, node: node)
        let mark = "\(own.asn):1:1"
        var lines = [
            "[global.config]", "  as = \(own.asn)", "  router-id = \"\(own.address)\"",
            "[global.route-selection-options.config]", "  external-compare-router-id = true",
            "[global.apply-policy.config]", "  import-policy-list = [\"import\"]",
            "  default-import-policy = \"accept-route\"", "  export-policy-list = [\"export\"]",
            "  default-export-policy = \"accept-route\"",
        ]
        for policy in policies { lines += neighbour(policy, own) }
        lines += [
            "[[defined-sets.bgp-defined-sets.community-sets]]", "  community-set-name = \"graceful-shutdown\"",
            "  community-list = [\"65535:0\"]", "[[defined-sets.bgp-defined-sets.large-community-sets]]",
            "  large-community-set-name = \"marked\"", "  large-community-list = [\"\(mark)\"]",
        ]
        for policy in policies {
            lines += [
                "[[defined-sets.neighbor-sets]]", "  neighbor-set-name = \"\(policy.number)\"",
                "  neighbor-info-list = [\"\(policy.session.remoteAddress)\"]",
            ]
        }
        lines += ["[[policy-definitions]]", "  name = \"import\""]
        for policy in policies where !policy.isInternal { lines += importStatements(policy, mark) }
        lines += ["[[policy-definitions]]", "  name = \"export\""]
        for policy in policies { lines += exportStatements(policy, mark) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func neighbour(_ policy: NeighbourPolicy, _ own: Node) -> [String] {
        let session = policy.session
        var lines = [
            "[[neighbors]]", "  [neighbors.config]", "    neighbor-address = \"\(session.remoteAddress)\"",
            "    peer-as = \(policy.remoteASN)", "    description = \"\(policy.name)\"",
            "  [neighbors.transport.config]", "    local-address = \"\(session.localAddress)\"",
        ]
        if session.isPassive { lines.append("    passive-mode = true") }
        lines += [
            "  [neighbors.timers.config]", "    connect-retry = \(policy.connectRetry)",
            "    idle-hold-time-after-reset = 1", "    hold-time = \(policy.hold)",
            "    keepalive-interval = \(policy.keepalive)",
        ]
        if policy.isReflectorClient {
            lines += [
                "  [neighbors.route-reflector.config]", "    route-reflector-client = true",
                "    route-reflector-cluster-id = \"\(own.address)\"",
            ]
        }
        return lines + [
            "  [[neighbors.afi-safis]]", "    [neighbors.afi-safis.config]",
            "      afi-safi-name = \"\(session.family.rawValue)-unicast\"",
        ]
    }

    /// One statement of a policy.
    private struct Statement {
        let name: String
        let neighbour: Int
        var conditions: [String] = []
        var actions: [String] = []
        var disposition: String?

        var lines: [String] {
            let prefix = "    [policy-definitions.statements"
            var lines = [
                "  [[policy-definitions.statements]]", "    name = \"\(name)\"",
                prefix + ".conditions.match-neighbor-set]", "      neighbor-set = \"\(neighbour)\"",
            ]
            lines += conditions.map { $0.hasPrefix("[") ? prefix + ".conditions." + $0.dropFirst() : "      " + $0 }
            if let disposition { lines += [prefix + ".actions]", "      route-disposition = \"\(disposition)\""] }
            return lines + actions.map { $0.hasPrefix("[") ? prefix + ".actions." + $0.dropFirst() : "      " + $0 }
        }
    }

    private static func importStatements(_ policy: NeighbourPolicy, _ mark: String) -> [String] {
        var all = Statement(name: "import\(policy.number)", neighbour: policy.number)
        all.actions = ["[bgp-actions]", "set-local-pref = \(policy.localPreference)"]
        if policy.isMarked { all.actions += large("add", mark) }
        var last = Statement(name: "import\(policy.number)-graceful-shutdown", neighbour: policy.number)
        last.conditions = ["[bgp-conditions.match-community-set]", "community-set = \"graceful-shutdown\""]
        last.actions = ["[bgp-actions]", "set-local-pref = 0"]
        return all.lines + last.lines
    }

    private static func exportStatements(_ policy: NeighbourPolicy, _ mark: String) -> [String] {
        if policy.isInternal {
            // Who heard a route from outside is its next hop inside.
            var statement = Statement(name: "export\(policy.number)", neighbour: policy.number)
            statement.conditions = ["[bgp-conditions]", "route-type = \"external\""]
            statement.actions = ["[bgp-actions]", "set-next-hop = \"self\""]
            return statement.lines
        }
        var lines: [String] = []
        if policy.isRestricted {
            var kept = Statement(name: "export\(policy.number)-kept", neighbour: policy.number)
            kept.conditions = ["[bgp-conditions.match-large-community-set]", "large-community-set = \"marked\""]
            kept.disposition = "reject-route"
            lines += kept.lines
        }
        var bent = Statement(name: "export\(policy.number)", neighbour: policy.number)
        if let value = policy.multiExitDiscriminator { bent.actions += ["[bgp-actions]", "set-med = \"\(value)\""] }
        if policy.prepend > 0 {
            bent.actions += ["[bgp-actions.set-as-path-prepend]", "as = \"\(policy.localASN)\""]
            bent.actions.append("repeat-n = \(policy.prepend)")
        }
        let communities = policy.communities.map { "\"\($0):\($1)\"" }.joined(separator: ", ")
        if !communities.isEmpty {
            bent.actions += ["[bgp-actions.set-community]", "options = \"add\""]
            bent.actions += ["[bgp-actions.set-community.set-community-method]", "communities-list = [\(communities)]"]
        }
        bent.actions += large("remove", mark)
        return lines + bent.lines
    }

    private static func large(_ option: String, _ mark: String) -> [String] {
        [
            "[bgp-actions.set-large-community]", "options = \"\(option)\"",
            "[bgp-actions.set-large-community.set-large-community-method]", "communities-list = [\"\(mark)\"]",
        ]
    }
}
