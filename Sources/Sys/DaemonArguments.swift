/// What a daemon of a lab is started with: `--config FILE`, and `--control` with the number of an inherited stream socket to the
/// supervisor, or the path of a socket that it is to make for operators.
public struct DaemonArguments: Equatable, Sendable {
    /// Where commands come from.
    public enum Control: Equatable, Sendable {
        /// Nowhere.
        case none
        /// An inherited descriptor, 3 or more: the first three are input, output and errors.
        case descriptor(Int32)
        /// A socket to make.
        case path(String)
    }

    /// The path of the configuration, a JSON document.
    public let configuration: String
    /// Where commands come from.
    public let control: Control

    private let usage: DaemonUsageError

    /// Reads the arguments after the daemon's name. Throws ``DaemonUsageError``.
    public init(_ arguments: [String], of daemon: String) throws(DaemonUsageError) {
        usage = DaemonUsageError(description: "usage: labd \(daemon) --config FILE [--control DESCRIPTOR|PATH]")
        var configuration: String?
        var control = Control.none
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw usage }
            switch (name, Int32(value)) {
            case ("--config", _): configuration = value
            case ("--control", nil): control = .path(value)
            case ("--control", let number?) where number > 2: control = .descriptor(number)
            default: throw usage
            }
        }
        guard let configuration else { throw usage }
        (self.configuration, self.control) = (configuration, control)
    }

    /// The supervisor's socket, for a daemon that makes none; nil without one. Throws ``DaemonUsageError`` for a path.
    public func supervisor() throws(DaemonUsageError) -> Int32? {
        switch control {
        case .none: nil
        case .descriptor(let number): number
        case .path: throw usage
        }
    }

    /// The supervisor's socket, for a daemon that does nothing without it. Throws ``DaemonUsageError``.
    public func requiredSupervisor() throws(DaemonUsageError) -> Int32 {
        guard let number = try supervisor() else { throw usage }
        return number
    }
}

/// Arguments that a daemon does not take: how it is called.
public struct DaemonUsageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The line for people.
    public let description: String
}
