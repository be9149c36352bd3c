import BGPSession
public import BGPTable
public import BGPWire
public import JSON
public import Net

/// A speaker's table with all that its configuration says of sessions and policy, and without sockets, kernel and clock. What
/// would be on the wire is handed from one to the other as values: so a prediction of a whole lab runs what the lab would run.
public struct SilentSpeaker {
    /// The RIBs.
    public var table: Table
    private let neighbours: [(configuration: NeighbourConfiguration, id: PeerID)]
    private let configuration: SpeakerConfiguration

    /// Makes a speaker of what `labd bgp --config` reads. `addresses` answers those of an interface.
    public init(_ json: JSON, addresses: (String) -> [IPAddress]) throws(ConfigurationError) {
        configuration = try SpeakerConfiguration(json)
        table = Table(
            local: LocalSpeaker(asn: configuration.asn, identifier: configuration.identifier),
            decision: configuration.decision)
        var neighbours: [(configuration: NeighbourConfiguration, id: PeerID)] = []
        for neighbour in configuration.neighbours {
            let own = neighbour.interface.map(addresses) ?? []
            neighbours.append((neighbour, table.addPeer(neighbour.peer(ownAddresses: own))))
        }
        table.applyOptions(of: neighbours)
        self.neighbours = neighbours
    }

    /// Originates the prefixes of the configuration.
    public mutating func originate() {
        for route in configuration.originated { table.originate(route) }
    }

    /// The neighbour at an address; nil if none is configured.
    public func peer(at address: IPAddress) -> PeerID? {
        neighbours.first { $0.configuration.address == address }?.id
    }

    /// The OPEN that a neighbour is sent; nil for one that is not configured.
    public func open(to peer: PeerID) -> OpenMessage? { session(with: peer)?.open }

    /// The session with a neighbour becomes Established, if both OPEN messages allow it. Answers whether they do.
    public mutating func establish(with peer: PeerID, _ open: OpenMessage) -> Bool {
        guard let session = session(with: peer), let agreed = try? NegotiatedSession(open, for: session) else {
            return false
        }
        table.peerUp(
            peer, identifier: agreed.identifier, families: agreed.families, pathFamilies: agreed.sentPaths,
            isExtendedNextHop: agreed.isExtendedNextHop)
        return true
    }

    private func session(with peer: PeerID) -> SessionConfiguration? {
        neighbours.first { $0.id == peer }?.configuration.session(of: configuration)
    }
}

extension NeighbourConfiguration {
    /// The session as the state machine takes it.
    func session(of own: SpeakerConfiguration) -> SessionConfiguration {
        SessionConfiguration(
            localASN: own.asn, remoteASN: asn, identifier: own.identifier, families: families,
            holdTime: timers.holdTime, connectRetryTime: timers.connectRetryTime, isPassive: isPassive, role: role,
            isRoleStrict: isRoleStrict, sendHoldTime: timers.sendHoldTime, pathReception: paths.reception,
            pathSending: paths.sending, isExtendedNextHop: isExtendedNextHop, exchange: exchange)
    }

    /// The neighbour as the table takes it. Our own addresses as next hops are the session's own, and for the other family one of
    /// the same link (RFC 2545, section 3).
    func peer(ownAddresses: [IPAddress]) -> PeerConfiguration {
        var result = PeerConfiguration(
            relation: relation, asn: asn, address: address, isClusterClient: isClusterClient, nextHopSelf: nextHopSelf,
            pathLimit: paths.limit)
        for address in [localAddress] + ownAddresses {
            switch address {
            case .v4(let v4): result.localIPv4 = result.localIPv4 ?? v4
            case .v6(let v6) where v6.isLinkLocal: result.localLinkLocal = result.localLinkLocal ?? v6
            case .v6(let v6): result.localIPv6 = result.localIPv6 ?? v6
            }
        }
        return result
    }
}

extension Table {
    /// Takes what import and export change, which may speak of neighbours by their numbers.
    mutating func applyOptions(
        of neighbours: [(configuration: NeighbourConfiguration, id: PeerID)], _ imposed: Imposition = Imposition()
    ) {
        let numbers = { (name: String) in
            neighbours.filter { $0.configuration.name == name || $0.configuration.address.description == name }
                .map(\.id)
        }
        for (configuration, id) in neighbours {
            var imports = configuration.imports.resolved(numbers)
            var exports = configuration.exports.resolved(numbers)
            imports.gracefulShutdown = configuration.isShuttingDown
            exports.gracefulShutdown = configuration.isShuttingDown
            imposed.apply(to: &imports, &exports, configuration.relation)
            setImportOptions(imports, of: id)
            setExportOptions(exports, of: id)
        }
    }
}
