import CLinux
import Foundation
import Sys
import TestSupport
import Testing

@testable import LabRuntime

@Suite struct TeardownTests {
    /// Leaves a lab called `a` as a crash in the middle of its making does: one node is there, one has a file and no
    /// namespace in it, one was only written down, and the last line of the journal is half a line.
    private static func makeHalf() throws {
        let paths = LabPaths("a")
        _ = try Registry.claim("a")
        var entries: [Journal.Entry] = []
        for node in ["whole", "file", "planned"] {
            entries.append(.namespace(path: paths.namespace(node)))
            entries.append(.link(path: try #require(paths.overlayLink(node)), target: paths.overlay))
        }
        try Journal(creating: paths.journal).record(entries)
        let journal = try Files.read(paths.journal)
        try Files.write(paths.journal, journal + Array("namespace /run/netns/a.oth".utf8))
        try Files.makeDirectory(paths.directory + "/config")
        try Files.write(paths.directory + "/config/whole.bgp.json", "{}".utf8)

        try pin(paths.namespace("whole"))
        try Files.makeLink(try #require(paths.overlayLink("whole")), to: paths.overlay)
        try Files.write(paths.namespace("file"), [])
    }

    private static func pin(_ path: String) throws {
        let home = try NetworkNamespace.current()
        _ = try NetworkNamespace.createAndEnter()
        try Files.write(path, [])
        try systemCall("mount") { mount("/proc/thread-self/ns/net", path, nil, UInt(MS_BIND), nil) }
        try home.enter()
    }

    private static func mounts() throws -> [Substring] {
        String(decoding: try Files.read("/proc/thread-self/mounts"), as: UTF8.self).split(separator: "\n")
            .filter { $0.contains(" /run/netns/a.") || $0.contains(" /run/netns/b.") }
    }

    @Test("What a crash left of a lab goes, and nothing that the journal does not name") func halfMade() throws {
        try inPrivateMachine {
            try Self.makeHalf()
            // Of others: a namespace, one whose name begins like the lab's, and a link where the lab meant to make one.
            for name in ["a.other", "b.whole"] { try Self.pin("/run/netns/" + name) }
            try Files.makeLink(try #require(LabPaths("a").overlayLink("planned")), to: "/somebody/elses")
            #expect(try Self.mounts().count == 3)
            #expect(Registry.state("a") == .stale)

            try Teardown.run("a")
            #expect(Registry.state("a") == .absent)
            #expect(Files.list("/run/netns") == ["a.other", "b.whole"] && Files.list("/etc/netns") == ["a.planned"])
            #expect(try Self.mounts().count == 2)
            #expect(Files.list("/run") == ["netns"])
            try Teardown.run("a")
            for name in ["a.other", "b.whole"] { umount2("/run/netns/" + name, Int32(MNT_DETACH)) }
        }
    }

    @Test("A lab that nobody finished claiming goes, too") func unclaimed() throws {
        try inPrivateMachine {
            do { _ = try Registry.claim("a") }
            try Files.removeFile(LabPaths("a").lock)
            #expect(Registry.state("a") == .stale)
            try Teardown.run("a")
            #expect(Files.list("/run") == [])
        }
    }

    @Test("A running lab loses its supervisor first") func running() throws {
        try inPrivateMachine {
            try Self.makeHalf()
            let supervisor = try holdLock(LabPaths("a").lock)
            try Teardown.runIfStale("a")
            #expect(Registry.state("a") == .running(supervisor: supervisor.pid), "runs, and is not to be touched")
            try Teardown.run("a")
            #expect(try supervisor.wait() == 128 + SIGKILL)
            #expect(Files.list("/run") == [] && Files.list("/etc") == [])
            #expect(try Self.mounts().isEmpty)
        }
    }

    @Test("A lab stays as long as its supervisor dies, which has lost its lock by then") func dying() throws {
        try inPrivateMachine {
            try Self.makeHalf()
            let paths = LabPaths("a")
            let script = "read line; sleep 0.2; test -e \(paths.journal)"
            let input = try FileDescriptor.streamPair()
            var options = ProcessOptions(path: "/bin/sh", arguments: ["-c", script])
            options.standardInput = input.second.raw
            let supervisor = try ChildProcess.spawn(options)
            let holder = try #require(LastHolder(of: supervisor.visiblePID()))
            try Files.write(paths.lock, holder.text.utf8)
            try input.first.writeAll("\n".utf8)
            try Teardown.run("a")
            #expect(try supervisor.wait() == 0, "the lab was gone before it")
            #expect(Files.list("/run") == [])
        }
    }

    @Test("The number of a supervisor that is gone may be another process's by now") func numberUsedAgain() throws {
        try inPrivateMachine {
            try Self.makeHalf()
            let stranger = try ChildProcess.spawn(ProcessOptions(path: "/bin/sleep", arguments: ["600"]))
            let holder = try #require(LastHolder(of: stranger.visiblePID()))
            let earlier = LastHolder(process: holder.process, start: holder.start - 1)
            try Files.write(LabPaths("a").lock, earlier.text.utf8)
            try Teardown.run("a")
            #expect(Files.list("/run") == [])
            #expect(try stranger.reapEnd() == nil)
            try stranger.signal(SIGKILL)
            _ = try stranger.wait()
        }
    }

    @Test("A lock file names its process, and anything else in one names nobody") func lockFile() throws {
        try inPrivateMachine {
            let lock = try Registry.claim("a")
            let text = String(decoding: try Files.read(LabPaths("a").lock), as: UTF8.self)
            #expect(LastHolder(text) == .current && text.hasPrefix("\(getpid()) "))
            _ = consume lock
            for text in ["", "17", "17 x", "-1 5", "0 5", "99999999999 5", "17 5 6", "17 -5"] {
                #expect(LastHolder(text) == nil, "\(text)")
            }
            try Teardown.run("a")
        }
    }

    @Test("What cannot be removed is an error; all else goes, and the next time the rest") func stubborn() throws {
        try inPrivateMachine {
            try Self.makeHalf()
            // A folder where a file was to be: unlink(2) refuses it.
            try Files.makeDirectory(LabPaths("a").namespace("planned"))
            let error = #expect(throws: SystemError.self) { try Teardown.run("a") }
            #expect(error?.call == "unlink" && error?.object == "/run/netns/a.planned")
            #expect(Files.list("/run/netns") == ["a.planned"] && Files.list("/etc/netns") == [])
            #expect(Registry.state("a") == .stale, "the journal is still there for the next time")
            try Files.removeDirectory(LabPaths("a").namespace("planned"))
            try Teardown.run("a")
            #expect(Files.list("/run") == [] && Files.list("/etc") == [])
        }
    }

    @Test("Somebody who may not take a lab down is told so, at once") func notAllowed() async throws {
        let machine = try SharedMachine()
        let path = machine.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            alarm(20)
            try SharedMachine.entering(path) { try TeardownTests.makeHalf() }
            try SharedMachine.entering(path) {
                // Of this process as a whole, which ends after.
                #expect(seteuid(65534) == 0)
                let error = #expect(throws: SystemError.self) { try Teardown.run("a") }
                #expect(error?.code == EACCES && error?.object == "/run/lab/a/lock")
                #expect(seteuid(0) == 0)
                try Teardown.run("a")
            }
        }
        withExtendedLifetime(machine) {}
    }
}
