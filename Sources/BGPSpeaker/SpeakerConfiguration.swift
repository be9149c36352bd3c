import BGPTable
import BGPWire
import JSON
import Net

/// What `labd bgp --config FILE` is told. `node`, `asn` and `router_id` must be there:
///
///     {"node": "london", "asn": 64500, "router_id": "10.128.1.1", "families": ["ipv4", "ipv6"],
///      "originate": ["192.0.2.0/24"],           see OriginatedRoute
///      "decision": "standard",                  or "oldest-external" (RFC 5004): see DecisionOptions
///      "always_compare_med": false,             compare MED between neighbouring ASes, too
///      "multipath": 1,                          how many equal routes carry packets together
///      "multipath_hash": "threshold",           how flows are shared among them: by RFC 2992, or "resilient"ly
///      "damping": true,                         damp routes of other ASes that flap (RFC 2439): see DampingOptions.read
///      "timers": {...}, "neighbors": [...],     see SessionTimers and NeighbourConfiguration
///      "bmp": {...},                            a station to report to: see BMPConfiguration
///      "mrt": {"messages": "/var/log/bgp.mrt"}, a file that every message is appended to: see MessageLog
///      "graceful_restart": {"restart_ms": 120000},  to be helped when it restarts: see RestartConfiguration
///      "kernel": true}
struct SpeakerConfiguration: Equatable {
    var node: String
    var asn: ASN
    /// The BGP Identifier.
    var identifier: IPv4Address
    var families: AddressFamilies
    /// The prefixes that this speaker originates.
    var originated: [OriginatedRoute]
    /// How best routes are chosen, and how many carry packets together.
    var decision: DecisionOptions
    /// How routes of other ASes are damped; nil where they are not.
    var damping: DampingOptions?
    var neighbours: [NeighbourConfiguration]
    /// Whether best routes go into the kernel.
    var writesKernel: Bool
    /// The BMP station to report to, if any.
    var bmp: BMPConfiguration?
    /// Whether a way that goes or comes moves as few of the flows of others as can be.
    var hashesResiliently = false
    /// The file of all messages, if any.
    var messageLog: String?
    /// Whether and how the speaker's own restart is graceful.
    var restart: RestartConfiguration?
}

extension SpeakerConfiguration {
    init(_ json: JSON) throws(ConfigurationError) {
        let fields = try ConfigurationFields(
            json, "",
            keys: [
                "node", "asn", "router_id", "families", "originate", "decision", "always_compare_med", "multipath",
                "multipath_hash",
                "damping", "timers", "neighbors", "kernel", "bmp", "mrt", "graceful_restart",
            ])
        node = try fields.string("node")
        asn = try fields.asn()
        identifier = try fields.text("router_id", "an IPv4 address")
        guard identifier != .any else { throw fields.error("router_id", "0.0.0.0 identifies nobody") }
        families = try fields.families(otherwise: [.ipv4, .ipv6])
        originated = try OriginatedRoute.list(fields, "originate")
        decision = try DecisionOptions(fields)
        damping = try DampingOptions.read(fields, "damping")
        if fields["multipath_hash"] != nil {
            switch try fields.string("multipath_hash") {
            case "threshold": break
            case "resilient": hashesResiliently = true
            default: throw fields.error("multipath_hash", "threshold or resilient expected")
            }
        }
        writesKernel = try fields.flag("kernel") ?? true
        bmp = try fields["bmp"].map { json throws(ConfigurationError) in
            try BMPConfiguration(json, fields.place("bmp"))
        }
        messageLog = try fields["mrt"].map { json throws(ConfigurationError) in
            try ConfigurationFields(json, fields.place("mrt"), keys: ["messages"]).string("messages")
        }
        restart = try fields["graceful_restart"].map { json throws(ConfigurationError) in
            try RestartConfiguration(json, fields.place("graceful_restart"))
        }
        guard restart == nil || writesKernel else {
            throw fields.error("graceful_restart", "without routes in the kernel there is nothing to keep")
        }
        let timers = try fields["timers"].map { json throws(ConfigurationError) in
            try SessionTimers(json, fields.place("timers"), base: SessionTimers())
        }
        neighbours = []
        for (json, path) in try fields.list("neighbors") {
            let neighbour = try NeighbourConfiguration(
                json, path, localASN: asn, families: families, timers: timers ?? SessionTimers())
            guard !neighbours.contains(where: { $0.address == neighbour.address }) else {
                throw ConfigurationError(
                    description: "\(path).address: a second neighbor \(neighbour.address); take one away")
            }
            neighbours.append(neighbour)
        }
        for (index, neighbour) in neighbours.enumerated() {
            for (key, rules) in [("import", neighbour.imports.policy), ("export", neighbour.exports.policy)] {
                for (number, rule) in rules.enumerated() {
                    try rule.check(neighbours, "neighbors[\(index)].\(key).policy[\(number)]")
                }
            }
        }
    }
}

extension DecisionOptions {
    /// As many next hops as a route may have here: enough for any lab, and far from what a netlink message holds.
    private static let mostPaths = 64

    fileprivate init(_ fields: ConfigurationFields) throws(ConfigurationError) {
        self.init()
        if fields["decision"] != nil {
            switch try fields.string("decision") {
            case "standard": order = .standard
            case "oldest-external": order = .oldestExternal
            default: throw fields.error("decision", "standard or oldest-external expected")
            }
        }
        alwaysCompareMED = try fields.flag("always_compare_med") ?? false
        multipathLimit = try fields.number("multipath", 1...Self.mostPaths) ?? 1
    }
}
