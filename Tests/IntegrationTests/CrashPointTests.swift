import Foundation
import Glibc
import TestSupport
import Testing

/// `kill -9` of the command, of the supervisor or of a daemon, at a random moment of a random verb, is followed by a `down`
/// that restores the machine exactly: links, namespaces, routes, mounts, processes, control groups, `/run` and `/etc/netns`
/// are compared byte by byte, and whatever looks like ours but is not survives.
///
/// The seed is printed; `LAB_CRASH_SEED` and `LAB_CRASH_POINTS` run any of them again.
@Suite(.serialized)
struct CrashPointTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = environment["LAB_CRASH_SEED"].flatMap { UInt64($0) } ?? 4786
    private static let points = environment["LAB_CRASH_POINTS"].flatMap { Int($0) } ?? 200

    /// What runs when the kill comes.
    enum Verb: String, CaseIterable {
        case up, fail, heal, apply, down

        /// The words of the command; `fault` is one of ``faults``.
        func words(_ lab: LabUnderTest, _ fault: [String]) -> [String] {
            switch self {
            case .up: ["up", lab.file]
            case .fail: ["fail", "--lab", lab.name] + fault
            case .heal: ["heal", "--lab", lab.name, "--all"]
            case .apply: ["apply", lab.file + ".changed"]
            case .down: ["down", lab.name]
            }
        }
    }

    /// What fails.
    private static let faults = [
        "newyork --how link-down", "newyork --how flap 40ms 100", "newyork--west --how blackhole out",
        "newyork --how loss 5%", "west--boston --how delay +40ms", "newyork,west --how partition",
        "newyork --how process-kill", "west --how freeze", "newyork --how dns-dead", "dns --how withdraw",
        "newyork --how drain 1s", "newyork --how prepend 2", "west --how hijack",
    ].map { $0.split(separator: " ").map(String.init) }

    /// The other file of the verb `apply`: a site more, a client less.
    private func writeChangedFile(_ lab: LabUnderTest) throws {
        let text = try String(contentsOfFile: lab.file, encoding: .utf8)
        let changed = text.split(separator: "\n").filter { !$0.contains("boston:") }.joined(separator: "\n")
            .replacingOccurrences(of: "\nclients:", with: "\n  paris: { city: CDG, providers: [east] }\nclients:")
        guard changed.contains("paris"), changed.contains("berlin:") else { throw TestFailure("\(changed)") }
        try changed.write(toFile: lab.file + ".changed", atomically: true, encoding: .utf8)
    }

    /// Who is killed.
    enum Victim: String, CaseIterable { case command, supervisor, daemon }

    @Test func everyKillIsFollowedByADownThatRestoresTheMachine() throws {
        print("crash points: seed \(Self.seed), \(Self.points) points (LAB_CRASH_SEED, LAB_CRASH_POINTS)")
        try LabUnderTest.withUp("two-sites.yaml") { neighbour in
            try LabUnderTest.with("two-sites.yaml") { lab in
                try Decoys.with(lab.name) {
                    try writeChangedFile(lab)
                    let before = try MachineSnapshot.take()
                    let durations = try measure(lab)
                    var random = SeededGenerator(Self.seed)
                    for number in 0..<Self.points {
                        let point = Point(durations, &random)
                        try hit(lab, point)
                        let after = try MachineSnapshot.take()
                        guard after == before else {
                            Issue.record("point \(number), \(point): \(before.difference(to: after))")
                            return
                        }
                    }
                    let status = try neighbour.json(StatusDocument.self, "status", neighbour.name)
                    #expect(status.nodes.flatMap(\.processes).allSatisfy { $0.restarts == 0 && $0.state == "running" })
                    #expect(status.sessions.allSatisfy { $0.state == "Established" }, "the lab beside is untouched")
                }
            }
        }
    }

    /// A moment: `after` seconds into `verb`, `victim` is killed. Every other point, the lab comes up once more before `down`.
    struct Point: CustomStringConvertible {
        let verb: Verb
        let victim: Victim
        let after: Double
        let choice: UInt64
        let comesUpAgain: Bool

        init(_ durations: [Verb: Double], _ random: inout SeededGenerator) {
            verb = Verb.allCases[Int(random.next() % UInt64(Verb.allCases.count))]
            victim = Victim.allCases[Int(random.next() % 3)]
            after = Double(random.next() % 1000) / 1000 * (durations[verb] ?? 0)
            choice = random.next()
            comesUpAgain = random.next() % 8 == 0
        }

        var description: String {
            "\(victim.rawValue) killed \(Int(after * 1000)) ms into \(verb.rawValue) (\(fault.joined(separator: " ")))"
                + (comesUpAgain ? ", then up" : "")
        }

        var fault: [String] { CrashPointTests.faults[Int(choice / 7 % UInt64(CrashPointTests.faults.count))] }
    }

    /// How long each verb takes here, in seconds.
    private func measure(_ lab: LabUnderTest) throws -> [Verb: Double] {
        var durations: [Verb: Double] = [:]
        for verb in Verb.allCases {
            let start = Date()
            let outcome = try Command.run([LabUnderTest.program] + verb.words(lab, Self.faults[0]))
            guard outcome.status == 0 else { throw TestFailure("\(verb): \(outcome)") }
            durations[verb] = Date().timeIntervalSince(start)
        }
        return durations
    }

    private func hit(_ lab: LabUnderTest, _ point: Point) throws {
        let isUpBefore = point.verb != .up
        if isUpBefore { try lab.up("--no-wait") }
        if point.verb == .heal || point.verb == .apply {
            let fail = try Command.run([LabUnderTest.program] + Verb.fail.words(lab, point.fault))
            guard fail.status == 0 else { throw TestFailure("\(point): fail: \(fail)") }
        }
        let running = try Command.Running([LabUnderTest.program] + point.verb.words(lab, point.fault))
        let start = Date()
        // The moment is the test's subject, not something that it waits for.
        while Date().timeIntervalSince(start) < point.after, running.process.isRunning { usleep(200) }
        try kill(point, lab, running)
        _ = try running.finish()
        if point.comesUpAgain {
            // Of an apply, either file may be what is up, and the other one is refused. An apply outlives its command, so the
            // lab may change from the one file to the other, once, between the first two of these.
            let changed = lab.file + ".changed"
            let files = point.verb == .apply ? [changed, lab.file, changed] : [lab.file]
            let outcomes = try files.map { try Command.run([LabUnderTest.program, "up", $0]) }
            guard outcomes.contains(where: { $0.status == 0 }) else { throw TestFailure("\(point): up: \(outcomes)") }
        }
        let down = try LabUnderTest.lab("down", lab.name)
        let isGoneAlready = down.status == 2 && down.errors.contains("there is no lab '\(lab.name)'")
        guard down.status == 0 || isGoneAlready else { throw TestFailure("\(point): down: \(down)") }
    }

    private func kill(_ point: Point, _ lab: LabUnderTest, _ running: Command.Running) throws {
        switch point.victim {
        case .command: _ = Glibc.kill(running.process.processIdentifier, SIGKILL)
        case .supervisor:
            if let supervisor = Self.processes(of: lab).first(where: \.isSupervisor) {
                Glibc.kill(supervisor.pid, SIGKILL)
            }
        case .daemon:
            let daemons = Self.processes(of: lab).filter { !$0.isSupervisor }
            guard !daemons.isEmpty else { return }
            _ = Glibc.kill(daemons[Int(point.choice % UInt64(daemons.count))].pid, SIGKILL)
        }
    }

    /// The processes of a lab: those whose command line names its folder, and the holder of its lock.
    private static func processes(of lab: LabUnderTest) -> [(pid: pid_t, isSupervisor: Bool)] {
        let holder = lab.supervisor
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.sorted().compactMap { pid in
            if pid == holder { return (pid, true) }
            let arguments = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
            return arguments.contains("/run/lab/\(lab.name)/") ? (pid, false) : nil
        }
    }
}

