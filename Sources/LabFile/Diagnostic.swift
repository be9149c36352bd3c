/// Something wrong with a lab file, and where.
public struct Diagnostic: Hashable, Sendable {
    /// How bad it is.
    public enum Severity: String, Hashable, Sendable, Codable {
        /// There is no lab to run.
        case error
        /// The lab runs, but perhaps not as it was meant.
        case warning
    }

    /// The path of the file, as it was given.
    public let file: String
    /// The line, from 1.
    public let line: Int
    /// The column in characters (Unicode scalars), from 1.
    public let column: Int
    /// How bad it is.
    public let severity: Severity
    /// What is wrong, in one line.
    public let message: String
    /// What would be right.
    public let hint: String?
    /// The line of the file, shortened around the place, with a mark under the place.
    public let excerpt: String?

    /// The message with everything that helps: the line of the file, a caret under the place, and the hint.
    public var rendered: String {
        ([description] + [excerpt, hint.map { "hint: " + $0 }].compactMap(\.self)).joined(separator: "\n")
    }
}

extension Diagnostic: CustomStringConvertible {
    /// `file:line:column: error: message`, which editors and CI systems know how to jump to.
    public var description: String { "\(file):\(line):\(column): \(severity.rawValue): \(message)" }
}

/// A place in a file.
struct Position: Hashable, Comparable, Sendable {
    /// From 1.
    var line: Int
    /// From 1.
    var column: Int

    static let start = Position(line: 1, column: 1)

    static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A value, and where the file says it.
struct Located<Value> {
    var value: Value
    var position: Position
}

extension Located: Sendable where Value: Sendable {}
