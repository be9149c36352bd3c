import LabModel
import LabObserve
import LabPredict
import Net

extension CatchmentReport {
    /// The catchments, the shares of the sites, and what is odd.
    var text: String {
        ([CatchmentTable.text(rows.map(\.row)), "", sharesText] + familyDifferences).joined(separator: "\n")
    }

    /// The sites below each other, the families beside each other.
    private var sharesText: String {
        let services = Set(shares.map(\.service))
        var table = TextTable("SITE", "IPV4", "SHARE", "IPV6", "SHARE")
        for service in rows.map(\.row.service).uniqued() {
            let v4 = shares.first { $0.service == service && $0.family == .ipv4 }?.shares ?? []
            let v6 = shares.first { $0.service == service && $0.family == .ipv6 }?.shares ?? []
            for site in (v4 + v6).map(\.site).uniqued() {
                let name = (site ?? "no site") + (services.count > 1 ? " of \(service)" : "")
                let cells = [v4, v6].flatMap { shares -> [TextTable.Cell] in
                    guard let share = shares.first(where: { $0.site == site }) else { return ["-", "-"] }
                    return [.init(String(share.clients)), .init(Self.percent(share.share))]
                }
                table.add([.init(name, site == nil ? .red : nil)] + cells)
            }
        }
        return table.text
    }

    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }

    /// How much longer the answers take than they would from the nearest site.
    var inflationText: String {
        var table = TextTable("CLIENT", "ADDRESS", "SITE", "RTT", "BEST", "BEST-RTT", "EXTRA")
        for row in rows {
            table.add(
                .init(row.row.client.name), .init("\(row.row.address)"),
                row.row.site.map { .init($0) } ?? .init("no answer", .red),
                .init(CatchmentTable.milliseconds(row.row.rtt)), .init(row.best?.site.name ?? "none"),
                .init(CatchmentTable.milliseconds(row.best?.rtt)), .init(CatchmentTable.milliseconds(row.extra)))
        }
        let findings = rows.compactMap { row in
            row.finding.map { "\(row.row.client.name) to \(row.row.address): \($0)" }
        }
        return ([table.text] + findings).joined(separator: "\n")
    }

    /// A line of names, and one for each row, with commas between (RFC 4180).
    var csv: String {
        let heading = "client,service,address,family,site,rtt_ms,as_path,hops,agrees,finding"
        return ([heading] + rows.map { Self.line($0.row) }).joined(separator: "\n")
    }

    private static func line(_ row: CatchmentRow) -> String {
        let rtt = CatchmentTable.milliseconds(row.rtt)
        let fields = [
            row.client.name, row.service, row.address.description, row.family.rawValue, row.site ?? "",
            rtt == "-" ? "" : String(rtt.dropLast(3)), row.asPath.map(\.description).joined(separator: " "),
            row.hops.map { $0.node?.name ?? "" }.joined(separator: " "), row.agrees ? "yes" : "no", row.finding ?? "",
        ]
        return fields.map(quoted).joined(separator: ",")
    }

    private static func quoted(_ field: String) -> String {
        guard field.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}

extension Sequence where Element: Hashable {
    /// Each element once, at its first place.
    fileprivate func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
