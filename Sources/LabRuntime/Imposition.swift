import JSON
import Net

/// What faults make a speaker do besides what it is configured for. It forgets that when its process ends, and is told again.
struct Imposition: Equatable {
    /// GRACEFUL_SHUTDOWN goes both ways (RFC 8326).
    var isDraining = false
    /// Nothing is announced to other ASes.
    var isSilent = false
    /// How many more times the own number is in front of what is announced to other ASes.
    var prepend = 0
    /// What providers and peers announced goes to other providers and peers.
    var isLeaking = false
    /// Prefixes that are originated besides the own ones.
    var prefixes: [IPPrefix] = []

    /// The command that the speaker follows.
    var command: [JSON.Member] {
        [
            .init("do", "impose"), .init("drain", .bool(isDraining)), .init("silent", .bool(isSilent)),
            .init("prepend", .int(prepend)), .init("leak", .bool(isLeaking)),
            .init("prefixes", .array(prefixes.map { .string($0.description) })),
        ]
    }
}
