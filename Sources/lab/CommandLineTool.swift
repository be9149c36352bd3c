import ArgumentParser
import Glibc
import Sys

/// How a command ends, as scripts see it.
enum ExitStatus: Int32 {
    /// What was asked for is done.
    case done = 0
    /// An expectation failed.
    case expectationFailed = 1
    /// The file or the command line is wrong; nothing was changed.
    case badInput = 2
    /// This machine cannot do it.
    case machineCannot = 3
    /// It failed at run time, and was taken back.
    case failedAtRunTime = 4
}

/// An error for whoever typed the command: what is wrong, and what to do about it.
struct Failure: Error {
    let status: ExitStatus
    let message: String
    var hint: String?
    /// Whether a signal asked for an end, so that nothing more is to be begun.
    var isInterruption = false

    init(_ status: ExitStatus, _ message: String, hint: String? = nil) {
        self.status = status
        self.message = message
        self.hint = hint
    }
}

/// Ends the program with a status that is not an error of ours: that of a command run inside a node, say.
struct Finish: Error {
    let status: Int32
}

/// The `lab` program.
struct CommandLineTool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab",
        abstract: "Builds real anycast networks in network namespaces.",
        discussion: """
            One YAML file becomes a small internet on this machine: routers, sites and clients, each in a network namespace of its
            own, with the delays of their places, our BGP speaker in every router and our DNS responder at every site.

            Example:
              lab up labs/hello.yaml
              lab exec london-home -- dig +short @192.0.2.53 CH TXT id.server
              lab down
            """,
        version: "0.1.0",
        subcommands: [
            Up.self, Apply.self, Down.self, List.self, Status.self, Exec.self, Shell.self, CatchmentCommand.self,
            Trace.self, TestCommand.self, Failover.self, FloodCommand.self,
            Routes.self, BGP.self, Control.self, Fail.self, Heal.self, LinkCommand.self, ZoneCommand.self,
            CaptureCommand.self,
            Check.self,
            Doctor.self, Graph.self, MapCommand.self, Events.self, Logs.self, Metrics.self, Predict.self, Diff.self,
            Playbook.self, Why.self,
        ])

    /// Parses the command line, runs the command, and ends the program with the status of ``ExitStatus``.
    static func main() -> Never {
        // A reader that goes away (`lab events | head`) shows as EPIPE, not as a signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            try command.run()
            Glibc.exit(0)
        } catch let failure as Failure {
            Console.error(failure.message, hint: failure.hint)
            Glibc.exit(failure.status.rawValue)
        } catch let finish as Finish {
            Glibc.exit(finish.status)
        } catch let error as SystemError {
            Console.error(error.description)
            Glibc.exit(ExitStatus.failedAtRunTime.rawValue)
        } catch {
            let isUsage = exitCode(for: error) == .validationFailure
            if isUsage {
                Console.write(error: fullMessage(for: error))
                Glibc.exit(ExitStatus.badInput.rawValue)
            }
            if exitCode(for: error) == .success {
                // --help and --version.
                print(fullMessage(for: error))
                Glibc.exit(0)
            }
            Console.error("\(error)")
            Glibc.exit(ExitStatus.failedAtRunTime.rawValue)
        }
    }
}
