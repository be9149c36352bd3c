import LabModel
import LabObserve
import Net
import Picture
import Sys

/// The pictures of what became of probes around a disturbance, and of how routing found its new ways.
struct LedgerPictures {
    private let topology: Topology
    private let ledger: LedgerReport
    private let changes: [PathChange]
    /// What was done, in words.
    private let disturbance: String

    /// More rows than this are counted, and not drawn.
    private static let mostRows = 40

    init(_ topology: Topology, _ ledger: LedgerReport, _ changes: [PathChange], _ disturbance: String) {
        (self.topology, self.ledger, self.changes, self.disturbance) = (topology, ledger, changes, disturbance)
    }

    /// SVG documents; none of what stayed as it was.
    var all: [String] { [probes, paths].compactMap(\.self) }

    private var moments: [FailoverTimeline.Moment] { [.init(time: 0, name: disturbance)] }

    /// A time on the clock of the pictures, which begins with the disturbance.
    private func milliseconds(_ time: Nanoseconds) -> Double {
        Double(time - (ledger.disturbedAt ?? ledger.start)) / 1e6
    }

    /// The part of time in which something happens, with some more before and after.
    private func window(_ times: [Double]) -> ClosedRange<Double> {
        let (first, last) = (min(0, times.min() ?? 0), max(0, times.max() ?? 0))
        let margin = max(10, (last - first) / 5)
        return (first - margin)...(last + margin)
    }

    // MARK: Probes

    /// The clients that were not served by the same site all the time, those with the longest gaps first.
    private var probes: String? {
        let disturbed = ledger.flows.filter { $0.spans.count > 1 || $0.gap != nil }.sorted {
            ($0.gap?.length ?? 0) > ($1.gap?.length ?? 0)
        }
        guard !disturbed.isEmpty else { return nil }
        let shown = disturbed.prefix(Self.mostRows)
        let window = window(shown.flatMap(edges))
        let (others, left) = (ledger.flows.count - disturbed.count, disturbed.count - shown.count)
        return FailoverTimeline.svg(
            title: "Who answered each client"
                + (left > 0 ? "; \(left) more rows have shorter gaps" : "")
                + (others > 0 ? "; in \(others) rows not shown, one site all the time" : ""),
            shown.map { row($0, window) }, moments: moments,
            marks: SiteMarks(topology.nodes.filter { $0.serves != nil }.map(\.name)))
    }

    /// When something changed for a flow.
    private func edges(_ flow: FlowReport) -> [Double] {
        flow.spans.dropFirst().map { milliseconds($0.from) }
    }

    private func row(_ flow: FlowReport, _ window: ClosedRange<Double>) -> FailoverTimeline.Row {
        let spans = flow.spans.compactMap { span -> FailoverTimeline.Span? in
            let from = max(window.lowerBound, milliseconds(span.from))
            let to = min(window.upperBound, milliseconds(span.to))
            guard from < to else { return nil }
            let outcome: FailoverTimeline.Outcome =
                switch span.outcome {
                case .answered(let site): .answered(site: site)
                case .lost: .lost
                case .looped: .looped
                }
            return .init(from: from, to: to, outcome: outcome)
        }
        let isAlone = topology.lab.services.reduce(0) { $0 + $1.addresses.count } == 1
        return .init(client: isAlone ? flow.client : "\(flow.client) to \(flow.address)", spans: spans)
    }

    // MARK: Best paths

    /// The routers whose best path changed, in the order in which they first did.
    private var paths: String? {
        var keys: [Key] = []
        var byKey: [Key: [PathChange]] = [:]
        for change in changes {
            let key = Key(node: change.node, prefix: change.prefix)
            if byKey[key] == nil { keys.append(key) }
            byKey[key, default: []].append(change)
        }
        let shown = keys.prefix(Self.mostRows)
        guard !shown.isEmpty else { return nil }
        let window = window(shown.flatMap { byKey[$0] ?? [] }.map { milliseconds($0.time) })
        let left = keys.count - shown.count
        return PathTimeline.svg(
            title: "Best paths of routers" + (left > 0 ? "; \(left) more changed theirs" : ""),
            shown.map { .init(router: "\($0.node), \($0.prefix)", spans: spans(byKey[$0] ?? [], window)) },
            moments: moments)
    }

    private struct Key: Hashable {
        let node: String
        let prefix: IPPrefix
    }

    private func spans(_ changes: [PathChange], _ window: ClosedRange<Double>) -> [PathTimeline.Span] {
        let times = changes.map { milliseconds($0.time) }
        let paths = [changes.first?.oldASPath] + changes.map { $0.hasPath ? $0.asPath : nil }
        return zip(paths, zip([window.lowerBound] + times, times + [window.upperBound])).map { path, span in
            .init(from: span.0, to: span.1, path: path?.map(String.init))
        }
    }
}
