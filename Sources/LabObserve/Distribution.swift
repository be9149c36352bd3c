public import JSON
public import Sys

/// Durations, sorted: their percentiles, and how sure one can be of their median.
public struct Distribution: Hashable, Sendable {
    /// The values in nanoseconds, the smallest first.
    public let sorted: [Nanoseconds]

    /// Sorts the values.
    public init(_ values: some Sequence<Nanoseconds>) {
        sorted = values.sorted()
    }

    /// The smallest value that at least the share `part`, 0 to 1, of all values does not exceed; nil without values.
    public func percentile(_ part: Double) -> Nanoseconds? {
        guard !sorted.isEmpty else { return nil }
        let rank = Int((part * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }

    /// Two values between which the median of what the values are a sample of lies, at a confidence of at least 95%, whatever
    /// its distribution is: by order statistics, for the number of values below the median is binomial. Nil for fewer than
    /// six values, which are not enough for any such interval.
    public var medianInterval: ClosedRange<Nanoseconds>? {
        let count = sorted.count
        guard count >= 6 else { return nil }
        // The chance that at most `below` of `count` values are below the median, kept under 2.5%. Beyond some hundred values
        // 2^-count has no room in a Double, and the normal distribution is as good.
        var below = 0
        if count <= 500 {
            var term = Double(sign: .plus, exponent: -count, significand: 1)
            var sum = term
            while sum <= 0.025 {
                below += 1
                term *= Double(count - below + 1) / Double(below)
                sum += term
            }
        } else {
            below = Int((Double(count) / 2 - 1.96 * Double(count).squareRoot() / 2).rounded(.down))
        }
        let low = max(1, below)
        return sorted[low - 1]...sorted[count - low]
    }

    /// How many values there are in each step of a scale that doubles from 1 ms on: the upper ends, and the counts.
    public var histogram: [(upTo: Nanoseconds, count: Int)] {
        guard let last = sorted.last else { return [] }
        var result: [(Nanoseconds, Int)] = []
        var (end, passed) = (Nanoseconds(1_000_000), 0)
        while passed < sorted.count {
            let count = sorted[passed...].prefix { $0 <= end }.count
            if count > 0 || !result.isEmpty { result.append((end, count)) }
            passed += count
            if end > last { break }
            end = end.multipliedReportingOverflow(by: 2).overflow ? .max : end * 2
        }
        return result
    }

    /// The distribution as JSON, in milliseconds.
    public var json: JSON {
        [
            "count": .int(sorted.count), "min_ms": .milliseconds(sorted.first),
            "p50_ms": .milliseconds(percentile(0.5)), "p90_ms": .milliseconds(percentile(0.9)),
            "p99_ms": .milliseconds(percentile(0.99)), "max_ms": .milliseconds(sorted.last),
            "histogram": .array(
                histogram.map { ["up_to_ms": .milliseconds($0.upTo), "count": .int($0.count)] }),
        ]
    }
}
