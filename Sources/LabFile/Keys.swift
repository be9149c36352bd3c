/// The keys of each kind of mapping. `labs/schema.json` has the same, under the same names; a test compares them.
enum Keys: String, CaseIterable {
    case lab, network, service, zone, rateLimit, health, site, client, link, relation, timers, bfd, damping, rule, match
    case range, set, change

    /// The keys that are allowed.
    var all: [String] { required + optional }

    /// The keys that have to be there.
    var required: [String] {
        switch self {
        case .lab: ["lab", "networks"]
        case .network: ["cities"]
        case .service: ["addresses"]
        case .zone: ["origin"]
        case .rateLimit: ["responses"]
        case .site: ["city"]
        case .client: ["city", "provider"]
        case .link: ["between"]
        case .relation: ["network"]
        case .bfd: ["interval"]
        case .range: ["prefix"]
        case .health, .timers, .damping, .rule, .match, .set, .change: []
        }
    }

    private var optional: [String] {
        switch self {
        case .lab: ["description", "timers", "services", "sites", "clients", "links"]
        case .network:
            [
                "asn", "providers", "peers", "customers", "siblings", "timers", "import", "export", "decision",
                "always-compare-med", "multipath", "damping", "daemon",
            ]
        case .service: ["asn", "prefixes", "kind", "zone", "rate-limit", "health"]
        case .zone: ["records", "file", "primary"]
        case .rateLimit: ["slip"]
        case .health: ["query", "answer", "command", "interval", "timeout", "fall", "rise", "hold-down", "drain"]
        case .site: ["service", "providers", "peers"]
        case .client: []
        case .link: ["delay", "jitter", "loss", "duplicate", "reorder", "rate", "timers"]
        case .relation:
            [
                "prepend", "local-preference", "med", "communities", "no-export", "leak", "import", "export",
                "blackholes", "max-prefixes", "role-strict", "md5", "ttl-security",
            ]
        case .timers: ["preset", "hold", "connect-retry", "mrai", "mrai-ibgp", "bfd"]
        case .bfd: ["multiplier"]
        case .damping: ["half-life", "suppress", "reuse", "max-suppress"]
        case .rule: ["match", "set", "then"]
        case .match:
            ["prefixes", "family", "communities", "large-communities", "as-path", "origins", "neighbors"]
        case .range: ["ge", "le"]
        case .set: ["local-preference", "med", "communities", "large-communities", "prepend", "next-hop"]
        case .change: ["add", "remove", "replace"]
        }
    }

    /// What such a mapping describes, for messages.
    var subject: String {
        switch self {
        case .lab: "a lab"
        case .network: "a network"
        case .service: "a service"
        case .zone: "a zone"
        case .rateLimit: "'rate-limit'"
        case .health: "'health'"
        case .site: "a site"
        case .client: "a client"
        case .link: "a link"
        case .relation: "a relation"
        case .timers: "timers"
        case .bfd: "bfd"
        case .damping: "damping"
        case .rule: "a rule"
        case .match: "'match'"
        case .range: "a range of prefixes"
        case .set: "'set'"
        case .change: "a change of communities"
        }
    }

    /// Keys that people know from elsewhere, and what they are called here.
    static let synonyms = [
        "as": "asn", "city": "cities", "cities": "city", "address": "addresses", "prefix": "prefixes",
        "provider": "providers", "providers": "provider", "peer": "peers", "customer": "customers",
        "sibling": "siblings",
        "transit": "providers", "upstreams": "providers", "upstream": "providers", "latency": "delay", "rtt": "delay",
        "bandwidth": "rate", "duplication": "duplicate", "localpref": "local-preference",
        "local-pref": "local-preference", "local_pref": "local-preference", "hold-time": "hold", "name": "lab",
        "between": "between", "endpoints": "between", "record": "records",
        "password": "md5", "gtsm": "ttl-security", "max-prefix": "max-prefixes", "ecmp": "multipath",
        "dampening": "damping", "max-suppress-time": "max-suppress",
        "neighbours": "neighbors", "large_communities": "large-communities", "as_path": "as-path",
        "next_hop": "next-hop", "action": "then", "if": "match",
    ]
}
