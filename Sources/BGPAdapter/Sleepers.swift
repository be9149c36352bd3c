import Sys

/// Whether processes have something to do: a daemon that waits for events and has read all of its sockets is done with what
/// came, and one that only waits for its turn on a busy machine is not.
enum Sleepers {
    /// Whether any thread of the processes or of their descendants runs or waits for a processor or a disk.
    static func areAwake(_ processes: [Int32]) -> Bool {
        var left = processes
        while let process = left.popLast() {
            for thread in Files.list("/proc/\(process)/task") {
                let folder = "/proc/\(process)/task/\(thread)"
                if let stat = try? Files.read(folder + "/stat"), isAwake(String(decoding: stat, as: UTF8.self)) {
                    return true
                }
                let children = (try? Files.read(folder + "/children")) ?? []
                left += String(decoding: children, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
            }
        }
        return false
    }

    /// The state of proc(5) stands behind the name in parentheses, which may hold anything.
    static func isAwake(_ stat: String) -> Bool {
        guard let end = stat.lastIndex(of: ")") else { return false }
        return stat[end...].dropFirst(2).first.map { $0 == "R" || $0 == "D" } ?? false
    }
}
