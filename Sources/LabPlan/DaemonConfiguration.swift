public import JSON
public import LabModel
import Net

/// What each daemon is told: the JSON that `labd bgp`, `labd dns` and `labd wire` read with `--config`.
public enum DaemonConfiguration {
    /// The BGP speaker of a router or site.
    public static func bgp(_ topology: Topology, node: Int) -> JSON {
        let own = topology.nodes[node]
        let neighbours = topology.sessions.filter { $0.node == node }.map { neighbour($0, topology) }
        return [
            "node": .string(own.name), "asn": .int(Int(own.asn.rawValue)),
            "router_id": .string(own.address.description),
            "families": ["ipv4", "ipv6"], "originate": .array(own.prefixes.map { .string($0.description) }),
            "timers": timers(topology.lab.timers), "neighbors": .array(neighbours), "kernel": true,
        ]
    }

    private static func neighbour(_ session: Session, _ topology: Topology) -> JSON {
        var members: [JSON.Member] = [
            .init("name", .string(topology.nodes[session.remote].name)),
            .init("address", .string(session.remoteAddress.description)),
            .init("local_address", .string(session.localAddress.description)),
            .init("asn", .int(Int(topology.nodes[session.remote].asn.rawValue))),
            .init("families", [.string(session.family.rawValue)]),
            .init("passive", .bool(session.isPassive)),
            .init("timers", timers(session.timers)),
        ]
        if let link = session.link, let end = topology.links[link].end(at: session.node) {
            members.append(.init("interface", .string(end.interface)))
        }
        switch session.neighbour {
        case .external(let kind):
            members.append(.init("relation", .string(kind.rawValue)))
        case .internal(let isReflectorClient):
            members.append(.init("relation", "internal"))
            members.append(.init("next_hop_self", true))
            members.append(.init("cluster_client", .bool(isReflectorClient)))
        }
        if let relation = session.relation {
            members.append(.init("export", export(relation)))
            if let value = relation.localPreference {
                members.append(.init("import", ["local_preference": .int(Int(value))]))
            }
        }
        return .object(members)
    }

    private static func export(_ relation: Relation) -> JSON {
        [
            "prepend": .int(Int(relation.prepend)),
            "med": relation.multiExitDiscriminator.map { .int(Int($0)) } ?? .null,
            "communities": .array(relation.communities.map { .string($0) }),
            "no_export": .bool(relation.noExport), "leak": .bool(relation.leak),
        ]
    }

    private static func timers(_ timers: Timers) -> JSON {
        [
            "hold_ms": .int(Int(timers.hold)), "connect_retry_ms": .int(Int(timers.connectRetry)),
            "mrai_external_ms": .int(Int(timers.advertisementExternal)),
            "mrai_internal_ms": .int(Int(timers.advertisementInternal)),
        ]
    }

    /// The DNS responder of a site.
    public static func dns(_ topology: Topology, node: Int) -> JSON {
        let site = topology.nodes[node]
        let zones = topology.lab.services.filter { $0.name == site.network }.compactMap(\.zone).map { zone -> JSON in
            ["origin": .string(zone.origin), "text": .string(zone.text)]
        }
        return [
            "node": .string(site.name), "identity": .string(site.name),
            "addresses": .array(site.services.map { .string($0.description) }), "port": 53, "zones": .array(zones),
        ]
    }

    /// The delay line of all links. `namespace` answers the path of a node's pinned namespace.
    public static func wire(_ topology: Topology, namespace: (Int) -> String) -> JSON {
        func end(_ end: LinkEnd) -> JSON {
            [
                "netns": .string(namespace(end.node)), "device": .string(end.interface),
                "mac": .string(end.mac.description),
            ]
        }
        let links = topology.links.map { link -> JSON in
            let quality = quality(link.quality)
            return [
                "id": .int(link.number), "a": end(link.a), "b": end(link.b), "a_to_b": quality, "b_to_a": quality,
                "up": true,
            ]
        }
        return ["links": .array(links)]
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
