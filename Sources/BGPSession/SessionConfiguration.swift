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
    /// What the OPEN says of graceful restart (RFC 4724). Without families, that this speaker sends End-of-RIB and keeps the
    /// routes of a neighbour that restarts, and does not ask as much for itself.
    public var gracefulRestart = GracefulRestart(restartTime: 0, families: [])

    /// Makes a configuration.
    public init(
        localASN: ASN, remoteASN: ASN, identifier: IPv4Address, families: AddressFamilies, holdTime: UInt16,
        connectRetryTime: UInt64, isPassive: Bool = false, role: Role? = nil, isRoleStrict: Bool = false,
        sendHoldTime: UInt64? = nil
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
    }

    /// Whether the neighbour is in the same AS.
    public var isInternal: Bool { localASN == remoteASN }

    /// The OPEN that this speaker sends.
    public var open: OpenMessage {
        var capabilities = families.elements.map { Capability.multiprotocol(FamilyIdentifier($0)) }
        capabilities.append(.routeRefresh)
        capabilities.append(.extendedMessage)
        if let role { capabilities.append(.role(role)) }
        capabilities.append(.gracefulRestart(gracefulRestart))
        capabilities.append(.fourOctetASN(localASN))
        capabilities.append(.enhancedRouteRefresh)
        return OpenMessage(asn: localASN, holdTime: holdTime, identifier: identifier, capabilities: capabilities)
    }
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

    /// How UPDATE messages on the session are to be read. From an external neighbour the AS_PATH must begin with its AS.
    public func updateContext(for configuration: SessionConfiguration) -> UpdateContext {
        UpdateContext(
            isInternal: configuration.isInternal, isFourOctetASN: isFourOctetASN, families: families,
            firstASN: configuration.isInternal ? nil : configuration.remoteASN)
    }
}
