public import Sys

/// The book of one flow of numbered probes: each is entered when it is sent, and gets what becomes of it.
struct FlowBook {
    /// What became of a probe.
    enum Fate: Equatable {
        /// Nothing yet.
        case open
        /// A site answered in time.
        case answered(by: String)
        /// A site answered too late.
        case late(by: String)
        /// It was answered more than once.
        case duplicated(by: String)
        /// Its TTL ended at a node.
        case looped(at: String)
        /// It was dropped, and a node said so or it could not even be sent.
        case refused(at: String, why: String)

        /// Whether whoever asked was served.
        var isService: Bool {
            switch self {
            case .answered, .duplicated: true
            default: false
            }
        }
    }

    struct Entry {
        let sentAt: Nanoseconds
        var fate = Fate.open
        var rtt: Nanoseconds?
    }

    /// An answer that takes longer is late, in nanoseconds: nobody on Earth is so far away, and a resolver has asked again.
    static let patience: Nanoseconds = 1_000_000_000

    private(set) var entries: [Entry] = []

    /// The DNS ID of the next probe. IDs come round after 65,536 probes, when nothing is under way that was sent so long ago.
    var nextID: UInt16 { UInt16(truncatingIfNeeded: entries.count) }

    mutating func enter(sentAt time: Nanoseconds) { entries.append(Entry(sentAt: time)) }

    /// The latest probe could not be sent.
    mutating func refuse(at node: String, why: String) {
        guard let last = entries.indices.last else { return }
        entries[last].fate = .refused(at: node, why: why)
    }

    /// What came in for the probe that has the ID. What says less than is known already changes nothing; late is late, however
    /// often the answer comes.
    mutating func settle(_ id: UInt16, _ fate: Fate, at time: Nanoseconds) {
        guard let index = index(of: id) else { return }
        let rtt = max(0, time - entries[index].sentAt)
        switch (entries[index].fate, fate) {
        case (.answered, .answered(let site)):
            entries[index].fate = .duplicated(by: site)
        case (.open, .answered(let site)), (.looped, .answered(let site)), (.refused, .answered(let site)):
            entries[index].fate = rtt > Self.patience ? .late(by: site) : fate
            entries[index].rtt = rtt
        case (.open, _):
            entries[index].fate = fate
        default: break
        }
    }

    /// Whether nothing that was sent can still be answered in time.
    func isClosed(now: Nanoseconds) -> Bool {
        entries.reversed().prefix { now - $0.sentAt <= Self.patience }.allSatisfy { $0.fate != .open }
    }

    private func index(of id: UInt16) -> Int? {
        guard let last = entries.indices.last else { return nil }
        let back = Int(UInt16(truncatingIfNeeded: last) &- id)
        return back <= last ? last - back : nil
    }

    /// The longest run of probes without service; one that lasted to the end comes first.
    var gap: Gap? {
        var longest: Gap?
        var start: Int?
        func end(_ index: Int?) {
            guard let first = start else { return }
            let until = index.map { entries[$0].sentAt } ?? entries.last.map(\.sentAt) ?? 0
            let probes = (index ?? entries.count) - first
            // The last probe alone may have been lost as any other.
            let gap = Gap(
                start: entries[first].sentAt, length: until - entries[first].sentAt, probes: probes,
                isOpen: index == nil && probes > 1)
            if longest.map({ gap.length > $0.length || gap.isOpen }) ?? true { longest = gap }
        }
        for (index, entry) in entries.enumerated() {
            if entry.fate.isService {
                end(index)
                start = nil
            } else if start == nil {
                start = index
            }
        }
        end(nil)
        return longest
    }

    /// Whether service is steady: 9 of 10 of the probes that were sent in the last `window` nanoseconds before `now`, and that
    /// can have been answered by then, were, the latest of them too.
    func isSteady(now: Nanoseconds, window: Nanoseconds) -> Bool {
        let longest = entries.suffix(256).compactMap(\.rtt).max() ?? 0
        let last = now - max(2 * longest, 50_000_000)
        let recent = entries.reversed().drop { $0.sentAt > last }.prefix { $0.sentAt > last - window }
        guard let latest = recent.first, latest.fate.isService else { return false }
        return recent.count { $0.fate.isService } * 10 >= recent.count * 9
    }
}

/// A time without service.
public struct Gap: Hashable, Sendable {
    /// When the first probe that was not served was sent (CLOCK_MONOTONIC).
    public let start: Nanoseconds
    /// From then until the next one that was served was sent; the last of all if none was.
    public let length: Nanoseconds
    /// How many probes were sent in it.
    public let probes: Int
    /// Whether it lasted to the end, for more than one probe.
    public let isOpen: Bool
}
