import Foundation
import Glibc
import Testing

/// Labs of an ordinary user, in namespaces of its own.
@Suite(.serialized)
struct RootlessTests {
    /// The words of a table but the times, which differ from one run to the next.
    private static func withoutTimes(_ table: String) -> [[Substring]] {
        table.split(separator: "\n").map { line in
            line.split(separator: " ").filter { Double($0) == nil || !$0.contains(".") }
        }
    }

    @Test func allVerbsWorkAsForRoot() throws {
        let before = try MachineSnapshot.take()
        try LabUnderTest.with("hello.yaml") { lab in
            let ofRoot = try lab.up().output
            #expect(try LabUnderTest.lab("down", lab.name).status == 0)
            try OrdinaryUser.with { user in
                let text = try String(contentsOfFile: lab.file, encoding: .utf8)
                let file = user.folder + "/lab.yaml"
                try text.write(toFile: file, atomically: true, encoding: .utf8)
                let up = try user.lab("up", file)
                #expect(up.status == 0, "\(up)")
                #expect(up.output.split(separator: "\n").count == 13)
                #expect(Self.withoutTimes(up.output) == Self.withoutTimes(ofRoot), "\(up.output)\n\(ofRoot)")
                #expect(try user.lab("up", file).errors.contains("up already"))

                // The machine may have others' labs, too.
                let list = try user.json(ListDocument.self, "list").labs.filter { $0.name == lab.name }
                #expect(list.map(\.state) == ["up"], "\(list)")
                #expect(try LabUnderTest.lab("list").output.contains(lab.name) == false, "root has none of that name")
                let status = try user.json(StatusDocument.self, "status")
                #expect(status.converged && status.sessions.allSatisfy { $0.state == "Established" })
                for process in status.nodes.flatMap(\.processes) {
                    let owner = try FileManager.default.attributesOfItem(atPath: "/proc/\(try #require(process.pid))")
                    #expect(owner[.ownerAccountID] as? Int == Int(OrdinaryUser.id))
                }
                #expect(try user.site(for: "london-home") == "london")
                #expect(try user.lab("exec", "london-home", "--", "ping", "-c", "1", "tokyo-cafe").status == 0)
                #expect(try user.lab("exec", "london-home", "--", "sh", "-c", "exit 7").status == 7)
                #expect(try user.json(CatchmentDocument.self, "catchment").rows.allSatisfy(\.agrees))
                #expect(try user.lab("trace", "london-home", "192.0.2.53").output.contains("eurocore-fra"))
                #expect(try user.lab("why", "london-home").status == 0)
                #expect(try user.lab("routes", "eurocore-fra").output.contains("192.0.2.0/24"))
                #expect(try user.lab("bgp", "eurocore-fra", "--table").output.contains("192.0.2.0/24"))
                #expect(try user.lab("logs", "london").status == 0)
                #expect(try user.lab("events").output.contains("converged"))
                let shaped = try user.lab("link", "tokyo-cafe", "asiacore", "--delay", "30ms")
                #expect(shaped.status == 0 && shaped.output.contains("30ms"), "\(shaped)")
                let ping = try user.lab("exec", "tokyo-cafe", "--", "ping", "-c", "1", "192.0.2.53").output
                #expect(ping.contains(try Regex("time=[6-9][0-9]")), "\(ping)")
                try capture(user)

                #expect(try user.lab("fail", "london", "--how", "link-down").status == 0)
                try Command.wait("London at New York") { try user.site(for: "london-home") == "newyork" }
                #expect(try user.lab("heal", "london").status == 0)
                try Command.wait("London at home") { try user.site(for: "london-home") == "london" }
                #expect(try user.lab("down").status == 0)
                #expect(user.labs.isEmpty)
                #expect(try FileManager.default.contentsOfDirectory(atPath: user.runtime).isEmpty)
            }
        }
        let after = try MachineSnapshot.take()
        #expect(after == before, "\(before.difference(to: after))")
    }

