import CLinux
import Glibc
public import Sys

/// The user, mount and network namespaces of an ordinary user's lab, in which that user is root. To be called while the process has
/// one thread: the kernel lets no other into a user namespace.
public enum UserNamespaces {
    /// Why an ordinary user cannot have labs here.
    public struct Refusal: Error, Equatable, CustomStringConvertible {
        /// What is in the way.
        public let description: String
        /// The exact setting that would change it; nil when none is known.
        public let remedy: String?
    }

    /// Moves this process into new namespaces, if it is an ordinary user's and not root in such namespaces already. What it starts
    /// lives there, too. Throws ``Refusal``.
    public static func create() throws(Refusal) {
        guard LabPlace.current != .machine, geteuid() != 0 else { return }
        let (user, group) = (geteuid(), getegid())
        do throws(SystemError) {
            try systemCall("unshare", "user, mount and network namespace") {
                cl_unshare(CL_NEWUSER | CL_NEWNS | CL_NEWNET)
            }
            // Who may leave groups could get at what is closed to a group; without this no group can be mapped (user_namespaces(7)).
            try Files.write("/proc/self/setgroups", "deny".utf8)
            try Files.write("/proc/self/uid_map", "0 \(user) 1".utf8)
            try Files.write("/proc/self/gid_map", "0 \(group) 1".utf8)
            setenv(LabPlace.variable, LabPlace.current.registry, 1)
        } catch {
            throw obstacle() ?? Refusal(description: "\(error)", remedy: nil)
        }
    }

    /// Moves this process to where the nodes of a lab are, if it is an ordinary user's. Throws `SystemError`.
    public static func enter(_ name: String) throws(SystemError) {
        guard LabPlace.current != .machine, case .running(let supervisor) = Registry.state(name) else { return }
        let process = FileDescriptor(owning: try systemCall("pidfd_open", name) { cl_pidfd_open(supervisor) })
        // The number might have been given to another process in between.
        guard Registry.state(name) == .running(supervisor: supervisor) else {
            throw SystemError(code: ESRCH, call: "enter", object: name)
        }
        func isShared(_ kind: String) -> Bool {
            Files.linkTarget("/proc/self/ns/\(kind)") == Files.linkTarget("/proc/\(supervisor)/ns/\(kind)")
        }
        let isInside = isShared("user")
        if isInside, isShared("mnt") { return }
        let folder = Files.linkTarget("/proc/self/cwd")
        let raw = process.raw
        try systemCall("setns", "namespaces of \(name)") {
            cl_setns(raw, (isInside ? 0 : CL_NEWUSER) | CL_NEWNS | CL_NEWNET)
        }
        // Entering a mount namespace leads to its root.
        if let folder { chdir(folder) }
        setenv(LabPlace.variable, LabPlace.current.registry, 1)
    }

    /// The setting of this machine that keeps ordinary users from having labs; nil when there is none, as far as settings tell.
    public static func obstacle() -> Refusal? {
        for setting in settings {
            let path = "/proc/sys/" + setting.name.map { $0 == "." ? "/" : String($0) }.joined()
            guard let bytes = try? Files.read(path) else { continue }
            let value = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            guard value == setting.forbids else { continue }
            return Refusal(
                description: "ordinary users cannot make namespaces here: \(setting.name) is \(value)",
                remedy: "sudo sysctl -w \(setting.name)=\(setting.allows)")
        }
        return nil
    }

    /// Debian's older switch, the kernel's own limits, and Ubuntu's AppArmor rule.
    private static let settings: [(name: String, forbids: String, allows: String)] = [
        ("kernel.unprivileged_userns_clone", "0", "1"), ("user.max_user_namespaces", "0", "15000"),
        ("user.max_mnt_namespaces", "0", "15000"), ("user.max_net_namespaces", "0", "15000"),
        ("user.max_pid_namespaces", "0", "15000"), ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ]
}
