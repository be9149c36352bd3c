public import Net

/// What a session means for the UPDATE messages on it.
public struct UpdateContext: Hashable, Sendable {
    /// Whether the neighbour is in the same AS.
    public var isInternal: Bool
    /// Whether both speakers offered AS numbers of four octets (RFC 6793).
    public var isFourOctetASN: Bool
    /// The families that both offered; routes of others are left out.
    public var families: AddressFamilies
    /// The families whose prefixes have path identifiers (RFC 7911): the neighbour sends several routes to a prefix.
    public var pathFamilies: AddressFamilies
    /// Whether IPv4 prefixes may have an IPv6 next hop (RFC 8950).
    public var isExtendedNextHop: Bool
    /// Whether unknown attributes are kept even if they are not transitive: a route server passes them on (RFC 7947, section
    /// 2.2).
    public var isTransparent: Bool
    /// The neighbour's AS, where the AS_PATH has to begin with it; nil for no such check (RFC 7606, section 7.2).
    public var firstASN: ASN?

    /// Makes a context.
    public init(
        isInternal: Bool, isFourOctetASN: Bool, families: AddressFamilies, pathFamilies: AddressFamilies = [],
        isExtendedNextHop: Bool = false, isTransparent: Bool = false, firstASN: ASN? = nil
    ) {
        self.isInternal = isInternal
        self.isFourOctetASN = isFourOctetASN
        self.families = families
        self.pathFamilies = pathFamilies
        self.isExtendedNextHop = isExtendedNextHop
        self.isTransparent = isTransparent
        self.firstASN = firstASN
    }
}

/// What was wrong with a path attribute.
public struct AttributeFault: Hashable, Sendable {
    /// The attribute type code; 0 when the list of attributes itself is malformed.
    public var type: UInt8
    /// The reason that RFC 4271, section 6.3 would end the session for.
    public var reason: NotificationReason

    /// Makes a fault.
    public init(type: UInt8, reason: NotificationReason) {
        self.type = type
        self.reason = reason
    }
}

/// UPDATE (RFC 4271, section 4.3), decoded and with the errors handled that RFC 7606 lets a session live through.
///
/// ```
/// +-----------------------------------------------------+
/// |   Withdrawn Routes Length (2 octets)                |
/// +-----------------------------------------------------+
/// |   Withdrawn Routes (variable)                       |
/// +-----------------------------------------------------+
/// |   Total Path Attribute Length (2 octets)            |
/// +-----------------------------------------------------+
/// |   Path Attributes (variable)                        |
/// +-----------------------------------------------------+
/// |   Network Layer Reachability Information (variable) |
/// +-----------------------------------------------------+
/// ```
public struct UpdateMessage: Hashable, Sendable {
    /// Prefixes that share their attributes.
    public struct Announcement: Hashable, Sendable {
        /// The attributes; the next hop is that of the family.
        public var attributes: PathAttributes
        /// The prefixes, all of one family.
        public var prefixes: [IPPrefix]
        /// Their path identifiers.
        public var paths: PathIdentifiers

        /// Makes an announcement.
        public init(attributes: PathAttributes, prefixes: [IPPrefix], paths: PathIdentifiers = PathIdentifiers()) {
            self.attributes = attributes
            self.prefixes = prefixes
            self.paths = paths
        }
    }

    /// What is no longer reachable. To be applied before the announcements. It includes the announced prefixes when
    /// ``treatedAsWithdraw`` says why.
    public var withdrawn: [IPPrefix] = []
    /// The path identifiers of what is withdrawn.
    public var withdrawnPaths = PathIdentifiers()
    /// What is reachable: nothing, the NLRI, the MP_REACH_NLRI, or both.
    public var announcements: [Announcement] = []
    /// The family whose End-of-RIB marker this is (RFC 4724, section 2).
    public var endOfRIB: AddressFamily?
    /// The first error for which all routes of the message count as withdrawn (RFC 7606, section 2).
    public var treatedAsWithdraw: AttributeFault?
    /// The attributes that were left out (RFC 7606, "attribute discard").
    public var discarded: [AttributeFault] = []

    /// Makes an UPDATE that says nothing.
    public init() {}
}

extension UpdateMessage {
    /// Decodes the body. Throws the NOTIFICATION that ends the session where RFC 7606 demands a session reset.
    public init(decoding body: RawSpan, context: UpdateContext) throws(NotificationMessage) {
        self.init()
        var reader = ByteReader(body)
        guard let withdrawnLength = reader.uint16(), let withdrawnField = reader.take(Int(withdrawnLength)),
            let attributeLength = reader.uint16(), let attributeField = reader.take(Int(attributeLength))
        else { throw NotificationMessage(.malformedAttributeList) }
        let networkField = reader.rest()

        var withdrawnReader = ByteReader(withdrawnField)
        var networkReader = ByteReader(networkField)
        guard let withdrawnList = withdrawnReader.prefixes(.ipv4, context),
            let announcedList = networkReader.prefixes(.ipv4, context)
        else { throw NotificationMessage(.invalidNetworkField) }

        if body.byteCount == 4 {
            if context.families.contains(.ipv4) { endOfRIB = .ipv4 }
            return
        }
        if context.families.contains(.ipv4) { withdraw(withdrawnList) }

        var decoder = AttributeDecoder(context: context)
        try decoder.decode(attributeField)
        let hasNLRI = networkField.byteCount > 0
        try decoder.finish(hasNLRI: hasNLRI, attributes: attributeField)
        discarded = decoder.discarded

        if let unreach = decoder.unreach {
            withdraw(unreach.list)
            if unreach.isEmpty, withdrawnLength == 0, !hasNLRI, decoder.count == 1 { endOfRIB = unreach.family }
        }
        let announced = context.families.contains(.ipv4) ? announcedList : PrefixList()
        if let fault = decoder.fault {
            treatedAsWithdraw = fault
            withdraw(announced)
            if let reach = decoder.reach { withdraw(reach.list) }
            return
        }
        if let nextHop = decoder.nextHop {
            announce(announced, decoder.attributes(nextHop: NextHop(.v4(nextHop))))
        }
        if let reach = decoder.reach { announce(reach.list, decoder.attributes(nextHop: reach.nextHop)) }
    }

    private mutating func withdraw(_ list: PrefixList) {
        withdrawnPaths.append(list.paths, at: withdrawn.count)
        withdrawn += list.prefixes
    }

    private mutating func announce(_ list: PrefixList, _ attributes: @autoclosure () -> PathAttributes) {
        guard !list.prefixes.isEmpty else { return }
        announcements.append(Announcement(attributes: attributes(), prefixes: list.prefixes, paths: list.paths))
    }
}
