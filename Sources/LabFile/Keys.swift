/// The keys of each kind of mapping. `labs/schema.json` has the same, under the same names; a test compares them.
enum Keys: String, CaseIterable {
    case lab, network, service, object, zone, rateLimit, health, site, client, link, exchange, routeServer, multicast,
        relation,
        paths
    case restart, bmp, timers, bfd, damping, rule, match, range, set, change
    case step, connect, expectation, path, resolution, fault, target, flood, command, output, repetition, expectations

    /// The keys that are allowed.
    var all: [String] { required + optional }

    /// The keys that have to be there.
    var required: [String] {
        switch self {
        case .lab: ["lab", "networks"]
        case .network: ["cities"]
        case .service: ["addresses"]
        case .object: ["path"]
        case .zone: ["origin"]
        case .rateLimit: ["responses"]
        case .site: ["city"]
        case .client: ["city", "provider"]
        case .link: ["between"]
        case .exchange: ["city", "members"]
        case .multicast: ["addresses", "source", "members"]
        case .bmp: ["station"]
        case .relation: ["network"]
        case .bfd: ["interval"]
        case .range: ["prefix"]
        case .connect: ["service"]
        case .resolution: ["name", "type", "answer"]
        case .fault: ["how"]
        case .command: ["node", "command"]
        case .repetition: ["times", "steps"]
        case .flood: ["clients", "rate", "for"]
        case .expectations: ["scenario"]
        case .health, .timers, .damping, .rule, .match, .set, .change, .routeServer, .paths, .restart,
            .step, .expectation, .path, .target, .output:
            []
        }
    }

    private var optional: [String] {
        switch self {
        case .lab:
            ["description", "timers", "services", "sites", "clients", "links", "exchanges", "multicast", "scenario"]
        case .network:
            [
                "asn", "providers", "peers", "customers", "siblings", "timers", "import", "export", "decision",
                "always-compare-med", "multipath", "multipath-hash", "add-path", "damping", "daemon",
                "graceful-restart", "bmp",
            ]
        case .service: ["asn", "prefixes", "kind", "zone", "rate-limit", "health", "origin", "objects"]
        case .object: ["size", "max-age"]
        case .zone: ["records", "file", "primary"]
        case .rateLimit: ["slip"]
        case .health: ["query", "answer", "command", "interval", "timeout", "fall", "rise", "hold-down", "drain"]
        case .site: ["service", "providers", "peers", "capacity", "servers"]
        case .client: []
        case .link: ["delay", "jitter", "loss", "duplicate", "reorder", "rate", "timers"]
        case .exchange: ["route-server"]
        case .multicast: []
        case .routeServer: ["asn"]
        case .paths: ["receive", "send"]
        case .restart: ["restart", "deferral"]
        case .bmp: []
        case .relation:
            [
                "prepend", "local-preference", "med", "communities", "no-export", "leak", "import", "export",
                "blackholes", "max-prefixes", "role-strict", "md5", "ttl-security", "add-path", "extended-next-hop",
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
        case .step: ["expect", "fail", "heal", "drain", "apply", "flood", "run", "wait", "connect", "repeat"]
        case .connect: ["flows", "clients"]
        case .expectation: Self.claims + ["service", "within", "for"]
        case .path: ["contains", "avoids", "stays-in"]
        case .fault, .target: ["site", "network", "link", "target"]
        case .command: ["status", "output"]
        case .output: ["contains", "equals"]
        case .flood: ["service"]
        case .resolution, .repetition, .expectations: []
        }
    }

    /// What can be expected.
    static let claims = [
        "catchment", "share", "rtt", "path", "gap", "lost", "broken", "resolved", "session", "never", "served",
        "offered",
    ]

    /// What such a mapping describes, for messages.
    var subject: String {
        switch self {
        case .lab: "a lab"
        case .network: "a network"
        case .service: "a service"
        case .object: "an object"
        case .zone: "a zone"
        case .rateLimit: "'rate-limit'"
        case .health: "'health'"
        case .site: "a site"
        case .client: "a client"
        case .link: "a link"
        case .exchange: "an exchange"
        case .routeServer: "a route server"
        case .multicast: "a multicast group"
        case .paths: "'add-path'"
        case .restart: "'graceful-restart'"
        case .bmp: "'bmp'"
        case .relation: "a relation"
        case .timers: "timers"
        case .bfd: "bfd"
        case .damping: "damping"
        case .rule: "a rule"
        case .match: "'match'"
        case .range: "a range of prefixes"
        case .set: "'set'"
        case .change: "a change of communities"
        case .step: "a step"
        case .connect: "'connect'"
        case .expectation: "an expectation"
        case .path: "a path"
        case .resolution: "'resolved'"
        case .fault: "'fail'"
        case .target: "a target"
        case .flood: "'flood'"
        case .command: "'run'"
        case .output: "'output'"
        case .repetition: "'repeat'"
        case .expectations: "a file of expectations"
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
        "next_hop": "next-hop", "action": "then", "if": "match", "ixps": "exchanges", "ixp": "exchanges",
        "exchange": "exchanges", "server": "servers", "member": "members", "networks": "members", "rs": "route-server",
        "route_server": "route-server", "add_path": "add-path", "addpath": "add-path",
        "extended_next_hop": "extended-next-hop", "graceful_restart": "graceful-restart",
        "catchments": "catchment", "latency-ms": "rtt",
        "sessions": "session", "max_age": "max-age", "object": "objects",
        "timeout": "within", "duration": "for", "steps": "scenario", "node": "target", "kind": "how", "type": "how",
        "stays_in": "stays-in", "sleep": "wait", "assert": "expect", "kill": "fail", "restore": "heal", "loss": "lost",
    ]
}
