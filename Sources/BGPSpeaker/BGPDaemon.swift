import Glibc
import JSON
import Sys

/// `labd bgp`: a BGP speaker on TCP port 179.
public enum BGPDaemon {
    /// Runs until SIGTERM, SIGINT, the command `stop` or the end of the control channel. `arguments` are those after `bgp`:
    /// `--config FILE [--control FD]`; without a control channel the sessions start at once. Answers the exit status: 0 done,
    /// 2 bad configuration or usage, 4 failed.
    public static func run(arguments: [String]) -> Int32 {
        do {
            let (file, control) = try options(arguments)
            let configuration: SpeakerConfiguration
            do {
                configuration = try SpeakerConfiguration(try JSON(parsing: try Files.read(file)))
            } catch {
                throw ConfigurationError(description: error is SystemError ? "\(error)" : "\(file): \(error)")
            }
            try serve(configuration, control)
            return 0
        } catch {
            Diagnostics.write("labd bgp: \(error)")
            return error is ConfigurationError ? 2 : 4
        }
    }

    private static func options(_ arguments: [String]) throws(ConfigurationError) -> (file: String, control: Int32?) {
        let usage = ConfigurationError(description: "usage: labd bgp --config FILE [--control FD]")
        var file: String?
        var control: Int32?
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw usage }
            switch name {
            case "--config": file = value
            case "--control":
                guard let number = Int32(value), number > 2 else { throw usage }
                control = number
            default: throw usage
            }
        }
        guard let file else { throw usage }
        return (file, control)
    }

    private static func serve(_ configuration: SpeakerConfiguration, _ control: Int32?) throws {
        let loop = try EventLoop()
        let speaker = try Speaker(configuration, loop)
        try loop.onSignals([SIGTERM, SIGINT]) { _ in speaker.stop() }
        var channel: ControlChannel?
        if let control {
            channel = try ControlChannel(speaker, FileDescriptor(owning: control))
            channel?.sendReady()
        } else {
            speaker.start()
        }
        try withExtendedLifetime(channel) { try loop.run() }
    }
}
