import CLinux
import Sys

/// What happened to the frames of one direction, since the link was made.
struct LaneCounters: Equatable {
    /// Frames that the sending interface gave.
    var received = 0
    /// Frames that the receiving interface took.
    var delivered = 0
    /// Bytes in them.
    var deliveredBytes = 0
    /// Lost by chance, as declared.
    var lost = 0
    /// Sent twice, as declared.
    var duplicated = 0
    /// Dropped for want of room in the queue.
    var overLimit = 0
    /// Dropped because the link is down, went down, or the receiving interface would not take them.
    var dropped = 0
}

/// One direction of a link.
struct Lane {
    var shaper: Shaper
    /// The descriptor that frames come from, and the one that they go to.
    let source: Int32
    let destination: Int32
    var isUp: Bool
    /// Frames whose order is below this are of an earlier life of the lane, and do not arrive.
    var validFrom: UInt64
    /// Frames under way, and the blocks that they hold.
    var waiting = 0
    var blocks = 0
    var counters = LaneCounters()

    init(_ impairment: Impairment, from source: TapDevice, to destination: TapDevice, isUp: Bool, order: UInt64) {
        shaper = Shaper(impairment)
        self.source = source.descriptor.raw
        self.destination = destination.descriptor.raw
        self.isUp = isUp
        validFrom = order
    }

    /// Loses what is under way.
    mutating func cut(order: UInt64) {
        validFrom = order
        counters.dropped += waiting
        waiting = 0
        blocks = 0
    }
}
