import BGPTable
import BGPWire
import Net

/// Our own AS in these tests.
let ourASN = ASN(65000)

func v4(_ text: String) -> IPv4Address { IPv4Address(text) ?? .any }
func prefix(_ text: String) -> IPPrefix { IPPrefix(text) ?? IPPrefix(.v4(.any), length: 0) }

/// Attributes as a neighbour might send them.
func attributes(
    path: [UInt32], nextHop: String = "10.0.0.9", med: UInt32? = nil, localPreference: UInt32? = nil,
    origin: Origin = .igp, otc: UInt32? = nil, communities: [UInt32] = [], originator: String? = nil,
    clusters: [String] = []
) -> PathAttributes {
    PathAttributes(
        origin: origin, asPath: ASPath(sequence: path.map { ASN($0) }), nextHop: NextHop(.v4(v4(nextHop))),
        multiExitDiscriminator: med, localPreference: localPreference,
        communities: communities.map { Community(rawValue: $0) }, originatorID: originator.map(v4),
        clusterList: clusters.map(v4), onlyToCustomer: otc.map { ASN($0) })
}

/// A table with neighbours, all of whose next hops are reachable.
struct Bench {
    var table = Table(local: LocalSpeaker(asn: ourASN, identifier: v4("10.0.0.1")))
    /// Metrics of next hops; those not named have 0.
    var metrics: [IPAddress: UInt32] = [:]
    /// Next hops that cannot be reached.
    var unreachable: Set<IPAddress> = []

    /// Adds a neighbour whose session is up. The last octet of its address and identifier is `number`.
    mutating func peer(
        _ relation: Relation, _ number: UInt8, asn: UInt32? = nil, identifier: String? = nil, client: Bool = false,
        nextHopSelf: Bool = false, options: ExportOptions = ExportOptions(), preference: UInt32? = nil
    ) -> PeerID {
        let id = table.addPeer(
            PeerConfiguration(
                relation: relation, asn: relation == .internal ? ourASN : ASN(asn ?? 65000 + UInt32(number)),
                address: .v4(IPv4Address(10, 0, 0, number)), isClusterClient: client, nextHopSelf: nextHopSelf,
                localIPv4: v4("10.0.0.1"), localIPv6: IPv6Address("2001:db8::1"),
                importOptions: ImportOptions(localPreference: preference), exportOptions: options))
        up(id, identifier: identifier.map(v4) ?? IPv4Address(10, 0, 0, number))
        return id
    }

    mutating func up(_ id: PeerID, identifier: IPv4Address) {
        table.peerUp(id, identifier: identifier, families: [.ipv4, .ipv6])
    }

    mutating func announce(_ attributes: PathAttributes, to text: String = "192.0.2.0/24", from id: PeerID) {
        table.announce([prefix(text)], with: attributes, from: id)
    }

    /// Answers next hop requests and decides.
    @discardableResult
    mutating func settle() -> [RouteChange] {
        for case .track(let address) in table.takeNextHopRequests() {
            let resolution = NextHopResolution(metric: metrics[address] ?? 0, interfaceIndex: 1)
            table.nextHopChanged(address, to: unreachable.contains(address) ? nil : resolution)
        }
        return table.decide()
    }

    /// What a neighbour is sent for one prefix: nil if nothing.
    mutating func sent(_ text: String = "192.0.2.0/24", to id: PeerID) -> PathAttributes? {
        settle()
        return table.takeUpdates(for: id).announced.first { $0.prefixes.contains(prefix(text)) }?.attributes
    }
}
