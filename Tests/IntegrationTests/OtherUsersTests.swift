import Foundation
import Glibc
import Testing

/// What other users of the machine, and other programs, may and may not do to root's labs.
@Suite(.serialized)
struct OtherUsersTests {
    private static let user = ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"]

    @Test func anOrdinaryUserSeesRootsLabAndCannotTouchIt() throws {
        try LabUnderTest.withUp("two-sites.yaml") { lab in
            try ProgramForAll.with { program in
                let list = try Command.run(Self.user + [program, "list"])
                // The machine may have others' labs, too.
                let line = list.lines.first { $0.hasPrefix(lab.name + " ") }
                #expect(line?.split(separator: " ").dropFirst().first == "up", "\(list)")

                let control = "/run/lab/\(lab.name)/control"
                let connect = """
                    import socket, sys
                    peer = socket.socket(socket.AF_UNIX)
                    peer.connect(sys.argv[1])
                    said = peer.recv(1000).decode()
                    try:
                        peer.sendall(b'{"do":"fail","target":"newyork","how":"withdraw"}\\n')
                        more = peer.recv(1000)
                    except (BrokenPipeError, ConnectionResetError): more = b''
                    print(said, more)
                    """
                let refused = try Command.run(Self.user + ["/usr/bin/python3", "-c", connect, control])
                #expect(refused.status != 0 && refused.errors.contains("PermissionError"), "\(refused)")
                // The supervisor looks for itself, too.
                #expect(chmod(control, 0o666) == 0)
                let seen = try Command.run(Self.user + ["/usr/bin/python3", "-c", connect, control])
                #expect(seen.output.contains("another user's") && seen.output.contains("b''"), "\(seen)")
                #expect(try lab.site(for: "boston") == "newyork")
                #expect(try lab.run("events").lines.allSatisfy { !$0.contains("withdraw") })
            }
        }
    }

    /// `ip netns add` makes /run/netns a mount point when it is none: pins that are there by then must not be hidden.
    @Test func ipNetnsAddBesideALabOnAMachineThatHadNone() throws {
        try LabUnderTest.with("two-sites.yaml") { lab in
            let script = """
                mount -t tmpfs tmpfs /run || exit 9
                mounts() { grep -c ' /run/netns ' /proc/self/mountinfo; }; hidden=$(mounts)
                \(LabUnderTest.program) up \(lab.file) && ip netns add \(lab.name).stranger && ip netns list &&
                ip netns exec \(lab.name).boston true && \(LabUnderTest.program) down \(lab.name) && echo left: $(ls -A /run /run/netns)
                ip netns del \(lab.name).stranger; umount /run/netns
                \(LabUnderTest.program) up \(lab.file) && \(LabUnderTest.program) down \(lab.name) && echo then: $(ls -d /run/lab /run/netns)
                echo mounts: $(($(mounts) - hidden))
                """
            let outcome = try Command.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script])
            #expect(outcome.output.contains("left: /run: netns /run/netns: \(lab.name).stranger\n"), "\(outcome)")
            // The folder was in use by 'ip netns' when the first lab went, and so is nobody's to remove.
            #expect(outcome.output.contains("then: /run/netns\nmounts: 0\n"), "\(outcome)")
        }
    }
}

/// The programs at a place where every user may run them: the project's folder may be somebody's home.
enum ProgramForAll {
    static func with(_ body: (_ program: String) throws -> Void) throws {
        let folder = "/tmp/lab-programs-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        for name in ["lab", "labd"] {
            let source = (LabUnderTest.program as NSString).deletingLastPathComponent + "/" + name
            try FileManager.default.copyItem(atPath: source, toPath: folder + "/" + name)
        }
        try body(folder + "/lab")
    }
}
