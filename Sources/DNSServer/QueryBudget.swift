import Sys

/// How many queries a server still takes: a token bucket for a server that stands for one of limited capacity.
///
/// Like the buckets of ``RateLimiter`` it is one number, the time at which it is full again. It holds a tenth of a second's queries, so
/// that a responder that got no processor for a while takes what has waited, and the rate is kept over any longer time.
struct QueryBudget {
    private static let second: Nanoseconds = 1_000_000_000
    private static let depth: Nanoseconds = 100_000_000

    private let interval: Nanoseconds
    private let depth: Nanoseconds
    private var fullAt: Nanoseconds = .min

    /// A full bucket of `capacity` queries a second, 1 to 10,000,000.
    init(capacity: Int) {
        interval = Self.second / Nanoseconds(max(capacity, 1))
        depth = max(Self.depth, interval)
    }

    /// Takes out up to `count` queries, and answers how many there were.
    mutating func take(_ count: Int, now: Nanoseconds) -> Int {
        let empty = now &+ depth
        fullAt = max(fullAt, now)
        let taken = min(count, Int((empty &- fullAt) / interval))
        fullAt &+= Nanoseconds(taken) &* interval
        return taken
    }
}
