/// Collects what is wrong with one file.
final class Report {
    /// Past this many a list helps nobody; garbage can have a hundred thousand.
    static let mostDiagnostics = 100

    private let path: String
    private let source: Source
    private var found: [Diagnostic] = []
    private var omitted = 0
    private(set) var hasErrors = false

    init(path: String, source: Source) {
        self.path = path
        self.source = source
    }

    func error(
        _ message: @autoclosure () -> String, at position: Position, hint: @autoclosure () -> String? = nil
    ) {
        hasErrors = true
        guard isOpen else { return }
        add(.error, message(), position, hint())
    }

    func warning(
        _ message: @autoclosure () -> String, at position: Position, hint: @autoclosure () -> String? = nil
    ) {
        guard isOpen else { return }
        add(.warning, message(), position, hint())
    }

    /// An error in another file, which the lab file names.
    func error(_ message: String, inFile file: String, _ source: Source, at position: Position) {
        hasErrors = true
        guard isOpen else { return }
        add(.error, message, position, nil, inFile: file, source)
    }

    /// Whether one more is wanted. What is not need not be put into words, which can take a search for a near word.
    private var isOpen: Bool {
        if found.count >= Self.mostDiagnostics { omitted += 1 }
        return found.count < Self.mostDiagnostics
    }

    private func add(
        _ severity: Diagnostic.Severity, _ message: String, _ position: Position, _ hint: String?,
        inFile file: String? = nil, _ other: Source? = nil
    ) {
        found.append(
            Diagnostic(
                file: file ?? path, line: position.line, column: position.column, severity: severity,
                message: message, hint: hint, excerpt: (other ?? source).excerpt(at: position)))
    }

    /// Everything found, in the order of the file; what is wrong in other files comes last.
    var diagnostics: [Diagnostic] {
        func key(_ found: (offset: Int, element: Diagnostic)) -> (String, Int, Int, Int) {
            let one = found.element
            return (one.file == path ? "" : one.file, one.line, one.column, found.offset)
        }
        var sorted = found.enumerated().sorted { key($0) < key($1) }.map(\.element)
        if omitted > 0, let last = sorted.last {
            sorted.append(
                Diagnostic(
                    file: last.file, line: last.line, column: last.column, severity: .error,
                    message: "\(omitted) more are not shown", hint: nil, excerpt: nil))
        }
        return sorted
    }
}

/// The text of a file, for showing parts of it.
struct Source {
    let bytes: [UInt8]

    /// Takes the bytes of a lab file, without a byte order mark, and no more than it takes to see that they are too
    /// many.
    init(_ bytes: some Sequence<UInt8>) {
        var bytes = Array(bytes.prefix(YAMLReader.mostBytes + 4))
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        self.bytes = bytes
    }

    /// Takes the bytes of a zone file; a zone may be large.
    init(zone bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// A line up to this long is shown whole; of a longer one so much before and behind the place.
    private static let (longest, before, behind) = (100, 48, 28)

    /// The bytes of line `number`, from 1; nil past the end of the file.
    func line(_ number: Int) -> ArraySlice<UInt8>? {
        var rest = bytes[...]
        for _ in 1..<max(1, number) {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            rest = rest[(end + 1)...]
        }
        return rest.isEmpty ? nil : rest.prefix { $0 != UInt8(ascii: "\n") }
    }

    /// The line at `position` with a caret under the column; nil past the end of the file.
    func excerpt(at position: Position) -> String? {
        guard let line = line(position.line) else { return nil }
        // A scalar has at most 4 bytes, so this much holds all that can be shown.
        let start = line.prefix(4 * (max(Self.longest, position.column + Self.behind) + 1))
        let scalars = Array(String(decoding: start, as: UTF8.self).unicodeScalars)
        let column = min(max(0, position.column - 1), scalars.count)
        let shown =
            scalars.count <= Self.longest
            ? scalars.indices : max(0, column - Self.before)..<min(scalars.count, column + Self.behind)
        let prefix = shown.lowerBound > 0 ? "..." : ""
        return prefix + Self.printable(scalars[shown]) + "\n"
            + String(repeating: " ", count: prefix.count + column - shown.lowerBound) + "^"
    }

    /// The position of the byte at `offset`.
    func position(ofByte offset: Int) -> Position {
        let before = bytes[..<min(max(0, offset), bytes.count)]
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? before.startIndex
        let column = String(decoding: before[start...], as: UTF8.self).unicodeScalars.count + 1
        return Position(line: before.count { $0 == UInt8(ascii: "\n") } + 1, column: column)
    }

    /// Text that does nothing to a terminal: control characters become spaces.
    static func printable(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        for scalar in scalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: text.append(" ")
            default: text.append(scalar)
            }
        }
        return String(text)
    }
}

/// What the file says, in quotation marks and short enough for a message.
func quoted(_ text: some StringProtocol) -> String {
    let longest = 48
    let head = Source.printable(text.unicodeScalars.prefix(longest))
    return "'\(head)\(text.unicodeScalars.dropFirst(longest).isEmpty ? "" : "...")'"
}
