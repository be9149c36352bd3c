import JSON

/// What a server has done since it started.
struct WebCounters {
    var requests = 0
    /// Requests that were answered from the cache, and that were not.
    var hits = 0
    var misses = 0
    /// What the origin was asked, and how often it did not answer.
    var fetches = 0
    var failedFetches = 0
    var accepted = 0
    /// Responses by the hundreds of their status.
    private var classes = InlineArray<6, Int>(repeating: 0)

    mutating func count(status: Int) {
        classes[min(max(status / 100, 0), 5)] += 1
    }

    /// The counters as members of an answer on the control channel.
    var members: [JSON.Member] {
        let byClass = (1...5).filter { classes[$0] > 0 }.map { JSON.Member("\($0)xx", .int(classes[$0])) }
        return [
            .init("requests", .int(requests)), .init("responses", .object(byClass)),
            .init("cache", ["hits": .int(hits), "misses": .int(misses)]),
            .init("origin", ["fetches": .int(fetches), "failed": .int(failedFetches)]),
            .init("connections", ["accepted": .int(accepted)]),
        ]
    }
}
