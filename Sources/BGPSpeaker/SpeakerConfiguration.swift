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

/// One neighbour.
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
    /// Whether and how BFD watches the path.
    var bfd: BFDConfiguration?
}

/// Timers of a session.
struct SessionTimers: Equatable {
    /// In seconds; 0 for none.
    var holdTime: UInt16 = 90
    /// In nanoseconds.
    var connectRetryTime: UInt64 = 5_000_000_000
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
                "cluster_client", "next_hop_self", "export", "import", "timers", "bfd",
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
        bfd = nil
        if let json = fields["bfd"] { bfd = try BFDConfiguration(json, fields.place("bfd")) }
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
            json, path, keys: ["hold_ms", "connect_retry_ms", "mrai_external_ms", "mrai_internal_ms"])
        self = base
        if let hold = try fields.number("hold_ms", 0...65_535_000) {
            // The OPEN message counts in whole seconds and forbids 1 and 2 (RFC 4271, section 4.2).
            guard hold % 1000 == 0, hold == 0 || hold >= 3000 else {
                throw fields.error("hold_ms", "0, or whole seconds of 3 and more expected")
            }
            holdTime = UInt16(clamping: hold / 1000)
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

    fileprivate func families(otherwise base: AddressFamilies) throws(ConfigurationError) -> AddressFamilies {
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
