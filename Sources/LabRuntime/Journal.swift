import Glibc
package import Sys

/// What a lab made outside its own folder, written down before it is made, so that whoever comes after a crash knows what
/// to take away. Nothing is ever deleted that no journal names.
public struct Journal: ~Copyable {
    /// An object outside the lab's folder.
    public enum Entry: Hashable, Sendable {
        /// A namespace pinned at a path.
        case namespace(path: String)
        /// A symbolic link, and where it points.
        case link(path: String, target: String)
    }

    private let file: FileDescriptor

    /// Opens the journal of a new lab. Throws `SystemError`.
    package init(creating path: String) throws(SystemError) {
        file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, mode: 0o600)
    }

    /// Writes down what is about to be made. Throws `SystemError`, ENOSPC among them: then nothing may be made.
    func record(_ entries: [Entry]) throws(SystemError) {
        try file.writeAll(entries.map { $0.line + "\n" }.joined().utf8)
    }

    /// Writes down what has been taken away while the lab goes on: what stands there later is somebody else's. Throws
    /// `SystemError`.
    func recordRemoval(of entries: [Entry]) throws(SystemError) {
        try file.writeAll(entries.map { Self.removal + $0.line + "\n" }.joined().utf8)
    }

    private static let removal = "removed "

    /// The entries of a journal that have not been taken away. A last line that a crash cut short is left out, for its object
    /// was not made yet.
    public static func read(_ path: String) -> [Entry] {
        guard let bytes = try? Files.read(path), let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        var entries: [Entry] = []
        for line in String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\n") {
            if line.hasPrefix(removal) {
                guard let gone = Entry(line: line.dropFirst(removal.utf8.count)) else { continue }
                if let index = entries.lastIndex(of: gone) { entries.remove(at: index) }
            } else if let entry = Entry(line: line) {
                entries.append(entry)
            }
        }
        return entries
    }
}

extension Journal.Entry {
    var line: String {
        switch self {
        case .namespace(let path): "namespace \(path)"
        case .link(let path, let target): "link \(path) \(target)"
        }
    }

    init?(line: Substring) {
        let words = line.split(separator: " ")
        switch words.first {
        case "namespace" where words.count == 2: self = .namespace(path: String(words[1]))
        case "link" where words.count == 3: self = .link(path: String(words[1]), target: String(words[2]))
        default: return nil
        }
    }
}
