import CLinux
import Glibc

/// Hears of files in a folder that are written to (inotify).
public final class FolderWatch {
    private let loop: EventLoop
    private let descriptor: FileDescriptor

    /// Watches the folder at `path`; `onWrite` is called with the names of files that were made, written to or cut since the last
    /// time, each once. Throws ``SystemError``.
    public init(_ loop: EventLoop, _ path: String, onWrite: @escaping (Set<String>) -> Void) throws(SystemError) {
        self.loop = loop
        let raw = try systemCall("inotify_init1") { inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC)) }
        descriptor = FileDescriptor(owning: raw)
        try systemCall("inotify_add_watch", path) { inotify_add_watch(raw, path, UInt32(IN_MODIFY | IN_CREATE)) }
        try loop.add(raw, .read) { _ in
            let names = Self.names(raw)
            if !names.isEmpty { onWrite(names) }
        }
    }

    deinit { loop.remove(descriptor.raw) }

    /// The names in all events that wait.
    ///
    ///     wd 4 | mask 4 | cookie 4 | len 4 | name, null-terminated and padded to len
    private static func names(_ descriptor: Int32) -> Set<String> {
        var names: Set<String> = []
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 8) { buffer in
            while case let count = read(descriptor, buffer.baseAddress, buffer.count), count > 0 {
                var place = 0
                while place + 16 <= count {
                    let length = Int(buffer.loadUnaligned(fromByteOffset: place + 12, as: UInt32.self))
                    let end = min(place + 16 + length, count)
                    names.insert(String(decoding: buffer[place + 16..<end].prefix { $0 != 0 }, as: UTF8.self))
                    place = end
                }
            }
        }
        return names
    }
}
