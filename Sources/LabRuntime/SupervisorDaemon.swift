import CLinux
import Glibc
import JSON
import LabModel
import LabPlan
import Sys

/// `labd supervise`: reads the lab from standard input, and talks to whoever started it on descriptor 3.
public enum SupervisorDaemon {
    /// Runs until the lab is taken down. Answers the exit status.
    public static func run(arguments: [String]) -> Int32 {
        guard arguments.isEmpty else {
            Diagnostics.write("labd supervise takes no arguments: it is started by 'lab up'")
            return 2
        }
        let builder = FileDescriptor(owning: 3)
        let supervisor: Supervisor
        do {
            supervisor = try prepare()
        } catch {
            let line = JSON.object([.init("error", .string("\(error)"))]).description + "\n"
            try? builder.writeAll(line.utf8)
            return 4
        }
        do {
            try supervisor.run(builder: builder)
            return 0
        } catch {
            Diagnostics.write("labd supervise: \(error)")
            return 4
        }
    }

    private static func prepare() throws -> Supervisor {
        let stored = try StoredLab(parsing: try FileDescriptor(owning: 0).readAll())
        ResourceLimits.raiseDescriptors()
        let plan = Plan(try stored.topology(), backend: stored.backend)
        return try Supervisor(plan, labd: try Files.ownExecutable())
    }
}
