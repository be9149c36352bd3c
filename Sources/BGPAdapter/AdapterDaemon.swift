import Glibc
import JSON
import Sys

/// `labd adapter`: runs a BGP daemon of others in the place of `labd bgp`.
///
/// It is process 1 of a PID namespace, in a mount namespace where `/run` is a folder of the lab: whatever the daemon
/// insists on has its fixed place there, and its end leaves nothing.
public enum AdapterDaemon {
    /// Runs until the command `stop`, the end of the control channel or of a process of the daemon. `arguments` are
    /// `--config FILE --control FD`. Answers the exit status: 0 done, 2 bad configuration or usage, 4 failed.
    public static func run(arguments: [String]) -> Int32 {
        do {
            let arguments = try DaemonArguments(arguments, of: "adapter")
            let control = try arguments.requiredSupervisor()
            let configuration = try AdapterConfiguration(try JSON(parsing: try Files.read(arguments.configuration)))
            return try run(configuration, FileDescriptor(owning: control))
        } catch {
            Diagnostics.write("labd adapter: \(error)")
            return error is AdapterError || error is DaemonUsageError ? 2 : 4
        }
    }

    private static func run(_ configuration: AdapterConfiguration, _ control: consuming FileDescriptor) throws -> Int32
    {
        let loop = try EventLoop()
        // Process 1 of a PID namespace gets only the signals that it asks for.
        try loop.onSignals([SIGTERM, SIGINT]) { _ in loop.stop() }
        let adapter = try Adapter(configuration, try dialect(configuration), loop, control: control)
        try adapter.start()
        try loop.run()
        guard let failure = adapter.failure else { return 0 }
        Diagnostics.write("labd adapter: \(failure)")
        return 4
    }

    private static func dialect(_ configuration: AdapterConfiguration) throws(AdapterError) -> any Dialect {
        switch configuration.daemon {
        case "bird": BIRDDialect()
        case "frr": FRRDialect(configuration)
        case "gobgp": GoBGPDialect(configuration)
        case "openbgpd": OpenBGPDDialect(configuration)
        case let name: throw AdapterError("daemon: there is no '\(name)'")
        }
    }
}
