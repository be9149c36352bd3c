/// A node of a YAML document, with where it stands.
struct YAMLNode: Sendable {
    /// One entry of a mapping.
    struct Pair: Sendable {
        var key: Located<String>
        var value: YAMLNode
    }

    /// What a node is.
    enum Content: Sendable {
        /// Text; plain text has no quotation marks, and may be a number or the like.
        case scalar(String, isPlain: Bool)
        /// A list.
        case sequence([YAMLNode])
        /// Keys, each of them once, in the order of the file.
        case mapping([Pair])
    }

    var content: Content
    var position: Position
    /// The number of nodes, this one included, with every alias counted as often as it is used.
    var size = 1
    /// The number of levels below this one.
    var depth = 0

    /// What a plain scalar stands for in the core schema of YAML 1.2.
    enum Scalar: Equatable {
        case null
        case boolean(Bool)
        case integer
        case number
        case text
    }

    /// What the node stands for if it is a scalar.
    var scalar: Scalar? {
        guard case .scalar(let text, let isPlain) = content else { return nil }
        guard isPlain else { return .text }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        default: return Self.numeral(text)
        }
    }

    private static func numeral(_ text: String) -> Scalar {
        let unsigned = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
        guard let first = unsigned.utf8.first,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) || first == UInt8(ascii: ".")
        else { return .text }
        if unsigned.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) { return .integer }
        // Double reads hexadecimal and infinities as well, which do not start or go on like this.
        let allowed = "0123456789.eE+-".utf8
        return unsigned.utf8.allSatisfy(allowed.contains) && Double(text) != nil ? .number : .text
    }

    /// The node's kind in a message: what was found where something else belongs.
    var kind: String {
        switch content {
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .scalar(let text, _):
            switch scalar {
            case .null: "nothing"
            case .boolean, .integer, .number: text.utf8.count <= 48 ? text : "a number"
            default: quoted(text)
            }
        }
    }
}
