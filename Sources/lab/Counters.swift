import JSON

/// What the sites of a lab have counted, as `lab status --counters` shows it.
enum Counters {
    /// A site, and what one of its servers has counted.
    private typealias Counted = (site: JSON, counters: JSON)

    /// Of the responders, and of the web servers if there are any: a table with a line for each site, and one for each kind of request
    /// and of answer that occurred.
    static func text(_ counters: JSON) -> String {
        let sites = counters["sites"]?.array ?? []
        let web = sites.compactMap { site in site["web"].map { (site, $0) } }
        var tables = responders(sites.filter { $0["queries"] != nil }.map { ($0, $0) })
        if !web.isEmpty { tables += webServers(web) }
        return tables.joined(separator: "\n\n")
    }

    private static func responders(_ sites: [Counted]) -> [String] {
        var table = TextTable(
            "SITE", "SERVICE", "UDP", "TCP", "OVER CAPACITY", "OVERFLOWED", "DROPPED", "TRUNCATED", "LIMITED",
            "BYTES IN",
            "BYTES OUT")
        for (site, counters) in sites {
            let limited = ["dropped", "truncated"].reduce(0) { $0 + (counters["rate_limited"]?[$1]?.int ?? 0) }
            table.add(
                cells(
                    site,
                    [
                        counters["queries"]?["udp"], counters["queries"]?["tcp"], counters["over_capacity"],
                        counters["overflowed"], counters["dropped"], counters["truncated"], .int(limited),
                        counters["bytes"]?["received"], counters["bytes"]?["sent"],
                    ]))
        }
        let breakdowns = [breakdown(sites, "types", "QUERIES"), breakdown(sites, "responses", "RESPONSES")]
        return [table.text] + breakdowns.compactMap(\.self)
    }

    private static func webServers(_ sites: [Counted]) -> [String] {
        var table = TextTable(
            "SITE", "SERVICE", "CONNECTIONS", "OPEN", "HITS", "REVALIDATED", "MISSES", "FETCHES", "FAILED", "BYTES IN",
            "BYTES OUT")
        for (site, counters) in sites {
            table.add(
                cells(
                    site,
                    [
                        counters["connections"]?["accepted"], counters["connections"]?["open"],
                        counters["cache"]?["hit"], counters["cache"]?["revalidated"], counters["cache"]?["miss"],
                        counters["origin"]?["fetches"], counters["origin"]?["failed"], counters["bytes"]?["received"],
                        counters["bytes"]?["sent"],
                    ]))
        }
        let breakdowns = [
            breakdown(sites, "requests", "HTTP REQUESTS"), breakdown(sites, "responses", "HTTP RESPONSES"),
        ]
        return [table.text] + breakdowns.compactMap(\.self)
    }

    /// A column for each name that any site has counted under `key`; nil where none has counted anything.
    private static func breakdown(_ sites: [Counted], _ key: String, _ heading: String) -> String? {
        var names: [String] = []
        for member in sites.flatMap({ $0.counters[key]?.members ?? [] }) where !names.contains(member.name) {
            names.append(member.name)
        }
        guard !names.isEmpty else { return nil }
        var table = TextTable([heading] + names)
        for (site, counters) in sites {
            table.add([.init(site["site"]?.string ?? "")] + numbers(names.map { counters[key]?[$0] ?? 0 }))
        }
        return table.text
    }

    private static func cells(_ site: JSON, _ values: [JSON?]) -> [TextTable.Cell] {
        ["site", "service"].map { .init(site[$0]?.string ?? "") } + numbers(values)
    }

    /// What a server does not count is a dash.
    private static func numbers(_ values: [JSON?]) -> [TextTable.Cell] {
        values.map { .init($0?.int.map(String.init) ?? "-") }
    }
}
