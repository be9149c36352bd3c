import CLinux
import Foundation
import Sys
import TestSupport
import Testing

/// Runs a program to its end and answers what it wrote and how it ended.
private func run(
    _ path: String, _ arguments: [String], _ change: (inout ProcessOptions) -> Void = { _ in }
) throws -> (output: String, status: Int32) {
    let (reading, writing) = try FileDescriptor.streamPair().release()
    let output = FileDescriptor(owning: reading)
    let process = try spawn(path, arguments, writing, change)
    let text = String(decoding: try output.readAll(), as: UTF8.self)
    return (text, try process.wait())
}

/// Starts a program that writes to `output`, which belongs to it alone from then on.
private func spawn(
    _ path: String, _ arguments: [String], _ output: Int32, _ change: (inout ProcessOptions) -> Void = { _ in }
) throws -> ChildProcess {
    let output = FileDescriptor(owning: output)
    var options = ProcessOptions(path: path, arguments: arguments)
    options.standardOutput = output.raw
    change(&options)
    return try ChildProcess.spawn(options)
}

private func shell(
    _ script: String, _ change: (inout ProcessOptions) -> Void = { _ in }
) throws -> (output: String, status: Int32) {
    try run("/bin/sh", ["-c", script], change)
}

@Suite struct ChildProcessTests {
    @Test("The exit status is the program's", arguments: [0, 1, 7, 127, 255] as [Int32]) func exitStatus(
        _ status: Int32
    ) throws {
        #expect(try shell("exit \(status)").status == status)
    }

    @Test("A process ended by a signal answers 128 and the signal", arguments: [SIGTERM, SIGKILL, SIGABRT])
    func signalStatus(_ number: Int32) throws {
        #expect(try shell("ulimit -c 0; kill -\(number) $$; sleep 60").status == 128 + number)
    }

    @Test("A status above 128 is not taken for a signal") func endsAreTold() throws {
        func end(_ script: String) throws -> ProcessEnd? {
            let process = try ChildProcess.spawn(ProcessOptions(path: "/bin/sh", arguments: ["-c", script]))
            var poll = pollfd(fd: process.descriptor.raw, events: Int16(POLLIN), revents: 0)
            try systemCall("poll") { Glibc.poll(&poll, 1, 60_000) }
            return try process.reapEnd()
        }
        #expect(try end("exit 143") == .exit(143) && end("exit 255") == .exit(255))
        #expect(try end("kill -TERM $$; sleep 60") == .signal(SIGTERM))
        #expect(ProcessEnd.exit(143).status == ProcessEnd.signal(SIGTERM).status)
    }

    @Test("A process that runs has no status yet; a signal through its descriptor ends it") func running() throws {
        let process = try ChildProcess.spawn(ProcessOptions(path: "/bin/sleep", arguments: ["60"]))
        #expect(try process.reap() == nil)
        #expect(try process.visiblePID() == process.pid)
        try process.signal(SIGTERM)
        #expect(try process.wait() == 128 + SIGTERM)
        let error = #expect(throws: SystemError.self) { try process.signal(SIGTERM) }
        #expect(error?.code == ESRCH)
    }

    @Test("What goes wrong before the program runs names the stage and the reason") func failures() throws {
        let folder = try TemporaryFolder()
        let plain = folder.path + "/plain"
        try Files.write(plain, "no program".utf8)
        func failure(_ path: String, _ change: (inout ProcessOptions) -> Void = { _ in }) throws -> String {
            var options = ProcessOptions(path: path, arguments: [])
            change(&options)
            do throws(SystemError) {
                let process = try ChildProcess.spawn(options)
                return "started, status \(try process.wait())"
            } catch {
                #expect(error.object == path)
                return "\(error.call) \(error.code)"
            }
        }
        let null = try FileDescriptor.open("/dev/null", O_RDONLY)
        #expect(try failure("/nonexistent/program") == "exec \(ENOENT)")
        #expect(try failure(plain) == "exec \(EACCES)")
        #expect(try failure("/bin/true") { $0.directory = "/nonexistent" } == "chdir \(ENOENT)")
        #expect(try failure("/bin/true") { $0.networkNamespace = null.raw } == "setns \(EINVAL)")
        #expect(try failure("/bin/true") { $0.networkNamespace = 9999 } == "setns \(EBADF)")
        #expect(try failure("/bin/true") { $0.inherited = [9999] } == "fcntl \(EBADF)")
        #expect(try failure("/bin/true") { $0.inherited = [0, 0, 0, 0, 0] } == "inherited \(E2BIG)")
        #expect(try failure("/bin/true") { $0.standardError = 9999 } == "fcntl \(EBADF)")
        #expect(try failure("/bin/true") { $0.binds = [("/nonexistent", plain)] } == "mount --bind \(ENOENT)")
        #expect(try failure("/bin/true") == "started, status 0")
    }

