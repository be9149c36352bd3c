import Glibc

/// Whose labs: those of the machine, which root makes, or those of an ordinary user, whose nodes are in namespaces that nobody else
/// sees.
public enum LabPlace: Hashable, Sendable {
    /// Root's, below /run/lab, with namespaces that `ip netns` knows.
    case machine
    /// An ordinary user's, below a folder of that user.
    case user(registry: String)

    /// The place that this process makes and finds labs in.
    public static let current = find()

    /// Tells processes inside of a user's namespaces, where that user is root, that they are there.
    static let variable = "LAB_REGISTRY"

    /// The folder of all labs.
    public var registry: String {
        switch self {
        case .machine: "/run/lab"
        case .user(let registry): registry
        }
    }

    /// What a process that belongs to a lab has in its environment.
    var environment: [String] { self == .machine ? [] : ["\(Self.variable)=\(registry)"] }

    private static func find() -> LabPlace {
        if let inherited = getenv(variable) { return .user(registry: String(cString: inherited)) }
        let user = geteuid()
        if user == 0 { return .machine }
        // A folder that `su` or `sudo` left in the environment belongs to somebody else; the journal parts its words by blanks.
        if let runtime = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), runtime.hasPrefix("/"),
            !runtime.contains(where: \.isWhitespace), isFolder(runtime, of: user)
        {
            return .user(registry: runtime + "/lab")
        }
        return .user(registry: "/tmp/lab-\(user)")
    }

    /// Whether `path` is a folder, and not a link to one, that belongs to a user.
    static func isFolder(_ path: String, of user: uid_t) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == user
    }
}
