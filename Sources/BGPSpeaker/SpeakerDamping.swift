import BGPTable
import JSON
import Net
import Sys

/// Routes that were suppressed for their flaps come back by one timer, which stands at the earliest time that the table knows.
extension Speaker {
    /// Changes how routes are damped.
    func setDamping(_ options: DampingOptions?) {
        table.setDamping(options, at: UInt64(Clock.monotonic()))
    }

    /// Uses routes again whose time has come, tells what has changed, and sets the timer anew where the table's next time is another.
    func followDamping() {
        if table.dampingDeadline != nil { table.reuseRoutes(at: UInt64(Clock.monotonic())) }
        for change in table.takeDampingChanges() {
            hasChanged = true
            onDamping?(change)
        }
        let deadline = table.dampingDeadline
        guard deadline != dampingDeadline || dampingTimer == nil else { return }
        dampingTimer?.cancel()
        dampingDeadline = deadline
        // The loop does what is left before it sleeps again.
        dampingTimer = deadline.map { time in
            loop.schedule(at: Nanoseconds(clamping: time)) { [weak self] in self?.dampingTimer = nil }
        }
    }
}

extension JSON {
    /// The event of a route that has been suppressed, or is used again.
    init(_ neighbour: Neighbour, _ change: DampingChange) {
        let now = Clock.monotonic()
        let left = change.reuseTime.map { max(0, Nanoseconds(clamping: $0) - now) }
        self = .object(
            [
                .init("event", "damping"), .init("peer", .string(neighbour.configuration.address.description)),
                .init("name", .string(neighbour.configuration.name)),
                .init("prefix", .string(change.route.prefix.description)),
            ] + [JSON.Member](path: change.route.path) + [
                .init("state", .string(left == nil ? "reused" : "suppressed")),
                .init("figure", .int(Int(change.figure))), .init("reuse_ms", .int(Int((left ?? 0) / 1_000_000))),
                .init("time_ns", .int(Int(now))),
            ])
    }
}
