public import JSON
import LabModel
public import Net
public import Sys

/// What became of the probes of one client to one address: of each, one thing.
public struct FlowReport: Hashable, Sendable {
    /// Where probes were lost, and why as far as anything tells.
    public struct Loss: Hashable, Sendable {
        /// The node, or `on the way to SITE` where every routing table leads to the site.
        public let place: String
        /// Why; nil where nothing tells.
        public let why: String?

        /// Whether a node on the way had no route, or one that leads nowhere.
        public var isBlackhole: Bool { why != nil }
    }

    /// The client.
    public let client: String
    /// The service.
    public let service: String
    /// The address.
    public let address: IPAddress
    /// The UDP port that the probes came from; nil for a client that had no way to send any.
    public let port: UInt16?
    /// How many probes were sent.
    public let sent: Int
    /// How many each site answered in time, once.
    public let answered: [String: Int]
    /// How many were answered after a second.
    public let late: Int
    /// How many were answered more than once.
    public let duplicated: Int
    /// How many were lost, by where.
    public let lost: [Loss: Int]
    /// How many went round until their TTL ended, by where it ended.
    public let looped: [String: Int]
    /// The longest time without service; nil if every probe was served.
    public let gap: Gap?
    /// The round trips of those answered in time.
    public let roundTrips: Distribution
    /// The sites in the order in which they answered, each with when the first of its probes was sent.
    public let sites: [Turn]
    /// What became of the probes in the order in which they were sent: each span lasts until the next one begins.
    public let spans: [Span]

    /// A time in which all probes fared the same.
    public struct Span: Hashable, Sendable {
        /// When the first of them was sent (CLOCK_MONOTONIC).
        public let from: Nanoseconds
        /// When the first of the next ones was sent, or the last of all.
        public let to: Nanoseconds
        /// What happened to them.
        public let outcome: Outcome
    }

    /// What happens to a probe, as its client sees it.
    public enum Outcome: Hashable, Sendable {
        /// A site answered in time.
        case answered(site: String)
        /// It was lost, or answered too late.
        case lost
        /// It went round until its TTL ended.
        case looped
    }

    /// From when on a site answered.
    public struct Turn: Hashable, Sendable {
        /// CLOCK_MONOTONIC.
        public let time: Nanoseconds
        /// The site.
        public let site: String
    }

    /// How many were not served: neither answered in time nor answered twice.
    public var unserved: Int { late + lost.values.reduce(0, +) + looped.values.reduce(0, +) }
    /// The sum of all that became of probes: what was sent.
    public var accounted: Int { answered.values.reduce(0, +) + duplicated + unserved }
}

extension FlowReport {
    /// Closes a book. Of what is still open, the walks of that time say where it was lost.
    init(
        _ client: Node, service: String, address: IPAddress, port: UInt16? = nil, book: FlowBook, walks: WalkHistory
    ) {
        var (answered, late, duplicated) = ([String: Int](), 0, 0)
        var (lost, looped) = ([Loss: Int](), [String: Int]())
        var sites: [Turn] = []
        var begun: [(time: Nanoseconds, outcome: Outcome)] = []
        for entry in book.entries {
            var outcome = Outcome.lost
            switch entry.fate {
            case .answered(let site):
                answered[site, default: 0] += 1
                if sites.last?.site != site { sites.append(Turn(time: entry.sentAt, site: site)) }
                outcome = .answered(site: site)
            case .duplicated(let site):
                duplicated += 1
                outcome = .answered(site: site)
            case .late: late += 1
            case .looped(let node):
                looped[node, default: 0] += 1
                outcome = .looped
            case .refused(let node, let why): lost[Loss(place: node, why: why), default: 0] += 1
            case .open:
                switch walks.end(of: entry.sentAt) {
                case .loop(let nodes):
                    looped[nodes.first?.name ?? client.name, default: 0] += 1
                    outcome = .looped
                case let end: lost[Loss(end), default: 0] += 1
                }
            }
            if begun.last?.outcome != outcome { begun.append((entry.sentAt, outcome)) }
        }
        let ends = begun.dropFirst().map(\.time) + [book.entries.last?.sentAt ?? 0]
        self.init(
            client: client.name, service: service, address: address, port: port, sent: book.entries.count,
            answered: answered, late: late, duplicated: duplicated, lost: lost, looped: looped, gap: book.gap,
            roundTrips: Distribution(
                book.entries.compactMap { if case .answered = $0.fate { $0.rtt } else { nil } }),
            sites: sites,
            spans: zip(begun, ends).map { Span(from: $0.time, to: $1, outcome: $0.outcome) })
    }
}

