import BGPTable
import BGPWire
import JSON
import Net

/// What `labd bgp --config FILE` is told.
struct SpeakerConfiguration: Equatable {
    var node: String
    var asn: ASN
    /// The BGP Identifier.
    var identifier: IPv4Address
    var families: AddressFamilies
    /// The prefixes that this speaker originates.
    var originated: [IPPrefix]
    var neighbours: [NeighbourConfiguration]
    /// Whether best routes go into the kernel.
    var writesKernel: Bool
}

/// One neighbour. In the configuration, `name`, `address`, `local_address`, `asn` and `relation` must be there:
///
///     {"name": "eurocore-fra", "address": "10.1.128.0", "local_address": "10.1.128.1", "asn": 65010, "relation": "provider",
///      "interface": "eurocore-fra", "families": ["ipv4"], "passive": false, "cluster_client": false, "next_hop_self": false,
///      "import": {...}, "export": {...},
///      "timers": {"hold_ms": 9000, "send_hold_ms": 480000, ...},
///      "role_strict": true,                              the neighbour must confirm the role (RFC 9234, section 4.2)
///      "max_prefixes": {"ipv4": 1000, "ipv6": 500},      more end the session with a Cease (RFC 4486), ever longer
///      "md5_password": "secret",                         TCP-MD5 (RFC 2385), 1 to 80 octets
///      "ttl_security": 1,                                GTSM (RFC 5082): how many hops away the neighbour may be
///      "add_path": {"receive": true, "send": 4},         several routes to a prefix (RFC 7911)
///      "extended_next_hop": true}                        IPv4 routes over IPv6 with our IPv6 address as next hop (RFC 8950)
struct NeighbourConfiguration: Equatable {
    var name: String
    var address: IPAddress
    var localAddress: IPAddress
    var asn: ASN
    /// The interface whose carrier the session depends on; nil for none.
    var interface: String?
    var relation: Relation
    var families: AddressFamilies
    var isPassive: Bool
    var isClusterClient: Bool
    var nextHopSelf: Bool
    var importOptions: ImportOptions
    var exportOptions: ExportOptions
    var timers: SessionTimers
    /// Whether the neighbour must confirm the role that follows from the relation (RFC 9234).
    var isRoleStrict: Bool
    var prefixLimits: PrefixLimits
    var protection: ConnectionProtection
    /// Whether and how BFD watches the path.
    var bfd: BFDConfiguration?
    /// Whether several routes to a prefix are taken and sent.
    var paths: PathConfiguration
    /// Whether IPv4 routes have IPv6 next hops (RFC 8950).
    var isExtendedNextHop: Bool
}

/// Timers of a session.
struct SessionTimers: Equatable {
    /// In seconds; 0 for none.
    var holdTime: UInt16 = 90
    /// In nanoseconds.
    var connectRetryTime: UInt64 = 5_000_000_000
    /// SendHoldTime (RFC 9687) in nanoseconds; 0 for none, nil for what follows from the hold time.
    var sendHoldTime: UInt64?
    /// MinRouteAdvertisementIntervalTimer (RFC 4271, section 9.2.1.1) towards other ASes, in nanoseconds.
    var advertisementExternal: Int64 = 0
    /// The same inside the AS.
    var advertisementInternal: Int64 = 0
}

extension SpeakerConfiguration {
    init(_ json: JSON) throws(ConfigurationError) {
        let fields = try ConfigurationFields(
            json, "",
            keys: ["node", "asn", "router_id", "families", "originate", "timers", "neighbors", "kernel"])
        node = try fields.string("node")
        asn = try fields.asn()
        identifier = try fields.text("router_id", "an IPv4 address")
        guard identifier != .any else { throw fields.error("router_id", "0.0.0.0 identifies nobody") }
        families = try fields.families(otherwise: [.ipv4, .ipv6])
        originated = try fields.texts("originate", "a prefix")
        writesKernel = try fields.flag("kernel") ?? true
        let timers = try fields["timers"].map { json throws(ConfigurationError) in
            try SessionTimers(json, fields.place("timers"), base: SessionTimers())
        }
        neighbours = []
        for (json, path) in try fields.list("neighbors") {
            let neighbour = try NeighbourConfiguration(
                json, path, localASN: asn, families: families, timers: timers ?? SessionTimers())
            guard !neighbours.contains(where: { $0.address == neighbour.address }) else {
                throw ConfigurationError(description: "\(path).address: a second neighbor \(neighbour.address)")
            }
            neighbours.append(neighbour)
        }
    }
}

