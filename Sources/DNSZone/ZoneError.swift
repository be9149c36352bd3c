/// What is wrong in the text of a zone, and where.
public struct ZoneError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The included file, as ``ZoneFile`` names it; empty for the zone's own text.
    public let file: String
    /// The line, from 1.
    public let line: Int
    /// The column in characters, from 1.
    public let column: Int
    /// What is wrong, in words.
    public let reason: String

    /// Makes an error.
    public init(file: String = "", line: Int, column: Int, reason: String) {
        self.file = file
        self.line = line
        self.column = column
        self.reason = reason
    }

    /// `line:column: reason`, after `file:` where that is an included one.
    public var description: String { (file.isEmpty ? "" : file + ":") + "\(line):\(column): \(reason)" }
}

/// Every error of a zone, in the order of the text. Never empty when thrown.
public struct ZoneErrors: Error, Equatable, Sendable, CustomStringConvertible {
    /// The errors.
    public let errors: [ZoneError]

    /// Makes the list.
    public init(_ errors: [ZoneError]) {
        self.errors = errors
    }

    /// One error per line.
    public var description: String { errors.map(\.description).joined(separator: "\n") }
}
