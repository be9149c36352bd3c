import CLinux
import Glibc

/// The standard error of a daemon.
public enum Diagnostics {
    /// Writes a line. What cannot be written is lost: there is nobody left to tell.
    public static func write(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
