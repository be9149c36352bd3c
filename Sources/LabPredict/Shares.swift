/// How the clients of an address divide among sites.
public struct CatchmentShare: Hashable, Sendable {
    /// The site's name; nil for clients that no site serves.
    public let site: String?
    /// How many clients it serves.
    public let clients: Int
    /// Of all clients, from 0 to 1.
    public let share: Double

    /// Divides clients by the site that serves each, the largest share first, then by name.
    public static func of(_ sites: [String?]) -> [CatchmentShare] {
        Dictionary(grouping: sites, by: \.self).map { site, clients in
            CatchmentShare(site: site, clients: clients.count, share: Double(clients.count) / Double(sites.count))
        }.sorted { ($1.clients, $0.site ?? "~") < ($0.clients, $1.site ?? "~") }
    }
}
