extension HealthCheck {
    /// The check as the lab file would say it, with everything that it leaves to us.
    public var text: String {
        let times =
            "interval \(Self.time(interval)) timeout \(Self.time(timeout)) fall \(fall) rise \(rise)"
            + " hold-down \(Self.time(holdDown))"
        return "\(probe.text) \(times) drain \(drain.text)"
    }

    private static func time(_ milliseconds: UInt32) -> String { (Int64(milliseconds) * 1_000_000).asDuration }
}

extension HealthCheck.Probe {
    fileprivate var text: String {
        switch self {
        case .dns(nil): "query"
        case .dns(let question?):
            "query \(question.name) \(question.type)" + (question.answer.map { " answer '\($0)'" } ?? "")
        case .http: "request"
        case .command(let command): "command '\(command)'"
        }
    }
}

extension HealthCheck.Drain {
    fileprivate var text: String {
        switch self {
        case .withdraw: "withdraw"
        case .multiExitDiscriminator(let value): "med \(value)"
        case .prepend(let count): "prepend \(count)"
        }
    }
}
