public import BGPWire
public import Net

/// What an operator decides about a session with one neighbour. All times but the hold time are in nanoseconds.
public struct SessionConfiguration: Hashable, Sendable {
    /// The AS of this speaker.
    public var localASN: ASN
    /// The AS that the neighbour must have.
    public var remoteASN: ASN
    /// The BGP Identifier of this speaker: any number but 0.
    public var identifier: IPv4Address
    /// The families to offer; not empty.
    public var families: AddressFamilies
    /// The hold time to propose, in seconds: 0 for none, or 3 and more.
    public var holdTime: UInt16
    /// ConnectRetryTime: how long to wait after a connection has failed or ended, before jitter.
    public var connectRetryTime: UInt64
    /// PassiveTcpEstablishment: wait for the neighbour to connect.
    public var isPassive: Bool

    /// What this speaker is to the neighbour (RFC 9234); nil for no role.
    public var role: Role?
    /// Whether a neighbour that names no role is turned away (RFC 9234, section 4.2, "strict mode").
    public var isRoleStrict: Bool
    /// SendHoldTime (RFC 9687): how long the neighbour may take nothing of what is sent; 0 for ever, nil for the greater of
    /// eight minutes and twice the negotiated hold time. Otherwise greater than the hold time.
    public var sendHoldTime: UInt64?
    /// The families in which several routes to a prefix are taken (RFC 7911).
    public var pathReception: AddressFamilies
    /// The families in which several routes to a prefix are sent (RFC 7911).
    public var pathSending: AddressFamilies
    /// Whether IPv4 prefixes with an IPv6 next hop are taken, and sent (RFC 8950).
    public var isExtendedNextHop: Bool
    /// What this speaker is at an exchange point with a route server; nil for what it is elsewhere.
    public var exchange: ExchangePart?
    /// What the OPEN says of graceful restart (RFC 4724). Without families, that this speaker sends End-of-RIB and keeps the
    /// routes of a neighbour that restarts, and does not ask as much for itself.
    public var gracefulRestart = GracefulRestart(restartTime: 0, families: [])

    /// Makes a configuration.
    public init(
        localASN: ASN, remoteASN: ASN, identifier: IPv4Address, families: AddressFamilies, holdTime: UInt16,
        connectRetryTime: UInt64, isPassive: Bool = false, role: Role? = nil, isRoleStrict: Bool = false,
        sendHoldTime: UInt64? = nil, pathReception: AddressFamilies = [], pathSending: AddressFamilies = [],
        isExtendedNextHop: Bool = false, exchange: ExchangePart? = nil
    ) {
        self.localASN = localASN
        self.remoteASN = remoteASN
        self.identifier = identifier
        self.families = families
        self.holdTime = holdTime
        self.connectRetryTime = connectRetryTime
        self.isPassive = isPassive
        self.role = role
        self.isRoleStrict = isRoleStrict
        self.sendHoldTime = sendHoldTime
        self.pathReception = pathReception
        self.pathSending = pathSending
        self.isExtendedNextHop = isExtendedNextHop
        self.exchange = exchange
    }

    /// Whether the neighbour is in the same AS.
    public var isInternal: Bool { localASN == remoteASN }

    /// The OPEN that this speaker sends.
    public var open: OpenMessage {
        var capabilities = families.elements.map { Capability.multiprotocol(FamilyIdentifier($0)) }
        capabilities.append(.routeRefresh)
        if isExtendedNextHop, families.contains(.ipv4) { capabilities.append(.extendedNextHop([.ipv4ByIPv6])) }
        capabilities.append(.extendedMessage)
        if let role { capabilities.append(.role(role)) }
        capabilities.append(.gracefulRestart(gracefulRestart))
        capabilities.append(.fourOctetASN(localASN))
        if !addPath.isEmpty { capabilities.append(.addPath(addPath)) }
        capabilities.append(.enhancedRouteRefresh)
        return OpenMessage(asn: localASN, holdTime: holdTime, identifier: identifier, capabilities: capabilities)
    }

    /// All families in one instance of the capability (RFC 7911, section 4).
    private var addPath: [AddPath] {
        families.elements.compactMap { family in
            let directions =
                (pathReception.contains(family) ? AddPath.receive : 0)
                | (pathSending.contains(family) ? AddPath.send : 0)
            return directions == 0 ? nil : AddPath(FamilyIdentifier(family), directions: directions)
        }
    }
}

/// The two parts at an exchange point with a route server (RFC 7947).
public enum ExchangePart: Hashable, Sendable {
    /// The route server: it passes attributes on that it does not know.
    case routeServer
    /// A client: the paths that it is sent begin with the AS of another client.
    case client
}

