public import JSON
public import LabModel
import Net

/// What each daemon is told: the JSON that `labd bgp`, `labd dns`, `labd http` and `labd wire` read with `--config`.
public enum DaemonConfiguration {
    /// The BGP speaker of a router or site. `load` says how often BFD's packets come; nil for as often as the file says.
    public static func bgp(_ topology: Topology, node: Int, load: BFDLoad? = nil) -> JSON {
        let own = topology.nodes[node]
        let network = own.kind == .router ? topology.lab.networks.first { $0.name == own.network } : nil
        let sessions = topology.sessions.filter { $0.node == node }
        var members: [JSON.Member] = [
            .init("node", .string(own.name)), .init("asn", .int(Int(own.asn.rawValue))),
            .init("router_id", .string(own.address.description)), .init("families", ["ipv4", "ipv6"]),
            .init("originate", .array(own.prefixes.map { .string($0.description) })),
        ]
        if let network { members += decision(network.decision) + operation(network, topology) }
        if own.kind == .site, own.forwards { members += sharing(amongServersOf: own, topology) }
        if let damping = network?.damping { members.append(.init("damping", json(damping))) }
        members += [
            .init("timers", timers(topology.lab.timers)),
            .init("neighbors", .array(sessions.map { neighbour($0, sessions, network, topology, load) })),
            .init("kernel", .bool(own.kind != .routeServer)),
        ]
        return .object(members)
    }

    /// Whether a speaker that was told `old` takes `new` while it runs. What is the speaker's own cannot change under it.
    public static func canReload(_ new: JSON, after old: JSON) -> Bool {
        ["asn", "router_id", "kernel", "graceful_restart", "bmp"].allSatisfy { old[$0] == new[$0] }
    }

    private static func decision(_ rules: DecisionRules) -> [JSON.Member] {
        var members: [JSON.Member] = []
        if rules.order != .standard { members.append(.init("decision", .string(rules.order.rawValue))) }
        if rules.alwaysComparesMED { members.append(.init("always_compare_med", true)) }
        if rules.multipath > 1 { members.append(.init("multipath", .int(Int(rules.multipath)))) }
        if rules.hash == .resilient { members.append(.init("multipath_hash", .string(rules.hash.rawValue))) }
        return members
    }

    /// How a site shares flows among its servers. One that goes takes its own flows with it and leaves those of the others alone.
    private static func sharing(amongServersOf site: Node, _ topology: Topology) -> [JSON.Member] {
        var rules = DecisionRules()
        rules.multipath = UInt8(clamping: topology.nodes.count { $0.site == site.name })
        rules.hash = .resilient
        return decision(rules)
    }

    /// The port of a BMP station: the one that collectors listen on when nothing is said.
    private static let stationPort = 11019

    /// How the speaker restarts, and to whom it reports.
    private static func operation(_ network: Network, _ topology: Topology) -> [JSON.Member] {
        var members: [JSON.Member] = []
        if let restart = network.restart {
            members.append(
                .init(
                    "graceful_restart",
                    ["restart_ms": .int(Int(restart.restart)), "deferral_ms": .int(Int(restart.deferral))]))
        }
        if let station = network.monitoringStation.flatMap(topology.node(named:)) {
            members.append(
                .init(
                    "bmp",
                    [
                        "address": .string(station.address.description), "port": .int(stationPort),
                        "monitor": ["pre-policy", "post-policy", "loc-rib", "adj-rib-out", "errors"],
                    ]))
        }
        return members
    }

    private static func json(_ damping: Damping) -> JSON {
        [
            "half_life_ms": .int(Int(damping.halfLife)), "suppress": .int(Int(damping.suppress)),
            "reuse": .int(Int(damping.reuse)), "max_suppress_ms": .int(Int(damping.maximumSuppressTime)),
        ]
    }

    /// One neighbour. What is as everywhere is not said, so that what is special stands out.
    private static func neighbour(
        _ session: Session, _ sessions: [Session], _ network: Network?, _ topology: Topology, _ load: BFDLoad?
    ) -> JSON {
        var members: [JSON.Member] = [
            .init("name", .string(topology.nodes[session.remote].name)),
            .init("address", .string(session.remoteAddress.description)),
            .init("local_address", .string(session.localAddress.description)),
            .init("asn", .int(Int(topology.nodes[session.remote].asn.rawValue))),
            .init("families", .array(session.families.map { .string($0.rawValue) })),
            .init("passive", .bool(session.isPassive)),
            .init("timers", timers(session.timers)),
        ]
        if let link = session.link, let end = topology.links[link].end(at: session.node) {
            members.append(.init("interface", .string(end.interface)))
        }
        switch session.neighbour {
        case .external(let kind):
            members.append(.init("relation", .string(kind.rawValue)))
            members += protection(session, load) + capabilities(session)
            members += routes(session, sessions, network, topology)
        case .routeServer:
            members.append(.init("relation", "route_server"))
            members += protection(session, load) + routes(session, sessions, network, topology)
        case .routeServerClient:
            members.append(.init("relation", "route_server_client"))
            members += protection(session, load)
        case .internal(let isReflectorClient):
            members.append(.init("relation", "internal"))
            members.append(.init("next_hop_self", true))
            members.append(.init("cluster_client", .bool(isReflectorClient)))
            members += capabilities(session)
            guard session.link != nil else { break }
            members += protection(session, load)
            // A server has its default route and needs no other.
            if topology.nodes[session.remote].kind == .server {
                members.append(.init("export", ["policy": [["then": "reject"]]]))
            }
        }
        return .object(members)
    }

