import Foundation
import Glibc

/// A user without any privilege, with a home, a runtime folder and the programs. /dev/net/tun is open to it, as Debian's udev
/// leaves it, in mount namespaces that nobody else sees.
struct OrdinaryUser {
    static let id: uid_t = 12345
    let folder: String
    var runtime: String { folder + "/run" }

    static func with(_ body: (OrdinaryUser) throws -> Void) throws {
        try ProgramForAll.with { program in
            let user = OrdinaryUser(folder: (program as NSString).deletingLastPathComponent)
            for path in [user.folder + "/home", user.runtime] {
                guard mkdir(path, 0o700) == 0, chown(path, id, id) == 0 else { throw TestFailure("mkdir \(path)") }
            }
            let node = user.folder + "/tun"
            guard mknod(node, S_IFCHR, makedev(10, 200)) == 0, chmod(node, 0o666) == 0 else {
                throw TestFailure("mknod \(node)")
            }
            defer { for name in user.labs { _ = try? user.lab("down", name) } }
            try body(user)
        }
    }

    /// The labs that this user has, by their folders.
    var labs: [String] { (try? FileManager.default.contentsOfDirectory(atPath: runtime + "/lab")) ?? [] }

    /// The words that run a program as this user.
    func words(_ words: [String], hasTun: Bool = true) -> [String] {
        let environment = ["HOME=\(folder)/home", "XDG_RUNTIME_DIR=\(runtime)", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        let script = (hasTun ? "mount --bind \(folder)/tun /dev/net/tun && " : "") + "exec \"$@\""
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
            + ["setpriv", "--reuid", "\(Self.id)", "--regid", "\(Self.id)", "--clear-groups", "env", "-i"] + environment
            + words
    }

    /// Runs `lab`.
    @discardableResult
    func lab(_ arguments: String...) throws -> Outcome { try Command.run(words([folder + "/lab"] + arguments)) }

    /// The JSON that a verb prints.
    func json<Document: Decodable>(_ type: Document.Type, _ arguments: String...) throws -> Document {
        let outcome = try Command.run(words([folder + "/lab"] + arguments + ["--json"]))
        guard outcome.status == 0 else { throw TestFailure("lab \(arguments): \(outcome)") }
        return try JSONDecoder().decode(type, from: Data(outcome.output.utf8))
    }

    /// Which site answers a client, asked with dig.
    func site(for client: String) throws -> String {
        try lab("exec", client, "--", "dig", "+short", "+tries=1", "+time=2", "@192.0.2.53", "CH", "TXT", "id.server")
            .output.filter { $0 != "\"" }.trimmingCharacters(in: .newlines)
    }

    /// The number of a device.
    static func makedev(_ major: UInt32, _ minor: UInt32) -> dev_t { dev_t(major << 8 | minor) }
}