/// What the two OPEN messages agree on.
public struct NegotiatedSession: Hashable, Sendable {
    /// The neighbour's BGP Identifier.
    public var identifier: IPv4Address
    /// The hold time in seconds, the lesser of both proposals; 0 when there is none.
    public var holdTime: UInt16
    /// Whether both understand AS numbers of four octets.
    public var isFourOctetASN: Bool
    /// The families that both offer.
    public var families: AddressFamilies
    /// The families whose prefixes come with path identifiers: the neighbour may send several routes to one (RFC 7911).
    public var receivedPaths: AddressFamilies
    /// The families whose prefixes are sent with path identifiers.
    public var sentPaths: AddressFamilies
    /// Whether both take IPv4 prefixes with an IPv6 next hop (RFC 8950).
    public var isExtendedNextHop: Bool
    /// Whether the neighbour answers ROUTE-REFRESH.
    public var isRouteRefresh: Bool
    /// Whether the neighbour marks where a refresh begins and ends, and wants it marked (RFC 7313).
    public var isEnhancedRouteRefresh: Bool
    /// Whether the neighbour takes messages of up to 65535 octets (RFC 8654).
    public var isExtendedMessage: Bool
    /// The neighbour's graceful restart capability.
    public var gracefulRestart: GracefulRestart?

    /// Compares an OPEN with what is configured. Throws the NOTIFICATION of RFC 4271, section 6.2 when it cannot be accepted.
    public init(_ open: OpenMessage, for configuration: SessionConfiguration) throws(NotificationMessage) {
        guard open.asn == configuration.remoteASN else { throw NotificationMessage(.badPeerAS) }
        // RFC 6286, section 2.2: unique within an AS.
        guard !configuration.isInternal || open.identifier != configuration.identifier else {
            throw NotificationMessage(.badBGPIdentifier)
        }
        identifier = open.identifier
        holdTime = min(open.holdTime, configuration.holdTime)
        isFourOctetASN = open.isFourOctetASN
        families = open.families.intersection(configuration.families)
        receivedPaths = open.families(ofPaths: AddPath.send).intersection(configuration.pathReception)
            .intersection(families)
        sentPaths = open.families(ofPaths: AddPath.receive).intersection(configuration.pathSending)
            .intersection(families)
        isExtendedNextHop =
            configuration.isExtendedNextHop && families.contains(.ipv4)
            && open.capabilities.contains {
                if case .extendedNextHop(let entries) = $0 { entries.contains(.ipv4ByIPv6) } else { false }
            }
        isRouteRefresh = open.capabilities.contains(.routeRefresh)
        isEnhancedRouteRefresh = open.capabilities.contains(.enhancedRouteRefresh)
        isExtendedMessage = open.capabilities.contains(.extendedMessage)
        try Self.checkRoles(open, configuration)
        for case .gracefulRestart(let capability) in open.capabilities { gracefulRestart = capability }
        guard !families.isEmpty else {
            throw NotificationMessage(
                missing: configuration.families.elements.map { .multiprotocol(FamilyIdentifier($0)) })
        }
    }
}

extension OpenMessage {
    /// The families for which the sender says that it receives, or sends, several routes to a prefix. A capability with a
    /// number that RFC 7911, section 4 does not know is ignored.
    fileprivate func families(ofPaths direction: UInt8) -> AddressFamilies {
        var result: AddressFamilies = []
        for case .addPath(let entries) in capabilities where entries.allSatisfy({ (1...3).contains($0.directions) }) {
            for entry in entries where entry.directions & direction != 0 {
                if let family = entry.family.family { result.insert(AddressFamilies(family)) }
            }
        }
        return result
    }
}

extension NegotiatedSession {
    /// RFC 9234, section 4.2. Without a role of our own, the neighbour's says nothing.
    private static func checkRoles(
        _ open: OpenMessage, _ configuration: SessionConfiguration
    ) throws(NotificationMessage) {
        guard let own = configuration.role else { return }
        var isNamed = false
        for case .role(let role) in open.capabilities {
            guard role == own.counterpart else { throw NotificationMessage(.roleMismatch) }
            isNamed = true
        }
        guard isNamed || !configuration.isRoleStrict else { throw NotificationMessage(.roleMismatch) }
    }

    /// The greatest length of an UPDATE that the neighbour takes, in octets.
    public var maximumLength: Int {
        isExtendedMessage ? MessageHeader.extendedMaximumLength : MessageHeader.maximumLength
    }

    /// How UPDATE messages on the session are to be read. From an external neighbour the AS_PATH must begin with its AS,
    /// unless it is a route server (RFC 7947, section 2.2.2.2).
    public func updateContext(for configuration: SessionConfiguration) -> UpdateContext {
        UpdateContext(
            isInternal: configuration.isInternal, isFourOctetASN: isFourOctetASN, families: families,
            pathFamilies: receivedPaths, isExtendedNextHop: isExtendedNextHop,
            isTransparent: configuration.exchange == .routeServer,
            firstASN: configuration.isInternal || configuration.exchange == .client ? nil : configuration.remoteASN)
    }
}