    /// What keeps strangers out, and tells of a path that fails.
    private static func protection(_ session: Session, _ load: BFDLoad?) -> [JSON.Member] {
        var members: [JSON.Member] = []
        if let password = session.password { members.append(.init("md5_password", .string(password))) }
        if session.hasTTLSecurity { members.append(.init("ttl_security", 1)) }
        if let bfd = session.timers.bfd {
            members.append(
                .init(
                    "bfd",
                    [
                        "interval_ms": .int(Int(load?.interval(bfd.interval) ?? bfd.interval)),
                        "multiplier": .int(Int(bfd.multiplier)),
                    ]))
        }
        if session.relation?.isRoleStrict == true { members.append(.init("role_strict", true)) }
        if let most = session.relation?.maximumPrefixes {
            members.append(
                .init("max_prefixes", .object(session.families.map { .init($0.rawValue, .int(Int(most))) })))
        }
        return members
    }

    /// What the OPEN offers beyond what every session does.
    private static func capabilities(_ session: Session) -> [JSON.Member] {
        var members: [JSON.Member] = []
        if session.hasExtendedNextHop { members.append(.init("extended_next_hop", true)) }
        guard session.paths != SeveralPaths() else { return members }
        var path = [JSON.Member("receive", .bool(session.paths.receive))]
        switch session.paths.send {
        case .all: path.append(.init("send", "all"))
        case .best(let count): path.append(.init("send", .int(Int(count))))
        case nil: break
        }
        return members + [.init("add_path", .object(path))]
    }

    /// What is done to the routes of both directions.
    private static func routes(
        _ session: Session, _ sessions: [Session], _ network: Network?, _ topology: Topology
    ) -> [JSON.Member] {
        // The network of a site is its service, so a site goes by its own name; a route server goes by that of its exchange.
        func neighbours(_ name: String) -> [String] {
            sessions.map { topology.nodes[$0.remote] }
                .filter { $0.kind == .site ? $0.name == name : $0.network == name }
                .map(\.name).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        }
        func policy(_ own: [PolicyRule]?, _ all: [PolicyRule]?) -> [JSON.Member] {
            let rules = (own ?? []) + (all ?? [])
            return rules.isEmpty ? [] : [.init("policy", PolicyConfiguration.rules(rules, neighbours: neighbours))]
        }
        let relation = session.relation
        let exports = (relation.map(export) ?? []) + policy(relation?.exports, network?.exports)
        let imports = (relation.map(`import`) ?? []) + policy(relation?.imports, network?.imports)
        var members: [JSON.Member] = []
        if !exports.isEmpty { members.append(.init("export", .object(exports))) }
        if !imports.isEmpty { members.append(.init("import", .object(imports))) }
        return members
    }

    private static func export(_ relation: Relation) -> [JSON.Member] {
        [
            .init("prepend", .int(Int(relation.prepend))),
            .init("med", relation.multiExitDiscriminator.map { .int(Int($0)) } ?? .null),
            .init("communities", .array(relation.communities.map { .string($0) })),
            .init("no_export", .bool(relation.noExport)), .init("leak", .bool(relation.leak)),
        ]
    }

    private static func `import`(_ relation: Relation) -> [JSON.Member] {
        var members: [JSON.Member] = []
        if let value = relation.localPreference { members.append(.init("local_preference", .int(Int(value)))) }
        if !relation.blackholes.isEmpty {
            members.append(.init("blackholes", .array(relation.blackholes.map { .string($0.description) })))
        }
        return members
    }

    private static func timers(_ timers: Timers) -> JSON {
        [
            "hold_ms": .int(Int(timers.hold)), "connect_retry_ms": .int(Int(timers.connectRetry)),
            "mrai_external_ms": .int(Int(timers.advertisementExternal)),
            "mrai_internal_ms": .int(Int(timers.advertisementInternal)),
        ]
    }

