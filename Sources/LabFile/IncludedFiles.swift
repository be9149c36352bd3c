/// The files that a zone includes, read when its text asks for them.
public final class IncludedFiles {
    /// The texts that have been read so far, by the names that the zone gives them.
    public private(set) var texts: [String: String] = [:]
    private let folder: Substring
    private let readFile: (String) throws -> [UInt8]

    /// Makes the files of the zone whose own text is at `path`, or in the folder `path`, which ends in a slash.
    public init(of path: String, _ readFile: @escaping (String) throws -> [UInt8]) {
        folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        self.readFile = readFile
    }

    /// Where a file is that the zone calls `name`, relative to the folder of its own text.
    public func path(of name: String) -> String { name.hasPrefix("/") ? name : folder + name }

    /// The text of a file, or why it cannot be included: a ``ZoneInclusion``.
    public func read(_ name: String) -> Result<String, UnreadableZone> {
        do {
            guard let text = String(validating: try readFile(path(of: name)), as: UTF8.self) else {
                return .failure(UnreadableZone(reason: "it is not UTF-8 text"))
            }
            texts[name] = text
            return .success(text)
        } catch {
            return .failure(UnreadableZone(reason: "\(error)"))
        }
    }
}
