import Net
import Sys

/// Prefixes whose routes the kernel would not take: they are written again, for it may have refused for the sake of something that
/// lasted a moment and that nobody hears of. The time between doubles while it goes on refusing.
struct RefusedRoutes {
    static let shortestPause: Nanoseconds = 1_000_000_000
    static let longestPause: Nanoseconds = 64_000_000_000

    private var prefixes: Set<IPPrefix> = []
    private var pause = RefusedRoutes.shortestPause

    /// How long to wait before ``take()``; nil when all that was written was taken.
    var retryTime: Nanoseconds? { prefixes.isEmpty ? nil : pause }

    /// The kernel has answered, and refused these.
    mutating func answered(refused: [IPPrefix]) {
        prefixes.formUnion(refused)
        if prefixes.isEmpty { pause = Self.shortestPause }
    }

    /// What is to be written again now.
    mutating func take() -> Set<IPPrefix> {
        defer { prefixes = [] }
        pause = min(2 * pause, Self.longestPause)
        return prefixes
    }
}
