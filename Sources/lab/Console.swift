import Glibc
import JSON

/// What people see: errors on standard error, everything else on standard output, colour only on a terminal.
enum Console {
    /// Whether standard output may be coloured (https://no-color.org).
    static let hasColour = isatty(1) == 1 && getenv("NO_COLOR") == nil
    /// Whether standard error is a terminal, where a line can be written over.
    static let hasLiveLine = isatty(2) == 1

    static func write(error text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    }

    static func error(_ message: String, hint: String? = nil) {
        let label = hasLiveLine && getenv("NO_COLOR") == nil ? "\u{1B}[1;31merror:\u{1B}[0m" : "error:"
        write(error: "lab: \(label) \(message)")
        if let hint { write(error: "hint: \(hint)") }
    }

    static func print(_ json: JSON) { Swift.print(json.description) }

    /// Text in one of the colours of a terminal, where there is one.
    static func paint(_ text: String, _ colour: Colour) -> String {
        hasColour ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Text without the colours that ``paint(_:_:)`` gave it.
    static func plain(_ text: String) -> String {
        text.split(separator: "\u{1B}[", omittingEmptySubsequences: false).enumerated().map { index, part in
            index == 0 ? part : part.drop { $0 != "m" }.dropFirst()
        }.joined()
    }

    enum Colour: String {
        case bold = "1"
        case faint = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
    }
}

/// A line that is written over as things get done; on anything but a terminal, a line for each thing that is done.
struct ProgressLine {
    private var isShown = false
    private var lastWhat = ""

    mutating func show(_ what: String, _ done: Int, of total: Int) {
        if Console.hasLiveLine {
            Console.raw("\r\u{1B}[K\(what) \(done)/\(total)")
            isShown = true
        } else if done == total, what != lastWhat {
            Console.write(error: "\(what) \(done)/\(total)")
            lastWhat = what
        }
    }

    mutating func clear() {
        if isShown { Console.raw("\r\u{1B}[K") }
        isShown = false
    }
}

extension Console {
    fileprivate static func raw(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
