import LabModel

/// Whether a site is up, by the checks that it passed and failed. A single check says nothing: `fall` in a row take a site down.
/// Once down it stays so until `rise` in a row have passed, and the last failure is as long ago as the hold-down, so that a
/// responder that comes and goes stays away, and its routes do not come and go with it.
///
/// What is wrong with a site may change while it is down: a responder that was dead may be there again, with a wrong zone. `fall`
/// checks in a row with another reason are news.
struct HealthJudge {
    /// What a check has changed.
    enum Change: Equatable {
        case up, down
        /// It is down as before, for another reason.
        case reason
    }

    private let fall: Int
    private let rise: Int
    private let holdDown: Int64

    /// A site begins up: its responder has said that it is ready.
    private(set) var isUp = true
    /// What is wrong with it; nil while it is up.
    private(set) var reason: String?
    private var failures = 0
    private var passes = 0
    private var lastFailure = Int64.min
    private var lastProblem: String?
    /// How many failures in a row had ``lastProblem``.
    private var repeats = 0

    init(_ check: HealthCheck) {
        fall = Int(check.fall)
        rise = Int(check.rise)
        holdDown = Int64(check.holdDown) * 1_000_000
    }

    /// Takes in a check, with what was wrong or nil, at a time in nanoseconds that never goes back. Answers what has changed.
    mutating func record(_ problem: String?, now: Int64) -> Change? {
        if problem == nil {
            failures = 0
            passes += 1
        } else {
            passes = 0
            failures += 1
            lastFailure = now
        }
        repeats = problem == lastProblem ? repeats + 1 : 1
        lastProblem = problem
        if isUp {
            guard failures >= fall else { return nil }
            (isUp, reason) = (false, problem)
            return .down
        }
        guard let problem else {
            guard passes >= rise, now - lastFailure >= holdDown else { return nil }
            (isUp, reason) = (true, nil)
            return .up
        }
        guard problem != reason, repeats >= fall else { return nil }
        reason = problem
        return .reason
    }
}