    private func capture(_ user: OrdinaryUser) throws {
        let file = user.folder + "/home/london.pcapng"
        let capture = try Command.Running(
            user.words([user.folder + "/lab", "capture", "london", "-w", file, "-c", "2"]))
        defer { capture.end() }
        try Command.wait("packets") {
            _ = try user.site(for: "london-home")
            return !capture.process.isRunning
        }
        #expect(try capture.finish().status == 0)
        #expect(try Command.run(["tcpdump", "-nr", file]).lines.count == 2)
    }

    /// Two labs by one process: the second finds itself in namespaces of its own already.
    @Test func scenariosAreTested() throws {
        try OrdinaryUser.with { user in
            let files = try ["hello", "exchange"].map { name in
                let copy = user.folder + "/\(name).yaml"
                try FileManager.default.copyItem(atPath: LabUnderTest.root + "/labs/\(name).yaml", toPath: copy)
                return copy
            }
            let outcome = try user.lab("test", files[0], files[1])
            #expect(outcome.status == 0, "\(outcome)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: user.runtime).isEmpty)
        }
    }

    /// What a crash leaves is the folder, and the next `down` or `up` takes it away.
    @Test(arguments: ["down", "up"]) func killOfTheSupervisor(next: String) throws {
        let before = try MachineSnapshot.take()
        try OrdinaryUser.with { user in
            let file = LabUnderTest.root + "/labs/two-sites.yaml"
            let copy = user.folder + "/lab.yaml"
            try FileManager.default.copyItem(atPath: file, toPath: copy)
            #expect(try user.lab("up", copy).status == 0)
            let lock = user.runtime + "/lab/two-sites/lock"
            let supervisor = try #require(LabUnderTest.holder(of: lock))
            // Whoever finds nobody holding it knows whom to wait for, also from outside of the lab's user namespace.
            #expect(try String(contentsOfFile: lock, encoding: .utf8).hasPrefix("\(supervisor) "))
            kill(supervisor, SIGKILL)
            try Command.wait("the end of every daemon") {
                try !Command.run(["ps", "-eo", "args="]).output.contains(user.runtime)
            }
            #expect(try user.lab("list").output.contains("crashed"))
            if next == "up" {
                #expect(try user.lab("up", copy).status == 0)
                #expect(try user.site(for: "boston") == "newyork")
            }
            #expect(try user.lab("down").status == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: user.runtime).isEmpty)
        }
        let after = try MachineSnapshot.take()
        #expect(after == before, "\(before.difference(to: after))")
    }

    /// Ctrl-C and `kill -9` of `lab up` leave nothing, as for root.
    @Test(arguments: [SIGINT, SIGKILL]) func endOfTheCommandInTheMiddleOfUp(signal: Int32) throws {
        try OrdinaryUser.with { user in
            let copy = user.folder + "/lab.yaml"
            try FileManager.default.copyItem(atPath: LabUnderTest.root + "/labs/hello.yaml", toPath: copy)
            let running = try Command.Running(user.words([user.folder + "/lab", "up", copy]))
            defer { running.end() }
            try Command.wait("daemons") { running.errorsSoFar.contains("addresses") || !running.process.isRunning }
            kill(running.process.processIdentifier, signal)
            _ = try running.finish()
            try Command.wait("nothing left") {
                try FileManager.default.contentsOfDirectory(atPath: user.runtime).isEmpty
                    && !Command.run(["ps", "-eo", "args="]).output.contains(user.runtime)
            }
        }
    }

