import JSON

/// What a BGP speaker answers, as tables.
enum SpeakerTables {
    /// The neighbours, a line each.
    static func neighbours(_ neighbours: [JSON]) -> String {
        var table = TextTable(
            "NEIGHBOR", "ADDRESS", "AS", "RELATION", "STATE", "UP", "HOLD", "MSG IN", "MSG OUT", "RECEIVED", "ACCEPTED",
            "ADVERTISED", "LAST ERROR")
        for each in neighbours {
            let state = text(each["state"])
            let messages = each["messages"]
            let prefixes = each["prefixes"]
            table.add(
                .init(text(each["name"])), .init(text(each["address"])), .init(text(each["asn"])),
                .init(text(each["relation"])), .init(state, state == "Established" ? .green : .red),
                .init(duration(each["uptime_ms"])), .init(text(each["hold_time_s"])),
                .init(text(messages?["received"]?["total"])), .init(text(messages?["sent"]?["total"])),
                .init(text(prefixes?["received"])), .init(text(prefixes?["accepted"])),
                .init(text(prefixes?["advertised"])), .init(text(each["last_error"])))
        }
        return table.text
    }

    /// Neighbours in full, a block each.
    static func details(_ neighbours: [JSON]) -> String {
        neighbours.map { each in
            let lines: [(String, String)] = [
                ("neighbor", "\(text(each["name"])), AS \(text(each["asn"])), \(text(each["relation"]))"),
                ("addresses", "\(text(each["address"])), ours \(text(each["local_address"]))"),
                ("state", state(each)),
                ("router ID", text(each["router_id"])),
                ("hold time", each["hold_time_s"]?.int.map { $0 == 0 ? "none" : "\($0) s" } ?? "-"),
                ("families", list(each["families"])),
                ("we offer", list(each["capabilities"]?["sent"])),
                ("it offers", list(each["capabilities"]?["received"])),
                ("messages in", messages(each["messages"]?["received"])),
                ("messages out", messages(each["messages"]?["sent"])),
                ("prefixes", prefixes(each)),
                ("last error", lastError(each)),
            ]
            return lines.map { name, value in
                name + String(repeating: " ", count: max(1, 14 - name.count)) + value
            }.joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    private static func state(_ neighbour: JSON) -> String {
        let times = neighbour["established"]?.int ?? 0
        return text(neighbour["state"])
            + (neighbour["uptime_ms"]?.int == nil ? "" : " for \(duration(neighbour["uptime_ms"]))")
            + ", established \(times) time\(times == 1 ? "" : "s")"
    }

    private static func prefixes(_ neighbour: JSON) -> String {
        let prefixes = neighbour["prefixes"]
        let damped = prefixes?["damped"]?.int ?? 0
        let withdrawn = neighbour["treated_as_withdraw"]?.int ?? 0
        return "\(text(prefixes?["received"])) received, \(text(prefixes?["accepted"])) accepted, "
            + (damped == 0 ? "" : "\(damped) damped, ") + "\(text(prefixes?["advertised"])) advertised"
            + (withdrawn == 0 ? "" : "; \(withdrawn) messages treated as withdrawals")
    }

    private static func lastError(_ neighbour: JSON) -> String {
        guard let error = neighbour["last_error"]?.string else { return "none" }
        return "\(error), \(duration(neighbour["last_error_ago_ms"])) ago"
    }

    private static func messages(_ counters: JSON?) -> String {
        (counters?.members ?? []).filter { $0.name != "total" && $0.value.int != 0 }.map { member in
            "\(text(member.value)) \(member.name.replacing("_", with: " "))"
        }.joined(separator: ", ")
    }

    /// Routes, a line each.
    static func routes(_ routes: [JSON], hasSource: Bool) -> String {
        var table =
            hasSource
            ? TextTable("PREFIX", "FROM", "NEXT HOP", "LOCAL_PREF", "MED", "ORIGIN", "AS PATH", "COMMUNITIES", "REASON")
            : TextTable("PREFIX", "NEXT HOP", "LOCAL_PREF", "MED", "ORIGIN", "AS PATH", "COMMUNITIES", "NOTE")
        for route in routes {
            let attributes = attributes(route) + [TextTable.Cell(communities(route))]
            let prefix = TextTable.Cell(text(route["prefix"]))
            if hasSource {
                table.add([prefix, .init(source(route))] + attributes + [.init(text(route["reason"]))])
            } else {
                let note = route["excluded"]?.string ?? (route["best"]?.bool == true ? "best" : "")
                table.add([prefix] + attributes + [.init(note)])
            }
        }
        return table.text
    }

    /// All paths to one prefix, from best to worst.
    static func paths(_ answer: JSON) -> String {
        var table = TextTable(
            "", "FROM", "NEXT HOP", "LOCAL_PREF", "MED", "ORIGIN", "AS PATH", "IGP METRIC", "COMMUNITIES", "REASON")
        for path in answer["paths"]?.array ?? [] {
            let rival = path["lost_to"]?.string.map { ", lost to \($0)" } ?? ""
            table.add(
                [path["best"]?.bool == true ? .init("*", .green) : .init(" "), .init(source(path))] + attributes(path)
                    + [.init(text(path["igp_metric"])), .init(communities(path)), .init(text(path["reason"]) + rival)])
        }
        return text(answer["prefix"]) + "\n" + table.text
    }

    private static func source(_ route: JSON) -> String { route["from"]?.string ?? "local" }

    private static func attributes(_ route: JSON) -> [TextTable.Cell] {
        [
            .init(text(route["next_hop"])), .init(text(route["local_preference"])), .init(text(route["med"])),
            .init(text(route["origin"])), .init(asPath(route["as_path"])),
        ]
    }

    private static func asPath(_ path: JSON?) -> String {
        let words = (path?.array ?? []).map { element in
            element.array.map { set in "{" + set.map { text($0) }.joined(separator: ",") + "}" } ?? text(element)
        }
        return words.isEmpty ? "-" : words.joined(separator: " ")
    }

    private static func communities(_ route: JSON) -> String {
        let all = (route["communities"]?.array ?? []) + (route["large_communities"]?.array ?? [])
        return all.isEmpty ? "-" : all.map { text($0) }.joined(separator: " ")
    }

    private static func list(_ json: JSON?) -> String {
        let words = (json?.array ?? []).map { text($0) }
        return words.isEmpty ? "-" : words.joined(separator: ", ")
    }

    private static func text(_ json: JSON?) -> String {
        switch json {
        case nil, .null: "-"
        case .string(let text): text
        case let other?: other.description
        }
    }

    /// A time of so many milliseconds as people write it: `3.2s`, `4m05s`, `7h03m`, `12d4h`.
    private static func duration(_ json: JSON?) -> String {
        guard let milliseconds = json?.int else { return "-" }
        let seconds = milliseconds / 1000
        func padded(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        switch seconds {
        case ..<60: return "\(seconds).\(milliseconds % 1000 / 100)s"
        case ..<3600: return "\(seconds / 60)m\(padded(seconds % 60))s"
        case ..<86400: return "\(seconds / 3600)h\(padded(seconds / 60 % 60))m"
        default: return "\(seconds / 86400)d\(seconds / 3600 % 24)h"
        }
    }
}
