/// The keys of each kind of mapping. `labs/schema.json` has the same, under the same names; a test compares them.
enum Keys: String, CaseIterable {
    case lab, network, service, zone, site, client, link, relation, timers

    /// The keys that are allowed.
    var all: [String] { required + optional }

    /// The keys that have to be there.
    var required: [String] {
        switch self {
        case .lab: ["lab", "networks"]
        case .network: ["cities"]
        case .service: ["addresses"]
        case .zone: ["origin"]
        case .site: ["city"]
        case .client: ["city", "provider"]
        case .link: ["between"]
        case .relation: ["network"]
        case .timers: []
        }
    }

    private var optional: [String] {
        switch self {
        case .lab: ["description", "timers", "services", "sites", "clients", "links"]
        case .network: ["asn", "providers", "peers", "customers", "siblings", "timers", "daemon"]
        case .service: ["asn", "prefixes", "kind", "zone"]
        case .zone: ["records", "file"]
        case .site: ["service", "providers", "peers"]
        case .client: []
        case .link: ["delay", "jitter", "loss", "duplicate", "reorder", "rate", "timers"]
        case .relation: ["prepend", "local-preference", "med", "communities", "no-export", "leak"]
        case .timers: ["preset", "hold", "connect-retry", "mrai", "mrai-ibgp"]
        }
    }

    /// What such a mapping describes, for messages.
    var subject: String {
        switch self {
        case .lab: "a lab"
        case .network: "a network"
        case .service: "a service"
        case .zone: "a zone"
        case .site: "a site"
        case .client: "a client"
        case .link: "a link"
        case .relation: "a relation"
        case .timers: "timers"
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
    ]
}
