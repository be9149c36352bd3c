import Glibc
import Sys

/// Keeps the daemons' logs from filling the disk: one that has grown too long becomes `NAME.log.1`, in the place of the one before,
/// and begins anew. The kernel tells when a log grows, so nobody looks at files that nobody writes to.
final class LogKeeper {
    /// How long a log may become, in bytes. It may be longer by what is written before the supervisor gets its turn.
    static let limit = 1 << 20

    private let watch: FolderWatch?

    /// Keeps the logs in the folder at `path`. On a machine that has no watch to give (`fs.inotify.max_user_instances`) they grow,
    /// which is said in the supervisor's own: that is no reason to have no lab.
    init(_ loop: EventLoop, _ path: String) {
        do {
            watch = try FolderWatch(loop, path) { names in
                for name in names where name.hasSuffix(".log") { Self.turnOver(path + "/" + name) }
            }
        } catch {
            Diagnostics.write("logs are not kept short: \(error)")
            watch = nil
        }
    }

    /// The file is cut and not renamed, for the daemon holds it open; what it writes next goes to the new end (O_APPEND). What is
    /// kept begins where the log did, unless it has become twice as long as it may: who follows finds its place again, and no more
    /// than that is read.
    private static func turnOver(_ path: String) {
        guard Files.size(path) > limit else { return }
        if let text = try? Files.readEnd(path, 2 * limit) { try? Files.replace(LabPaths.olderLog(path), text) }
        truncate(path, 0)
    }
}