extension NeighbourConfiguration {
    fileprivate init(
        _ json: JSON, _ path: String, localASN: ASN, families defaultFamilies: AddressFamilies,
        timers base: SessionTimers
    ) throws(ConfigurationError) {
        let fields = try ConfigurationFields(
            json, path,
            keys: [
                "name", "address", "local_address", "asn", "interface", "relation", "families", "passive",
                "cluster_client", "next_hop_self", "export", "import", "timers", "role_strict", "max_prefixes",
                "md5_password", "ttl_security", "bfd", "add_path", "extended_next_hop",
            ])
        name = try fields.string("name")
        address = try fields.text("address", "an address")
        localAddress = try fields.text("local_address", "an address")
        guard address.family == localAddress.family else {
            throw fields.error("local_address", "not of the family of the neighbor's address")
        }
        guard address != localAddress else { throw fields.error("local_address", "the same as the neighbor's") }
        asn = try fields.asn()
        interface = try fields["interface"] == nil ? nil : fields.string("interface")
        guard let relation = Relation(rawValue: try fields.string("relation")) else {
            throw fields.error("relation", "provider, customer, peer, sibling or internal expected")
        }
        self.relation = relation
        guard (relation == .internal) == (asn == localASN) else {
            throw fields.error("relation", "internal means the same AS, and only internal does")
        }
        families = try fields.families(otherwise: defaultFamilies)
        isPassive = try fields.flag("passive") ?? false
        isClusterClient = try fields.flag("cluster_client") ?? false
        nextHopSelf = try fields.flag("next_hop_self") ?? false
        importOptions = ImportOptions()
        if let json = fields["import"] { importOptions = try ImportOptions(json, fields.place("import")) }
        exportOptions = ExportOptions()
        if let json = fields["export"] { exportOptions = try ExportOptions(json, fields.place("export")) }
        timers = base
        if let json = fields["timers"] { timers = try SessionTimers(json, fields.place("timers"), base: base) }
        isRoleStrict = try fields.flag("role_strict") ?? false
        prefixLimits = PrefixLimits()
        if let json = fields["max_prefixes"] { prefixLimits = try PrefixLimits(json, fields.place("max_prefixes")) }
        protection = try ConnectionProtection(fields, isInternal: relation == .internal)
        bfd = nil
        if let json = fields["bfd"] { bfd = try BFDConfiguration(json, fields.place("bfd")) }
        paths = PathConfiguration()
        if let json = fields["add_path"] {
            paths = try PathConfiguration(json, fields.place("add_path"), families: families)
        }
        isExtendedNextHop = try fields.flag("extended_next_hop") ?? false
        guard !isExtendedNextHop || (address.family == .ipv6 && families.contains(.ipv4)) else {
            throw fields.error("extended_next_hop", "a session over IPv6 that carries ipv4 expected")
        }
        guard !isRoleStrict || role != nil else {
            throw fields.error("role_strict", "RFC 9234 has no role for this relation")
        }
    }

    /// What we are to the neighbour (RFC 9234, section 4): nothing where there is no role for it, and where we play a router
    /// that knows nothing of roles (``ExportOptions/leak``).
    var role: Role? {
        guard !exportOptions.leak else { return nil }
        return switch relation {
        case .provider: .customer
        case .customer: .provider
        case .peer: .peer
        case .sibling, .internal: nil
        }
    }

    /// How long to wait between advertisements, in nanoseconds.
    var advertisementInterval: Int64 {
        relation == .internal ? timers.advertisementInternal : timers.advertisementExternal
    }
}

