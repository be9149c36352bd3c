import Glibc
import Sys

/// `labd http`: the HTTP/1.1 server of one site, edge or origin, one thread around one event loop.
public enum HTTPDaemon {
    /// Runs until SIGTERM, SIGINT, `stop` on the control channel or its end, and returns the exit status: 0 after such an
    /// end, 2 for wrong arguments or a wrong configuration, 4 when the system refuses a socket.
    ///
    /// `arguments`, after the program's name and `http`: `--config FILE`, the configuration as JSON, and `--control FD`, the
    /// number of an inherited stream socket to the supervisor.
    public static func run(arguments: [String]) -> Int32 {
        do {
            let arguments = try DaemonArguments(arguments, of: "http")
            let loop = try EventLoop()
            defer { loop.removeAll() }
            var control: HTTPControl?
            if let number = try arguments.supervisor() {
                control = try HTTPControl(loop, FileDescriptor(owning: number))
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

    private static func serve(_ path: String, _ loop: EventLoop, _ control: HTTPControl?) throws {
        ResourceLimits.raiseDescriptors()
        try loop.onSignals([SIGTERM, SIGINT]) { [unowned loop] _ in loop.stop() }
        let site = try WebSite(path: path, loop)
        control?.site = site
        ForbiddenCalls.giveUp()
        control?.sendReady()
        try withExtendedLifetime(site) { try loop.run() }
    }

    private static func fail(_ error: any Error) -> Int32 {
        Diagnostics.write("labd http: \(error)")
        return error is SystemError ? 4 : 2
    }
}
