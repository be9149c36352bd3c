import JSON

/// What a server has done since it started.
struct WebCounters {
    /// Requests by method; the last place is for all methods that are not served.
    private var methods = InlineArray<4, Int>(repeating: 0)
    /// Responses by the hundreds of their status.
    private var classes = InlineArray<6, Int>(repeating: 0)
    /// Requests that an edge answered, by what its cache had.
    private var outcomes = InlineArray<3, Int>(repeating: 0)
    /// What the origin of an edge was asked, and how often it did not answer; nil for an origin.
    var origin: (fetches: Int, failed: Int)?
    /// Connections accepted, and those that there are now.
    var (accepted, open) = (0, 0)
    /// Octets of the clients' connections, heads included.
    var (receivedBytes, sentBytes) = (0, 0)

    private static let methodNames = ["GET", "HEAD", "OPTIONS", "other"]

    mutating func count(method: String) {
        methods[Self.methodNames.firstIndex(of: method) ?? 3] += 1
    }

    mutating func count(status: Int) {
        classes[min(max(status / 100, 0), 5)] += 1
    }

    mutating func count(_ outcome: Edge.Outcome) {
        switch outcome {
        case .hit: outcomes[0] += 1
        case .revalidated: outcomes[1] += 1
        case .miss: outcomes[2] += 1
        }
    }

    /// The counters as members of an answer on the control channel.
    var members: [JSON.Member] {
        let byMethod = Self.methodNames.indices.map { JSON.Member(Self.methodNames[$0], .int(methods[$0])) }
        let byClass = (1...5).filter { classes[$0] > 0 }.map { JSON.Member("\($0)xx", .int(classes[$0])) }
        var members: [JSON.Member] = [.init("requests", .object(byMethod)), .init("responses", .object(byClass))]
        if let origin {
            members += [
                .init(
                    "cache",
                    [
                        "hit": .int(outcomes[0]), "revalidated": .int(outcomes[1]), "miss": .int(outcomes[2]),
                    ]),
                .init("origin", ["fetches": .int(origin.fetches), "failed": .int(origin.failed)]),
            ]
        }
        return members + [
            .init("bytes", ["received": .int(receivedBytes), "sent": .int(sentBytes)]),
            .init("connections", ["accepted": .int(accepted), "open": .int(open)]),
        ]
    }
}
