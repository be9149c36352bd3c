import Foundation
import Glibc
import Testing

/// Ends that nobody planned: the machine is as before, at the latest after the next `down` or `up`.
@Suite(.serialized)
struct CrashTests {
    /// The steps of `up` at which it is interrupted: when the progress says so.
    static let moments = ["namespaces", "links", "addresses", "daemons", "sessions"]

    /// Starts `lab up` and waits until it has come as far as `moment`.
    private func start(_ lab: LabUnderTest, until moment: String) throws -> Command.Running {
        let running = try Command.Running([LabUnderTest.program, "up", lab.file])
        try Command.wait("'\(moment)' of lab up") {
            running.errorsSoFar.contains(moment) || !running.process.isRunning
        }
        return running
    }

    @Test(arguments: moments)
    func ctrlCInTheMiddleOfUp(moment: String) throws {
        let before = try MachineSnapshot.take()
        try LabUnderTest.with("hello.yaml") { lab in
            let running = try start(lab, until: moment)
            kill(running.process.processIdentifier, SIGINT)
            let outcome = try running.finish()
            // The signal may come after the last step, when the lab is up and the command about to end.
            if outcome.status == 0 { return }
            #expect(outcome.status == 4 || outcome.status == 128 + SIGINT, "\(outcome)")
            #expect(outcome.errors.contains("interrupted by Ctrl-C"), "\(outcome)")
            let after = try MachineSnapshot.take()
            #expect(after == before, "\(before.difference(to: after))")
        }
    }

    @Test(arguments: moments)
    func killOfTheCommandInTheMiddleOfUp(moment: String) throws {
        let before = try MachineSnapshot.take()
        try LabUnderTest.with("hello.yaml") { lab in
            let running = try start(lab, until: moment)
            kill(running.process.processIdentifier, SIGKILL)
            _ = try running.finish()
            // The supervisor sees that its builder is gone, and takes everything back without being asked.
            try Command.wait("the machine as before") {
                try MachineSnapshot.take() == before
                    || LabUnderTest.lab("status", lab.name).status == 0
            }
        }
        let after = try MachineSnapshot.take()
        #expect(after == before, "\(before.difference(to: after))")
    }

    @Test(arguments: moments)
    func killOfTheSupervisorInTheMiddleOfUp(moment: String) throws {
        let before = try MachineSnapshot.take()
        try LabUnderTest.with("hello.yaml") { lab in
            let running = try start(lab, until: moment)
            let own = running.process.processIdentifier
            let children = try Command.run(["ps", "--ppid", "\(own)", "-o", "pid="]).lines
            for child in children { if let pid = pid_t(child.filter(\.isNumber)) { kill(pid, SIGKILL) } }
            let outcome = try running.finish()
            if outcome.status == 0 { return }
            #expect(outcome.status == 4, "\(outcome)")
            #expect(outcome.errors.contains("error:"), "\(outcome)")
        }
        let after = try MachineSnapshot.take()
        #expect(after == before, "\(before.difference(to: after))")
    }

    /// A lab that lost its supervisor has no process left; `down` and `up` both find what it was and take it away.
    @Test(arguments: ["down", "up"])
    func killOfTheSupervisorOfALabThatIsUp(next: String) throws {
        let before = try MachineSnapshot.take()
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let supervisor = try #require(lab.supervisor)
            kill(supervisor, SIGKILL)
            try Command.wait("the end of every daemon") {
                try !Command.run(["ps", "-eo", "args="]).output.contains("/run/lab/\(lab.name)/")
            }
            #expect(try LabUnderTest.lab("list").output.contains("crashed"))
            if next == "down" {
                #expect(try LabUnderTest.lab("down", lab.name).status == 0)
            } else {
                try lab.up()
                #expect(try lab.json(StatusDocument.self, "status", lab.name).converged)
            }
        }
        let after = try MachineSnapshot.take()
        #expect(after == before, "\(before.difference(to: after))")
    }

    /// The state folder is on a disk that is full: in a mount namespace of the test's own, so that nobody else is hurt.
    @Test(arguments: [4, 16, 40, 64])
    func aFullDisk(kilobytes: Int) throws {
        let before = try MachineSnapshot.take()
        try LabUnderTest.with("hello.yaml") { lab in
            let script = """
                mount -t tmpfs -o size=16m tmpfs /run && mkdir /run/lab && mount -t tmpfs -o size=\(kilobytes)k tmpfs /run/lab &&
                \(LabUnderTest.program) up \(lab.file); echo "status $?"; ls -A /run/lab /run/netns /etc/netns
                \(LabUnderTest.program) down \(lab.name)
                """
            let outcome = try Command.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script])
            #expect(outcome.output.contains("status 4"), "\(outcome)")
            #expect(outcome.errors.contains("No space left on device"), "\(outcome)")
            #expect(!outcome.output.contains(lab.name), "nothing is left: \(outcome)")
        }
        let after = try MachineSnapshot.take()
        #expect(after == before, "\(before.difference(to: after))")
    }

    /// Two `up` of one lab at once: one brings it up, the other waits for that and shows it.
    @Test func twoAtOnce() throws {
        let before = try MachineSnapshot.take()
        try LabUnderTest.with("two-sites.yaml") { lab in
            let both = try (0..<2).map { _ in try Command.Running([LabUnderTest.program, "up", lab.file]) }
            let outcomes = try both.map { try $0.finish() }
            #expect(outcomes.allSatisfy { $0.status == 0 }, "\(outcomes)")
            #expect(outcomes.count { $0.errors.contains("is up already; nothing was changed") } == 1, "\(outcomes)")
            #expect(try lab.json(StatusDocument.self, "status", lab.name).converged)
        }
        let after = try MachineSnapshot.take()
        #expect(after == before, "\(before.difference(to: after))")
    }

    /// Random bytes on the ports of the daemons, from inside the lab.
    @Test func garbageNeverEndsADaemon() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            let before = try lab.json(StatusDocument.self, "status", lab.name)
            let site = try #require(before.nodes.first { $0.kind == "site" }).name
            let script = """
                import os, random, socket
                random.seed(4271)
                def noise(n): return random.randbytes(random.randrange(1, n))
                mark = b"\\xff" * 16
                for target in ["192.0.2.53", "2001:db8:53::53"]:
                    family = socket.AF_INET6 if ":" in target else socket.AF_INET
                    udp = socket.socket(family, socket.SOCK_DGRAM)
                    for _ in range(20000): udp.sendto(noise(600), (target, 53))
                    for _ in range(200):
                        tcp = socket.create_connection((target, 53), 5)
                        tcp.sendall(noise(4000)); tcp.close()
                for line in os.popen("ss -Htln sport = :179").read().splitlines():
                    host = line.split()[3].rsplit(":", 1)[0].strip("[]")
                    for i in range(200):
                        try:
                            tcp = socket.create_connection((host, 179), 5)
                            tcp.sendall((mark if i % 2 else b"") + noise(5000)); tcp.close()
                        except OSError: pass
                """
            let attack = try lab.inside(site, "python3", "-c", script)
            #expect(attack.status == 0, "\(attack)")
            let after = try lab.json(StatusDocument.self, "status", lab.name)
            let pids = { (document: StatusDocument) in document.nodes.flatMap { $0.processes.map(\.pid) } }
            #expect(pids(before) == pids(after), "no daemon was started again")
            #expect(after.sessions.allSatisfy { $0.state == "Established" })
            #expect(
                try lab.inside(site, "dig", "+short", "@192.0.2.53", "CH", "TXT", "id.server").output == "\"\(site)\"\n"
            )
        }
    }
}
