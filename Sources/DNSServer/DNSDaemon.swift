import Glibc
import Sys

/// `labd dns`: the authoritative DNS server of one site, one thread around one event loop.
public enum DNSDaemon {
    /// Runs until SIGTERM, SIGINT, `stop` on the control channel or its end, and returns the exit status: 0 after such an
    /// end, 2 for wrong arguments or a wrong configuration, 4 when the system refuses a socket.
    ///
    /// `arguments`, after the program's name and `dns`: `--config FILE`, the configuration as JSON, and `--control FD`, the
    /// number of an inherited stream socket to the supervisor.
    public static func run(arguments: [String]) -> Int32 {
        do {
            let arguments = try DaemonArguments(arguments, of: "dns")
            let loop = try EventLoop()
            var control: DNSControl?
            if let number = try arguments.supervisor() {
                control = try DNSControl(loop, FileDescriptor(owning: number))
            }
            do {
                try serve(arguments.configuration, loop, control)
                return 0
            } catch {
                control?.sendFailure("\(error)")
                return fail(error)
            }
        } catch {
            return fail(error)
        }
    }

    private static func serve(_ path: String, _ loop: EventLoop, _ control: DNSControl?) throws {
        try loop.onSignals([SIGTERM, SIGINT]) { [unowned loop] _ in loop.stop() }
        let server = try DNSServer(path: path, loop)
        control?.server = server
        ForbiddenCalls.giveUp()
        control?.sendReady()
        try withExtendedLifetime(server) { try loop.run() }
    }

    private static func fail(_ error: any Error) -> Int32 {
        Diagnostics.write("labd dns: \(error)")
        return error is SystemError ? 4 : 2
    }
}
