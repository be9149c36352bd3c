public import LabModel

/// What BFD costs a machine, and by how much its intervals are stretched where that is too much.
///
/// A packet sent and one received take about 50 us in the speaker, most of it the kernel's, and as much again in the delay line
/// that carries them. A thousand endpoints at 50 ms would take two cores, and a machine that is busy with BFD misses packets that
/// came in time.
public struct BFDLoad: Hashable, Sendable {
    /// The ends of sessions that BFD watches.
    public let endpoints: Int
    /// The share of the machine that their packets would take as the file says it, 0 to 1 and more.
    public let demand: Double
    /// By how much every interval is longer than the file says; 1 where the machine carries what it says.
    public let stretch: UInt32

    /// CPU time of a packet sent and a packet received, in seconds.
    private static let costOfPair = 100e-6
    /// The most of a machine that watching may take: the rest is for what is watched.
    private static let greatestShare = 0.25

    /// Adds up what the sessions of a topology cost a machine of so many processors.
    public init(_ topology: Topology, processors: Int) {
        let intervals = topology.sessions.compactMap { $0.timers.bfd?.interval }
        endpoints = intervals.count
        let pairsEachSecond = intervals.reduce(0) { $0 + 1000 / Double(max(1, $1)) }
        demand = pairsEachSecond * Self.costOfPair / Double(max(1, processors))
        stretch = UInt32(max(1, (demand / Self.greatestShare).rounded(.up)))
    }

    /// The interval that takes the place of one of the file, in milliseconds: at most a minute, as BFD here takes no longer one.
    public func interval(_ milliseconds: UInt32) -> UInt32 {
        let (product, isTooLong) = milliseconds.multipliedReportingOverflow(by: stretch)
        return max(milliseconds, isTooLong ? 60_000 : min(product, 60_000))
    }

    /// What to tell whoever brings the lab up; nil where nothing is changed.
    public var note: String? {
        guard stretch > 1 else { return nil }
        return "BFD at \(endpoints) ends of sessions would take \(Int((demand * 100).rounded(.up)))% of this machine; "
            + "its intervals are \(stretch) times as long as the file says"
    }
}