    @Test("The environment is what was given and nothing else, the arguments too") func environment() throws {
        let given = ["A=1", "B=x y", "C="]
        #expect(try run("/usr/bin/env", []) { $0.environment = given }.output == "A=1\nB=x y\nC=\n")
        #expect(try run("/usr/bin/env", []).output == "")
        #expect(try run("/usr/bin/printf", ["%s|", "", "a b", "$HOME", "ä\n"]).output == "|a b|$HOME|ä\n|")
    }

    @Test("Standard input is empty unless it is given; errors go where they are told; the folder is the one asked for")
    func standardDescriptors() throws {
        #expect(try run("/bin/cat", []).output == "")
        let input = try FileDescriptor.open("/proc/self/comm", O_RDONLY)
        #expect(try run("/bin/cat", []) { $0.standardInput = input.raw }.output.isEmpty == false)
        #expect(try shell("echo oops >&2") { $0.standardError = $0.standardOutput }.output == "oops\n")
        #expect(try shell("pwd") { $0.directory = "/proc" }.output == "/proc\n")
    }

    @Test(
        "What is inherited is handed down from descriptor 3 on and no other, whatever the caller has open",
        arguments: 0...4)
    func descriptors(_ count: Int) throws {
        // Without close-on-exec, as a library might leave them.
        let leaks = [100, 101, 200].map { number in fcntl(1, F_DUPFD, Int32(number)) }
        defer { for raw in leaks { close(raw) } }
        let folder = try TemporaryFolder()
        let paths = (0..<count).map { "\(folder.path)/\($0)" }
        for path in paths { try Files.write(path, []) }
        let files = try paths.map { try FileDescriptor.open($0, O_RDONLY).release() }
        defer { for raw in files { close(raw) } }
        let script = """
            i=0; while [ $i -lt 300 ]; do [ -e /proc/self/fd/$i ] && echo $i; i=$((i+1)); done
            for i in 3 4 5 6; do readlink /proc/self/fd/$i; done; true
            """
        let output = try shell(script) { $0.inherited = files }.output
        #expect(output == ((0..<3 + count).map(String.init) + paths).map { $0 + "\n" }.joined())
    }

    @Test("Descriptors may be given in any order, also where they cross", arguments: 0..<4) func crossing(
        _ rotation: Int
    ) throws {
        let folder = try TemporaryFolder()
        let paths = (0..<4).map { "\(folder.path)/\($0)" }
        for path in paths { try Files.write(path, []) }
        let files = try paths.map { try FileDescriptor.open($0, O_RDWR).release() }
        defer { for raw in files { close(raw) } }
        let turned = (0..<4).map { files[($0 + rotation) % 4] }
        var options = ProcessOptions(
            path: "/bin/sh", arguments: ["-c", "for i in 0 1 2 3; do readlink /proc/self/fd/$i >&3; done"])
        (options.standardInput, options.standardOutput) = (turned[0], turned[1])
        (options.standardError, options.inherited) = (turned[2], [turned[3]])
        #expect(try ChildProcess.spawn(options).wait() == 0)
        let last = paths[(3 + rotation) % 4]
        let seen = String(decoding: try Files.read(last), as: UTF8.self)
        // readlink's own descriptor 1 is the file that takes its output.
        let expected = [paths[rotation % 4], last, paths[(2 + rotation) % 4], last]
        #expect(seen == expected.map { $0 + "\n" }.joined())
    }

    @Test("Blocked and ignored signals of the caller are the program's no longer") func signals() throws {
        let output = try onOwnThread {
            var set = sigset_t()
            sigemptyset(&set)
            for number in [SIGTERM, SIGUSR1, SIGCHLD] { sigaddset(&set, number) }
            pthread_sigmask(SIG_BLOCK, &set, nil)
            let before = signal(SIGUSR2, SIG_IGN)
            defer { signal(SIGUSR2, before) }
            return try run("/bin/grep", ["^Sig[BI]", "/proc/self/status"]).output
        }
        let sets = output.split(separator: "\n").compactMap { UInt64($0.suffix(16), radix: 16) }
        // Above 31 are signals that the C library keeps for itself; it lets nobody touch them.
        #expect(sets.map { $0 & 0x7FFF_FFFF } == [0, 0])
    }

    @Test("Process 1 of a PID namespace takes all others of it along") func newPIDNamespace() throws {
        let (reading, writing) = try FileDescriptor.streamPair().release()
        let output = FileDescriptor(owning: reading)
        // The sleeper has a session of its own and ignores what can be ignored; it holds the pipe open.
        let script = "echo $$; trap '' TERM HUP; setsid sleep 1000 & echo ready; wait"
        let process = try spawn("/bin/sh", ["-c", script], writing) { $0.newPIDNamespace = true }
        var text: [UInt8] = []
        var byte: UInt8 = 0
        while !text.suffix(6).elementsEqual("ready\n".utf8), read(output.raw, &byte, 1) == 1 { text.append(byte) }
        #expect(String(decoding: text, as: UTF8.self) == "1\nready\n")
        #expect(try process.visiblePID() == process.pid && process.pid > 1)
        try process.signal(SIGKILL)
        #expect(try process.wait() == 128 + SIGKILL)
        #expect(try output.readAll().isEmpty, "the pipe has no writer left")
    }

