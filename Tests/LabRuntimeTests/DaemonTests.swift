import Glibc
import JSON
import LabPlan
import Sys
import TestSupport
import Testing

@testable import LabRuntime

/// The life of a daemon's process, with shell scripts in the place of daemons.
@Suite struct DaemonTests {
    private let folder: TemporaryFolder
    private let loop: EventLoop

    init() throws {
        folder = try TemporaryFolder()
        loop = try EventLoop()
    }

    /// A daemon that runs a script; descriptor 3 is where it hears and speaks.
    private func daemon(_ script: String) -> Daemon {
        daemon(ProcessOptions(path: "/bin/sh", arguments: ["-c", script]))
    }

    private func daemon(_ options: ProcessOptions) -> Daemon {
        Daemon(loop, role: .dns, node: 0, name: "x.dns", log: folder.path + "/x.log", options)
    }

    /// Runs the loop until somebody stops it; no more than a minute, and then the test fails.
    private func run() throws {
        let limit = loop.schedule(after: 60_000_000_000) { [loop] in
            Issue.record("nothing happened")
            loop.stop()
        }
        defer { limit.cancel() }
        try loop.run()
    }

    @Test(
        "How a process ended is told as it was",
        arguments: [
            ("exit 143", DaemonEnd.status(143)), ("exit 255", .status(255)),
            ("kill -TERM $$; sleep 60", .signal(SIGTERM)),
        ])
    func ends(script: String, end: DaemonEnd) throws {
        let daemon = daemon(script)
        daemon.onEnd = { [loop] _ in loop.stop() }
        try daemon.start()
        try run()
        #expect(daemon.lastEnd == end && daemon.state == .restarting && daemon.nextTry != nil)
        daemon.kill()
    }

    @Test("What cannot be started when its fault is over is started later") func revival() throws {
        let path = folder.path + "/program"
        let daemon = daemon(ProcessOptions(path: path, arguments: []))
        daemon.revive()
        #expect(daemon.state == .restarting && daemon.nextTry != nil)
        #expect(daemon.lastEnd?.description.contains("could not be started: exec \(path)") == true)
        daemon.onReady = { [loop] in loop.stop() }
        try Files.write(path, "#!/bin/sh\necho '{\"event\":\"ready\"}' >&3\nexec sleep 60\n".utf8, mode: 0o755)
        try run()
        #expect(daemon.state == .running)
        daemon.revive()
        #expect(daemon.state == .running && daemon.restarts > 0, "who lives is left alone")
        daemon.kill()
    }

    @Test("Who asks again when there was no answer is told that there is none", arguments: [false, true])
    func askedAgain(isKilled: Bool) throws {
        let daemon = daemon("echo '{\"event\":\"ready\"}' >&3; read line <&3; \(isKilled ? "sleep 60" : "exit 1")")
        var answers = 0
        daemon.onReady = { [loop, unowned daemon] in
            daemon.ask([.init("do", "counters")]) { _ in
                daemon.ask([.init("do", "counters")]) { _ in answers += 1 }
            }
            guard isKilled else { return }
            daemon.kill()
            loop.stop()
        }
        daemon.onEnd = { [loop] _ in loop.stop() }
        try daemon.start()
        try run()
        #expect(answers == 1)
        daemon.kill()
    }

    @Test(
        "Who asks a process that is stopped from outside does not wait for ever, and hears no answer that comes too late"
    )
    func silence() throws {
        let daemon = daemon(
            "echo '{\"event\":\"ready\"}' >&3; read first <&3; kill -STOP $$; echo '{\"reply\":1}' >&3; read second <&3; "
                + "echo '{\"reply\":2}' >&3; sleep 60")
        daemon.patience = 200_000_000
        var answers: [JSON] = []
        daemon.onReady = { [loop, unowned daemon] in
            daemon.ask([.init("do", "first")]) { first in
                answers.append(first)
                _ = daemon.pid.map { kill($0, SIGCONT) }
                daemon.patience = 30_000_000_000
                daemon.ask([.init("do", "second")]) { second in
                    answers.append(second)
                    loop.stop()
                }
            }
        }
        try daemon.start()
        try run()
        #expect(answers == [.null, ["reply": 2]])
        #expect(daemon.state == .running && daemon.restarts == 0)
        daemon.kill()
    }
}

@Suite struct LogKeeperTests {
    @Test("A log that is too long goes on anew, with its end beside it") func turnOver() throws {
        let folder = try TemporaryFolder()
        let loop = try EventLoop()
        let keeper = LogKeeper(loop, folder.path)
        let path = folder.path + "/x.log"
        let bytes = (0..<3 * LogKeeper.limit).map { UInt8(truncatingIfNeeded: $0 / 1000) }
        try Files.write(path, bytes)
        func look() {
            if Files.size(path) == 0 { return loop.stop() }
            loop.schedule(after: 1_000_000) { look() }
        }
        look()
        try withExtendedLifetime(keeper) { try loop.run() }
        #expect(try Files.read(path + ".1") == Array(bytes.suffix(2 * LogKeeper.limit)))
    }

    @Test("A folder that cannot be watched is no reason to have no lab") func unwatched() throws {
        let loop = try EventLoop()
        withExtendedLifetime(LogKeeper(loop, "/nonexistent")) {}
    }

    @Test("The end of a file is at most the file", arguments: [0, 1, 99, 100, 101, 1000]) func ends(most: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/file"
        let bytes = (0..<100).map { UInt8($0) }
        try Files.write(path, bytes)
        #expect(try Files.readEnd(path, most) == Array(bytes.suffix(most)))
        #expect(throws: SystemError.self) { try Files.readEnd(path + "x", most) }
    }
}
