import JSON

/// What the responders of a lab have counted, as `lab status --counters` shows it.
enum Counters {
    /// A table with a line for each site, and one for each type and code that occurred.
    static func text(_ counters: JSON) -> String {
        let sites = counters["sites"]?.array ?? []
        var table = TextTable(
            "SITE", "SERVICE", "UDP", "TCP", "OVER CAPACITY", "OVERFLOWED", "DROPPED", "TRUNCATED", "LIMITED",
            "BYTES IN",
            "BYTES OUT")
        for site in sites {
            let limited = ["dropped", "truncated"].reduce(0) { $0 + (site["rate_limited"]?[$1]?.int ?? 0) }
            table.add(
                cells(
                    [site["site"]?.string, site["service"]?.string],
                    [
                        site["queries"]?["udp"], site["queries"]?["tcp"], site["over_capacity"], site["overflowed"],
                        site["dropped"], site["truncated"],
                        .int(limited), site["bytes"]?["received"], site["bytes"]?["sent"],
                    ]))
        }
        return table.text + "\n\n" + breakdown(sites, "types", "QUERIES") + "\n\n"
            + breakdown(sites, "responses", "RESPONSES")
    }

    /// A column for each name that any site has counted under `key`.
    private static func breakdown(_ sites: [JSON], _ key: String, _ heading: String) -> String {
        var names: [String] = []
        for member in sites.flatMap({ $0[key]?.members ?? [] }) where !names.contains(member.name) {
            names.append(member.name)
        }
        var table = TextTable([heading] + names)
        for site in sites {
            table.add(cells([site["site"]?.string], names.map { site[key]?[$0] ?? 0 }))
        }
        return table.text
    }

    private static func cells(_ words: [String?], _ numbers: [JSON?]) -> [TextTable.Cell] {
        words.map { .init($0 ?? "") } + numbers.map { .init(String($0?.int ?? 0)) }
    }
}
