import Glibc

/// A text file that others write to, read as it grows: each line once it has ended.
public struct GrowingFile: Sendable {
    private let path: String
    private let older: String?
    private var position: Int
    /// What was read and is no whole line yet.
    private var unended: [UInt8] = []

    /// Begins to read the file at `path`, from a position in bytes on. A file that its writer cuts to begin anew has what was in it
    /// before at `older`.
    public init(_ path: String, older: String? = nil, from position: Int = 0) {
        self.path = path
        self.older = older
        self.position = position
    }

    /// The lines that have ended since the last time, without their line feeds; none while there is no file.
    public mutating func newLines() -> [ArraySlice<UInt8>] {
        if Files.size(path) < position {
            // What was written between the last look and the cut is in the older file, at the places that it had.
            if let older, let text = try? Files.read(older) { unended += text.dropFirst(position) }
            position = 0
        }
        if let text = try? Files.read(path, from: position) {
            position += text.count
            unended += text
        }
        guard let end = unended.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let lines = unended[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        unended = Array(unended[(end + 1)...])
        return lines
    }
}
