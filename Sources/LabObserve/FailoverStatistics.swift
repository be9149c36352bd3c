public import JSON
public import Net
import Sys

/// What the same fault did to one client and address, time after time.
public struct FailoverStatistics: Sendable {
    /// The client.
    public let client: String
    /// The service.
    public let service: String
    /// The address.
    public let address: IPAddress
    /// The gaps in nanoseconds; 0 where every probe was served.
    public let gaps: Distribution
    /// How many probes were sent in all.
    public let sent: Int
    /// How many of them were not served.
    public let unserved: Int
    /// In how many repetitions nobody answered to the end.
    public let openGaps: Int
    /// The sites in the order in which they answered, the last time.
    public let sites: [String]

    /// Puts together what belongs to the same client and address.
    public static func of(_ reports: [LedgerReport]) -> [FailoverStatistics] {
        guard let first = reports.first else { return [] }
        return first.flows.map { flow in
            let own = reports.flatMap(\.flows).filter { $0.client == flow.client && $0.address == flow.address }
            return FailoverStatistics(
                client: flow.client, service: flow.service, address: flow.address,
                gaps: Distribution(own.map { $0.gap?.length ?? 0 }), sent: own.reduce(0) { $0 + $1.sent },
                unserved: own.reduce(0) { $0 + $1.unserved }, openGaps: own.count { $0.gap?.isOpen == true },
                sites: own.last?.sites.map(\.site) ?? [])
        }
    }

    /// The statistics as JSON.
    public var json: JSON {
        [
            "client": .string(client), "service": .string(service), "address": .string(address.description),
            "sent": .int(sent), "unserved": .int(unserved), "open_gaps": .int(openGaps),
            "sites": .array(sites.map { .string($0) }), "gap": gaps.json,
            "median_interval_ms": gaps.medianInterval.map {
                [.milliseconds($0.lowerBound), .milliseconds($0.upperBound)]
            } ?? .null,
        ]
    }
}