/// Things that look like a lab's and are somebody else's.
private enum Decoys {
    /// Makes them, runs the body, and takes them away. They are in the snapshots of the machine, so their loss shows.
    static func with(_ name: String, _ body: () throws -> Void) throws {
        let namespaces = ["\(name).stranger", "\(name)x.newyork", "\(name)"]
        let overlay = "/etc/netns/\(name).stranger"
        defer {
            for namespace in namespaces { _ = try? Command.run(["ip", "netns", "del", namespace]) }
            _ = try? Command.run(["ip", "link", "del", "veth7001"])
            try? FileManager.default.removeItem(atPath: overlay)
        }
        for namespace in namespaces { try make("ip", "netns", "add", namespace) }
        try make("ip", "link", "add", "veth7001", "type", "veth", "peer", "name", "newyork-west")
        try make(
            "ip", "-n", namespaces[0], "link", "add", "newyork-west", "type", "veth", "peer", "name", "west-newyork")
        try FileManager.default.createDirectory(atPath: overlay, withIntermediateDirectories: true)
        try "192.0.2.1 stranger\n".write(toFile: overlay + "/hosts", atomically: true, encoding: .utf8)
        // A process that is called as our daemons are and names a lab's folder.
        let process = try Command.Running(["sh", "-c", "exec sleep 1000 # labd bgp --config /run/lab/other/"])
        defer { process.end() }
        try body()
        #expect(process.process.isRunning, "a process of somebody else was killed")
    }

    private static func make(_ words: String...) throws {
        let outcome = try Command.run(words)
        guard outcome.status == 0 else { throw TestFailure("\(words): \(outcome)") }
    }
}
