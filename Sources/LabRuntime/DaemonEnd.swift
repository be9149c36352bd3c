import CLinux
import JSON

/// How a daemon's process ended, or why there is none.
enum DaemonEnd: Equatable, CustomStringConvertible {
    /// By itself, with an exit status.
    case status(Int32)
    /// By a signal.
    case signal(Int32)
    /// It could not be started.
    case notStarted(String)

    /// As events and `status` tell it.
    var members: [JSON.Member] {
        switch self {
        case .status(let status): [.init("status", .int(Int(status)))]
        case .signal(let number):
            [.init("status", .int(Int(128 + number))), .init("signal", .string(Self.name(number)))]
        case .notStarted(let reason): [.init("error", .string(reason))]
        }
    }

    var description: String {
        switch self {
        case .status(let status): "ended with status \(status)"
        case .signal(let number): "was ended by \(Self.name(number))"
        case .notStarted(let reason): "could not be started: \(reason)"
        }
    }

    private static func name(_ signal: Int32) -> String {
        cl_signal_name(signal).map { "SIG" + String(cString: $0) } ?? "signal \(signal)"
    }
}
