import JSON

extension MetricFamily {
    /// Everything that a lab's status and the counters of its sites say.
    static func all(_ status: JSON, _ counters: JSON) -> [MetricFamily] {
        let lab = status["lab"]?.string ?? ""
        let sites = counters["sites"]?.array ?? []
        return routing(lab, status) + processes(lab, status) + responders(lab, sites) + webServers(lab, sites)
    }

    private typealias Labels = [(name: String, value: String)]

    private static func routing(_ lab: String, _ status: JSON) -> [MetricFamily] {
        let sessions = status["sessions"]?.array ?? []
        func labels(_ session: JSON) -> Labels {
            [("lab", lab)] + ["local", "remote", "family"].map { ($0, session[$0]?.string ?? "") }
        }
        let updates = sessions.flatMap { session in
            ["received", "sent"].map { direction in
                Sample(labels: labels(session) + [("direction", direction)], value: session[direction]?.int ?? 0)
            }
        }
        let routes = (status["nodes"]?.array ?? []).compactMap { node in
            node["routes"]?.int.map { Sample(labels: [("lab", lab), ("node", node["name"]?.string ?? "")], value: $0) }
        }
        return [
            MetricFamily(
                name: "lab_converged", kind: .gauge, help: "Whether routing is at rest.",
                samples: [Sample(labels: [("lab", lab)], value: status["converged"]?.bool == true ? 1 : 0)]),
            MetricFamily(
                name: "lab_faults", kind: .gauge, help: "Faults that somebody has made.",
                samples: [Sample(labels: [("lab", lab)], value: status["faults"]?.array?.count ?? 0)]),
            MetricFamily(
                name: "lab_session_up", kind: .gauge, help: "Whether a BGP session is established.",
                samples: sessions.map {
                    Sample(labels: labels($0), value: $0["state"]?.string == "Established" ? 1 : 0)
                }),
            MetricFamily(
                name: "lab_session_updates_total", kind: .counter, help: "UPDATE messages of a BGP session.",
                samples: updates),
            MetricFamily(
                name: "lab_routes", kind: .gauge, help: "Prefixes to which a BGP speaker has a best route.",
                samples: routes),
        ]
    }

    private static func processes(_ lab: String, _ status: JSON) -> [MetricFamily] {
        let nodes = status["nodes"]?.array ?? []
        let processes = nodes.flatMap { node in
            (node["processes"]?.array ?? []).map { (node["name"]?.string ?? "", $0) }
        }
        func samples(_ value: (JSON) -> Int) -> [Sample] {
            processes.map { node, process in
                Sample(
                    labels: [("lab", lab), ("node", node), ("role", process["role"]?.string ?? "")],
                    value: value(process))
            }
        }
        let health = nodes.compactMap { node in
            node["health"]?["state"]?.string.map { state in
                Sample(labels: [("lab", lab), ("site", node["name"]?.string ?? "")], value: state == "up" ? 1 : 0)
            }
        }
        return [
            MetricFamily(
                name: "lab_process_up", kind: .gauge, help: "Whether a daemon runs.",
                samples: samples { $0["state"]?.string == "running" ? 1 : 0 }),
            MetricFamily(
                name: "lab_process_restarts_total", kind: .counter, help: "How often a daemon was started again.",
                samples: samples { $0["restarts"]?.int ?? 0 }),
            MetricFamily(
                name: "lab_site_healthy", kind: .gauge, help: "Whether a site passes its health check.",
                samples: health),
        ]
    }

    private static func responders(_ lab: String, _ sites: [JSON]) -> [MetricFamily] {
        // A site whose responder does not run tells nothing of it.
        let responders = SiteFamilies(lab, sites.filter { $0["queries"] != nil }.map { ($0, $0) })
        return [
            responders.family("lab_dns_queries_total", "queries", by: "transport", "Queries by transport."),
            responders.family("lab_dns_query_types_total", "types", by: "type", "Queries by type."),
            responders.family("lab_dns_responses_total", "responses", by: "rcode", "Responses by code."),
            responders.family(
                "lab_dns_rate_limited_total", "rate_limited", by: "action",
                "Responses over the limit of a prefix, by what became of them."),
            responders.family("lab_dns_bytes_total", "bytes", by: "direction", "Octets of DNS messages."),
            responders.family(
                "lab_dns_dropped_total", "Queries without an answer, and answers that the kernel refused."
            ) { $0["dropped"] },
            responders.family(
                "lab_dns_over_capacity_total", "Queries over UDP beyond the site's capacity, which were dropped."
            ) { $0["over_capacity"] },
            responders.family("lab_dns_overflowed_total", "Datagrams that found the responder's sockets full.") {
                $0["overflowed"]
            },
            responders.family("lab_dns_truncated_total", "Responses that did not fit.") { $0["truncated"] },
            responders.family("lab_dns_connections_total", "TCP connections accepted.") {
                $0["connections"]?["accepted"]
            },
            responders.family("lab_dns_open_connections", "TCP connections open now.", .gauge) {
                $0["connections"]?["open"]
            },
        ]
    }

    private static func webServers(_ lab: String, _ sites: [JSON]) -> [MetricFamily] {
        let servers = SiteFamilies(lab, sites.compactMap { site in site["web"].map { (site, $0) } })
        return [
            servers.family("lab_http_requests_total", "requests", by: "method", "Requests by method."),
            servers.family("lab_http_responses_total", "responses", by: "class", "Responses by class of status."),
            servers.family(
                "lab_http_cache_requests_total", "cache", by: "result", "Requests by what the cache of an edge had."),
            servers.family("lab_http_origin_fetches_total", "Requests of an edge to its origin.") {
                $0["origin"]?["fetches"]
            },
            servers.family("lab_http_origin_failures_total", "Requests of an edge that its origin did not answer.") {
                $0["origin"]?["failed"]
            },
            servers.family("lab_http_bytes_total", "bytes", by: "direction", "Octets of clients' connections."),
            servers.family("lab_http_connections_total", "TCP connections accepted.") {
                $0["connections"]?["accepted"]
            },
            servers.family("lab_http_open_connections", "TCP connections open now.", .gauge) {
                $0["connections"]?["open"]
            },
        ]
    }

    /// Families with a sample for each site that counts such a thing.
    private struct SiteFamilies {
        private let sites: [(labels: Labels, counted: JSON)]

        init(_ lab: String, _ sites: [(site: JSON, counted: JSON)]) {
            self.sites = sites.map { site, counted in
                ([("lab", lab)] + ["site", "service"].map { ($0, site[$0]?.string ?? "") }, counted)
            }
        }

        /// A sample for each member of the object under `key`.
        func family(_ name: String, _ key: String, by label: String, _ help: String) -> MetricFamily {
            MetricFamily(
                name: name, kind: .counter, help: help,
                samples: sites.flatMap { site in
                    (site.counted[key]?.members ?? []).map {
                        Sample(labels: site.labels + [(label, $0.name)], value: $0.value.int ?? 0)
                    }
                })
        }

        func family(
            _ name: String, _ help: String, _ kind: Kind = .counter, _ value: (JSON) -> JSON?
        ) -> MetricFamily {
            MetricFamily(
                name: name, kind: kind, help: help,
                samples: sites.compactMap { site in
                    value(site.counted)?.int.map { Sample(labels: site.labels, value: $0) }
                })
        }
    }
}
