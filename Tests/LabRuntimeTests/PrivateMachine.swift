import CLinux
import Foundation
import Sys
import TestSupport

/// Runs `body` where /run and /etc are empty folders that nobody else sees: labs that it makes are not those of the machine.
/// Throws what `body` throws.
func inPrivateMachine<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
    try inPrivateMounts { _ in
        for folder in ["/run", "/etc"] {
            try systemCall("mount", folder) { mount("tmpfs", folder, "tmpfs", 0, nil) }
        }
        return try body()
    }
}

/// A machine as ``inPrivateMachine(_:)`` makes it, which several processes can enter. It lives as long as this value.
final class SharedMachine: Sendable {
    private let keeper: ChildProcess
    /// What ``entering(_:_:)`` needs to find it.
    let path: String

    init() throws {
        // The process keeps the mount namespace of the thread that starts it.
        let process = try inPrivateMachine {
            KeptProcess(try ChildProcess.spawn(ProcessOptions(path: "/bin/sleep", arguments: ["600"])))
        }
        keeper = process.take()
        path = "/proc/\(keeper.pid)/ns/mnt"
    }

    deinit {
        try? keeper.signal(SIGKILL)
        _ = try? keeper.wait()
    }

    /// Runs `body` on a thread inside the machine. Throws what `body` throws.
    static func entering<Result: Sendable>(
        _ path: String, _ body: @escaping @Sendable () throws -> Result
    ) throws -> Result {
        try onOwnThread {
            let machine = try FileDescriptor.open(path, O_RDONLY)
            // Root and working folder are the process's until the thread has its own (CLONE_FS).
            try systemCall("unshare") { cl_unshare(0x200) }
            try systemCall("setns") { cl_setns(machine.raw, CL_NEWNS) }
            return try body()
        }
    }
}

/// Carries a process from one thread to another.
private final class KeptProcess: @unchecked Sendable {
    private var process: ChildProcess?
    init(_ process: consuming ChildProcess) { self.process = consume process }
    func take() -> ChildProcess {
        guard let process = process.take() else { preconditionFailure("taken twice") }
        return process
    }
}

/// Starts a process that holds the record lock of a file until it is killed, and waits until it does. It stands for a
/// supervisor: process 1 of a PID namespace.
func holdLock(_ path: String) throws -> ChildProcess {
    let script = """
        open(F, "+<", $ARGV[0]) or die;
        my $whole = pack("s s x4 l! l! i x4", 1, 0, 0, 0, 0); fcntl(F, 6, $whole) or die;
        $| = 1; print "locked\\n"; sleep 600;
        """
    let (reading, writing) = try FileDescriptor.streamPair().release()
    let output = FileDescriptor(owning: reading)
    var options = ProcessOptions(path: "/usr/bin/perl", arguments: ["-e", script, path])
    options.standardOutput = writing
    options.newPIDNamespace = true
    let process = try ChildProcess.spawn(options)
    close(writing)
    var word = [UInt8](repeating: 0, count: 7)
    guard recv(output.raw, &word, 7, Int32(MSG_WAITALL)) == 7 else {
        throw SystemError(code: ECHILD, call: "perl", object: path)
    }
    return process
}
