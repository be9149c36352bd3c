import LabModel
import Net

/// A session as every daemon has to be told of it: who, and what the relation makes of routes in both directions. The same
/// numbers as our own speaker's: customers before siblings before peers before providers (Gao and Rexford).
struct NeighbourPolicy {
    let session: Session
    /// The position among the sessions of the node: what configurations number their parts by.
    let number: Int
    let name: String
    let localASN: ASN
    let remoteASN: ASN
    /// The interface that leads to an external neighbour.
    let interface: String?

    static func all(_ topology: Topology, node: Int) -> [NeighbourPolicy] {
        topology.sessions.filter { $0.node == node }.enumerated().map { number, session in
            NeighbourPolicy(
                session: session, number: number, name: topology.nodes[session.remote].name,
                localASN: topology.nodes[node].asn, remoteASN: topology.nodes[session.remote].asn,
                interface: session.link.flatMap { topology.links[$0].end(at: node)?.interface })
        }
    }

    var isInternal: Bool { kind == nil }

    var isReflectorClient: Bool { session.neighbour == .internal(isReflectorClient: true) }

    /// What an external neighbour is to us.
    var kind: RelationKind? {
        guard case .external(let kind) = session.neighbour else { return nil }
        return kind
    }

    /// The LOCAL_PREF of what an external neighbour announces.
    var localPreference: UInt32 {
        if let value = session.relation?.localPreference { return value }
        switch kind {
        case .customer: return 300
        case .sibling: return 250
        case .peer: return 200
        case .provider, nil: return 100
        }
    }

    /// The LOCAL_PREF of our own routes, as the other routers of our AS see them.
    static let ownPreference: UInt32 = 400

    /// Whether only our own routes and those of customers may be announced.
    var isRestricted: Bool { (kind == .provider || kind == .peer) && !leaks }

    var leaks: Bool { session.relation?.leak ?? false }

    /// Our role towards the neighbour (RFC 9234). Who leaks on purpose has none: the role would keep the leak back.
    var role: String? {
        guard !leaks else { return nil }
        switch kind {
        case .provider: return "customer"
        case .customer: return "provider"
        case .peer: return "peer"
        case .sibling, nil: return nil
        }
    }

    /// Whether what the neighbour announces came from above or from beside, and is marked so.
    var isMarked: Bool { kind == .provider || kind == .peer }

    /// How often our own number is in front of what we announce beyond once.
    var prepend: Int { Int(session.relation?.prepend ?? 0) }

    var multiExitDiscriminator: UInt32? { session.relation?.multiExitDiscriminator }

    /// The communities that are added to what we announce, as two numbers each.
    var communities: [(UInt16, UInt16)] {
        var texts = session.relation?.communities ?? []
        if session.relation?.noExport == true, !texts.contains("NO_EXPORT") { texts.append("NO_EXPORT") }
        return texts.compactMap(Self.community)
    }

    private static func community(_ text: String) -> (UInt16, UInt16)? {
        switch text {
        case "NO_EXPORT": return (65535, 65281)
        case "NO_ADVERTISE": return (65535, 65282)
        case "NO_EXPORT_SUBCONFED": return (65535, 65283)
        case "NOPEER": return (65535, 65284)
        case "BLACKHOLE": return (65535, 666)
        case "GRACEFUL_SHUTDOWN": return (65535, 0)
        default:
            let parts = text.split(separator: ":").compactMap { UInt16($0) }
            return parts.count == 2 ? (parts[0], parts[1]) : nil
        }
    }

    /// HoldTime in whole seconds.
    var hold: UInt32 { session.timers.hold / 1000 }
    /// KeepaliveTime: a third of it (RFC 4271, section 10).
    var keepalive: UInt32 { hold / 3 }
    /// ConnectRetryTime in whole seconds, which is as fine as the daemons know it.
    var connectRetry: UInt32 { max(1, (session.timers.connectRetry + 999) / 1000) }
}
