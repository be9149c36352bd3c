import Glibc
import Sys

/// A file that a result is written to because the command line says so.
enum OutputFile {
    /// Finds out whether it can be written before there is anything to write, and leaves nothing behind. Throws ``Failure``.
    static func check(_ path: String) throws {
        do throws(SystemError) {
            if Files.exists(path) {
                _ = try FileDescriptor.open(path, O_WRONLY)
            } else {
                let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
                    .joined(separator: "/")
                try systemCall("access", path) {
                    access(path.hasPrefix("/") && folder.isEmpty ? "/" : folder.isEmpty ? "." : folder, W_OK)
                }
            }
        } catch {
            throw failure(path, error)
        }
    }

    /// Writes it. Throws ``Failure``.
    static func write(_ text: String, to path: String) throws {
        do {
            try Files.write(path, Array(text.utf8))
        } catch {
            throw failure(path, error)
        }
    }

    private static func failure(_ path: String, _ error: SystemError) -> Failure {
        Failure(.badInput, "\(path) cannot be written: \(error.reason)")
    }
}
