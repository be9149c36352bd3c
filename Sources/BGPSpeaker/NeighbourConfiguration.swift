import BGPSession
import BGPTable
import BGPWire
import JSON
import Net

/// One neighbour. In the configuration, `name`, `address`, `local_address`, `asn` and `relation` must be there:
///
///     {"name": "eurocore-fra", "address": "10.1.128.0", "local_address": "10.1.128.1", "asn": 65010, "relation": "provider",
///      "interface": "eurocore-fra", "families": ["ipv4"], "passive": false, "cluster_client": false, "next_hop_self": false,
///      "import": {...}, "export": {...},                 see RouteOptions
///      "graceful_shutdown": true,                        GRACEFUL_SHUTDOWN both ways (RFC 8326, section 4.2)
///      "timers": {"hold_ms": 9000, "send_hold_ms": 480000, ...},
///      "role_strict": true,                              the neighbour must confirm the role (RFC 9234, section 4.2)
///      "max_prefixes": {"ipv4": 1000, "ipv6": 500},      more end the session with a Cease (RFC 4486), ever longer
///      "md5_password": "secret",                         TCP-MD5 (RFC 2385), 1 to 80 octets
///      "ttl_security": 1,                                GTSM (RFC 5082): how many hops away the neighbour may be
///      "bfd": {"interval_ms": 50, "multiplier": 3},      watches the path, see BFDConfiguration
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
    var imports: RouteOptions<ImportOptions>
    var exports: RouteOptions<ExportOptions>
    /// Whether the eBGP session is about to be shut down, so that packets go other ways before it is (RFC 8326, section 4.2).
    var isShuttingDown: Bool
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

extension NeighbourConfiguration {
    init(
        _ json: JSON, _ path: String, localASN: ASN, families defaultFamilies: AddressFamilies,
        timers base: SessionTimers
    ) throws(ConfigurationError) {
        let fields = try ConfigurationFields(
            json, path,
            keys: [
                "name", "address", "local_address", "asn", "interface", "relation", "families", "passive",
                "cluster_client", "next_hop_self", "import", "export", "graceful_shutdown", "timers", "role_strict",
                "max_prefixes", "md5_password", "ttl_security", "bfd", "add_path",
                "extended_next_hop",
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
            let words = "provider, customer, peer, sibling, route_server, route_server_client or internal"
            throw fields.error("relation", "\(words) expected")
        }
        self.relation = relation
        guard (relation == .internal) == (asn == localASN) else {
            throw fields.error("relation", "internal means the same AS, and only internal does")
        }
        families = try fields.families(otherwise: defaultFamilies)
        isPassive = try fields.flag("passive") ?? false
        isClusterClient = try fields.flag("cluster_client") ?? false
        nextHopSelf = try fields.flag("next_hop_self") ?? false
        imports = try RouteOptions(fields, "import")
        exports = try RouteOptions(fields, "export")
        isShuttingDown = try fields.flag("graceful_shutdown") ?? false
        guard !isShuttingDown || relation != .internal else {
            throw fields.error("graceful_shutdown", "for sessions with other ASes only (RFC 8326); take it away")
        }
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
        try checkExchange(fields)
        guard !isRoleStrict || role != nil else {
            throw fields.error("role_strict", "RFC 9234 has no role for this relation")
        }
    }

    /// What we are to the neighbour (RFC 9234, section 4): nothing where there is no role for it, and where we play a router
    /// that knows nothing of roles (``BGPTable/ExportOptions/leak``).
    var role: Role? {
        guard !exports.options.leak else { return nil }
        return switch relation {
        case .provider: .customer
        case .customer: .provider
        case .peer: .peer
        case .routeServer: .routeServerClient
        case .routeServerClient: .routeServer
        case .sibling, .internal: nil
        }
    }

    /// What we are at an exchange point with a route server.
    var exchange: ExchangePart? {
        switch relation {
        case .routeServer: .client
        case .routeServerClient: .routeServer
        case .provider, .customer, .peer, .sibling, .internal: nil
        }
    }

    /// RFC 7947: a route server changes nothing (section 2.2), and only it sends several routes to a prefix, lest clients give
    /// it others than they use (section 2.3.2.2.2).
    private func checkExchange(_ fields: ConfigurationFields) throws(ConfigurationError) {
        switch relation {
        case .routeServer where !paths.sending.isEmpty:
            throw fields.error("add_path.send", "a route server is sent one route to a prefix (RFC 7947); take it away")
        case .routeServerClient where !paths.reception.isEmpty:
            throw fields.error("add_path.receive", "a client sends one route to a prefix (RFC 7947); take it away")
        case .routeServerClient where exports.options.prepend > 0:
            throw fields.error("export.prepend", "a route server leaves AS_PATH alone (RFC 7947); take it away")
        case .routeServerClient where exports.options.multiExitDiscriminator != nil:
            throw fields.error("export.med", "a route server leaves the MED alone (RFC 7947); take it away")
        default: break
        }
    }

    /// How long to wait between advertisements, in nanoseconds.
    var advertisementInterval: Int64 {
        relation == .internal ? timers.advertisementInternal : timers.advertisementExternal
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
