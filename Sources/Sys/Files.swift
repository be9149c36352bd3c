import CLinux
import Glibc

/// Files and folders by path, without Foundation.
public enum Files {
    /// The whole of a file. Throws ``SystemError``.
    public static func read(_ path: String) throws(SystemError) -> [UInt8] {
        let file = try FileDescriptor.open(path, O_RDONLY)
        do {
            return try file.readAll()
        } catch {
            throw SystemError(code: error.code, call: error.call, object: path)
        }
    }

    /// What a file has from a position in bytes on; nothing where it is shorter. Throws ``SystemError``.
    public static func read(_ path: String, from position: Int) throws(SystemError) -> [UInt8] {
        let file = try FileDescriptor.open(path, O_RDONLY)
        do {
            let raw = file.raw
            try systemCall("lseek") { lseek(raw, position, SEEK_SET) }
            return try file.readAll()
        } catch {
            throw SystemError(code: error.code, call: error.call, object: path)
        }
    }

    /// The last bytes of a file, `most` of them at most. Throws ``SystemError``.
    public static func readEnd(_ path: String, _ most: Int) throws(SystemError) -> [UInt8] {
        let file = try FileDescriptor.open(path, O_RDONLY)
        let raw = file.raw
        let start = max(0, size(path) - most)
        var bytes = [UInt8](repeating: 0, count: most)
        var count = 0
        while count < most {
            let read = try systemCall("pread", path) {
                bytes.withUnsafeMutableBytes {
                    pread(raw, $0.baseAddress?.advanced(by: count), most - count, start + count)
                }
            }
            if read == 0 { break }
            count += read
        }
        return Array(bytes.prefix(count))
    }

    /// Writes a file anew, or fails and says so: a full disk leaves a short file behind. Throws ``SystemError``.
    public static func write(_ path: String, _ bytes: some Sequence<UInt8>, mode: UInt32 = 0o644) throws(SystemError) {
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
        do {
            try file.writeAll(bytes)
        } catch {
            throw SystemError(code: error.code, call: error.call, object: path)
        }
    }

    /// Writes a file so that whoever reads it finds either all of the old or all of the new. Throws ``SystemError``; then the old
    /// one is there.
    public static func replace(_ path: String, _ bytes: some Sequence<UInt8>, mode: UInt32 = 0o644) throws(SystemError)
    {
        let draft = path + ".new"
        do {
            try write(draft, bytes, mode: mode)
            try systemCall("rename", path) { rename(draft, path) }
        } catch {
            try? removeFile(draft)
            throw error
        }
    }

    /// Whether anything is at `path`, a dangling link included.
    public static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Whether something is mounted at `path` itself.
    public static func isMountPoint(_ path: String) -> Bool { cl_is_mount_point(path) == 1 }

    /// The size of a file in bytes; 0 when there is none.
    public static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Makes a folder. Throws ``SystemError``, with EEXIST when something is there.
    public static func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        try systemCall("mkdir", path) { mkdir(path, mode) }
    }

    /// Removes a file or link. Throws ``SystemError`` unless it is gone already.
    public static func removeFile(_ path: String) throws(SystemError) {
        if unlink(path) < 0, cl_errno() != ENOENT { throw .last("unlink", path) }
    }

    /// Removes an empty folder. Throws ``SystemError`` unless it is gone already.
    public static func removeDirectory(_ path: String) throws(SystemError) {
        if rmdir(path) < 0, cl_errno() != ENOENT { throw .last("rmdir", path) }
    }

    /// The names in a folder, sorted, without `.` and `..`; none when the folder is not there.
    public static func list(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a folder and all below it. Links are removed, not followed. Throws ``SystemError``.
    public static func removeTree(_ path: String) throws(SystemError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else { return try removeFile(path) }
        for name in list(path) { try removeTree(path + "/" + name) }
        try removeDirectory(path)
    }

    /// The program that runs now. Throws ``SystemError``.
    public static func ownExecutable() throws(SystemError) -> String {
        guard let path = linkTarget("/proc/self/exe") else { throw .last("readlink", "/proc/self/exe") }
        return path
    }
}

extension Files {
    /// Makes a symbolic link. Throws ``SystemError``, with EEXIST when something is there.
    public static func makeLink(_ path: String, to target: String) throws(SystemError) {
        try systemCall("symlink", path) { symlink(target, path) }
    }

    /// Where a symbolic link points; nil when there is none.
    public static func linkTarget(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let count = readlink(path, base, buffer.count)
            guard count >= 0 else { return nil }
            return String(decoding: UnsafeRawBufferPointer(start: base, count: count), as: UTF8.self)
        }
    }
}
