import LabModel

/// Whether a site is up, by the checks that it passed and failed. A single check says nothing: `fall` in a row take a site down.
/// Once down it stays so until `rise` in a row have passed, and the last failure is as long ago as the hold-down, so that a
/// responder that comes and goes stays away, and its routes do not come and go with it.
struct HealthJudge {
    private let fall: Int
    private let rise: Int
    private let holdDown: Int64

    /// A site begins up: its responder has said that it is ready.
    private(set) var isUp = true
    private var failures = 0
    private var passes = 0
    private var lastFailure = Int64.min

    init(_ check: HealthCheck) {
        fall = Int(check.fall)
        rise = Int(check.rise)
        holdDown = Int64(check.holdDown) * 1_000_000
    }

    /// Takes in a check at a time in nanoseconds that never goes back. Answers whether ``isUp`` changed.
    mutating func record(hasPassed: Bool, now: Int64) -> Bool {
        if hasPassed {
            failures = 0
            passes += 1
        } else {
            passes = 0
            failures += 1
            lastFailure = now
        }
        let changes = isUp ? failures >= fall : passes >= rise && now - lastFailure >= holdDown
        if changes { isUp.toggle() }
        return changes
    }
}
