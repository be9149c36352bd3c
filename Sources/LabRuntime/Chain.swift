/// Things that are done one after the other or side by side, some of which answer later.
enum Chain {
    /// Does its thing and calls `next`, with an error if it could not.
    typealias Part = (_ next: @escaping ((any Error)?) -> Void) throws -> Void

    /// Runs the parts side by side; `done` is called when all have answered, with the first failure.
    static func all(_ parts: [Part], _ done: @escaping ((any Error)?) -> Void) {
        var missing = parts.count
        var failure: (any Error)?
        guard missing > 0 else { return done(nil) }
        func answered(_ error: (any Error)?) {
            failure = failure ?? error
            missing -= 1
            if missing == 0 { done(failure) }
        }
        for part in parts {
            do { try part(answered) } catch { answered(error) }
        }
    }

    /// Runs the parts until one fails.
    static func run(_ parts: [Part], from index: Int = 0, _ done: @escaping ((any Error)?) -> Void) {
        guard index < parts.count else { return done(nil) }
        do {
            let part = parts[index]
            try part { failure in
                if let failure { done(failure) } else { run(parts, from: index + 1, done) }
            }
        } catch {
            done(error)
        }
    }
}