    /// The DNS responder of a site. `zone` stands for the one of the lab file where the site has been given another.
    public static func dns(_ topology: Topology, node: Int, zone other: Service.Zone? = nil) -> JSON {
        let site = topology.nodes[node]
        let service = topology.service(of: site)
        let zones = (other ?? service?.zone).map { [Self.zone($0, at: site, topology)] } ?? []
        var members: [JSON.Member] = [
            .init("node", .string(site.name)), .init("identity", .string(site.name)),
            .init("addresses", .array(site.services.map { .string($0.description) })),
            .init("unicast", .array(unicast(site))), .init("port", 53),
            .init("cookie_secret", .string(cookieSecret(topology.lab.name, site.network))),
            .init("zones", .array(zones)),
        ]
        if let limit = service?.rateLimit {
            members.append(
                .init("rate_limit", ["responses": .int(Int(limit.responses)), "slip": .int(Int(limit.slip))]))
        }
        if let capacity = topology.lab.sites.first(where: { $0.name == site.siteName })?.capacity {
            members.append(.init("capacity", .int(Int(capacity))))
        }
        return .object(members)
    }

    private static func zone(_ zone: Service.Zone, at site: Node, _ topology: Topology) -> JSON {
        var members: [JSON.Member] = [.init("origin", .string(zone.origin)), .init("text", .string(zone.text))]
        if !zone.includes.isEmpty {
            let includes = zone.includes.sorted { $0.key < $1.key }
            members.append(.init("includes", .object(includes.map { .init($0.key, .string($0.value)) })))
        }
        guard let primary = zone.primary else { return .object(members) }
        let others = topology.nodes.filter {
            $0.serves != nil && $0.network == site.network && $0.name != site.name
        }
        if primary == site.name {
            members.append(.init("notify", .array(others.map { .string($0.address.description) })))
        } else {
            members.append(.init("primaries", .array(others.filter { $0.name == primary }.flatMap(unicast))))
        }
        return .object(members)
    }

    private static func unicast(_ node: Node) -> [JSON] {
        [.string(node.address.description), .string(node.address6.description)]
    }

    /// The HTTP server of a site.
    public static func http(_ topology: Topology, node: Int) -> JSON {
        let site = topology.nodes[node]
        let web = topology.service(of: site)?.web ?? WebService()
        var members: [JSON.Member] = [
            .init("site", .string(site.name)),
            .init("addresses", .array(site.services.map { .string($0.description) })),
            .init("unicast", .array(unicast(site))), .init("port", 80),
        ]
        if let origin = web.origin.flatMap(topology.node(named:)) {
            members.append(
                .init("origin", ["site": .string(origin.name), "addresses": .array(unicast(origin))]))
        } else {
            members.append(.init("objects", .array(web.objects.map(object))))
        }
        return .object(members)
    }

    private static func object(_ object: WebService.Object) -> JSON {
        var members: [JSON.Member] = [.init("path", .string(object.path)), .init("size", .int(Int(object.size)))]
        if let seconds = object.maxAge { members.append(.init("max_age", .int(Int(seconds)))) }
        return .object(members)
    }

    /// The secret of a service's cookies, the same at all its sites and in every run (RFC 9018, section 5). Who can read the lab
    /// file could work it out; cookies of a lab keep nobody out but those who forge addresses, as the lab shows.
    private static func cookieSecret(_ lab: String, _ service: String) -> String {
        // FNV-1a, from two beginnings.
        let halves = [0xcbf2_9ce4_8422_2325, 0x6c62_272e_07bb_0142].map { (start: UInt64) in
            "\(lab)/\(service)".utf8.reduce(start) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        }
        return halves.map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// The delay line of all links. `namespace` answers the path of a node's pinned namespace.
    public static func wire(_ topology: Topology, namespace: (Int) -> String) -> JSON {
        ["links": .array(topology.links.map { link($0, isUp: true, namespace: namespace) })]
    }

    /// One link of the delay line.
    public static func link(_ link: Link, isUp: Bool, namespace: (Int) -> String) -> JSON {
        func end(_ end: LinkEnd) -> JSON {
            [
                "netns": .string(namespace(end.node)), "device": .string(end.interface),
                "mac": .string(end.mac.description),
            ]
        }
        let quality = quality(link.quality)
        return [
            "id": .int(link.number), "a": end(link.a), "b": end(link.b), "a_to_b": quality, "b_to_a": quality,
            "up": .bool(isUp),
        ]
    }

    /// What one direction of a link does to packets.
    public static func quality(_ quality: LinkQuality) -> JSON {
        [
            "delay_ns": .int(Int(quality.delay)), "jitter_ns": .int(Int(quality.jitter)), "loss": .double(quality.loss),
            "duplicate": .double(quality.duplicate), "reorder": .double(quality.reorder),
            "rate_bps": .int(Int(clamping: quality.rate)), "limit_packets": 0,
        ]
    }
}