    @Test("A process that is to die with its parent does, and another does not", arguments: [true, false])
    func diesWithParent(_ dies: Bool) throws {
        let process = try onOwnThread {
            // Its parent, to the kernel, is this thread.
            var options = ProcessOptions(path: "/bin/sleep", arguments: ["60"])
            options.diesWithParent = dies
            return Holder(try ChildProcess.spawn(options))
        }
        if !dies {
            #expect(try process.child.reap() == nil)
            try process.child.signal(SIGTERM)
        }
        #expect(try process.child.wait() == 128 + (dies ? SIGKILL : SIGTERM))
    }

    @Test("A new session is the process's own") func newSession() throws {
        let own = try shell("echo $$; cut -d ' ' -f 6 /proc/$$/stat") { $0.newSession = true }.output.split(
            separator: "\n")
        #expect(own.count == 2 && own.first == own.last)
        let callers = try shell("echo $$; cut -d ' ' -f 6 /proc/$$/stat").output.split(separator: "\n")
        #expect(callers.count == 2 && callers.first != callers.last)
    }

    @Test("A file laid over another is seen inside only") func binds() throws {
        let folder = try TemporaryFolder()
        let (over, under) = (folder.path + "/over", folder.path + "/under")
        try Files.write(over, "over".utf8)
        try Files.write(under, "under".utf8)
        #expect(try run("/bin/cat", [under]) { $0.binds = [(over, under)] }.output == "over")
        #expect(try run("/bin/cat", [under]).output == "under")
        #expect(try Files.read(under) == Array("under".utf8))
    }

    @Test("A process starts in the network namespace it is told, and the caller stays") func networkNamespace() throws {
        try onOwnThread {
            let home = try NetworkNamespace.current()
            let before = Files.linkTarget("/proc/thread-self/ns/net")
            let there = try NetworkNamespace.createAndEnter()
            let inside = Files.linkTarget("/proc/thread-self/ns/net")
            try home.enter()
            let seen = try run("/bin/readlink", ["/proc/self/ns/net"]) { $0.networkNamespace = there.descriptor.raw }
                .output
            #expect(seen == inside.map { $0 + "\n" } && inside != before)
            #expect(Files.linkTarget("/proc/thread-self/ns/net") == before)
        }
    }

    @Test("A hundred at once are each their own") func many() throws {
        let pairs = try (0..<100).map { number in
            (
                number,
                Holder(try ChildProcess.spawn(ProcessOptions(path: "/bin/sh", arguments: ["-c", "exit \(number)"])))
            )
        }
        for (number, process) in pairs.reversed() { #expect(try process.child.wait() == Int32(number)) }
    }
}

/// A process that can be kept where only copyable values can.
private final class Holder: Sendable {
    let child: ChildProcess
    init(_ child: consuming ChildProcess) { self.child = child }
}

@Suite struct RecordLockTests {
    private static let locker = """
        open(F, "+<", $ARGV[0]) or die;
        my $whole = pack("s s x4 l! l! i x4", 1, 0, 0, 0, 0); fcntl(F, 6, $whole) or die;
        $| = 1; print "locked\\n"; sleep 60;
        """

    @Test(
        "The holder of a lock is known from outside, also in its own PID namespace, and gone once it is killed",
        arguments: [false, true])
    func holder(_ newPIDNamespace: Bool) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/lock"
        try Files.write(path, [])
        let file = try FileDescriptor.open(path, O_RDWR)
        var holder: Int32 = -1
        #expect(cl_lock_holder(file.raw, &holder) == 0)

        let (reading, writing) = try FileDescriptor.streamPair().release()
        let output = FileDescriptor(owning: reading)
        let process = try spawn("/usr/bin/perl", ["-e", Self.locker, path], writing) {
            $0.newPIDNamespace = newPIDNamespace
        }
        var word = [UInt8](repeating: 0, count: 7)
        #expect(recv(output.raw, &word, 7, Int32(MSG_WAITALL)) == 7)

        #expect(cl_lock_holder(file.raw, &holder) == 1 && holder == process.pid)
        #expect(cl_lock_file(file.raw) == -1 && cl_errno() == EAGAIN)
        try process.signal(SIGKILL)
        _ = try process.wait()
        #expect(cl_lock_holder(file.raw, &holder) == 0)
        #expect(cl_lock_file(file.raw) == 0)
    }

    @Test("A descriptor that is none is an error, not a free lock") func noFile() {
        var holder: Int32 = 0
        #expect(cl_lock_holder(9999, &holder) == -1)
    }
}