extension FlowReport.Loss {
    fileprivate init(_ end: Walk.Outcome?) {
        switch end {
        case .delivered(let node): self.init(place: "on the way to \(node.name)", why: nil)
        case .noRoute(let node): self.init(place: node.name, why: "no route")
        case .unreachable(let node): self.init(place: node.name, why: "unreachable")
        case .blackhole(let node): self.init(place: node.name, why: "a route that drops")
        case .linkDown(let node): self.init(place: node.name, why: "the link onward is down")
        case .loop(let nodes): self.init(place: nodes.first?.name ?? "", why: "a loop")
        case nil: self.init(place: "on the way", why: nil)
        }
    }

    /// The place and the reason in words.
    public var text: String { why.map { "\(place) (\($0))" } ?? place }
}

/// How the way of a flow ended at different times, by the kernels' tables.
struct WalkHistory {
    /// Packets are under way for some time before they meet the route that loses them, in nanoseconds.
    private static let underWay: Nanoseconds = 300_000_000

    private var changes: [(time: Nanoseconds, end: Walk.Outcome)] = []

    mutating func record(_ end: Walk.Outcome, at time: Nanoseconds) {
        if changes.last?.end != end { changes.append((time, end)) }
    }

    /// How the way of a packet ended that was sent at `time` and not answered: as the first table said that did not deliver
    /// it, from then on as long as it may have been under way; nil before anything is known.
    func end(of time: Nanoseconds) -> Walk.Outcome? {
        let first = changes.lastIndex { $0.time <= time } ?? 0
        let candidates = changes.indices.contains(first) ? changes[first...] : []
        let near = candidates.prefix { $0.time <= time + Self.underWay }
        let failed = near.first { if case .delivered = $0.end { false } else { true } }
        return (failed ?? near.first)?.end
    }
}

// MARK: JSON

extension FlowReport {
    /// The report as JSON. Times are relative to `zero`, on the monotonic clock.
    public func json(relativeTo zero: Nanoseconds) -> JSON {
        [
            "client": .string(client), "service": .string(service), "address": .string(address.description),
            "port": port.map { .int(Int($0)) } ?? .null, "sent": .int(sent),
            "answered": .object(answered.sorted { $0.key < $1.key }.map { .init($0.key, .int($0.value)) }),
            "late": .int(late), "duplicated": .int(duplicated),
            "lost": .array(
                lost.sorted { $0.key.text < $1.key.text }.map { loss, count in
                    [
                        "at": .string(loss.place), "why": loss.why.map(JSON.string) ?? .null, "count": .int(count),
                    ]
                }),
            "looped": .object(looped.sorted { $0.key < $1.key }.map { .init($0.key, .int($0.value)) }),
            "gap_ms": .milliseconds(gap?.length ?? 0),
            "gap_start_ms": .milliseconds(gap.map { $0.start - zero }), "gap_probes": .int(gap?.probes ?? 0),
            "gap_open": .bool(gap?.isOpen ?? false),
            "rtt": roundTrips.json,
            "sites": .array(
                sites.map { ["at_ms": .milliseconds($0.time - zero), "site": .string($0.site)] }),
        ]
    }
}
