import Foundation
import CLinux

/// Runs `body` on a thread with a mount namespace of its own, and with a folder to mount on: whatever it mounts is gone
/// when the thread ends, and nobody else ever sees it. Throws what `body` throws, or that the kernel allows no namespace.
public func inPrivateMounts<Result: Sendable>(_ body: @escaping @Sendable (_ folder: String) throws -> Result) throws
    -> Result
{
    let folder = try TemporaryFolder()
    let path = folder.path
    // Let go of here and not on the thread, which sees the folder with something mounted on it.
    defer { withExtendedLifetime(folder) {} }
    return try onOwnThread {
        guard cl_unshare(CL_NEWNS) == 0, mount("", "/", nil, UInt(MS_REC | MS_PRIVATE), nil) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: cl_errno()) ?? .EPERM)
        }
        return try body(path)
    }
}
