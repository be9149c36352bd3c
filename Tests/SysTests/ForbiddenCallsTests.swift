import CLinux
import Foundation
import TestSupport
import Testing

@testable import Sys

@Suite struct ForbiddenCallsTests {
    /// What root could do before it was given up. The filter is the thread's, and ends with it.
    @Test("Who gave up calls cannot make them, and can do its work", arguments: [false, true])
    func givenUp(mayEnterNamespaces: Bool) throws {
        try onOwnThread {
            let home = try NetworkNamespace.current()
            func isForbidden(_ result: Int32) -> Bool { result < 0 && cl_errno() == EPERM }
            #expect(cl_unshare(CL_NEWNS) == 0 && cl_setns(home.descriptor.raw, CL_NEWNET) == 0)
            ForbiddenCalls.giveUp(mayEnterNamespaces: mayEnterNamespaces)
            let status = String(decoding: try Files.read("/proc/thread-self/status"), as: UTF8.self)
            #expect(status.contains("Seccomp:\t2\n") && status.contains("NoNewPrivs:\t1\n"))

            #expect(isForbidden(cl_unshare(CL_NEWNS)))
            #expect(isForbidden(cl_setns(home.descriptor.raw, CL_NEWNET)) == !mayEnterNamespaces)
            #expect(isForbidden(mount("tmpfs", "/tmp", "tmpfs", 0, nil)))
            #expect(isForbidden(umount2("/proc", 0)))
            #expect(isForbidden(kill(getpid(), 0)))
            let other = getppid()
            // The Glibc module does not have it.
            typealias ThreadKill = @convention(c) (Int32, Int32, Int32) -> Int32
            let tgkill = unsafeBitCast(try #require(dlsym(nil, "tgkill")), to: ThreadKill.self)
            #expect(isForbidden(tgkill(other, other, 0)) && isForbidden(sigqueue(other, 0, sigval())))
            #expect(pthread_kill(pthread_self(), 0) == 0, "which is how a process aborts")
            #expect(isForbidden(execv("/bin/true", [nil])))
            let error = #expect(throws: SystemError.self) {
                _ = try ChildProcess.spawn(ProcessOptions(path: "/bin/true", arguments: []))
            }
            #expect(error?.code == EPERM && error?.call == "clone3")

            let again = #expect(throws: SystemError.self) { try ForbiddenCalls.forbid(mayEnterNamespaces: false) }
            #expect(again?.description == "seccomp: Operation not permitted", "what cannot be given up is no secret")

            #expect(Files.exists("/proc/self/status"))
            let pair = try FileDescriptor.streamPair()
            try pair.first.writeAll("still here".utf8)
        }
    }
}
