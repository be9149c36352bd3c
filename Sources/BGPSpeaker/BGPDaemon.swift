import Glibc
import JSON
import Sys

/// `labd bgp`: a BGP speaker on TCP port 179.
public enum BGPDaemon {
    /// Runs until SIGTERM, SIGINT, the command `stop` or the end of the control channel. `arguments` are those after `bgp`:
    /// `--config FILE [--control PATH|FD]`. With a descriptor, sessions start when they are told to over it; else they start at
    /// once, and PATH becomes a socket for operators. SIGHUP reads FILE again. Answers the exit status: 0 done, 2 bad configuration
    /// or usage, 4 failed.
    public static func run(arguments: [String]) -> Int32 {
        do {
            let arguments = try DaemonArguments(arguments, of: "bgp")
            let file = arguments.configuration
            try serve(file, try configuration(file), arguments.control)
            return 0
        } catch {
            Diagnostics.write("labd bgp: \(error)")
            return error is ConfigurationError || error is DaemonUsageError ? 2 : 4
        }
    }

    private static func configuration(_ file: String) throws(ConfigurationError) -> SpeakerConfiguration {
        do {
            return try SpeakerConfiguration(try JSON(parsing: try Files.read(file)))
        } catch {
            throw ConfigurationError(description: error is SystemError ? "\(error)" : "\(file): \(error)")
        }
    }

    private static func serve(_ file: String, _ configuration: SpeakerConfiguration, _ control: DaemonArguments.Control)
        throws
    {
        let loop = try EventLoop()
        let speaker = try Speaker(configuration, loop)
        ForbiddenCalls.giveUp()
        let commands = ControlCommands(speaker: speaker) { try Self.configuration(file) }
        try loop.onSignals([SIGTERM, SIGINT, SIGHUP]) { $0 == SIGHUP ? reload(commands) : speaker.stop() }
        switch control {
        case .descriptor(let number):
            let channel = try ControlChannel(commands, FileDescriptor(owning: number))
            channel.sendReady()
            try withExtendedLifetime(channel) { try loop.run() }
        case .path(let path):
            let socket = try ControlSocket(commands, path: path)
            speaker.start()
            try withExtendedLifetime(socket) { try loop.run() }
        case .none:
            speaker.start()
            try loop.run()
        }
    }

    /// SIGHUP: nobody waits for an answer, so the log has it.
    private static func reload(_ commands: ControlCommands) {
        do throws(CommandError) {
            let answer = try commands.follow("reload", ["do": "reload"])
            Diagnostics.write("reload: \(JSON.object(answer))")
        } catch {
            Diagnostics.write("reload: \(error.reason)")
        }
    }
}
