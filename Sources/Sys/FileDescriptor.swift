import CLinux
import Glibc

/// An open file descriptor that closes itself. It has one owner: it cannot be copied, only lent or handed over.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The number. Valid while this value lives.
    public let raw: Int32

    /// Takes over a descriptor that nobody else will close.
    @inlinable
    public init(owning raw: Int32) {
        self.raw = raw
    }

    deinit {
        // EINTR on close leaves the descriptor closed on Linux: trying again could close someone else's.
        _ = close(raw)
    }

    /// Gives the descriptor to the caller, who closes it.
    public consuming func release() -> Int32 {
        let raw = raw
        discard self
        return raw
    }

    /// Opens a file. The corresponding call is open(2); close-on-exec is always set. Throws ``SystemError``.
    public static func open(
        _ path: String, _ flags: Int32, mode: UInt32 = 0
    ) throws(SystemError) -> FileDescriptor {
        FileDescriptor(owning: try systemCall("open", path) { cl_open(path, flags | O_CLOEXEC, mode) })
    }

    /// Duplicates the descriptor, close-on-exec. Throws ``SystemError``.
    public borrowing func duplicate() throws(SystemError) -> FileDescriptor {
        let raw = raw
        return FileDescriptor(owning: try systemCall("fcntl") { cl_fcntl(raw, F_DUPFD_CLOEXEC, 3) })
    }

    /// Sets O_NONBLOCK. Throws ``SystemError``.
    public borrowing func setNonBlocking() throws(SystemError) {
        let raw = raw
        let flags = try systemCall("fcntl") { cl_fcntl(raw, F_GETFL, 0) }
        try systemCall("fcntl") { cl_fcntl(raw, F_SETFL, Int(flags | O_NONBLOCK)) }
    }

    /// Writes all of `bytes`, waiting as long as it takes. Throws ``SystemError``.
    public borrowing func writeAll(_ bytes: some Sequence<UInt8>) throws(SystemError) {
        let raw = raw
        let bytes = Array(bytes)
        var offset = 0
        while offset < bytes.count {
            offset += try systemCall("write") {
                bytes.withUnsafeBytes { buffer in
                    write(raw, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
                }
            }
        }
    }

    /// Reads until the end. Throws ``SystemError``.
    public borrowing func readAll() throws(SystemError) -> [UInt8] {
        let raw = raw
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = try systemCall("read") { chunk.withUnsafeMutableBytes { read(raw, $0.baseAddress, $0.count) } }
            if count == 0 { return result }
            result += chunk[..<count]
        }
    }

    /// The two ends of a connected Unix stream socket. The corresponding call is socketpair(2). Throws ``SystemError``.
    public static func streamPair() throws(SystemError) -> DescriptorPair {
        var ends: (Int32, Int32) = (-1, -1)
        try systemCall("socketpair") {
            withUnsafeMutableBytes(of: &ends) {
                socketpair(
                    AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0,
                    $0.bindMemory(to: Int32.self).baseAddress)
            }
        }
        return DescriptorPair(FileDescriptor(owning: ends.0), FileDescriptor(owning: ends.1))
    }
}

/// Two descriptors that belong together. A tuple cannot hold values that are not copyable.
public struct DescriptorPair: ~Copyable {
    /// One end.
    public var first: FileDescriptor
    /// The other end.
    public var second: FileDescriptor

    init(_ first: consuming FileDescriptor, _ second: consuming FileDescriptor) {
        self.first = first
        self.second = second
    }

    /// Hands over both ends.
    public consuming func release() -> (Int32, Int32) {
        (first.release(), second.release())
    }
}
