import Foundation

/// What a lab could leave behind on a machine, as independent programs see it.
struct MachineSnapshot: Equatable, CustomStringConvertible {
    let parts: [String: String]

    /// Looks at the machine.
    static func take() throws -> MachineSnapshot {
        var parts: [String: String] = [:]
        parts["links"] = try Command.run(["ip", "-j", "link", "show"]).output
        parts["namespaces"] = try Command.run(["ip", "-j", "netns", "list"]).output
        for family in ["-4", "-6"] {
            parts["routes \(family)"] = try Command.run(["ip", "-j", family, "route", "show", "table", "all"]).output
        }
        parts["mounts"] = try mounts()
        parts["daemons"] = try daemons()
        for folder in ["/run", "/etc/netns"] { parts[folder] = try files(below: folder) }
        parts["control groups"] = try controlGroups()
        return MachineSnapshot(parts: parts)
    }

    /// The mount table without the numbers that tell nothing.
    private static func mounts() throws -> String {
        try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8).split(separator: "\n").map { line in
            // Numbers of mounts, and of groups of mounts that follow each other.
            line.split(separator: " ").dropFirst(2).map { $0.prefix { $0 != ":" } == "shared" ? "shared" : String($0) }
                .joined(separator: " ")
        }.sorted().joined(separator: "\n")
    }

    /// Every file below a folder, with its kind, rights, owner and what a link points to. Labs that run beside write into the
    /// folders that they have, so of those the folder counts.
    private static func files(below folder: String) throws -> String {
        try Command.run(
            ["find", folder, "-path", "/run/lab/*/*", "-prune", "-o", "-printf", "%p %y %m %U %l\n"]
        ).lines.sorted().joined(separator: "\n")
    }

    /// The control groups below those that this process is in, which is where a lab would make its own. Others come and go with
    /// whoever else works on the machine.
    private static func controlGroups() throws -> String {
        let own = try String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8).split(separator: "\n").compactMap {
            line -> String? in
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, fields[2] != "/" else { return nil }
            return "/sys/fs/cgroup/" + fields[1].replacingOccurrences(of: "name=", with: "") + fields[2]
        }
        let named = ["find", "/sys/fs/cgroup", "-type", "d", "-iname", "*lab*"]
        let below = own.filter { FileManager.default.fileExists(atPath: $0) }.map { ["find", $0, "-type", "d"] }
        return try ([named] + below).flatMap { try Command.run($0).lines }.sorted().joined(separator: "\n")
    }

    /// Every process that runs our daemons' program.
    private static func daemons() throws -> String {
        try Command.run(["ps", "-eo", "pid=,args="]).lines.filter { $0.contains("/labd ") }.sorted().joined(
            separator: "\n")
    }

    var description: String {
        parts.sorted { $0.key < $1.key }.map { "== \($0.key)\n\($0.value)" }.joined(separator: "\n")
    }

    /// What differs, for a message that helps.
    func difference(to other: MachineSnapshot) -> String {
        parts.keys.sorted().filter { parts[$0] != other.parts[$0] }.map { key in
            "== \(key)\n--- before\n\(parts[key] ?? "")\n--- after\n\(other.parts[key] ?? "")"
        }.joined(separator: "\n")
    }
}