extension SessionTimers {
    /// Reads the timers that are given; the others are those of `base`.
    fileprivate init(_ json: JSON, _ path: String, base: SessionTimers) throws(ConfigurationError) {
        let fields = try ConfigurationFields(
            json, path,
            keys: ["hold_ms", "send_hold_ms", "connect_retry_ms", "mrai_external_ms", "mrai_internal_ms"])
        self = base
        if let hold = try fields.number("hold_ms", 0...65_535_000) {
            // The OPEN message counts in whole seconds and forbids 1 and 2 (RFC 4271, section 4.2).
            guard hold % 1000 == 0, hold == 0 || hold >= 3000 else {
                throw fields.error("hold_ms", "0, or whole seconds of 3 and more expected")
            }
            holdTime = UInt16(clamping: hold / 1000)
        }
        if let hold = try fields.number("send_hold_ms", 0...1_000_000_000) { sendHoldTime = UInt64(hold) * 1_000_000 }
        // RFC 9687, section 4.4.
        guard (sendHoldTime ?? 0) == 0 || sendHoldTime ?? 0 > UInt64(holdTime) * 1_000_000_000 else {
            throw fields.error("send_hold_ms", "0, or more than hold_ms expected")
        }
        if let retry = try fields.number("connect_retry_ms", 1...3_600_000) {
            connectRetryTime = UInt64(retry) * 1_000_000
        }
        if let interval = try fields.number("mrai_external_ms", 0...3_600_000) {
            advertisementExternal = Int64(interval) * 1_000_000
        }
        if let interval = try fields.number("mrai_internal_ms", 0...3_600_000) {
            advertisementInternal = Int64(interval) * 1_000_000
        }
    }
}

extension PrefixLimits {
    fileprivate init(_ json: JSON, _ path: String) throws(ConfigurationError) {
        let fields = try ConfigurationFields(json, path, keys: ["ipv4", "ipv6"])
        ipv4 = try fields.number("ipv4", 1...Int(UInt32.max))
        ipv6 = try fields.number("ipv6", 1...Int(UInt32.max))
    }
}

extension ConnectionProtection {
    fileprivate init(_ fields: ConfigurationFields, isInternal: Bool) throws(ConfigurationError) {
        if fields["md5_password"] != nil {
            let password = try fields.string("md5_password")
            guard (1...Self.longestPassword).contains(password.utf8.count) else {
                throw fields.error("md5_password", "1 to \(Self.longestPassword) octets expected")
            }
            self.password = password
        }
        securityHops = try fields.number("ttl_security", 1...254).map { UInt8(clamping: $0) }
        timeToLive = isInternal ? nil : 1
    }
}

extension ImportOptions {
    fileprivate init(_ json: JSON, _ path: String) throws(ConfigurationError) {
        let fields = try ConfigurationFields(json, path, keys: ["local_preference"])
        self.init(localPreference: try fields.uint32("local_preference"))
    }
}

extension ExportOptions {
    fileprivate init(_ json: JSON, _ path: String) throws(ConfigurationError) {
        let fields = try ConfigurationFields(json, path, keys: ["prepend", "med", "communities", "no_export", "leak"])
        self.init(
            prepend: UInt8(clamping: try fields.number("prepend", 0...255) ?? 0),
            multiExitDiscriminator: try fields.uint32("med"),
            communities: try fields.texts("communities", "a community"),
            noExport: try fields.flag("no_export") ?? false, leak: try fields.flag("leak") ?? false)
    }
}

extension ConfigurationFields {
    fileprivate func uint32(_ key: String) throws(ConfigurationError) -> UInt32? {
        try number(key, 0...Int(UInt32.max)).map { UInt32(clamping: $0) }
    }

    fileprivate func asn() throws(ConfigurationError) -> ASN {
        guard let asn = try uint32("asn").map({ ASN($0) }) else { throw error("asn", "missing") }
        guard !asn.isReserved else { throw error("asn", "AS \(asn) is reserved") }
        return asn
    }

    func families(otherwise base: AddressFamilies) throws(ConfigurationError) -> AddressFamilies {
        guard self["families"] != nil else { return base }
        var families: AddressFamilies = []
        for (json, path) in try list("families") {
            guard let family = json.string.flatMap(AddressFamily.init) else {
                throw ConfigurationError(description: "\(path): ipv4 or ipv6 expected")
            }
            families.insert(AddressFamilies(family))
        }
        guard !families.isEmpty else { throw error("families", "at least one expected") }
        return families
    }
}