    @Test func withoutARuntimeFolder() throws {
        try OrdinaryUser.with { user in
            let copy = user.folder + "/lab.yaml"
            try FileManager.default.copyItem(atPath: LabUnderTest.root + "/labs/two-sites.yaml", toPath: copy)
            let fallback = "/tmp/lab-\(OrdinaryUser.id)"
            func run(_ words: String...) throws -> Outcome {
                try Command.run(user.words(["env", "-u", "XDG_RUNTIME_DIR", user.folder + "/lab"] + words))
            }
            let up = try run("up", copy)
            #expect(up.status == 0, "\(up)")
            #expect(try run("exec", "boston", "--", "true").status == 0)
            #expect(try FileManager.default.attributesOfItem(atPath: fallback)[.posixPermissions] as? Int == 0o700)
            #expect(try run("down").status == 0)
            #expect(!FileManager.default.fileExists(atPath: fallback))

            // Somebody else was there first.
            #expect(mkdir(fallback, 0o777) == 0)
            defer { rmdir(fallback) }
            let refused = try run("up", copy)
            #expect(refused.status == 4 && refused.errors.contains("another user"), "\(refused)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: fallback).isEmpty)
        }
    }

    /// The limit of user namespaces is set in one of the test's own, so that nobody else has it.
    @Test func whereUserNamespacesAreNotAllowedTheSettingIsNamed() throws {
        try OrdinaryUser.with { user in
            let copy = user.folder + "/lab.yaml"
            try FileManager.default.copyItem(atPath: LabUnderTest.root + "/labs/two-sites.yaml", toPath: copy)
            let keeper = try Command.Running(["unshare", "--user", "sleep", "600"])
            defer { keeper.end() }
            let pid = keeper.process.processIdentifier
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/user")
            try Command.wait("a user namespace") {
                try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/user") != own
            }
            for map in ["uid_map", "gid_map"] {
                try "0 0 65536".write(toFile: "/proc/\(pid)/\(map)", atomically: false, encoding: .utf8)
            }
            func inside(_ words: [String]) throws -> Outcome {
                let script = "echo 0 >/proc/sys/user/max_user_namespaces && exec \"$@\""
                return try Command.run(["nsenter", "--user", "--target", "\(pid)", "sh", "-c", script, "sh"] + words)
            }
            let asUser = [
                "setpriv", "--reuid", "\(OrdinaryUser.id)", "--regid", "\(OrdinaryUser.id)", "--clear-groups",
            ]
            let up = try inside(asUser + [user.folder + "/lab", "up", copy])
            #expect(up.status == 3, "\(up)")
            #expect(
                up.errors == """
                    lab: error: ordinary users cannot make namespaces here: user.max_user_namespaces is 0
                    hint: sudo sysctl -w user.max_user_namespaces=15000; or run it as root: sudo lab up ...

                    """)
            let doctor = try inside(asUser + [user.folder + "/lab", "doctor"])
            #expect(
                doctor.status == 3 && doctor.output.contains("sudo sysctl -w user.max_user_namespaces"), "\(doctor)")
        }
    }

    @Test func doctorKnowsWhatAnOrdinaryUserLacks() throws {
        struct Report: Decodable {
            struct Finding: Decodable {
                let name: String
                let ok: Bool
                let remedy: String?
            }
            let findings: [Finding]
        }
        try OrdinaryUser.with { user in
            let report = try user.json(Report.self, "doctor")
            func finding(_ name: String, _ report: Report) -> Report.Finding? {
                report.findings.first { $0.name == name }
            }
            #expect(finding("labs of ordinary users", report)?.ok == true)
            #expect(finding("TAP devices", report)?.ok == true)
            #expect(finding("real-time priority", report) != nil)

            let closed = user.folder + "/closed"
            #expect(mknod(closed, S_IFCHR, OrdinaryUser.makedev(10, 200)) == 0 && chmod(closed, 0o600) == 0)
            let script = "mount --bind \(closed) /dev/net/tun && exec \"$@\""
            let words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
            let outcome = try Command.run(
                words + user.words([user.folder + "/lab", "doctor", "--json"], hasTun: false))
            let without = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
            #expect(finding("TAP devices", without)?.remedy == "as root: chmod 0666 /dev/net/tun")
        }
    }
}
