import LabModel

extension Checks {
    /// What a network that runs the daemon of others cannot say, and what its neighbours cannot ask of it.
    static func otherDaemons(_ draft: Draft, _ report: Report) {
        var daemons: [String: OtherDaemon] = [:]
        for network in draft.networks { daemons[network.name.value] = network.daemon }
        guard !daemons.isEmpty else { return }
        for network in draft.networks {
            for relation in network.relations { check(relation, network.daemon, daemons, report) }
            guard let daemon = network.daemon else { continue }
            var keys: [String] = []
            if !network.imports.isEmpty { keys.append("import") }
            if !network.exports.isEmpty { keys.append("export") }
            if network.decision.order != DecisionRules().order { keys.append("decision") }
            if network.decision.alwaysComparesMED { keys.append("always-compare-med") }
            if network.decision.multipath > 1 { keys.append("multipath") }
            if network.internalPaths != nil { keys.append("add-path") }
            if network.restart != nil { keys.append("graceful-restart") }
            if network.station != nil { keys.append("bmp") }
            if network.damping != nil { keys.append("damping") }
            for key in keys {
                report.error(
                    "\(quoted(key)) is for networks of our own daemon, and \(quoted(network.name.value)) runs \(daemon.title)",
                    at: network.name.position, hint: "leave out '\(key)' or 'daemon'")
            }
        }
        for site in draft.sites { for relation in site.relations { check(relation, nil, daemons, report) } }
        for member in draft.exchanges.filter(\.hasRouteServer).flatMap(\.members) {
            guard let daemon = daemons[member.value] else { continue }
            report.error(
                "the members of an exchange with a route server run our own daemon, and \(quoted(member.value)) runs "
                    + daemon.title, at: member.position, hint: "leave out 'route-server' or 'daemon'")
        }
    }

    private static func check(
        _ relation: Located<Relation>, _ own: OtherDaemon?, _ daemons: [String: OtherDaemon], _ report: Report
    ) {
        let value = relation.value
        if let own, !own.canLeak, value.leak {
            // What leaks has to take the OTC attribute away, or the neighbour drops it (RFC 9234, section 5).
            report.error(
                "\(own.title) cannot leak routes to \(quoted(value.network)): it has no way to take the attribute OTC away, "
                    + "by which the neighbour knows a leak (RFC 9234)", at: relation.position,
                hint: "let the network that leaks run our own daemon or bird")
        }
        var keys: [String] = []
        if value.password != nil { keys.append("md5") }
        if value.hasTTLSecurity { keys.append("ttl-security") }
        if value.isRoleStrict { keys.append("role-strict") }
        if value.paths != nil { keys.append("add-path") }
        if value.hasExtendedNextHop { keys.append("extended-next-hop") }
        if own != nil {
            if !value.imports.isEmpty { keys.append("import") }
            if !value.exports.isEmpty { keys.append("export") }
            if !value.blackholes.isEmpty { keys.append("blackholes") }
            if value.maximumPrefixes != nil { keys.append("max-prefixes") }
        }
        guard let other = own ?? daemons[value.network] else { return }
        for key in keys {
            report.error(
                "\(quoted(key)) is for sessions between our own daemons, and one end of this runs \(other.title)",
                at: relation.position, hint: "leave out '\(key)' or 'daemon'")
        }
    }
}
