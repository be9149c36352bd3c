import CLinux
import Foundation
import Sys
import TestSupport
import Testing

@testable import LabRuntime

@Suite struct RegistryTests {
    @Test("A machine without labs is one again after the last") func lastOne() throws {
        try inPrivateMachine {
            #expect(Registry.names() == [] && Registry.state("a") == .absent)
            let first = try Registry.claim("a")
            let second = try Registry.claim("b")
            #expect(Registry.names() == ["a", "b"])
            #expect(Files.exists("/run/netns") && Files.exists("/etc/netns"))
            try Registry.remove("a")
            #expect(Registry.names() == ["b"] && Files.exists("/run/netns"))
            try Registry.remove("b")
            #expect(Files.list("/run") == [] && Files.list("/etc") == [])
            try Registry.remove("b")
            for lock in [first.raw, second.raw] { #expect(lock >= 0) }
        }
    }

    @Test("Folders that others made, or use by now, stay") func sharedFolders() throws {
        try inPrivateMachine {
            try Files.makeDirectory("/run/netns")
            let lock = try Registry.claim("a")
            try Files.write("/etc/netns/somebody-elses", [])
            try Registry.remove("a")
            #expect(Files.list("/run") == ["netns"] && Files.list("/etc/netns") == ["somebody-elses"])
            _ = consume lock
        }
    }

    /// As a machine comes with /run: shared, as systemd makes it, or private.
    @Test(
        "The folder of namespaces is a mount point before anything is pinned there", arguments: [MS_SHARED, MS_PRIVATE])
    func mountedNamespaces(_ propagation: Int) throws {
        try inPrivateMachine {
            try systemCall("mount") { mount("", "/run", nil, UInt(propagation), nil) }
            let first = try Registry.claim("a")
            #expect(Files.isMountPoint("/run/netns"))
            let second = try Registry.claim("b")
            try Registry.remove("a")
            #expect(Files.isMountPoint("/run/netns"))
            try Registry.remove("b")
            #expect(!Files.isMountPoint("/run/netns") && Files.list("/run") == [])
            for lock in [first.raw, second.raw] { #expect(lock >= 0) }
        }
    }

    @Test("A mount of others stays, and so does ours when others use it by now") func mountOfOthers() throws {
        try inPrivateMachine {
            func mounts() throws -> Int {
                String(decoding: try Files.read("/proc/thread-self/mountinfo"), as: UTF8.self).split(separator: "\n")
                    .count { $0.contains(" /run/netns ") }
            }
            // Those of the machine, which /run hides here.
            let hidden = try mounts()
            try Files.makeDirectory("/run/netns")
            do {
                let lock = try Registry.claim("a")
                try Files.write("/run/netns/somebody-elses", [])
                try Registry.remove("a")
                _ = consume lock
            }
            #expect(try mounts() == hidden + 1 && Files.list("/run") == ["netns"])
            try Files.removeFile("/run/netns/somebody-elses")
            let lock = try Registry.claim("a")
            #expect(try mounts() == hidden + 1)
            try Registry.remove("a")
            #expect(try mounts() == hidden + 1 && Files.list("/run") == ["netns"])
            _ = consume lock
        }
    }

    @Test("A name that is taken is refused, and what has it stays as it is, also when nobody runs it any more")
    func taken() throws {
        try inPrivateMachine {
            do { _ = try Registry.claim("a") }
            try Files.write(LabPaths("a").journal, "mine".utf8)
            let holder = try holdLock(LabPaths("a").lock)
            func refuse() throws {
                let error = #expect(throws: SystemError.self) { _ = try Registry.claim("a") }
                #expect(error?.code == EEXIST && error?.object == "/run/lab/a")
                #expect(try Files.read(LabPaths("a").journal) == Array("mine".utf8))
            }
            #expect(Registry.state("a") == .running(supervisor: holder.pid))
            try refuse()
            if try Registry.claimStale("a") != nil { Issue.record("took down what runs") }
            try holder.signal(SIGKILL)
            _ = try holder.wait()
            #expect(Registry.state("a") == .stale)
            try refuse()
            if try Registry.claimStale("a") == nil { Issue.record("nobody holds it") }
        }
    }

    @Test("What cannot be claimed leaves nothing behind, wherever the disk is full", arguments: 2...7)
    func fullDisk(_ files: Int) throws {
        try inPrivateMachine {
            try systemCall("mount") { mount("tmpfs", "/run", "tmpfs", 0, "nr_inodes=\(files)") }
            let error = #expect(throws: SystemError.self) { _ = try Registry.claim("a") }
            #expect(error?.code == ENOSPC)
            #expect(Registry.state("a") == .absent)
            #expect(Files.list("/run") == [])
            #expect(Files.list("/etc") == [])
        }
    }

    @Test("A lock file that cannot say whose it is leaves nothing behind") func noRoomForTheHolder() throws {
        try inPrivateMachine {
            try systemCall("mount") { mount("tmpfs", "/run", "tmpfs", 0, "nr_blocks=1") }
            try Files.write("/run/full", [UInt8](repeating: 0, count: 4096))
            let error = #expect(throws: SystemError.self) { _ = try Registry.claim("a") }
            #expect(error?.code == ENOSPC)
            #expect(Registry.state("a") == .absent)
            #expect(Files.list("/run") == ["full"])
        }
    }

    @Test("Of processes that claim one name at a time one has it, also while the last lab takes the registry away")
    func race() async throws {
        let machine = try SharedMachine()
        let path = machine.path
        async let first: Void = Self.contend(path)
        async let second: Void = Self.contend(path)
        _ = await (first, second)
        let left = try SharedMachine.entering(path) { Files.list("/run") + Files.list("/etc") }
        #expect(left == [])
        withExtendedLifetime(machine) {}
    }

    private static func contend(_ path: String) async {
        await #expect(processExitsWith: .success) { [path = path as String] in
            try SharedMachine.entering(path) {
                var wins = 0
                var refusals = 0
                let end = Clock.monotonic() + 30_000_000_000
                while wins < 200, Clock.monotonic() < end {
                    do throws(SystemError) {
                        let lock = try Registry.claim("a")
                        // Whoever else had it now would have made this file.
                        let mark = try FileDescriptor.open("/run/lab/a/mine", O_CREAT | O_EXCL | O_WRONLY, mode: 0o600)
                        wins += 1
                        try Registry.remove("a")
                        _ = consume mark
                        _ = consume lock
                    } catch {
                        #expect(error.code == EEXIST && error.object == "/run/lab/a", "\(error)")
                        refusals += 1
                    }
                }
                #expect(wins == 200, "after \(refusals) refusals")
            }
        }
    }
}
